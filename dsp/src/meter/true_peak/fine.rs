//! Certification: one peak at a time, at 32 times the rate with 96 taps.

use std::sync::LazyLock;

use crate::meter::true_peak::grid::top_square;
use crate::parts::interpolator::fractional_delay;
use crate::simd::{Kernel, dispatch};

const TAPS: usize = 96;
/// Positions in a frame.
const PHASES: usize = 32;
/// Of the Kaiser window: flat within 0.001 dB up to 0.94 of the Nyquist frequency with 96 taps.
const BETA: f64 = 8.0;
/// The first position lies so many 32nds of a frame before the frame that was asked for: a quarter, and one
/// more to have a neighbour.
const LEAD: usize = PHASES / 4 + 1;
/// From `LEAD` before the frame to one after the next, and more to fill six vectors.
const POSITIONS: usize = 48;
/// Samples that all positions together read: the first is 48 before the frame.
const REACH: usize = TAPS + 2;

/// `FILTERS[k][p]` is what sample `k` contributes to position `p`.
static FILTERS: LazyLock<Vec<[f32; POSITIONS]>> = LazyLock::new(|| {
    let mut filters = vec![[0.0; POSITIONS]; REACH];
    // Counted from one frame before, so that none is negative.
    for (position, phase) in (PHASES - LEAD..).take(POSITIONS).enumerate() {
        let filter = fractional_delay(TAPS, BETA, (phase % PHASES) as f64 / PHASES as f64);
        for (taps, tap) in filters[phase / PHASES..].iter_mut().zip(filter) {
            taps[position] = tap as f32;
        }
    }
    filters
});

/// A peak as certified.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct FinePeak {
    pub(super) magnitude: f32,
    /// Whether the top lies before the frame that was asked for (by less than a quarter of a frame).
    pub(super) is_before: bool,
}

/// The highest magnitude from a quarter of a frame before `window[frame]` to the next frame.
pub(super) fn evaluate(window: &[f32], frame: usize) -> FinePeak {
    let points = dispatch(Fine { filters: &FILTERS, window, frame });
    let mut top = LEAD;
    for position in 1..=LEAD + PHASES {
        if points[position].abs() > points[top].abs() {
            top = position;
        }
    }
    let [l, c, r] = [points[top - 1], points[top], points[top + 1]];
    // At either end of the range the signal may still be rising: then the top is another frame's.
    let is_peak = l.abs() <= c.abs() && r.abs() <= c.abs();
    let magnitude = if is_peak { top_square(l, c, r).sqrt() } else { c.abs() };
    // The filter gives the sample itself only up to rounding.
    FinePeak { magnitude: magnitude.max(window[frame].abs()), is_before: top < LEAD }
}

struct Fine<'a> {
    filters: &'a [[f32; POSITIONS]],
    window: &'a [f32],
    frame: usize,
}

impl Kernel for Fine<'_> {
    type Output = [f32; POSITIONS];

    #[inline(always)]
    fn run(self) -> [f32; POSITIONS] {
        let mut points = [0.0f32; POSITIONS];
        for (x, taps) in self.window[self.frame - TAPS / 2..].iter().zip(self.filters) {
            for position in 0..POSITIONS {
                points[position] += taps[position] * x;
            }
        }
        points
    }
}
