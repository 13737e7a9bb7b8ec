//! How loud the limiter's output will be, without rendering it; and the drive that makes it as loud as asked.
//!
//! K-weighting commutes with a slow gain, so the loudness after the limiter follows from two short arrays: the
//! highest level and the K-weighted energy of each 32 frames of the mix. A probe costs a hundredth of a render.

use crate::audio::Audio;
use crate::effects::limiter::{BLOCK, BlockPeaks, GainCurve, Limiter};
use crate::meter::loudness::{FINE_FRAMES, integrated_of, loudness_of};
use crate::meter::report::{Detail, PEAK_FRAMES, detail};
use crate::units::{Dbtp, Decibels, Lufs, SampleRate};

/// Blocks of the gain curve for one energy.
const BLOCKS_PER_ENERGY: usize = FINE_FRAMES / BLOCK;
const _: () = assert!(PEAK_FRAMES == BLOCK, "the meter reads what the limiter holds");

/// Peaks so far below the highest are known by bounds alone. A limiter that takes more than that off the highest holds
/// those by a few tenths of a decibel too much, never too little.
const EXACT_WITHIN: Decibels = Decibels::literal(12.0);

/// A programme as the limiter and the loudness meter see it.
#[derive(Debug)]
pub struct Programme {
    rate: SampleRate,
    frames: usize,
    fine: BlockPeaks,
    coarse: BlockPeaks,
    energies: Vec<f64>,
}

impl Programme {
    /// Measures `audio`, whose highest level is `highest`.
    #[must_use]
    pub fn of(audio: &Audio, highest: Dbtp) -> Self {
        Self::from_detail(detail(audio, highest - EXACT_WITHIN), audio)
    }

    /// From what a meter has read of `audio` already.
    #[must_use]
    pub fn from_detail(detail: Detail, audio: &Audio) -> Self {
        let fine = BlockPeaks::of_blocks(detail.block_peaks, audio.rate());
        Self::new(audio.rate(), audio.frames(), fine, detail.k_energies)
    }

    fn new(rate: SampleRate, frames: usize, fine: BlockPeaks, energies: Vec<f64>) -> Self {
        let coarse = fine.coarser(BLOCKS_PER_ENERGY);
        Self { rate, frames, fine, coarse, energies }
    }

    /// The gain curve as it will be rendered; `aim` is the highest level wanted, linear.
    #[must_use]
    pub fn curve(&self, limiter: &Limiter, aim: f64, drive: Decibels) -> GainCurve {
        GainCurve::new(&self.fine, aim / drive.amplitude(), limiter)
    }

    /// What the limiter does at this drive, on the coarse grid: near enough to search with.
    #[must_use]
    pub fn probe(&self, limiter: &Limiter, aim: f64, drive: Decibels) -> Probe<'_> {
        let curve = GainCurve::sketched(&self.coarse, aim / drive.amplitude(), limiter);
        Probe { programme: self, drive, gains: curve.into_blocks() }
    }

    /// What a curve as it will be rendered does at this drive.
    #[must_use]
    pub fn probe_of(&self, curve: &GainCurve, drive: Decibels) -> Probe<'_> {
        let mean = |gains: &[f32]| gains.iter().sum::<f32>() / gains.len() as f32;
        Probe { programme: self, drive, gains: curve.blocks().chunks(BLOCKS_PER_ENERGY).map(mean).collect() }
    }

    /// Loudness of the programme itself.
    #[must_use]
    pub fn loudness(&self) -> Option<Lufs> {
        integrated_of(self.energies.iter().copied(), self.frames, self.rate)
    }
}

/// The limiter at one drive: its gain for each energy.
#[derive(Debug)]
pub struct Probe<'a> {
    programme: &'a Programme,
    drive: Decibels,
    gains: Vec<f32>,
}

impl Probe<'_> {
    /// Loudness of the output.
    #[must_use]
    pub fn loudness(&self) -> Option<Lufs> {
        let power = self.drive.amplitude().powi(2);
        let energies = self.programme.energies.iter().zip(&self.gains);
        let energies = energies.map(|(energy, &gain)| energy * power * f64::from(gain) * f64::from(gain));
        integrated_of(energies, self.programme.frames, self.programme.rate)
    }

    /// The gain reduction that 95 % of the programme stays under, in windows of 4 ms that are no more than 20 LU
    /// below its loudness.
    #[must_use]
    pub fn reduction_p95(&self) -> Decibels {
        let window = self.blocks_in(0.004);
        let gate = self.programme.loudness().map_or(f64::INFINITY, |loudness| loudness.value() - 20.0);
        let mut gains: Vec<f32> = self
            .gains
            .chunks(window)
            .zip(self.programme.energies.chunks(window))
            .filter(|(_, energies)| {
                loudness_of(energies.iter().sum(), energies.len() * FINE_FRAMES).value() > gate
            })
            .map(|(gains, _)| gains.iter().sum::<f32>() / gains.len() as f32)
            .collect();
        if gains.is_empty() {
            return Decibels::ZERO;
        }
        let index = gains.len() / 20;
        let (_, gain, _) = gains.select_nth_unstable_by(index, f32::total_cmp);
        -Decibels::from_amplitude(f64::from(*gain))
    }

    /// Energy that the movements of the gain above 20 Hz put into the output, relative to the output (both
    /// K-weighted). Negative infinity where the gain stands still.
    #[must_use]
    pub fn modulation(&self) -> Decibels {
        // Two boxes of 16 ms in a row pass 20 Hz at −3 dB: sinc⁴(0.319) = 1/2.
        let slow = centred_mean(&centred_mean(&self.gains, self.blocks_in(0.016)), self.blocks_in(0.016));
        let (mut moved, mut total) = (0.0, 0.0);
        for ((energy, &gain), slow) in self.programme.energies.iter().zip(&self.gains).zip(slow) {
            let fast = f64::from(gain - slow);
            moved += energy * fast * fast;
            total += energy * f64::from(gain) * f64::from(gain);
        }
        if total > 0.0 {
            Decibels::from_amplitude((moved / total).sqrt())
        } else {
            Decibels::literal(f64::NEG_INFINITY)
        }
    }

    fn blocks_in(&self, seconds: f64) -> usize {
        ((seconds * self.programme.rate.as_f64() / FINE_FRAMES as f64).round() as usize).max(1)
    }
}

/// The mean over `width` (made odd) neighbours; at the ends over those that exist.
fn centred_mean(values: &[f32], width: usize) -> Vec<f32> {
    let half = width / 2;
    let mut sum: f64 = values[..half.min(values.len())].iter().map(|&v| f64::from(v)).sum();
    (0..values.len())
        .map(|i| {
            if let Some(&entering) = values.get(i + half) {
                sum += f64::from(entering);
            }
            if i > half {
                sum -= f64::from(values[i - half - 1]);
            }
            let count = (i + half + 1).min(values.len()) - i.saturating_sub(half);
            (sum / count as f64) as f32
        })
        .collect()
}

/// Where a rising function crosses zero.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Crossing {
    /// The argument nearest to the crossing.
    pub at: f64,
    /// The value there.
    pub value: f64,
    /// The slope near it.
    pub slope: f64,
}

/// Finds where `f`, rising, crosses zero in `low..=high`, starting from `start`: by secants whose slope stays within
/// what a limiter does (one more decibel of gain adds 0.15 to 1.05 LU), and by halving where a secant leaves the
/// bracket.
///
/// Stops within `tolerance`, or after 16 values with the nearest found, which may be an end of the range.
pub fn crossing(low: f64, high: f64, start: f64, tolerance: f64, mut f: impl FnMut(f64) -> f64) -> Crossing {
    const VALUES_MAX: usize = 16;
    /// Before two values are known.
    const SLOPE_USUAL: f64 = 0.6;
    let (mut below, mut above) = (low, high);
    let start = start.clamp(low, high);
    let mut now = Crossing { at: start, value: f(start), slope: SLOPE_USUAL };
    let mut best = now;
    for _ in 1..VALUES_MAX {
        if now.value.abs() <= tolerance {
            break;
        }
        if now.value < 0.0 {
            below = now.at;
        } else {
            above = now.at;
        }
        let step = now.at - now.value / now.slope;
        let bracketed = below > low && above < high;
        let next = if bracketed && (step <= below || step >= above) {
            0.5 * (below + above)
        } else {
            step.clamp(below, above)
        };
        if next == now.at {
            break; // at an end of the range, and not there
        }
        let value = f(next);
        let slope = ((value - now.value) / (next - now.at)).clamp(0.15, 1.05);
        now = Crossing { at: next, value, slope };
        if value.abs() < best.value.abs() {
            best = now;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How loud a limiter gets: straight at first, then less and less.
    fn saturating(gain: f64) -> f64 {
        if gain < 3.0 { gain } else { 3.0 + 4.0 * (1.0 - (-(gain - 3.0) / 5.0).exp()) }
    }

    #[test]
    fn a_crossing_is_found_from_either_side_in_a_few_steps() {
        for target in [-5.0, 0.0, 2.9, 3.1, 5.0, 6.5] {
            for start in [-5.0, 0.0, 4.0, 12.0] {
                let mut values = 0;
                let found = crossing(-10.0, 24.0, start, 0.002, |gain| {
                    values += 1;
                    saturating(gain) - target
                });
                assert!((saturating(found.at) - target).abs() <= 0.002, "{target} from {start}: {found:?}");
                assert!(values <= 9, "{target} from {start}: {values} values");
            }
        }
    }

    #[test]
    fn out_of_reach_the_nearest_end_is_given() {
        assert_eq!(crossing(-10.0, 24.0, 0.0, 0.002, |gain| saturating(gain) - 9.0).at, 24.0);
        assert_eq!(crossing(-10.0, 24.0, 0.0, 0.002, |gain| saturating(gain) + 20.0).at, -10.0);
    }

    #[test]
    fn of_a_jump_the_nearer_side_is_given() {
        let jump = |gain: f64| if gain < 5.0 { gain - 5.1 } else { gain - 4.0 };
        let found = crossing(0.0, 24.0, 0.0, 0.002, jump);
        assert!((-0.11..=-0.09).contains(&found.value), "{found:?}");
    }
}
