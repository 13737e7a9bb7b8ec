//! The scan: every point of a grid of 4 (or 2) points a frame, and the top of each peak on it.

use std::ops::Range;
use std::sync::LazyLock;

use crate::meter::excerpt::{Excerpt, MARGIN};
use crate::parts::interpolator::fractional_delay;
use crate::simd::{Kernel, dispatch};
use crate::units::SampleRate;

const TAPS: usize = 32;
const PAIRS: usize = TAPS / 2;
/// Of the Kaiser window: 5.0 reads band-limited noise within -0.03 and +0.02 dB at any bandwidth up to
/// 0.907 of the Nyquist frequency. Less ripples at low frequencies, more droops at high ones.
const BETA: f64 = 5.0;
const LANES: usize = 8;
/// Frames that are skipped or refined together.
const RUN: usize = 64;
/// From this rate on two points a frame are enough, as four are below it.
const TWO_POINTS_FROM_HZ: u32 = 88_200;
/// The top of a peak is at most so many times its highest point (see [`tops_of`]).
const TOP_OVER_POINT: f32 = std::f32::consts::SQRT_2;

/// The filters, folded: a quarter before and a quarter after a sample are mirror images, so the sum and the
/// difference of their outputs need one multiplication for two taps.
struct Bank {
    /// Half the sum of tap `k` and its mirror, a quarter of a frame late.
    quarter_even: [f32; PAIRS],
    /// Half their difference.
    quarter_odd: [f32; PAIRS],
    /// Tap `k`, half a frame late.
    half: [f32; PAIRS],
    /// No output exceeds the largest input times this: the largest sum of magnitudes of taps.
    gain_bound: f32,
}

static BANK: LazyLock<Bank> = LazyLock::new(|| {
    let quarter = fractional_delay(TAPS, BETA, 0.25);
    let half = fractional_delay(TAPS, BETA, 0.5);
    let sum = |taps: &[f64]| taps.iter().map(|tap| tap.abs()).sum::<f64>();
    Bank {
        quarter_even: std::array::from_fn(|k| ((quarter[k] + quarter[TAPS - 1 - k]) / 2.0) as f32),
        quarter_odd: std::array::from_fn(|k| ((quarter[k] - quarter[TAPS - 1 - k]) / 2.0) as f32),
        half: std::array::from_fn(|k| half[k] as f32),
        // A little more than the sum, for the rounding of 32 products.
        gain_bound: (sum(&quarter).max(sum(&half)) * 1.000_01) as f32,
    }
});

/// How many points a frame has at a rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Grid {
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
    pub(super) fn of(rate: SampleRate) -> Self {
        if rate.hertz() < TWO_POINTS_FROM_HZ { Self::FourPoints } else { Self::TwoPoints }
    }

    /// The highest magnitude in `frames` of an excerpt, or `floor` if nothing exceeds it.
    /// `frames` count from the excerpt's own start less [`MARGIN`].
    pub(super) fn highest(self, excerpt: &Excerpt, frames: Range<usize>, floor: f32) -> f32 {
        let (window, bank) = (excerpt.whole(), &*BANK);
        match self {
            Self::FourPoints => dispatch(Highest::<4> { bank, window, frames, floor }),
            Self::TwoPoints => dispatch(Highest::<2> { bank, window, frames, floor }),
        }
    }

    /// For each of `frames`, the highest magnitude from it up to the next frame (`tops`), and at its first point
    /// (`heads`), which is the frame itself.
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
            Self::FourPoints => dispatch(Tops::<4> { bank, window, frames, passing, tops, heads }),
            Self::TwoPoints => dispatch(Tops::<2> { bank, window, frames, passing, tops, heads }),
        }
    }
}

/// [`Grid::highest`] as a kernel.
struct Highest<'a, const POINTS: usize> {
    bank: &'a Bank,
    window: &'a [f32],
    frames: Range<usize>,
    floor: f32,
}

impl<const POINTS: usize> Kernel for Highest<'_, POINTS> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let mut points = Points::<POINTS>::new();
        let mut best = self.floor;
        let mut first = self.frames.start;
        while first < self.frames.end {
            let count = RUN.min(self.frames.end - first);
            let reach = &self.window[first - PAIRS..first + count + PAIRS];
            // Exact: no point, and no top of a peak, can be higher than this.
            if highest_sample(reach) * self.bank.gain_bound * TOP_OVER_POINT > best {
                let highest = points.fill(self.bank, self.window, first, count);
                if highest * TOP_OVER_POINT > best {
                    points.fill_before(self.bank, self.window, first);
                    best = points.highest_top(self.window, first, count).max(best);
                }
            }
            first += count;
        }
        best
    }
}

/// [`Grid::tops`] as a kernel.
struct Tops<'a, const POINTS: usize> {
    bank: &'a Bank,
    window: &'a [f32],
    frames: Range<usize>,
    passing: f32,
    tops: &'a mut [f32],
    heads: &'a mut [f32],
}

impl<const POINTS: usize> Kernel for Tops<'_, POINTS> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut points = Points::<POINTS>::new();
        points.fill_before(self.bank, self.window, self.frames.start);
        let runs = self.tops.chunks_mut(RUN).zip(self.heads.chunks_mut(RUN));
        for (first, (tops, heads)) in self.frames.clone().step_by(RUN).zip(runs) {
            points.fill(self.bank, self.window, first, tops.len());
            for group in (0..tops.len()).step_by(LANES) {
                let (top, head) = points.tops_of(self.window, first, group, self.passing);
                let count = LANES.min(tops.len() - group);
                tops[group..group + count].copy_from_slice(&top[..count]);
                heads[group..group + count].copy_from_slice(&head[..count]);
            }
            points.keep_last();
        }
    }
}

/// The points between the samples of one run. Entry `LANES + n` belongs to frame `n` of the run.
struct Points<const POINTS: usize>([[f32; LANES + RUN]; POINTS]);

impl<const POINTS: usize> Points<POINTS> {
    #[inline(always)]
    fn new() -> Self {
        Self([[0.0; LANES + RUN]; POINTS])
    }

    /// Interpolates `count` frames (rounded up to whole groups of lanes); their highest magnitude.
    #[inline(always)]
    fn fill(&mut self, bank: &Bank, window: &[f32], first: usize, count: usize) -> f32 {
        let mut highest = [0.0f32; LANES];
        for group in (0..count).step_by(LANES) {
            let points = interpolate::<POINTS>(bank, window, first + group);
            for (row, values) in self.0.iter_mut().zip(points) {
                for lane in 0..LANES {
                    row[LANES + group + lane] = values[lane];
                    highest[lane] = max(highest[lane], values[lane].abs());
                }
            }
        }
        highest.iter().fold(0.0, |a, &b| max(a, b))
    }

    /// Interpolates the group of frames before the run: its last is the neighbour of the first.
    #[inline(always)]
    fn fill_before(&mut self, bank: &Bank, window: &[f32], first: usize) {
        let points = interpolate::<POINTS>(bank, window, first - LANES);
        for (row, values) in self.0.iter_mut().zip(points) {
            row[..LANES].copy_from_slice(&values);
        }
    }

    /// The run's end becomes what is before the next run.
    #[inline(always)]
    fn keep_last(&mut self) {
        for row in &mut self.0 {
            row.copy_within(RUN.., 0);
        }
    }

    #[inline(always)]
    fn highest_top(&self, window: &[f32], first: usize, count: usize) -> f32 {
        let mut highest = [0.0f32; LANES];
        for group in (0..count).step_by(LANES) {
            let (tops, _) = self.tops_of(window, first, group, 1.0);
            // Lanes beyond the run belong to the next one: harmless, since they are real points too.
            for lane in 0..LANES {
                highest[lane] = max(highest[lane], tops[lane]);
            }
        }
        highest.iter().fold(0.0, |a, &b| max(a, b))
    }

    /// Tops of eight frames, and of their first points.
    ///
    /// Where a point is no lower than its neighbours, the top is that of the sinusoid through all three:
    /// `l + r = 2 c cos w` and `r - l = 2 s sin w` give its amplitude, `A² = c² + c² (r - l)² / (4 c² - (l + r)²)`.
    /// Since `(r - l)² + (l + r)² <= 4 c²` there, `A²` is at most `2 c²`. Where the signal passes through a point on
    /// its way up or down, the point times `passing` counts.
    #[inline(always)]
    fn tops_of(&self, window: &[f32], first: usize, group: usize, passing: f32) -> ([f32; 8], [f32; 8]) {
        let at = LANES + group;
        let mut top = [0.0f32; LANES];
        let mut head = [0.0f32; LANES];
        for point in 0..POINTS {
            for lane in 0..LANES {
                let c = self.0[point][at + lane];
                let l =
                    if point == 0 { self.0[POINTS - 1][at + lane - 1] } else { self.0[point - 1][at + lane] };
                let r = if point == POINTS - 1 {
                    window[first + group + lane + 1]
                } else {
                    self.0[point + 1][at + lane]
                };
                let square = top_square(l, c, r, passing);
                top[lane] = max(top[lane], square);
                if point == 0 {
                    head[lane] = square;
                }
            }
        }
        (top.map(f32::sqrt), head.map(f32::sqrt))
    }
}

#[inline(always)]
pub(super) fn top_square(l: f32, c: f32, r: f32, passing: f32) -> f32 {
    let (l2, c2, r2) = (l * l, c * c, r * r);
    // 4 c² - (l + r)² in factors: near the top of a slow wave the squares would cancel.
    let below = ((c - l) + (c - r)) * ((c + l) + (c + r));
    let rise = c2 * ((r - l) * (r - l)) / below;
    let is_peak = (l2 <= c2) & (r2 <= c2);
    let rise = if below > 0.0 { rise } else { 0.0 };
    if is_peak { c2 + rise } else { c2 * passing }
}

/// The greater of two; compiles to one instruction, as `f32::max` does not.
#[inline(always)]
pub(super) fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The highest magnitude of any finite sample.
pub(super) struct HighestSample<'a>(pub(super) &'a [f32]);

impl Kernel for HighestSample<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let finite = |x: f32| if x.abs() <= f32::MAX { x.abs() } else { 0.0 };
        let mut highest = [0.0f32; LANES];
        let (groups, rest) = self.0.as_chunks::<LANES>();
        for group in groups {
            for lane in 0..LANES {
                highest[lane] = max(highest[lane], finite(group[lane]));
            }
        }
        highest.iter().chain(rest).fold(0.0, |a, &b| max(a, finite(b)))
    }
}

#[inline(always)]
pub(crate) fn highest_sample(samples: &[f32]) -> f32 {
    let mut highest = [0.0f32; LANES];
    let (groups, rest) = samples.as_chunks::<LANES>();
    for group in groups {
        for lane in 0..LANES {
            highest[lane] = max(highest[lane], group[lane].abs());
        }
    }
    highest.iter().chain(rest).fold(0.0, |a, &b| max(a, b.abs()))
}

/// All points of eight frames from `window[first]` on: the samples themselves, then those after them.
#[inline(always)]
fn interpolate<const POINTS: usize>(bank: &Bank, window: &[f32], first: usize) -> [[f32; LANES]; POINTS] {
    const REACH: usize = TAPS - 1 + LANES;
    let mut points = [[0.0; LANES]; POINTS];
    let Some(x) = window.get(first + 1 - PAIRS..).and_then(|w| w.first_chunk::<REACH>()) else {
        return points;
    };
    let (mut even, mut odd, mut half) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for k in 0..PAIRS {
        for lane in 0..LANES {
            let (before, after) = (x[k + lane], x[TAPS - 1 - k + lane]);
            let (sum, difference) = (before + after, before - after);
            half[lane] += bank.half[k] * sum;
            if POINTS == 4 {
                even[lane] += bank.quarter_even[k] * sum;
                odd[lane] += bank.quarter_odd[k] * difference;
            }
        }
    }
    for lane in 0..LANES {
        points[0][lane] = x[PAIRS - 1 + lane];
        points[POINTS / 2][lane] = half[lane];
        if POINTS == 4 {
            points[1][lane] = even[lane] + odd[lane];
            points[3][lane] = even[lane] - odd[lane];
        }
    }
    points
}

const _: () = assert!(MARGIN > PAIRS + 2 * LANES, "excerpts reach as far as the filters do");
