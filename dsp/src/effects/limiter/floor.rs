//! The slow part of the gain: how far it stays down between one peak and the next.
//!
//! A limiter that hears only the past must guess when to let go. This one knows what comes. On cells of about
//! 1.5 ms it looks for a gain that moves little and still meets every peak: smooth, put the peaks back, and again
//! (projection onto the requirement; each round leaks a little, so that the gain comes back exponentially to either
//! side of a peak where nothing holds it down). The rounds are few, so no floor reaches further than some 240 ms, nor
//! is there more than a hundredth of a decibel left by then.
//!
//! Two rules keep it from being heard:
//! * **bridges**: between peaks of equal height within [`BRIDGE`] the gain does not move at all. The half-waves of a
//!   bass note, or the beats of two tones, are such peaks: a tone that is only softer has no distortion.
//! * **no foreboding**: the floor before a peak is no deeper than what an earlier peak asked for, and that is
//!   forgotten within [`MEMORY`]. A stroke out of the quiet is not announced: backward masking would cover a few
//!   milliseconds only (Fastl and Zwicker, Psychoacoustics, section 4.4).

use rayon::prelude::*;

use super::window;
use crate::simd::{Kernel, dispatch};
use crate::units::{Milliseconds, SampleRate};

/// How long a cell is, about.
const CELL: Milliseconds = Milliseconds::literal(1.45);
/// Cells are made of whole blocks of the coarse grid too, which has so many frames.
const CELL_STEP_FRAMES: usize = 32;
/// Two boxes of this length in a row are one round of smoothing. What moves within 40 ms is heard as roughness and
/// less as a change of level.
const BOX: Milliseconds = Milliseconds::literal(20.0);
/// Half a period of 20 Hz: half-waves of anything audible lie nearer.
const BRIDGE: Milliseconds = Milliseconds::literal(25.0);
/// How much a bridge hangs below the lower of its two peaks, as a multiple of their difference. It is steep, so that
/// music with its uneven peaks is not held down from each to the next: at 1 a master at −9 LUFS takes 2 dB more
/// drive than at 16, and its loudness wobbles a quarter more.
const BRIDGE_SAG: f32 = 16.0;
/// The time constant with which a peak ceases to excuse a floor before another one. At 1000 ms distortion on music is
/// 0.1 to 0.3 dB less, at 100 ms 0.3 to 0.6 dB more.
const MEMORY: Milliseconds = Milliseconds::literal(300.0);
/// Rounds of smoothing. 8 leave 0.15 dB more distortion on music, 24 take 0.1 dB less.
const ROUNDS: usize = 12;
/// Cells computed together.
const TILE: usize = 2048;

/// What shapes a floor, on the time grid of the blocks.
pub(super) struct Calm {
    /// Blocks in a cell.
    pub(super) cell_blocks: usize,
    /// Symmetric; it sums to what a round keeps of the level.
    kernel: Vec<f32>,
    bridge_cells: usize,
    /// What a cell keeps of the memory of a peak.
    keep: f32,
}

impl Calm {
    /// A floor that comes back to either side of a peak with the time constant `release`.
    pub(super) fn new(release: Milliseconds, rate: SampleRate, block_frames: usize) -> Self {
        let step_ms = CELL_STEP_FRAMES as f64 * 1000.0 / rate.as_f64();
        let steps = ((CELL.value() / step_ms).round() as usize).max(1);
        let cell_ms = steps as f64 * step_ms;
        let box_cells = ((BOX.value() / cell_ms).round() as usize).max(1);
        // Two boxes of length b make e^(t/τ) greater by (sinh(x) / x)², x = b / 2τ: a round that keeps the inverse of
        // that leaves just this exponential standing.
        let x = box_cells as f64 * cell_ms / (2.0 * release.value());
        let kept = (x / x.sinh()).powi(2);
        let triangle = 1..2 * box_cells;
        let tap = |i: usize| kept * i.min(2 * box_cells - i) as f64 / (box_cells * box_cells) as f64;
        Self {
            cell_blocks: steps * CELL_STEP_FRAMES / block_frames,
            kernel: triangle.map(|i| tap(i) as f32).collect(),
            bridge_cells: ((BRIDGE.value() / cell_ms).ceil() as usize).max(1),
            keep: (-cell_ms / MEMORY.value()).exp() as f32,
        }
    }
}

/// One reduction per cell: `highest` is the largest requirement in each cell, `held` the mean of what is held anyway.
pub(super) fn floor(highest: &[f32], held: &[f32], calm: &Calm) -> Vec<f32> {
    let bridges = bridges(highest, calm.bridge_cells);
    let excuses = excuses(highest, calm.keep);
    let reach = calm.kernel.len() / 2;
    let cells = highest.len();
    // What must be met, with a margin of the kernel's reach on either side.
    let mut met = vec![0.0f32; cells + 2 * reach];
    for ((met, &held), &bridge) in met[reach..].iter_mut().zip(held).zip(&bridges) {
        *met = larger(held, bridge);
    }
    let mut level = met.clone();
    let mut floor = vec![0.0f32; cells];
    for _ in 0..ROUNDS {
        floor.par_chunks_mut(TILE).enumerate().for_each(|(tile, out)| {
            let from = tile * TILE;
            let level = &level[from..from + out.len() + 2 * reach];
            let excuses = &excuses[from..from + out.len()];
            dispatch(Round { level, kernel: &calm.kernel, excuses, out });
        });
        for ((level, &met), &floor) in level[reach..].iter_mut().zip(&met[reach..]).zip(&floor) {
            *level = larger(met, floor);
        }
    }
    floor.iter_mut().zip(&bridges).for_each(|(floor, &bridge)| *floor = larger(*floor, bridge));
    floor
}

/// Between peaks before and after each cell, of which it hangs below the lower.
fn bridges(highest: &[f32], span: usize) -> Vec<f32> {
    let mut peaks = vec![0.0f32; highest.len() + 2 * span];
    peaks[span..span + highest.len()].copy_from_slice(highest);
    dispatch(Bridges { peaks, span, count: highest.len() })
}

struct Bridges {
    peaks: Vec<f32>,
    span: usize,
    count: usize,
}

impl Kernel for Bridges {
    type Output = Vec<f32>;
    #[inline(always)]
    fn run(mut self) -> Vec<f32> {
        let mut spare = self.peaks.clone();
        window::sliding_max(&mut self.peaks, &mut spare, self.span);
        let (before, after) = (&self.peaks[..self.count], &self.peaks[self.span + 1..]);
        let mut bridges = vec![0.0f32; self.count];
        for ((bridge, &before), &after) in bridges.iter_mut().zip(before).zip(after) {
            let (low, high) = if before < after { (before, after) } else { (after, before) };
            *bridge = window::at_least_zero(low - BRIDGE_SAG * (high - low));
        }
        bridges
    }
}

/// The most that a floor may be: what the peaks before each cell asked for, and what is left of it.
fn excuses(highest: &[f32], keep: f32) -> Vec<f32> {
    /// Far below what changes a gain in single precision, far above the numbers that processors are slow with.
    const GONE: f32 = 1e-12;
    let mut memory = 0.0f32;
    let remember = |&peak: &f32| {
        let excuse = memory;
        let faded = if memory > GONE { memory * keep } else { 0.0 };
        memory = larger(peak, faded);
        excuse
    };
    highest.iter().map(remember).collect()
}

struct Round<'a> {
    level: &'a [f32],
    kernel: &'a [f32],
    excuses: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Round<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        window::smoothed(self.level, self.kernel, self.out);
        for (out, &excuse) in self.out.iter_mut().zip(self.excuses) {
            *out = if *out < excuse { *out } else { excuse };
        }
    }
}

/// Raises `held` (one per block, the first cell starting at `edge`) to the floor, drawn straight from the middle of
/// one cell to the middle of the next.
pub(super) fn raise(held: &mut [f32], floor: &[f32], cell_blocks: usize, edge: usize) {
    let Some((&first, &last)) = floor.first().zip(floor.last()) else { return };
    let half = cell_blocks / 2;
    // Segment s leads from the middle of cell s - 1 to the middle of cell s.
    let start = edge + half;
    let (head, body) = held.split_at_mut(start.min(held.len()));
    head.iter_mut().for_each(|held| *held = larger(*held, first));
    let step = 1.0 / cell_blocks as f32;
    // The middle of an even number of blocks lies between two of them.
    let offset = if cell_blocks.is_multiple_of(2) { 0.5 * step } else { 0.0 };
    for (segment, held) in body.chunks_mut(cell_blocks).enumerate() {
        let from = floor.get(segment).copied().unwrap_or(last);
        let to = floor.get(segment + 1).copied().unwrap_or(last);
        for (i, held) in held.iter_mut().enumerate() {
            *held = larger(*held, from + (to - from) * (i as f32 * step + offset));
        }
    }
}

/// Unlike `f32::max` this is one instruction, since no NaN can come here.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
