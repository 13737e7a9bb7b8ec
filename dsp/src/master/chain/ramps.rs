//! Gains that move: known at control points, in straight lines between them.

use super::filters::SPLITS;
use super::gains::Gains;
use crate::analysis::control::CONTROL_FRAMES;
use crate::simd::{Kernel, dispatch};

const HALF: usize = CONTROL_FRAMES / 2;
/// How far each frame of a half lies from the control point before it, in parts of the distance to the next: control
/// points stand in the middle of their frames.
const SECOND_HALF: [f32; HALF] = positions(0.5);
const FIRST_HALF: [f32; HALF] = positions(HALF as f32 + 0.5);

const fn positions(first: f32) -> [f32; HALF] {
    let mut positions = [0.0; HALF];
    let mut i = 0;
    while i < HALF {
        positions[i] = (first + i as f32) / CONTROL_FRAMES as f32;
        i += 1;
    }
    positions
}

/// What becomes of the product.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Into {
    /// It replaces what is there.
    Set,
    /// It is added to what is there.
    Add,
}

/// The gains of the control points of one hop, with one more before and after.
#[derive(Debug)]
pub(super) struct Motion {
    /// Of everything; with bands, that of the uppermost. Whether there is one: without compressors nothing moves at
    /// all.
    whole: (bool, Vec<f32>),
    /// What each band but the uppermost has more than that, and whether that is anything.
    bands: [(bool, Vec<f32>); SPLITS],
}

impl Motion {
    pub(super) fn new(hop: usize) -> Self {
        let points = vec![0.0; hop / CONTROL_FRAMES + 2];
        Self { whole: (false, points.clone()), bands: [0; SPLITS].map(|_| (false, points.clone())) }
    }

    /// Takes the gains of the hop that begins with frame `first`, a multiple of [`CONTROL_FRAMES`].
    pub(super) fn load(&mut self, gains: &Gains, first: usize) {
        self.whole.0 = false;
        self.bands.iter_mut().for_each(|(differs, _)| *differs = false);
        let (whole, bands) = match gains {
            Gains::Still => return,
            Gains::One(whole) => (whole, &[][..]),
            Gains::Four([bands @ .., top]) => (top, &bands[..]),
        };
        self.whole.0 = true;
        points(whole, first, &mut self.whole.1);
        for ((differs, own), curve) in self.bands.iter_mut().zip(bands) {
            points(curve, first, own);
            own.iter_mut().zip(&self.whole.1).for_each(|(own, whole)| *own -= whole);
            *differs = own.iter().any(|&more| more != 0.0);
        }
    }

    /// The points of the gain of everything, if there is one.
    pub(super) fn whole(&self) -> Option<&[f32]> {
        self.whole.0.then_some(&self.whole.1[..])
    }

    /// The points of what a band has more, if it has.
    pub(super) fn more(&self, band: usize) -> Option<&[f32]> {
        let (differs, points) = &self.bands[band];
        differs.then_some(&points[..])
    }
}

/// Copies the gains of the control points from frame `first` on, beginning with the one before; where the curve has
/// ended it goes on as it ends.
fn points(curve: &[f32], first: usize, points: &mut [f32]) {
    let from = first / CONTROL_FRAMES;
    let last = curve.len().saturating_sub(1);
    for (offset, point) in points.iter_mut().enumerate() {
        let index = (from + offset).saturating_sub(1).min(last);
        *point = curve.get(index).copied().unwrap_or(1.0);
    }
}

/// Multiplies `samples` by the gain through `points`. Where neighbouring points are equal the gain is exactly theirs.
///
/// `samples` and `out` are equally long, and `points` covers them, as the function [`points`] gives it.
pub(super) fn apply(points: &[f32], samples: &[f32], out: &mut [f32], into: Into) {
    assert!(points.len() >= samples.len().div_ceil(CONTROL_FRAMES) + 2, "points for all samples");
    assert_eq!(samples.len(), out.len(), "as many out as in");
    match into {
        Into::Set => dispatch(Apply::<false> { points, samples, out }),
        Into::Add => dispatch(Apply::<true> { points, samples, out }),
    }
}

struct Apply<'a, const ADD: bool> {
    points: &'a [f32],
    samples: &'a [f32],
    out: &'a mut [f32],
}

impl<const ADD: bool> Kernel for Apply<'_, ADD> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let blocks = self.samples.chunks(CONTROL_FRAMES).zip(self.out.chunks_mut(CONTROL_FRAMES));
        for ((samples, out), around) in blocks.zip(self.points.windows(3)) {
            let (before, own, after) = (around[0], around[1], around[2]);
            let cut = samples.len().min(HALF);
            let ((left, right), (left_out, right_out)) = (samples.split_at(cut), out.split_at_mut(cut));
            ramp::<ADD>(&FIRST_HALF, before, own, left, left_out);
            ramp::<ADD>(&SECOND_HALF, own, after, right, right_out);
        }
    }
}

#[inline(always)]
fn ramp<const ADD: bool>(positions: &[f32; HALF], from: f32, to: f32, samples: &[f32], out: &mut [f32]) {
    let step = to - from;
    for ((out, sample), position) in out.iter_mut().zip(samples).zip(positions) {
        let product = (from + step * position) * sample;
        *out = if ADD { *out + product } else { product };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_stays_straight_and_control_points_stand_in_the_middle() {
        let curve: Vec<f32> = (0..10u16).map(|i| f32::from(i) / 16.0).collect();
        let mut around = [0.0; 8];
        points(&curve, 2 * CONTROL_FRAMES, &mut around);
        assert_eq!((around[0], around[7]), (1.0 / 16.0, 8.0 / 16.0));
        let mut out = vec![0.0; 6 * CONTROL_FRAMES - 5];
        apply(&around, &vec![1.0; out.len()], &mut out, Into::Set);
        for (n, gain) in out.iter().enumerate() {
            let want = (2.0 + (n as f64 - 31.5) / 64.0) / 16.0;
            assert!((f64::from(*gain) - want).abs() < 1e-7, "frame {n}: {gain} is not {want}");
        }
        apply(&around, &vec![1.0; 100], &mut out[..100], Into::Add);
        assert!((f64::from(out[0]) - 2.0 * (2.0 - 31.5 / 64.0) / 16.0).abs() < 1e-6);
    }

    #[test]
    fn a_curve_goes_on_as_it_ends() {
        let mut around = [0.0; 5];
        points(&[0.5, 0.25], 0, &mut around);
        assert_eq!(around, [0.5, 0.5, 0.25, 0.25, 0.25]);
    }
}
