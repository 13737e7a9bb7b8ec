//! Mains hum: steady tones at 50 or 60 Hz and their multiples.

use crate::analysis::blocks::{Block, Blocks};
use crate::analysis::features::Hum;
use crate::analysis::level::{level_db, percentile};
use crate::analysis::low_end::peak_bin;
use crate::units::{Dbfs, Hertz};

/// The stronger of both mains' hums, if there is one.
///
/// A tone is hum if, in the quietest quarter of the blocks that are not digital silence, it lies within 0.35 Hz of a
/// multiple of the mains (no note of 440 Hz tuning does below 300 Hz), stands 12 dB above its neighbours and keeps its
/// level within 6 dB; if it is never far below that level elsewhere; and if it is far below the loudest blocks, or it
/// would be the music.
pub(super) fn of(blocks: &Blocks) -> Option<Hum> {
    const BLOCKS_MIN: usize = 12;
    let total = |block: &Block| block.strips.iter().map(|power| f64::from(*power)).sum::<f64>();
    let mut by_power: Vec<(f64, usize)> = blocks.blocks.iter().map(total).zip(0..).collect();
    by_power.retain(|(power, block)| *power > 0.0 && blocks.new_frames(*block) == blocks.framing.hop);
    by_power.sort_by(|a, b| a.0.total_cmp(&b.0));
    if by_power.len() < BLOCKS_MIN {
        return None;
    }
    let quiet: Vec<usize> = by_power[..by_power.len().div_ceil(4)].iter().map(|(_, block)| *block).collect();
    let all: Vec<usize> = by_power.iter().map(|(_, block)| *block).collect();
    let loudest_db = level_db(percentile(&by_power, 0.95).0);
    let strongest = |mains_hz: f64| {
        let multiples = (1..=5).map(|multiple| mains_hz * f64::from(multiple));
        let levels = multiples.filter(|hz| *hz < 290.0).filter_map(|hz| tone_db(blocks, &quiet, &all, hz));
        levels
            .filter(|level| *level < loudest_db - BELOW_MUSIC_DB)
            .reduce(f64::max)
            .map(|level| (level, mains_hz))
    };
    let (level, mains_hz) =
        [50.0, 60.0].into_iter().filter_map(strongest).reduce(|a, b| if b.0 > a.0 { b } else { a })?;
    Some(Hum { mains: Hertz::literal(mains_hz), level: Dbfs::literal(level) })
}

/// Hum is so much below the loudest blocks.
const BELOW_MUSIC_DB: f64 = 15.0;

/// The level of a steady tone at a frequency, in dBFS; none if there is none.
fn tone_db(blocks: &Blocks, quiet: &[usize], all: &[usize], hz: f64) -> Option<f64> {
    const OFF_HZ: f64 = 0.35;
    const ABOVE_NEIGHBOURS_DB: f64 = 12.0;
    const SPREAD_DB: f64 = 6.0;
    let bin = (hz / blocks.bin_hz()).round() as usize;
    let mean = mean_of(blocks, quiet);
    let highest = (bin - 1..=bin + 1).max_by(|a, b| mean[*a].total_cmp(&mean[*b])).unwrap_or(bin);
    let off_hz = peak_bin(&mean, highest) * blocks.bin_hz() - hz;
    let level = |block: &Block| level_db(tone_power(&block.low, highest));
    let sorted = |of: &[usize]| {
        let mut levels: Vec<f64> = of.iter().map(|block| level(&blocks.blocks[*block])).collect();
        levels.sort_by(f64::total_cmp);
        levels
    };
    let (in_quiet, anywhere) = (sorted(quiet), sorted(all));
    let median = percentile(&in_quiet, 0.5);
    let is_steady = percentile(&in_quiet, 0.9) - percentile(&in_quiet, 0.1) < SPREAD_DB
        && percentile(&anywhere, 0.05) > median - SPREAD_DB;
    let stands = level_db(mean[highest]) - level_db(neighbours(&mean, highest)) > ABOVE_NEIGHBOURS_DB;
    (off_hz.abs() < OFF_HZ && is_steady && stands && median > -110.0).then_some(median)
}

fn mean_of(blocks: &Blocks, of: &[usize]) -> Vec<f64> {
    let mut mean = vec![0.0; blocks.blocks[of[0]].low.len()];
    for &block in of {
        for (mean, power) in mean.iter_mut().zip(&blocks.blocks[block].low) {
            *mean += f64::from(*power) / of.len() as f64;
        }
    }
    mean
}

/// A tone fills four bins under a Hann window.
fn tone_power(low: &[f32], bin: usize) -> f64 {
    low[bin - 2..=bin + 2].iter().map(|power| f64::from(*power)).sum()
}

/// The mean of bins on both sides beyond the tone's own.
fn neighbours(mean: &[f64], bin: usize) -> f64 {
    let below = &mean[bin.saturating_sub(7).max(2)..=bin - 4];
    let above = &mean[bin + 4..(bin + 8).min(mean.len())];
    let count = below.len() + above.len();
    below.iter().chain(above).sum::<f64>() / count as f64
}
