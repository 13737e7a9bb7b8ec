//! Where the top ends, and whether an encoder cut it.

use crate::analysis::activity::Activity;
use crate::analysis::blocks::Blocks;
use crate::analysis::features::Bandwidth;
use crate::analysis::level::{level_db, percentile};
use crate::units::Hertz;

pub(super) fn of(blocks: &Blocks, activity: &Activity) -> Bandwidth {
    let strips = Strips::of(blocks, activity);
    Bandwidth { top: strips.top(), lossy_low_pass: strips.cliff() }
}

/// Levels of strips of equal width over active blocks, in dBFS.
struct Strips {
    mean: Vec<f64>,
    /// The level that half of the blocks stay under.
    p50: Vec<f64>,
    /// The level that nine in ten stay under.
    p90: Vec<f64>,
    width_hz: f64,
    nyquist_hz: f64,
}

impl Strips {
    fn of(blocks: &Blocks, activity: &Activity) -> Self {
        let count = blocks.blocks.first().map_or(0, |block| block.strips.len());
        let count = if activity.active.is_empty() { 0 } else { count };
        let (mut mean, mut p50, mut p90) = (Vec::new(), Vec::new(), Vec::new());
        for strip in 0..count {
            let mut powers: Vec<f32> =
                activity.active.iter().map(|&block| blocks.blocks[block].strips[strip]).collect();
            powers.sort_unstable_by(f32::total_cmp);
            let sum: f64 = powers.iter().map(|power| f64::from(*power)).sum();
            mean.push(level_db(sum / powers.len() as f64));
            p50.push(level_db(f64::from(percentile(&powers, 0.5))));
            p90.push(level_db(f64::from(percentile(&powers, 0.9))));
        }
        let nyquist_hz = 0.5 * blocks.rate.as_f64();
        Self { mean, p50, p90, width_hz: blocks.strip.value(), nyquist_hz }
    }

    fn index(&self, frequency_hz: f64) -> usize {
        ((frequency_hz / self.width_hz) as usize).min(self.mean.len())
    }

    /// The upper edge of the highest strip that stands 10 dB above the noise of 16 bits and not more than 80 dB
    /// below the middle; 0 for silence.
    fn top(&self) -> Hertz {
        /// Rounding to 16 bits, 10 log10 of 2^−30 / 12, spread over half the rate.
        const ROUNDING_DBFS: f64 = -101.1;
        const ABOVE_NOISE_DB: f64 = 10.0;
        const BELOW_MIDDLE_DB: f64 = 80.0;
        let middle = &self.mean[self.index(500.0)..self.index(5000.0)];
        let middle = middle.iter().copied().fold(f64::MIN, f64::max);
        let noise = ROUNDING_DBFS + 10.0 * (self.width_hz / self.nyquist_hz).log10();
        let least = (noise + ABOVE_NOISE_DB).max(middle - BELOW_MIDDLE_DB);
        let highest = self.mean.iter().rposition(|level| *level > least);
        let top_hz = highest.map_or(0.0, |strip| (strip + 1) as f64 * self.width_hz);
        Hertz::literal(top_hz.min(self.nyquist_hz))
    }

    /// The steepest fall from 14 to 20.5 kHz, if it is one of an encoder: 25 dB or more within a sixth of an octave,
    /// from what half of the active blocks reach below it to what nine in ten stay under above it.
    fn cliff(&self) -> Option<Hertz> {
        const RANGE_HZ: (f64, f64) = (14_000.0, 20_500.0);
        const LEAST_DB: f64 = 25.0;
        /// A filter's own slope, which belongs to neither side.
        const SLOPE_HZ: f64 = 400.0;
        let mean = |levels: &[f64]| levels.iter().sum::<f64>() / levels.len() as f64;
        let steps = self.index(RANGE_HZ.0)..self.index(RANGE_HZ.1);
        let falls = steps.filter_map(|strip| {
            let corner_hz = strip as f64 * self.width_hz;
            // A twelfth of an octave on either side.
            let side_hz = corner_hz * 0.0595;
            let above_hz = corner_hz + SLOPE_HZ + side_hz;
            if above_hz > 0.99 * self.nyquist_hz {
                return None;
            }
            let below = mean(&self.p50[self.index(corner_hz - side_hz)..strip]);
            let above = mean(&self.p90[self.index(corner_hz + SLOPE_HZ)..self.index(above_hz)]);
            Some((corner_hz, below - above))
        });
        let (corner_hz, fall_db) =
            falls.fold((0.0, 0.0), |steepest, fall| if fall.1 > steepest.1 { fall } else { steepest });
        (fall_db >= LEAST_DB).then(|| Hertz::literal(corner_hz))
    }
}
