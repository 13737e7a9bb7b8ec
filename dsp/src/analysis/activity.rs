//! Which blocks count: those that pass the gates of integrated loudness.

use crate::analysis::blocks::{Block, Blocks};
use crate::bands::{self, BANDS, PerBand};
use crate::meter::k_weighting::{OFFSET_LU, sections};
use crate::meter::loudness::ABSOLUTE_GATE;
use crate::units::SampleRate;

/// Which blocks are active, and how loud they are.
#[derive(Debug)]
pub(super) struct Activity {
    /// Of each block.
    pub(super) is_active: Vec<bool>,
    /// Numbers of the active blocks, in order.
    pub(super) active: Vec<usize>,
    /// Those of them that are the loudest half, in order.
    pub(super) loud: Vec<usize>,
    /// How much of the signal is active.
    pub(super) seconds: f64,
    hop: usize,
}

impl Activity {
    /// The gates of ITU-R BS.1770-5, annex 1, applied to blocks: the absolute one, and 10 LU below the mean of those
    /// that pass it. A block's loudness follows from its powers in the bands of the grid.
    pub(super) fn of(blocks: &Blocks) -> Self {
        let weights = weights(blocks.rate);
        let powers: Vec<f64> =
            blocks.blocks.iter().map(|block| weighted(block, &weights, blocks.channels)).collect();
        let absolute = 10f64.powf((ABSOLUTE_GATE.value() - OFFSET_LU) / 10.0);
        let passing = powers.iter().filter(|power| **power > absolute);
        let (sum, count) = passing.fold((0.0, 0usize), |(sum, count), power| (sum + power, count + 1));
        let gate = absolute.max(0.1 * sum / count.max(1) as f64);
        let is_active: Vec<bool> = powers.iter().map(|power| *power > gate).collect();
        let active: Vec<usize> = (0..powers.len()).filter(|block| is_active[*block]).collect();
        let frames: usize = active.iter().map(|block| blocks.new_frames(*block)).sum();
        Self {
            loud: loudest_half(&active, &powers),
            is_active,
            active,
            seconds: blocks.rate.seconds(frames),
            hop: blocks.framing.hop,
        }
    }

    /// The active blocks; all if none is.
    pub(super) fn counted(&self) -> impl Iterator<Item = usize> + '_ {
        let all = if self.active.is_empty() { self.is_active.len() } else { 0 };
        self.active.iter().copied().chain(0..all)
    }

    /// Whether the block that a frame is new in is active.
    pub(super) fn at(&self, frame: usize) -> bool {
        self.is_active.get(frame / self.hop).copied().unwrap_or(false)
    }
}

/// The power of K-weighting at the centre of each band; 0 above half the rate.
fn weights(rate: SampleRate) -> PerBand {
    let sections = sections(rate);
    std::array::from_fn(|band| {
        let centre = bands::centre(band);
        if centre.value() >= 0.5 * rate.as_f64() {
            return 0.0;
        }
        sections.iter().map(|section| section.power_at(centre, rate)).product()
    })
}

/// Powers of both channels together, weighted.
fn weighted(block: &Block, weights: &PerBand, channels: usize) -> f64 {
    let sum: f64 = (0..BANDS).map(|band| weights[band] * f64::from(block.mid[band] + block.side[band])).sum();
    sum * channels as f64
}

/// Of two that are equally loud the earlier one counts as louder.
fn loudest_half(active: &[usize], powers: &[f64]) -> Vec<usize> {
    let mut order = active.to_vec();
    order.sort_by(|a, b| powers[*b].total_cmp(&powers[*a]));
    order.truncate(active.len().div_ceil(2));
    order.sort_unstable();
    order
}
