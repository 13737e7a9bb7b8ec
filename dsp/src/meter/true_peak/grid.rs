//! The scan: every point of a grid of 4 (or 2) points a frame, and the top of each peak on it.

use std::ops::Range;
use std::sync::LazyLock;

use crate::meter::excerpt::{Excerpt, LOUDEST, MARGIN};
use crate::meter::true_peak::bound::{Bound, bend_of};
use crate::parts::interpolator::fractional_delay;
use crate::simd::{Kernel, dispatch};
use crate::units::SampleRate;

const TAPS: usize = 32;
const PAIRS: usize = TAPS / 2;
/// Of the Kaiser window: with 5.0 and four points, band-limited noise of up to 0.907 of the Nyquist frequency
/// reads at most 0.05 dB off. Less ripples at low frequencies, more droops at high ones.
const BETA: f64 = 5.0;
/// Pairs of taps that one pass over a run takes: few enough for their values to stay in registers.
const PAIRS_AT_ONCE: usize = 4;
/// Frames that are skipped or refined together.
pub(crate) const RUN: usize = 64;
/// From this rate on two points a frame are enough, as four are below it.
const TWO_POINTS_FROM_HZ: u32 = 88_200;

/// The square of how far a top can be above the highest of so many points a frame.
///
/// Near its peak, no signal below the Nyquist frequency falls faster than a sinusoid at that frequency does
/// (Bernstein's inequality), and the nearest point is at most half a step away.
pub(super) const fn top_over_point_square(points: usize) -> f32 {
    match points {
        4 => 1.171_572_9, // 1 / cos² of an eighth of a half turn
        _ => 2.0,         // of a quarter
    }
}

/// The filters, folded: a quarter before and a quarter after a sample are mirror images, so the sum and the
/// difference of their outputs need one multiplication for two taps.
pub(super) struct Bank {
    taps: [FoldedTap; PAIRS],
    /// What the top of no peak exceeds, at four and at two points a frame.
    tops: [Bound; 2],
}

/// What a pair of samples counts, equally far from the middle of the filter.
struct FoldedTap {
    /// Their sum, a quarter of a frame on either side: half the sum of a tap and its mirror.
    quarter_even: f32,
    /// Their difference: half the difference of a tap and its mirror.
    quarter_odd: f32,
    /// Their sum, half a frame late.
    half: f32,
}

static BANK: LazyLock<Bank> = LazyLock::new(|| {
    let quarter = fractional_delay(TAPS, BETA, 0.25);
    let half = fractional_delay(TAPS, BETA, 0.5);
    let folded = |k: usize| FoldedTap {
        quarter_even: ((quarter[k] + quarter[TAPS - 1 - k]) / 2.0) as f32,
        quarter_odd: ((quarter[k] - quarter[TAPS - 1 - k]) / 2.0) as f32,
        half: half[k] as f32,
    };
    let points = Bound::of([&quarter, &half].into_iter().map(Vec::as_slice));
    Bank { taps: std::array::from_fn(folded), tops: [4, 2].map(|steps| tops(points, steps, &quarter, &half)) }
});

/// What bounds the tops of peaks, with so many points a frame.
///
/// A top rises above its point by at most a share of how far the two neighbours lie below it, and that is a second
/// difference on the finer grid, which is bounded by those of the samples. For a sinusoid through three points the
/// share is 1 / (4 cos u (1 + cos u)), `u` half an angle step: 0.1406 and 0.2071 where the rise is capped. Two peaks
/// in one frame can rise to a little more.
fn tops(points: Bound, steps: usize, quarter: &[f64], half: &[f64]) -> Bound {
    let share = if steps == 4 { 0.15 } else { 0.25 };
    let mirror: Vec<f64> = quarter.iter().rev().copied().collect();
    let mut sample = vec![0.0; TAPS];
    sample[PAIRS - 1] = 1.0;
    // One after the other from a sample on, two frames long.
    let filters: &[&[f64]] = if steps == 4 { &[&sample, quarter, half, &mirror] } else { &[&sample, half] };
    let tap = |point: usize, k: usize| {
        let (frame, phase) = (point / filters.len(), point % filters.len());
        k.checked_sub(frame).and_then(|k| filters[phase].get(k)).copied().unwrap_or(0.0)
    };
    let bends = (1..=filters.len()).map(|point| {
        let difference = |k| tap(point - 1, k) - 2.0 * tap(point, k) + tap(point + 1, k);
        bend_of(&(0..TAPS + 2).map(difference).collect::<Vec<_>>())
    });
    let bend = bends.fold(0.0, f64::max) as f32;
    let cap = top_over_point_square(steps).sqrt() * 1.000_001;
    Bound { bend: points.bend + share * bend, gain: points.gain * cap, ..points }
}

/// The filters.
pub(super) fn bank() -> &'static Bank {
    &BANK
}

impl Bank {
    /// What the top of no peak in the run from `first` on exceeds.
    #[inline(always)]
    pub(super) fn highest_within<const BETWEEN: usize>(&self, excerpt: &Excerpt, first: usize) -> f32 {
        self.tops[usize::from(BETWEEN == 1)].over(&excerpt.outline::<RUN>(first))
    }
}

/// How many points a frame has at a rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Grid {
    FourPoints,
    TwoPoints,
}

/// What of each frame [`Grid::tops`] gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Of {
    /// The highest magnitude anywhere in the frame.
    Everything,
    /// The highest peak whose top lies at the frame's points; 0 where the signal only passes.
    Peaks,
}

impl Grid {
    pub(crate) fn of(rate: SampleRate) -> Self {
        if rate.hertz() < TWO_POINTS_FROM_HZ { Self::FourPoints } else { Self::TwoPoints }
    }

    /// The highest magnitude in `frames` of an excerpt, or `floor` if nothing exceeds it.
    /// `frames` count from the excerpt's own start less [`MARGIN`].
    pub(super) fn highest(self, excerpt: &Excerpt, frames: Range<usize>, floor: f32) -> f32 {
        let bank = &*BANK;
        match self {
            Self::FourPoints => dispatch(Highest::<3> { bank, excerpt, frames, floor }),
            Self::TwoPoints => dispatch(Highest::<1> { bank, excerpt, frames, floor }),
        }
    }

    /// For each of `frames`, the square of the highest magnitude from it up to the next frame (`tops`), and
    /// of that at its first point (`heads`), which is the frame itself.
    pub(super) fn tops(
        self,
        of: Of,
        excerpt: &Excerpt,
        frames: Range<usize>,
        tops: &mut [f32],
        heads: &mut [f32],
    ) {
        let (window, bank) = (excerpt.whole(), &*BANK);
        let passing = if of == Of::Everything { 1.0 } else { 0.0 };
        match self {
            Self::FourPoints => dispatch(AllTops::<3> { bank, window, frames, passing, tops, heads }),
            Self::TwoPoints => dispatch(AllTops::<1> { bank, window, frames, passing, tops, heads }),
        }
    }
}

/// [`Grid::highest`] as a kernel.
struct Highest<'a, const BETWEEN: usize> {
    bank: &'a Bank,
    excerpt: &'a Excerpt,
    frames: Range<usize>,
    floor: f32,
}

impl<const BETWEEN: usize> Kernel for Highest<'_, BETWEEN> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let mut points = Points::<BETWEEN>::new();
        let top_over_point = top_over_point_square(BETWEEN + 1).sqrt() * 1.000_001;
        let mut best = self.floor;
        let (end, window) = (self.frames.end, self.excerpt.whole());
        for first in self.frames.step_by(RUN) {
            // Exact: no point, and no top of a peak, can be higher than this.
            if self.bank.highest_within::<BETWEEN>(self.excerpt, first) > best {
                let highest = points.fill(self.bank, window, first);
                if highest * top_over_point > best {
                    points.fill_before(self.bank, window, first);
                    let tops = points.tops(window, first, 1.0).tops;
                    // Of the last run, only what lies within the frames asked for.
                    best = max(highest_sample(&tops[..RUN.min(end - first)]).sqrt(), best);
                }
            }
        }
        best
    }
}

/// [`Grid::tops`] as a kernel.
struct AllTops<'a, const BETWEEN: usize> {
    bank: &'a Bank,
    window: &'a [f32],
    frames: Range<usize>,
    passing: f32,
    tops: &'a mut [f32],
    heads: &'a mut [f32],
}

impl<const BETWEEN: usize> Kernel for AllTops<'_, BETWEEN> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut points = Points::<BETWEEN>::new();
        points.fill_before(self.bank, self.window, self.frames.start);
        let runs = self.tops.chunks_mut(RUN).zip(self.heads.chunks_mut(RUN));
        for (first, (tops, heads)) in self.frames.step_by(RUN).zip(runs) {
            points.fill(self.bank, self.window, first);
            let run = points.tops(self.window, first, self.passing);
            tops.copy_from_slice(&run.tops[..tops.len()]);
            heads.copy_from_slice(&run.heads[..heads.len()]);
            points.keep_last();
        }
    }
}

/// Raises each of `out` to the highest value within a frame of it; `tops` and `heads` begin one frame before.
pub(super) struct WidenInto<'a> {
    pub(super) out: &'a mut [f32],
    pub(super) tops: &'a [f32],
    pub(super) heads: &'a [f32],
}

impl Kernel for WidenInto<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let tops = self.tops.iter().zip(&self.tops[1..]);
        for ((out, (before, after)), head) in self.out.iter_mut().zip(tops).zip(&self.heads[2..]) {
            *out = max(max(*out, *before), max(*after, *head));
        }
    }
}

/// The points between the samples of one run, `BETWEEN` of them a frame. Entry `1 + n` belongs to frame `n`
/// of the run, entry 0 to the frame before.
///
/// All loops here are long, over plain scalars, and without branches: that is what the compiler turns into
/// vectors most surely.
pub(super) struct Points<const BETWEEN: usize>([[f32; 1 + RUN]; BETWEEN]);

/// Squares of magnitudes in one run.
pub(super) struct Tops {
    /// From each frame up to the next.
    pub(super) tops: [f32; RUN],
    /// At each frame.
    pub(super) heads: [f32; RUN],
}

impl<const BETWEEN: usize> Points<BETWEEN> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self([[0.0; 1 + RUN]; BETWEEN])
    }

    /// Interpolates a run; the highest magnitude of its points and samples.
    #[inline(always)]
    pub(super) fn fill(&mut self, bank: &Bank, window: &[f32], first: usize) -> f32 {
        let x: &[f32; TAPS - 1 + RUN] = chunk(window, first + 1 - PAIRS);
        let (mut even, mut odd, mut half) = ([0.0; RUN], [0.0; RUN], [0.0; RUN]);
        for pass in 0..PAIRS / PAIRS_AT_ONCE {
            let first = pass * PAIRS_AT_ONCE;
            let taps: &[FoldedTap; PAIRS_AT_ONCE] = chunk(&bank.taps, first);
            let before: &[f32; PAIRS_AT_ONCE - 1 + RUN] = chunk(x, first);
            let after: &[f32; PAIRS_AT_ONCE - 1 + RUN] = chunk(x, TAPS - PAIRS_AT_ONCE - first);
            for n in 0..RUN {
                for (k, tap) in taps.iter().enumerate() {
                    let (before, after) = (before[k + n], after[PAIRS_AT_ONCE - 1 - k + n]);
                    half[n] += tap.half * (before + after);
                    if BETWEEN == 3 {
                        even[n] += tap.quarter_even * (before + after);
                        odd[n] += tap.quarter_odd * (before - after);
                    }
                }
            }
        }
        for n in 0..RUN {
            self.0[BETWEEN / 2][1 + n] = half[n];
            if BETWEEN == 3 {
                self.0[0][1 + n] = even[n] + odd[n];
                self.0[2][1 + n] = even[n] - odd[n];
            }
        }
        let points = self.0.iter().map(|row| highest_sample(&row[1..]));
        points.fold(highest_sample(chunk::<RUN, _>(x, PAIRS - 1)), max)
    }

    /// Interpolates the last point before a run.
    #[inline(always)]
    pub(super) fn fill_before(&mut self, bank: &Bank, window: &[f32], first: usize) {
        let x: &[f32; TAPS] = chunk(window, first - PAIRS);
        let (mut even, mut odd, mut half) = (0.0, 0.0, 0.0);
        for (k, tap) in bank.taps.iter().enumerate() {
            let (before, after) = (x[k], x[TAPS - 1 - k]);
            half += tap.half * (before + after);
            even += tap.quarter_even * (before + after);
            odd += tap.quarter_odd * (before - after);
        }
        self.0[BETWEEN - 1][0] = if BETWEEN == 3 { even - odd } else { half };
    }

    /// The run's last point becomes the one before the next run.
    #[inline(always)]
    pub(super) fn keep_last(&mut self) {
        self.0[BETWEEN - 1][0] = self.0[BETWEEN - 1][RUN];
    }

    /// Squares of the tops of a run.
    ///
    /// At a peak, a point higher than its neighbours, the top is that of the sinusoid through all three, as
    /// in [`top_square`]. A frame holds one peak, unless the signal is far beyond the Nyquist frequency; then
    /// the higher of the two rises by the mean of both rises. Where the signal passes through a point on its
    /// way up or down, the point times `passing` counts.
    #[inline(always)]
    pub(super) fn tops(&self, window: &[f32], first: usize, passing: f32) -> Tops {
        let samples: &[f32; RUN + 1] = chunk(window, first);
        let mut tops = Tops { tops: [0.0; RUN], heads: [0.0; RUN] };
        for n in 0..RUN {
            let mut here = samples[n];
            let mut step = Step::between(self.0[BETWEEN - 1][n], here);
            let (mut highest, mut peak, mut rise, mut below) = (0.0, 0.0, 0.0, 0.0);
            let (head, mut head_is_peak) = (here * here, 0);
            for point in 0..BETWEEN + 1 {
                let after = if point == BETWEEN { samples[n + 1] } else { self.0[point][1 + n] };
                let next = Step::between(here, after);
                let square = here * here;
                let is_peak = mask((step.growth >= 0.0) & (next.growth < 0.0));
                let span = next.difference + step.difference;
                // 4 c² - (l + r)² in factors: near the top of a slow wave the squares would cancel.
                let span_of_middle = (step.difference - next.difference) * (step.sum + next.sum);
                highest = max(highest, square);
                peak = max(peak, only(is_peak, square));
                rise += only(is_peak, square * (span * span));
                below += only(is_peak, span_of_middle);
                head_is_peak = if point == 0 { is_peak } else { head_is_peak };
                (here, step) = (after, next);
            }
            // Without a peak, 0 divided by 0 loses against the second argument.
            let top = min(peak + rise / below, peak * top_over_point_square(BETWEEN + 1));
            let top = max(top, highest * passing);
            tops.tops[n] = top;
            tops.heads[n] = max(only(head_is_peak, top), head * passing);
        }
        tops
    }
}

/// From one point to the next.
struct Step {
    difference: f32,
    sum: f32,
    /// Of the squares: above zero where the magnitude grows.
    growth: f32,
}

impl Step {
    #[inline(always)]
    fn between(from: f32, to: f32) -> Self {
        let (difference, sum) = (to - from, to + from);
        Self { difference, sum, growth: difference * sum }
    }
}

/// All bits or none: a choice as arithmetic, since branches would keep the lanes apart.
#[inline(always)]
fn mask(condition: bool) -> u32 {
    u32::from(condition).wrapping_neg()
}

/// `value` under a mask of all bits, 0 under one of none.
#[inline(always)]
fn only(mask: u32, value: f32) -> f32 {
    f32::from_bits(value.to_bits() & mask)
}

/// The square of the amplitude of the sinusoid through three neighbouring points, the middle one no lower
/// than the others: from `l + r = 2 c cos w` and `r - l = 2 s sin w`, `A² = c² + c² (r - l)² / (4 c² - (l +
/// r)²)`. Since `(r - l)² + (l + r)² <= 4 c²` there, `A²` is at most `2 c²`.
#[inline(always)]
pub(super) fn top_square(l: f32, c: f32, r: f32) -> f32 {
    let square = c * c;
    // 4 c² - (l + r)² in factors: near the top of a slow wave the squares would cancel.
    let below = ((c - l) + (c - r)) * ((c + l) + (c + r));
    // Where three equal points divide 0 by 0, the second argument wins.
    max(square + square * ((r - l) * (r - l)) / below, square)
}

/// So many values from `at` on, as an array whose length the compiler knows.
///
/// # Panics
/// If there are fewer: excerpts have margins wide enough for every filter here.
#[inline(always)]
pub(super) fn chunk<const N: usize, T>(values: &[T], at: usize) -> &[T; N] {
    values[at..at + N].first_chunk().expect("as long as it was just cut")
}

/// The greater of two, the second if either is not a number; compiles to one instruction, as `f32::max` does
/// not.
#[inline(always)]
pub(super) fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The lesser of two, the second if either is not a number.
#[inline(always)]
fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The highest magnitude of any sample that is sound (see [`Excerpt`]).
pub(super) struct HighestSample<'a>(pub(super) &'a [f32]);

impl Kernel for HighestSample<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let sound = |bits: u32| bits & mask(bits <= LOUDEST.to_bits());
        f32::from_bits(self.0.iter().fold(0, |highest, &x| highest.max(sound(magnitude_bits(x)))))
    }
}

/// The highest magnitude of samples that are all sound.
#[inline(always)]
pub(super) fn highest_sample(samples: &[f32]) -> f32 {
    f32::from_bits(samples.iter().fold(0, |highest, &x| highest.max(magnitude_bits(x))))
}

/// Magnitudes of floats are in the order of their bits, and whole numbers may be compared in any order: so
/// the compiler may use vectors.
#[inline(always)]
fn magnitude_bits(x: f32) -> u32 {
    x.abs().to_bits()
}

const _: () = assert!(MARGIN > RUN, "excerpts reach as far as runs and filters do");
