//! Brings samples onto the grid of a file format: dither, rounding, clamping, and blanking of digital silence.

use std::ops::Range;

use super::noise_shaper::{self, NoiseShaper};
use super::pcg::Pcg32;
use crate::simd::{Kernel, dispatch};

/// What a delivered file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// 16-bit integers.
    Int16,
    /// 24-bit integers.
    Int24,
    /// 32-bit floats: nothing to round.
    Float32,
}

impl Depth {
    /// Bits of the integers, if it holds integers.
    #[must_use]
    pub fn bits(self) -> Option<u32> {
        match self {
            Self::Int16 => Some(16),
            Self::Int24 => Some(24),
            Self::Float32 => None,
        }
    }

    /// The distance of two neighbouring values; 0 for floats.
    #[must_use]
    pub fn step(self) -> f64 {
        self.bits().map_or(0.0, |bits| 0.5f64.powi(bits as i32 - 1))
    }

    /// How far quantising with [triangular dither](Quantiser) can move a sample: 1 step of dither, half of rounding.
    #[must_use]
    pub fn error_max(self) -> f64 {
        1.5 * self.step()
    }

    /// The same with [shaped noise](Quantiser::shaped), at any rate: proven by how the shaper is designed.
    #[must_use]
    pub fn shaped_error_max(self) -> f64 {
        noise_shaper::ERROR_MAX_STEPS * self.step()
    }
}

/// Quantises one channel with triangular dither, two steps from end to end (Lipshitz, Wannamaker and Vanderkooy,
/// "Quantization and Dither: A Theoretical Survey", JAES 40-5, 1992): the error's mean and power then do not
/// depend on the signal. Total noise: step² / 6 of dither and step² / 12 of rounding.
///
/// The dither of a sample depends only on the seed, the channel and the sample's position, so any part of a signal
/// can be done on its own. Each channel has its own sequence.
///
/// With a [noise shaper](Self::shaped) the errors of past samples take part too, but none from before the last
/// [seam](SEAM_FRAMES): every part of a signal that begins on a seam can still be done on its own.
#[derive(Clone, Copy, Debug)]
pub struct Quantiser {
    depth: Depth,
    dither: Pcg32,
    shaper: Option<NoiseShaper>,
}

/// Frames from seam to seam, where shaped noise starts anew. What that costs, at 44.1 kHz: for a hundredth of a second
/// in every 1.5 s the noise is 2 dB louder to the ear, still 10 dB under flat noise (measured over 3000 seams).
pub const SEAM_FRAMES: usize = 1 << 16;

impl Quantiser {
    /// For channel number `channel` of a signal; `seed` should come from its content.
    #[must_use]
    pub fn new(depth: Depth, seed: u64, channel: usize) -> Self {
        Self { depth, dither: Pcg32::new(seed, channel as u64), shaper: None }
    }

    /// With its noise moved to where the ear hears least. Floats stay as they are.
    #[must_use]
    pub fn shaped(self, shaper: NoiseShaper) -> Self {
        Self { shaper: Some(shaper), ..self }
    }

    /// Whether parts of a signal must begin on seams to come out alike.
    #[must_use]
    pub fn has_seams(&self) -> bool {
        self.shaper.is_some()
    }

    /// Replaces `samples`, of which the first is sample `first` of the channel, by values on the grid of the depth:
    /// whole multiples of `depth.step()`, at most one minus a step from zero on either side, each exact in f32.
    /// Ties round to even. Floats stay as they are.
    ///
    /// With a noise shaper, `first` has to be a whole number of [`SEAM_FRAMES`], and `samples` reach to a seam or to
    /// the end of the channel; else there is one seam more, at the part's start. Four seams at once cost a third
    /// of one by one.
    pub fn quantise(&self, first: usize, samples: &mut [f32]) {
        let Some(bits) = self.depth.bits() else { return };
        let full_scale = f64::from(1u32 << (bits - 1));
        if let Some(shaper) = &self.shaper {
            let to_seam = (first.next_multiple_of(SEAM_FRAMES) - first).min(samples.len());
            let (head, rest) = samples.split_at_mut(to_seam);
            noise_shaper::quantise_runs(shaper, &self.dither, full_scale, first, SEAM_FRAMES, head);
            noise_shaper::quantise_runs(shaper, &self.dither, full_scale, first + to_seam, SEAM_FRAMES, rest);
            return;
        }
        dispatch(Quantise { lanes: self.dither.from(first as u64), full_scale, samples });
    }
}

struct Quantise<'a> {
    lanes: super::pcg::Lanes,
    full_scale: f64,
    samples: &'a mut [f32],
}

impl Kernel for Quantise<'_> {
    type Output = ();
    #[inline(always)]
    fn run(mut self) {
        let (whole, rest) = self.samples.as_chunks_mut::<{ Pcg32::LANES }>();
        for samples in whole {
            *samples = on_the_grid(*samples, self.lanes.draw(), self.full_scale);
        }
        let mut last = [0.0; Pcg32::LANES];
        last[..rest.len()].copy_from_slice(rest);
        let last = on_the_grid(last, self.lanes.draw(), self.full_scale);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

#[inline(always)]
fn on_the_grid(
    mut samples: [f32; Pcg32::LANES],
    random: [u32; Pcg32::LANES],
    full_scale: f64,
) -> [f32; Pcg32::LANES] {
    let highest = full_scale - 1.0;
    for (sample, random) in samples.iter_mut().zip(random) {
        let whole = nearest(f64::from(*sample) * full_scale + triangle(random));
        let low = if whole > -highest { whole } else { -highest };
        let whole = if low < highest { low } else { highest };
        *sample = (whole * (1.0 / full_scale)) as f32;
    }
    samples
}

/// Triangular dither, in steps. Two uniform numbers of 16 bits, whose sum is triangular: −1 to 1 step, in 1/65536 of
/// a step, mean zero.
#[inline(always)]
pub(super) fn triangle(random: u32) -> f64 {
    let triangle = (random >> 16) as i32 + (random & 0xffff) as i32 - 0xffff;
    f64::from(triangle) * (1.0 / 65_536.0)
}

/// The nearest whole number, of ties the even one, for magnitudes below 2^51.
#[inline(always)]
pub(super) fn nearest(value: f64) -> f64 {
    /// 1.5 · 2^52: adding and taking it away leaves no place for the bits after the point.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    (value + ROUND) - ROUND
}

/// The parts of `samples` that are digital silence: at least [`BLANK_AFTER`] exact zeros in a row, or nothing else.
///
/// There the output stays exact zero instead of carrying dither, so that silence in a session stays silence on
/// the medium. Looking at the whole signal, all of the run can be blank, not only what follows its first part.
#[must_use]
pub fn digital_silence(samples: &[f32]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    if samples.len() < BLANK_AFTER && dispatch(AllZero(samples)) {
        runs.push(0..samples.len());
    }
    let mut frame = 0;
    while frame + PROBE <= samples.len() {
        if !dispatch(AllZero(&samples[frame..frame + PROBE])) {
            frame += PROBE;
            continue;
        }
        let before = samples[..frame].iter().rev().take_while(|&&sample| sample == 0.0).count();
        let after = samples[frame..].iter().take_while(|&&sample| sample == 0.0).count();
        if before + after >= BLANK_AFTER {
            runs.push(frame - before..frame + after);
        }
        // The sample after the run is not zero; go on with the probe that holds it.
        frame += (after / PROBE).max(1) * PROBE;
    }
    runs
}

/// Exact zeros in a row that count as digital silence.
pub const BLANK_AFTER: usize = 4096;

/// A run of [`BLANK_AFTER`] zeros holds at least one aligned stretch of so many.
const PROBE: usize = 256;

struct AllZero<'a>(&'a [f32]);

impl Kernel for AllZero<'_> {
    type Output = bool;
    #[inline(always)]
    fn run(self) -> bool {
        // Without the sign, so that minus zero is zero too.
        self.0.iter().fold(0u32, |bits, sample| bits | (sample.to_bits() << 1)) == 0
    }
}
