//! Resampling between rates that have nothing in common: a windowed sinc, read at every distance.
//!
//! Slow (some 20 times real time), and needed only for rates that no converter runs at, as 47 999 Hz. At least
//! 120 dB down from the lower Nyquist frequency on, flat up to 0.9 of it, errors of the table below −135 dB.

use rayon::prelude::*;

use super::interpolator::sinc;
use super::resampler::Progress;
use super::window::kaiser;
use crate::units::SampleRate;

/// Zero crossings of the sinc on either side. Kaiser: (130 − 8) / (2.285 · 0.09 π) taps for 130 dB within 0.09 of the
/// Nyquist frequency are 189.
const REACH: usize = 95;
/// 130 dB (Kaiser and Schafer, 1980): 0.1102 (130 − 8.7).
const BETA: f64 = 13.37;
/// Entries of the table from zero crossing to zero crossing, on straight lines between: off by at most
/// (π / 4096)² / 8, −142 dB.
const STEPS: usize = 4096;
/// Where the filter is 6 dB down, of the lower Nyquist frequency: half a transition below it.
const CORNER: f64 = 0.955;
/// Frames of output that one task makes. Fixed, so that the number of threads changes nothing.
const SEGMENT_FRAMES: usize = 1 << 14;

/// Fills `out` with one channel at the other rate, the first frame on the first.
pub(super) fn resample(
    samples: &[f32],
    from: SampleRate,
    to: SampleRate,
    out: &mut [f32],
    progress: &Progress<'_>,
) {
    let kernel = Kernel::new(from, to);
    out.par_chunks_mut(SEGMENT_FRAMES).enumerate().for_each(|(segment, out)| {
        if !progress.goes_on(0) {
            return;
        }
        for (frame, out) in out.iter_mut().enumerate() {
            // Whole frames and the rest apart, so that long signals cost no precision.
            let at = (segment * SEGMENT_FRAMES + frame) as u128 * u128::from(from.hertz());
            let whole = (at / u128::from(to.hertz())) as usize;
            let rest = (at % u128::from(to.hertz())) as f64 / to.as_f64();
            *out = kernel.read(samples, whole, rest) as f32;
        }
        progress.goes_on(out.len());
    });
}

/// The filter by its distance from the middle.
struct Kernel {
    table: Vec<f64>,
    /// Entries of the table for a frame of input.
    scale: f64,
    /// Frames of input on either side that count.
    reach: usize,
}

impl Kernel {
    fn new(from: SampleRate, to: SampleRate) -> Self {
        let crossings_per_frame = CORNER * (to.as_f64() / from.as_f64()).min(1.0);
        let entry = |i: usize| {
            let crossings = i as f64 / STEPS as f64;
            crossings_per_frame * sinc(crossings) * kaiser(BETA, crossings / REACH as f64)
        };
        Self {
            table: (0..REACH * STEPS + 2).map(entry).collect(),
            scale: crossings_per_frame * STEPS as f64,
            reach: (REACH as f64 / crossings_per_frame) as usize,
        }
    }

    /// The signal `rest` of a frame after frame `whole`.
    fn read(&self, samples: &[f32], whole: usize, rest: f64) -> f64 {
        let first = (whole + 1).saturating_sub(self.reach);
        let last = (whole + self.reach).min(samples.len());
        let mut sum = 0.0;
        for (frame, sample) in samples.iter().enumerate().take(last).skip(first) {
            let distance = (frame as f64 - whole as f64 - rest).abs() * self.scale;
            let entry = distance as usize;
            let (before, after) = (self.table[entry], self.table[entry + 1]);
            sum += f64::from(*sample) * (before + (distance - entry as f64) * (after - before));
        }
        sum
    }
}
