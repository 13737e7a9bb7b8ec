//! Small smooth dips of the gain, where the certifying meter found the ceiling exceeded.

use std::ops::Range;

use super::gain_curve::{BLOCK, GainCurve};
use super::window;
use crate::units::{Milliseconds, SampleRate};

/// How far a dip reaches beyond the blocks it must hold down. They are a few hundredths of a decibel deep, so they
/// may be short.
const REACH: Milliseconds = Milliseconds::literal(0.5);

/// A place where the output must come down: at `frame` (and up to a frame to either side) by the factor `gain` < 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dip {
    /// The frame next to the peak.
    pub frame: usize,
    /// What brings the peak down to the ceiling, linear.
    pub gain: f64,
}

/// Multiplies `curve` by a smooth dip at each of `dips`, which are in order of time, and says which frames change.
///
/// The ranges are in order, do not overlap, and start and end on blocks (the last may end with the signal).
pub fn cut(curve: &mut GainCurve, dips: &[Dip], rate: SampleRate, frames: usize) -> Vec<Range<usize>> {
    let reach = (rate.frames_in(REACH).div_ceil(BLOCK)).max(1);
    let kernel = window::smoothing_kernel(reach);
    // The held reduction reaches `reach + 1` blocks beyond the blocks touched, and the kernel `reach` beyond that.
    let margin = 2 * reach + 3;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for group in dips.chunk_by(|a, b| b.frame.saturating_sub(a.frame) < 2 * margin * BLOCK) {
        let (first, last) = (group[0].frame / BLOCK, group[group.len() - 1].frame / BLOCK);
        // Positions in the curve with its edges: block k is at k + 1.
        let gains = curve.with_edges_mut();
        let start = (first + 1).saturating_sub(margin);
        let end = (last + 2 + margin).min(gains.len());
        let factors = dip_factors(group, start, end - start, reach, &kernel);
        for (gain, factor) in gains[start..end].iter_mut().zip(factors) {
            *gain *= factor;
        }
        // The spline carries a changed gain one block further.
        let touched = start.saturating_sub(2) * BLOCK..((end + 1) * BLOCK).min(frames);
        match ranges.last_mut() {
            Some(before) if before.end >= touched.start => before.end = touched.end,
            _ => ranges.push(touched),
        }
    }
    ranges
}

/// Factors for `count` positions of the curve from `start` on.
fn dip_factors(group: &[Dip], start: usize, count: usize, reach: usize, kernel: &[f32]) -> Vec<f32> {
    let half = reach + 1;
    let padded = count + 2 * half + 2 * reach;
    let mut reductions = vec![0.0f32; padded];
    for dip in group {
        let reduction = (1.0 - dip.gain) as f32;
        // The peak lies within a frame of `frame`, perhaps in the next block.
        for frame in [dip.frame.saturating_sub(1), dip.frame + 1] {
            let position = (frame / BLOCK + 1 + half + reach).saturating_sub(start);
            if let Some(cell) = reductions.get_mut(position) {
                *cell = cell.max(reduction);
            }
        }
    }
    let mut spare = reductions.clone();
    window::sliding_max(&mut reductions, &mut spare, 2 * half + 1);
    let mut factors = vec![1.0f32; count];
    window::smoothed_gains(&reductions, kernel, &mut factors);
    factors
}
