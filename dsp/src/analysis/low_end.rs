//! The lowest octaves.

use crate::analysis::activity::Activity;
use crate::analysis::blocks::Blocks;
use crate::analysis::features::LowEnd;
use crate::analysis::level::{FLOOR_DB, level_db};
use crate::analysis::stereo::Image;
use crate::units::{Decibels, Hertz};

pub(super) fn of(blocks: &Blocks, activity: &Activity) -> LowEnd {
    let bass = Image::sum(activity.counted().map(|block| blocks.blocks[block].bass));
    let side = if bass.side() <= 0.0 { FLOOR_DB } else { level_db(bass.side()) - level_db(bass.mid()) };
    let low = mean_low(blocks, activity);
    LowEnd {
        lowest_note: lowest_note(&low, blocks.bin_hz()),
        below_30_hz_share: below_30_hz_share(&low, blocks, activity),
        bass_side: Decibels::literal(side),
        bass_correlation: bass.correlation(),
    }
}

/// Mean power of each low bin over active blocks.
fn mean_low(blocks: &Blocks, activity: &Activity) -> Vec<f64> {
    let bins = blocks.blocks.first().map_or(0, |block| block.low.len());
    let mut mean = vec![0.0; bins];
    for &block in &activity.active {
        for (mean, power) in mean.iter_mut().zip(&blocks.blocks[block].low) {
            *mean += f64::from(*power) / activity.active.len() as f64;
        }
    }
    mean
}

/// The semitone (of 440 Hz, equal temperament) next to the lowest peak from 25 to 300 Hz that lies less than 12 dB
/// below the highest there.
///
/// Bins are 2.7 Hz apart at 44.1 kHz and a tone fills four of them: notes of one bass line that are less than 11 Hz
/// apart (neighbours below E3) melt into one peak between them, and two that sound at once need as much.
fn lowest_note(low: &[f64], bin_hz: f64) -> Option<Hertz> {
    const RANGE_HZ: (f64, f64) = (25.0, 300.0);
    const BELOW_HIGHEST: f64 = 0.063;
    let peaks = (1..low.len().saturating_sub(1))
        .filter(|&bin| low[bin] > low[bin - 1] && low[bin] >= low[bin + 1])
        .map(|bin| (peak_bin(low, bin) * bin_hz, low[bin]))
        .filter(|(hz, _)| (RANGE_HZ.0..=RANGE_HZ.1).contains(hz));
    let highest = peaks.clone().fold(0.0f64, |highest, (_, power)| highest.max(power));
    let (hz, _) = peaks.clone().find(|(_, power)| *power >= BELOW_HIGHEST * highest)?;
    let semitones = (12.0 * (hz / 440.0).log2()).round();
    Some(Hertz::literal(440.0 * 2f64.powf(semitones / 12.0)))
}

/// Where between the bins a peak lies: the vertex of a parabola through three levels.
pub(super) fn peak_bin(powers: &[f64], bin: usize) -> f64 {
    let [before, at, after] = [bin - 1, bin, bin + 1].map(|bin| level_db(powers[bin]));
    let bend = before - 2.0 * at + after;
    let offset = if bend < 0.0 { 0.5 * (before - after) / bend } else { 0.0 };
    bin as f64 + offset.clamp(-0.5, 0.5)
}

/// From the third bin on: what is below is a constant as the window sees it.
fn below_30_hz_share(low: &[f64], blocks: &Blocks, activity: &Activity) -> f64 {
    let end = (30.0 / blocks.bin_hz()).round() as usize;
    let below: f64 = low.iter().take(end).skip(2).sum();
    let active = activity.active.iter().flat_map(|&block| &blocks.blocks[block].strips);
    let total: f64 = active.map(|power| f64::from(*power)).sum::<f64>() / activity.active.len().max(1) as f64;
    let constant: f64 = low.iter().take(2).sum();
    let total = total - constant;
    if total > 0.0 { (below / total).clamp(0.0, 1.0) } else { 0.0 }
}
