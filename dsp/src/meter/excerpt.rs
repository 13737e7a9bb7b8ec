//! A stretch of one channel, copied out so that kernels need not care for edges or broken samples.

use std::ops::Range;

use crate::simd::{Kernel, dispatch};

/// Samples on either side of an excerpt: enough for the longest interpolation filter (96 taps), and for a
/// run of 64 frames that begins at the last one, with a filter of 32 taps.
pub(crate) const MARGIN: usize = 96;

/// The largest magnitude that can be a sample, 180 dB above full scale. What is larger, infinite or no number
/// is broken: its square could be too large for a float, and would make every later reading infinite.
pub(crate) const LOUDEST: f32 = 1e9;

/// Frames of each part of an outline.
const OUTLINE_FRAMES: usize = 16;

/// What bounds the outputs of short filters in one run of samples.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Outline {
    /// The highest magnitude in the run, and of the samples before and after it.
    pub(crate) highest: f32,
    /// The highest magnitude in the run and [`OUTLINE_FRAMES`] to either side.
    pub(crate) highest_in_reach: f32,
    /// The largest second difference there.
    pub(crate) bent: f32,
}

/// A stretch of one channel with [`MARGIN`] samples on either side, zeros beyond the ends of the channel,
/// and zeros for broken samples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Excerpt {
    samples: Vec<f32>,
    frames: usize,
    /// Of each [`OUTLINE_FRAMES`] of `samples`: the highest magnitude and the largest second difference.
    highest: Vec<f32>,
    bent: Vec<f32>,
    /// How many samples of the stretch itself, margins apart, were broken.
    pub(crate) broken: usize,
}

impl Excerpt {
    /// Reads `frames` of `channel`; the range may end after the channel does.
    pub(crate) fn read(&mut self, channel: &[f32], frames: Range<usize>) {
        self.frames = frames.len();
        let from = frames.start.saturating_sub(MARGIN);
        let to = (frames.end + MARGIN).min(channel.len()).max(from);
        let offset = from + MARGIN - frames.start;
        self.samples.resize((self.frames + 2 * MARGIN).next_multiple_of(OUTLINE_FRAMES), 0.0);
        self.samples[..offset].fill(0.0);
        self.samples[offset..offset + to - from].copy_from_slice(&channel[from..to]);
        self.samples[offset + to - from..].fill(0.0);
        self.broken = 0;
        self.draw_outline();
        if self.highest.iter().any(is_broken) {
            self.broken = self.inside().iter().filter(|x| is_broken(x)).count();
            self.samples.iter_mut().filter(|x| is_broken(x)).for_each(|x| *x = 0.0);
            self.draw_outline();
        }
    }

    fn draw_outline(&mut self) {
        let parts = self.samples.len() / OUTLINE_FRAMES;
        self.highest.resize(parts, 0.0);
        self.bent.resize(parts, 0.0);
        dispatch(Draw { samples: &self.samples, highest: &mut self.highest, bent: &mut self.bent });
    }

    /// Of `N` samples of [`Excerpt::whole`] from `first` on.
    #[inline(always)]
    pub(crate) fn outline<const N: usize>(&self, first: usize) -> Outline {
        let own = first / OUTLINE_FRAMES..(first + N).div_ceil(OUTLINE_FRAMES);
        let reach = own.start - 1..own.end + 1;
        let most = |values: &[f32]| values.iter().fold(0.0f32, |a, &b| if a > b { a } else { b });
        let neighbours = [self.samples[first - 1].abs(), self.samples[first + N].abs()];
        Outline {
            highest: most(&neighbours).max(most(&self.highest[own])),
            highest_in_reach: most(&self.highest[reach.clone()]),
            bent: most(&self.bent[reach]),
        }
    }

    /// The highest magnitude in the stretch itself.
    pub(crate) fn highest(&self) -> f32 {
        let whole = self.frames / OUTLINE_FRAMES;
        let first = MARGIN / OUTLINE_FRAMES;
        let rest = &self.inside()[whole * OUTLINE_FRAMES..];
        let parts = self.highest[first..first + whole].iter().copied();
        parts.chain(rest.iter().map(|x| x.abs())).fold(0.0, f32::max)
    }

    /// The stretch itself.
    pub(crate) fn inside(&self) -> &[f32] {
        &self.samples[MARGIN..MARGIN + self.frames]
    }

    /// The stretch with its margins: frame `n` of the stretch is at `MARGIN + n`.
    pub(crate) fn whole(&self) -> &[f32] {
        &self.samples
    }
}

/// Outlines samples, part by part. What is no number is drawn as higher than all numbers.
struct Draw<'a> {
    samples: &'a [f32],
    highest: &'a mut [f32],
    bent: &'a mut [f32],
}

impl Kernel for Draw<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let parts = self.highest.iter_mut().zip(self.bent).zip(self.samples.as_chunks::<OUTLINE_FRAMES>().0);
        for (part, ((highest, bent), samples)) in parts.enumerate() {
            *highest = most(samples.map(|x| x.abs().to_bits()));
            let first = (part * OUTLINE_FRAMES).wrapping_sub(1);
            // The first and the last part have no neighbours to bend towards.
            *bent = match self.samples.get(first..first.wrapping_add(OUTLINE_FRAMES + 2)) {
                Some(around) => most(std::array::from_fn(|n| {
                    ((around[n + 2] - around[n + 1]) - (around[n + 1] - around[n])).abs().to_bits()
                })),
                None => f32::INFINITY,
            };
        }
    }
}

/// The largest of magnitudes, whose bits are in their order.
#[inline(always)]
fn most(bits: [u32; OUTLINE_FRAMES]) -> f32 {
    let halves: [u32; 8] = std::array::from_fn(|n| bits[n].max(bits[n + 8]));
    f32::from_bits(halves.into_iter().fold(0, u32::max))
}

const _: () = assert!(MARGIN.is_multiple_of(OUTLINE_FRAMES), "the stretch itself begins with a part");

/// So many samples of `channel` from `from` on, which may be before its start; zeros beyond its ends and for broken
/// samples.
pub(crate) fn copy_sound(channel: &[f32], from: isize, frames: usize, copy: &mut Vec<f32>) {
    let zeros = from.min(0).unsigned_abs().min(frames);
    let start = from.max(0).unsigned_abs().min(channel.len());
    let there = &channel[start..(start + frames - zeros).min(channel.len())];
    copy.clear();
    copy.resize(zeros, 0.0);
    copy.extend(there.iter().map(|x| if is_broken(x) { 0.0 } else { *x }));
    copy.resize(frames, 0.0);
}

/// Whether a sample is beyond [`LOUDEST`], or no number.
#[inline(always)]
pub(crate) fn is_broken(x: &f32) -> bool {
    // Bits of magnitudes are in their order, with infinity and what is no number above all others.
    x.abs().to_bits() > LOUDEST.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_ends_there_is_silence() {
        let channel: Vec<f32> = (1..=100u8).map(f32::from).collect();
        let mut excerpt = Excerpt::default();
        excerpt.read(&channel, 90..120);
        assert_eq!(excerpt.inside()[..11], [91., 92., 93., 94., 95., 96., 97., 98., 99., 100., 0.]);
        assert_eq!(excerpt.whole()[MARGIN - 1], 90.0);
        excerpt.read(&channel, 0..100);
        assert_eq!(excerpt.whole()[..MARGIN], [0.0; MARGIN]);
        assert_eq!(excerpt.inside(), &channel[..]);
    }

    #[test]
    fn what_is_broken_is_counted_and_read_as_silence() {
        let mut excerpt = Excerpt::default();
        excerpt.read(&[1.0, f32::NAN, 2.0, f32::NEG_INFINITY, f32::MAX], 0..5);
        assert_eq!(excerpt.inside(), &[1.0, 0.0, 2.0, 0.0, 0.0]);
        assert_eq!(excerpt.broken, 3);
    }
}
