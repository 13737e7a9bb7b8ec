//! Loudness of a stem over its own active moments.

use crate::meter::k_weighting::OFFSET_LU;
use crate::units::{Lufs, SampleRate};

/// K-weighted power of every 100 ms: the sum over channels, the mean over time.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::mix) struct Hops(pub(in crate::mix) Vec<f64>);

/// Hops in a second.
pub(in crate::mix) const HOPS_PER_SECOND: f64 = 10.0;
/// Hops in a block of gating (ITU-R BS.1770-5, annex 1: 400 ms, three quarters of which overlap).
const BLOCK: usize = 4;
/// What is so far below the loudest block counts as silence: as −70 LUFS to a stem that reaches −25 LUFS. The gate of
/// the standard is a level; this one moves with the stem, so that a fader changes no decision.
const SILENT_LU: f64 = -45.0;
/// The second gate of the standard.
const RELATIVE_GATE_LU: f64 = -10.0;

impl Hops {
    /// From energies (sums of squares) of runs of so many frames. A run belongs to the hop that it begins in, and the
    /// last hop is as long as what is left.
    pub(in crate::mix) fn of_runs(energies: &[f64], run_frames: usize, rate: SampleRate) -> Self {
        let hop_frames = rate.as_f64() / HOPS_PER_SECOND;
        let hop_of = |run: usize| (run as f64 * run_frames as f64 / hop_frames) as usize;
        let count = energies.len().checked_sub(1).map_or(0, |last| hop_of(last) + 1);
        let mut powers = vec![0.0; count];
        let mut frames = vec![0usize; count];
        for (run, energy) in energies.iter().enumerate() {
            powers[hop_of(run)] += energy;
            frames[hop_of(run)] += run_frames;
        }
        powers.iter_mut().zip(frames).for_each(|(power, frames)| *power /= frames.max(1) as f64);
        Self(powers)
    }

    /// Adds another stem's, times a power gain.
    pub(in crate::mix) fn add(&mut self, other: &Self, power: f64) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0.0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(sum, hop)| *sum += hop * power);
    }

    /// Powers of all blocks of 400 ms; of the whole if it is shorter.
    pub(in crate::mix) fn blocks(&self) -> Vec<f64> {
        if self.0.len() < BLOCK {
            let mean = self.0.iter().sum::<f64>() / self.0.len().max(1) as f64;
            return vec![mean; self.0.len().min(1)];
        }
        self.0.windows(BLOCK).map(|hops| hops.iter().sum::<f64>() / BLOCK as f64).collect()
    }
}

/// Loudness of a power.
pub(in crate::mix) fn loudness(power: f64) -> Lufs {
    Lufs::literal(OFFSET_LU + 10.0 * power.log10())
}

/// Loudness over the blocks that pass both gates; none of silence.
pub(in crate::mix) fn gated(hops: &Hops) -> Option<Lufs> {
    let blocks = hops.blocks();
    let gate = gate(&blocks)?;
    mean_above(&blocks, gate).map(loudness)
}

/// The power that a block must exceed to be active; none if all is silence.
pub(in crate::mix) fn gate(blocks: &[f64]) -> Option<f64> {
    let loudest = blocks.iter().copied().fold(0.0, f64::max);
    let silent = loudest * 10f64.powf(SILENT_LU / 10.0);
    let mean = mean_above(blocks, silent)?;
    Some(silent.max(mean * 10f64.powf(RELATIVE_GATE_LU / 10.0)))
}

fn mean_above(powers: &[f64], gate: f64) -> Option<f64> {
    let above = powers.iter().filter(|power| **power > gate);
    let (sum, count) = above.fold((0.0, 0usize), |(sum, count), power| (sum + power, count + 1));
    (count > 0).then(|| sum / count as f64)
}
