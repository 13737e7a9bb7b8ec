//! A stretch of one channel, copied out so that kernels need not care for edges or broken samples.

use std::ops::Range;

use crate::simd::{Kernel, dispatch};

/// Samples on either side of an excerpt: enough for the longest interpolation filter (96 taps), and for a
/// run of 64 frames that begins at the last one, with a filter of 32 taps.
pub(crate) const MARGIN: usize = 96;

/// The largest magnitude that can be a sample, 180 dB above full scale. What is larger, infinite or no number
/// is broken: its square could be too large for a float, and would make every later reading infinite.
pub(crate) const LOUDEST: f32 = 1e9;

/// A stretch of one channel with [`MARGIN`] samples on either side, zeros beyond the ends of the channel,
/// and zeros for broken samples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Excerpt {
    samples: Vec<f32>,
    frames: usize,
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
        self.samples.resize(self.frames + 2 * MARGIN, 0.0);
        self.samples[..offset].fill(0.0);
        self.samples[offset..offset + to - from].copy_from_slice(&channel[from..to]);
        self.samples[offset + to - from..].fill(0.0);
        self.broken = 0;
        if !dispatch(AllSound(&self.samples)) {
            self.broken = self.inside().iter().filter(|x| is_broken(x)).count();
            self.samples.iter_mut().filter(|x| is_broken(x)).for_each(|x| *x = 0.0);
        }
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

/// Whether no sample is broken.
pub(crate) struct AllSound<'a>(pub(crate) &'a [f32]);

impl Kernel for AllSound<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        !self.0.iter().fold(false, |any, x| any | is_broken(x))
    }
}

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

#[inline(always)]
fn is_broken(x: &f32) -> bool {
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
