//! Resampling between rates that have nothing in common: a windowed sinc, read at every distance.
//!
//! Slow (some 20 times real time), and needed only for rates that no converter runs at, as 47 999 Hz. At least
//! 120 dB down from the lower Nyquist frequency on, flat up to 0.9 of it, errors of the table below −135 dB.

use rayon::prelude::*;

use super::interpolator::sinc;
use super::resampler::Progress;
use super::window::kaiser;
use crate::simd::{Kernel, dispatch};
use crate::units::SampleRate;

/// Zero crossings of the sinc on either side. Kaiser: (130 − 8) / (2.285 · 0.09 π) taps for 130 dB within 0.09 of the
/// Nyquist frequency are 189.
const REACH: usize = 95;
/// 130 dB (Kaiser and Schafer, 1980): 0.1102 (130 − 8.7).
const BETA: f64 = 13.37;
/// Filters for each frame of the lower rate, on straight lines between: off by at most (π / 4096)² / 8, −142 dB.
const PHASES: usize = 4096;
/// Where the filter is 6 dB down, of the lower Nyquist frequency: half a transition below it.
const CORNER: f64 = 0.955;
/// Frames of output that one task makes. Fixed, so that the number of threads changes nothing.
const SEGMENT_FRAMES: usize = 1 << 14;

/// The filter between two rates at each of its phases.
pub(super) struct Interpolator {
    from: SampleRate,
    to: SampleRate,
    /// Frames of input on either side that count.
    reach: usize,
    phases: usize,
    /// For each phase, and one more at the end, the taps for so much of a frame: `2 * reach` each.
    taps: Vec<f64>,
}

impl Interpolator {
    pub(super) fn new(from: SampleRate, to: SampleRate) -> Self {
        let crossings_per_frame = CORNER * (to.as_f64() / from.as_f64()).min(1.0);
        let reach = (REACH as f64 / crossings_per_frame) as usize + 1;
        // A frame of input is less of the kernel the more the rate goes down.
        let phases = (PHASES as f64 * crossings_per_frame).ceil() as usize;
        let mut taps = vec![0.0; (phases + 1) * 2 * reach];
        taps.par_chunks_mut(2 * reach).enumerate().for_each(|(phase, taps)| {
            let rest = phase as f64 / phases as f64;
            for (k, tap) in taps.iter_mut().enumerate() {
                let crossings = crossings_per_frame * (k as f64 - (reach - 1) as f64 - rest);
                *tap = crossings_per_frame * sinc(crossings) * kaiser(BETA, crossings / REACH as f64);
            }
        });
        Self { from, to, reach, phases, taps }
    }

    /// Fills `out` with one channel at the other rate, the first frame on the first.
    pub(super) fn resample(&self, samples: &[f32], out: &mut [f32], progress: &Progress<'_>) {
        out.par_chunks_mut(SEGMENT_FRAMES).enumerate().for_each(|(segment, out)| {
            if !progress.goes_on(0) {
                return;
            }
            let mut around = vec![0.0; 2 * self.reach];
            for (frame, out) in out.iter_mut().enumerate() {
                // Whole frames and the rest apart, so that long signals cost no precision.
                let at = (segment * SEGMENT_FRAMES + frame) as u128 * u128::from(self.from.hertz());
                let whole = (at / u128::from(self.to.hertz())) as usize;
                let rest = (at % u128::from(self.to.hertz())) as f64 / self.to.as_f64();
                self.gather(samples, whole, &mut around);
                *out = self.read(&around, rest) as f32;
            }
            progress.goes_on(out.len());
        });
    }

    /// The samples that count `rest` of a frame after frame `whole`.
    fn gather(&self, samples: &[f32], whole: usize, around: &mut [f64]) {
        let first = (whole + 1).saturating_sub(self.reach);
        let last = (whole + 1 + self.reach).min(samples.len()).max(first);
        let into = first + self.reach - (whole + 1);
        around[..into].fill(0.0);
        let there = samples.get(first..last).unwrap_or_default();
        around[into..into + there.len()].iter_mut().zip(there).for_each(|(out, x)| *out = f64::from(*x));
        around[into + there.len()..].fill(0.0);
    }

    fn read(&self, around: &[f64], rest: f64) -> f64 {
        let position = rest * self.phases as f64;
        let phase = position as usize;
        let width = 2 * self.reach;
        let (before, after) = self.taps[phase * width..(phase + 2) * width].split_at(width);
        let [before, after] = dispatch(Products { around, taps: [before, after] });
        before + (position - phase as f64) * (after - before)
    }
}

/// What two filters of one length make of the same samples.
struct Products<'a> {
    around: &'a [f64],
    taps: [&'a [f64]; 2],
}

impl Kernel for Products<'_> {
    type Output = [f64; 2];
    #[inline(always)]
    fn run(self) -> [f64; 2] {
        [product(self.around, self.taps[0]), product(self.around, self.taps[1])]
    }
}

#[inline(always)]
fn product(around: &[f64], taps: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (samples, samples_rest) = around.as_chunks::<8>();
    let (taps, taps_rest) = taps.as_chunks::<8>();
    for (samples, taps) in samples.iter().zip(taps) {
        for i in 0..8 {
            sums[i] += samples[i] * taps[i];
        }
    }
    let mut sum = 0.0;
    for (x, tap) in samples_rest.iter().zip(taps_rest) {
        sum += x * tap;
    }
    for part in sums {
        sum += part;
    }
    sum
}
