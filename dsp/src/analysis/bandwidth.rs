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
    /// The level that nine in ten stay under.
    p90: Vec<f64>,
    width_hz: f64,
    nyquist_hz: f64,
}

impl Strips {
    fn of(blocks: &Blocks, activity: &Activity) -> Self {
        let count = blocks.blocks.first().map_or(0, |block| block.strips.len());
        let count = if activity.active.is_empty() { 0 } else { count };
        let mut p90 = Vec::new();
        for strip in 0..count {
            let mut powers: Vec<f32> =
                activity.active.iter().map(|&block| blocks.blocks[block].strips[strip]).collect();
            powers.sort_unstable_by(f32::total_cmp);
            p90.push(level_db(f64::from(percentile(&powers, 0.9))));
        }
        let nyquist_hz = 0.5 * blocks.rate.as_f64();
        Self { p90, width_hz: blocks.strip.value(), nyquist_hz }
    }

    fn index(&self, frequency_hz: f64) -> usize {
        ((frequency_hz / self.width_hz) as usize).min(self.p90.len())
    }

    /// The upper edge of the highest strip that stands 10 dB above the noise of 16 bits and not more than 80 dB
    /// below the middle, in the louder tenth of the blocks; 0 for silence. (In their mean, the wide spectrum of an
    /// abrupt start or end would show.)
    fn top(&self) -> Hertz {
        /// Rounding to 16 bits, 10 log10 of 2^−30 / 12, spread over half the rate.
        const ROUNDING_DBFS: f64 = -101.1;
        const ABOVE_NOISE_DB: f64 = 10.0;
        const BELOW_MIDDLE_DB: f64 = 80.0;
        let middle = &self.p90[self.index(500.0)..self.index(5000.0)];
        let middle = middle.iter().copied().fold(f64::MIN, f64::max);
        let noise = ROUNDING_DBFS + 10.0 * (self.width_hz / self.nyquist_hz).log10();
        let least = (noise + ABOVE_NOISE_DB).max(middle - BELOW_MIDDLE_DB);
        let highest = self.p90.iter().rposition(|level| *level > least);
        let top_hz = highest.map_or(0.0, |strip| (strip + 1) as f64 * self.width_hz);
        Hertz::literal(top_hz.min(self.nyquist_hz))
    }

    /// The steepest fall from 14 to 20.5 kHz, if it is one of an encoder: 34 dB or more within a sixth of an octave at
    /// the level that nine in ten blocks stay under.
    ///
    /// Own measurement, six mixes: after MP3 (128 to 320 kbit/s) the fall is 41 to 75 dB, after AAC at 128 kbit/s 27 to
    /// 78 (so that it is not always found); what converters, resamplers and natural dullness leave is 4 to 29. AAC at
    /// 256 kbit/s has no low-pass.
    fn cliff(&self) -> Option<Hertz> {
        const RANGE_HZ: (f64, f64) = (14_000.0, 20_500.0);
        const LEAST_DB: f64 = 34.0;
        /// A filter's own slope, which belongs to neither side, and as much on either side.
        const SLOPE_HZ: f64 = 400.0;
        let mean = |levels: &[f64]| levels.iter().sum::<f64>() / levels.len() as f64;
        let slope = (SLOPE_HZ / self.width_hz).round().max(1.0) as usize;
        let falls = (self.index(RANGE_HZ.0)..self.index(RANGE_HZ.1)).filter_map(|corner| {
            let below = self.p90.get(corner.checked_sub(slope)?..corner)?;
            let above = self.p90.get(corner + slope..corner + 2 * slope)?;
            Some((corner, mean(below) - mean(above)))
        });
        let (corner, fall_db) =
            falls.fold((0, 0.0), |steepest, fall| if fall.1 > steepest.1 { fall } else { steepest });
        (fall_db >= LEAST_DB).then(|| Hertz::literal(corner as f64 * self.width_hz))
    }
}
