//! Four times the rate for what bends a waveform, and back: the harmonics have room, and what has none is cut off
//! instead of folding back.
//!
//! Only the *residue* goes through: what a curve adds to the signal. It is computed at the frames and a quarter, a half
//! and three quarters after them, filtered and taken at the frames again; the signal itself is not touched, so it has
//! no droop to compensate, and where the residue is zero every bit stays. Both filters are the same linear-phase sinc
//! under a Kaiser window, centred: no delay. Each frame depends on 32 frames on either side and on nothing else, so a
//! signal can be cut anywhere.

use std::ops::Range;
use std::sync::LazyLock;

use super::interpolator::fractional_delay;
use crate::simd::{Kernel, dispatch};

/// Taps for each point between two frames.
const TAPS: usize = 32;
const HALF: usize = TAPS / 2;
/// Of the Kaiser window: images and what folds back are 80 dB down from 1.16 of the Nyquist frequency on, and the
/// residue is flat up to 0.84 of it.
const BETA: f64 = 8.0;
/// Frames on either side that a frame depends on.
pub const REACH_FRAMES: usize = 2 * HALF;
/// Frames that are done at once, for which everything stays in the innermost cache.
const TILE: usize = 512;
/// Frames whose sums are in registers together.
const RUN: usize = 16;
/// Frames of a tile whose residue is needed, and of the signal that they are computed from.
const RESIDUES: usize = TILE + 2 * HALF;
const WINDOW: usize = RESIDUES + 2 * HALF;

/// A curve, as what it adds to a value.
pub trait Residue: Copy {
    /// What is added to `value`. Must be `#[inline(always)]`, without branches, and zero for zero.
    fn of(self, value: f32) -> f32;
}

/// Room to work in, made once for any number of calls.
#[derive(Clone, Debug)]
pub struct Scratch {
    window: Box<[f32; WINDOW]>,
    /// The residue at the frames and at each quarter after.
    points: Box<[[f32; RESIDUES]; 4]>,
}

impl Scratch {
    /// For one thread.
    #[must_use]
    pub fn new() -> Self {
        Self { window: Box::new([0.0; WINDOW]), points: Box::new([[0.0; RESIDUES]; 4]) }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds the residue of one channel, `source` from its start, to `out`, which are its frames from `first` on.
///
/// Only what lies within the frames of `bent` (and before the frame after them) is bent; past them the filter reaches
/// by half of [`REACH_FRAMES`].
pub fn add_residue(
    residue: impl Residue,
    bent: Range<usize>,
    source: &[f32],
    first: usize,
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    for (tile, out) in out.chunks_mut(TILE).enumerate() {
        let from = first + tile * TILE;
        fill(&mut scratch.window[..], source, from, 2 * HALF);
        // Of the residues, those from `HALF` frames before the tile on.
        let position = |frame: usize| (frame + HALF).saturating_sub(from).min(RESIDUES);
        let bent = position(bent.start)..position(bent.end);
        dispatch(Tile { residue, bent, window: &scratch.window, points: &mut scratch.points, out });
    }
}

/// Copies `source` from `margin` frames before `from` on; before and after the signal there is silence.
fn fill(window: &mut [f32], source: &[f32], from: usize, margin: usize) {
    let before = margin.saturating_sub(from).min(window.len());
    let start = (from + before).saturating_sub(margin).min(source.len());
    let count = (source.len() - start).min(window.len() - before);
    window[..before].fill(0.0);
    window[before..before + count].copy_from_slice(&source[start..start + count]);
    window[before + count..].fill(0.0);
}

/// The filters, folded: mirror images share a multiplication.
struct Bank {
    /// A quarter of a frame after: half the sum of each tap and its mirror, and half their difference.
    quarter_even: [f32; HALF],
    quarter_odd: [f32; HALF],
    half: [f32; HALF],
    /// A quarter after, unfolded, outermost tap first.
    quarter: [f32; TAPS],
}

static BANK: LazyLock<Bank> = LazyLock::new(|| {
    let quarter = fractional_delay(TAPS, BETA, 0.25);
    let half = fractional_delay(TAPS, BETA, 0.5);
    Bank {
        quarter_even: std::array::from_fn(|k| ((quarter[k] + quarter[TAPS - 1 - k]) / 2.0) as f32),
        quarter_odd: std::array::from_fn(|k| ((quarter[k] - quarter[TAPS - 1 - k]) / 2.0) as f32),
        half: std::array::from_fn(|k| half[k] as f32),
        quarter: std::array::from_fn(|k| quarter[k] as f32),
    }
});

struct Tile<'a, R> {
    residue: R,
    bent: Range<usize>,
    /// Begins `2 * HALF` frames before the tile.
    window: &'a [f32; WINDOW],
    points: &'a mut [[f32; RESIDUES]; 4],
    out: &'a mut [f32],
}

impl<R: Residue> Kernel for Tile<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let bank = &*BANK;
        for start in (0..RESIDUES).step_by(RUN) {
            bend(self.residue, bank, self.window, start, self.points);
        }
        for points in self.points.iter_mut() {
            points[..self.bent.start].fill(0.0);
            points[self.bent.end.max(self.bent.start)..].fill(0.0);
        }
        for (run, out) in self.out.chunks_mut(RUN).enumerate() {
            let sums = back(bank, self.points, run * RUN);
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
        }
    }
}

/// The residue of a run at all four points; entry `n` belongs to entry `HALF + n` of the window.
#[inline(always)]
fn bend<R: Residue>(
    residue: R,
    bank: &Bank,
    window: &[f32; WINDOW],
    start: usize,
    points: &mut [[f32; RESIDUES]; 4],
) {
    let (mut even, mut odd, mut half) = ([0.0f32; RUN], [0.0f32; RUN], [0.0f32; RUN]);
    for k in 0..HALF {
        // The filters read from HALF - 1 frames before a frame to HALF after it.
        let before = &window[start + 1 + k..][..RUN];
        let after = &window[start + TAPS - k..][..RUN];
        for i in 0..RUN {
            let (sum, difference) = (before[i] + after[i], before[i] - after[i]);
            even[i] += bank.quarter_even[k] * sum;
            odd[i] += bank.quarter_odd[k] * difference;
            half[i] += bank.half[k] * sum;
        }
    }
    let at = &window[start + HALF..][..RUN];
    let [frame, quarter, middle, three] = points;
    for i in 0..RUN {
        frame[start + i] = residue.of(at[i]);
        quarter[start + i] = residue.of(even[i] + odd[i]);
        middle[start + i] = residue.of(half[i]);
        three[start + i] = residue.of(even[i] - odd[i]);
    }
}

/// The residue of a run of frames, below the Nyquist frequency.
#[inline(always)]
fn back(bank: &Bank, points: &[[f32; RESIDUES]; 4], start: usize) -> [f32; RUN] {
    let [frame, quarter, middle, three] = points;
    // Outermost first, as small sums are.
    let (mut middles, mut quarters) = ([0.0f32; RUN], [0.0f32; RUN]);
    for k in 0..HALF {
        // From half a frame before and after: those of the middles, which lie at -HALF + 1/2, ... , HALF - 1/2.
        let (before, after) = (&middle[start + k..][..RUN], &middle[start + TAPS - 1 - k..][..RUN]);
        // What lies a quarter after frame -j is as far away as what lies three quarters after frame j - 1; a tap and
        // its mirror in one turn.
        let (late, early) = (&quarter[start + TAPS - 1 - k..][..RUN], &three[start + k..][..RUN]);
        let (late_mirror, early_mirror) =
            (&quarter[start + k..][..RUN], &three[start + TAPS - 1 - k..][..RUN]);
        let (outer, inner) = (bank.quarter[k], bank.quarter[TAPS - 1 - k]);
        for i in 0..RUN {
            middles[i] += bank.half[k] * (before[i] + after[i]);
            quarters[i] += outer * (late[i] + early[i]) + inner * (late_mirror[i] + early_mirror[i]);
        }
    }
    let at = &frame[start + HALF..][..RUN];
    std::array::from_fn(|i| 0.25 * (at[i] + (middles[i] + quarters[i])))
}
