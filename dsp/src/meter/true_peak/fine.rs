//! Certification: one peak at a time, at 32 times the rate with 96 taps.

use std::sync::LazyLock;

use crate::parts::interpolator::fractional_delay;
use crate::simd::{Kernel, dispatch};

const TAPS: usize = 96;
/// Positions in a frame.
const PHASES: usize = 32;
/// Of the Kaiser window: flat within 0.001 dB up to 0.94 of the Nyquist frequency with 96 taps.
const BETA: f64 = 8.0;
const LANES: usize = 8;

/// `FILTERS[p]` reads the signal `p / 32` of a frame after its middle sample.
static FILTERS: LazyLock<Vec<[f32; TAPS]>> = LazyLock::new(|| {
    (0..PHASES)
        .map(|phase| {
            let filter = fractional_delay(TAPS, BETA, phase as f64 / PHASES as f64);
            std::array::from_fn(|k| filter[k] as f32)
        })
        .collect()
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
    dispatch(Fine { filters: &FILTERS, window, frame })
}

struct Fine<'a> {
    filters: &'a [[f32; TAPS]],
    window: &'a [f32],
    frame: usize,
}

impl Kernel for Fine<'_> {
    type Output = FinePeak;

    #[inline(always)]
    fn run(self) -> FinePeak {
        const QUARTER: usize = PHASES / 4;
        const STRIDE: usize = PHASES / 8;
        // Positions in 32nds of a frame, counted from a whole frame before.
        let at = |position: usize| self.at(position);
        let coarse = (PHASES - QUARTER..=2 * PHASES).step_by(STRIDE);
        let (mut top, mut highest) = (PHASES, 0.0);
        for position in coarse {
            let magnitude = at(position).abs();
            if magnitude > highest {
                (top, highest) = (position, magnitude);
            }
        }
        for position in top - STRIDE + 1..top + STRIDE {
            let magnitude = at(position).abs();
            if magnitude > highest {
                (top, highest) = (position, magnitude);
            }
        }
        let square = super::grid::top_square(at(top - 1), at(top), at(top + 1), 1.0);
        FinePeak { magnitude: square.sqrt(), is_before: top < PHASES }
    }
}

impl Fine<'_> {
    /// The signal at `position` 32nds of a frame after the frame before `self.frame`.
    #[inline(always)]
    fn at(&self, position: usize) -> f32 {
        let first = self.frame - 1 + position / PHASES + 1 - TAPS / 2;
        let Some(x) = self.window.get(first..).and_then(|w| w.first_chunk::<TAPS>()) else { return 0.0 };
        let filter = &self.filters[position % PHASES];
        let mut sum = [0.0f32; LANES];
        for k in (0..TAPS).step_by(LANES) {
            for lane in 0..LANES {
                sum[lane] += filter[k + lane] * x[k + lane];
            }
        }
        ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]))
    }
}
