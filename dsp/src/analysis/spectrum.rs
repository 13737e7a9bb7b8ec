//! Spectra over time, as statistics per band.

use rayon::prelude::*;

use crate::analysis::activity::Activity;
use crate::analysis::blocks::{Block, Blocks};
use crate::analysis::features::{Spectrum, SpectrumLevels};
use crate::analysis::level::{FLOOR_DB, level_db, percentile};
use crate::bands::{BANDS, PerBand};

pub(super) fn of(blocks: &Blocks, activity: &Activity) -> Spectrum {
    Spectrum {
        mid: statistics(blocks, activity, |block| &block.mid),
        side: statistics(blocks, activity, |block| &block.side),
    }
}

fn statistics(
    blocks: &Blocks,
    activity: &Activity,
    powers: impl Fn(&Block) -> &[f32; BANDS] + Sync,
) -> SpectrumLevels {
    let power = |block: usize, band: usize| powers(&blocks.blocks[block])[band];
    let mean = |of: &[usize], band: usize| {
        let sum: f64 = of.iter().map(|&block| f64::from(power(block, band))).sum();
        level_db(sum / of.len() as f64)
    };
    let bands: Vec<[f64; 6]> = (0..BANDS)
        .into_par_iter()
        .map(|band| {
            if activity.active.is_empty() {
                return [FLOOR_DB; 6];
            }
            let mut sorted: Vec<f32> = activity.active.iter().map(|&block| power(block, band)).collect();
            sorted.sort_unstable_by(f32::total_cmp);
            let share = |share: f64| level_db(f64::from(percentile(&sorted, share)));
            let (loud, mean) = (mean(&activity.loud, band), mean(&activity.active, band));
            [loud, mean, share(0.5), share(0.85), share(0.95), share(0.1)]
        })
        .collect();
    let per_band = |index: usize| -> PerBand { std::array::from_fn(|band| bands[band][index]) };
    SpectrumLevels {
        loud: per_band(0),
        mean: per_band(1),
        p50: per_band(2),
        p85: per_band(3),
        p95: per_band(4),
        p10: per_band(5),
    }
}
