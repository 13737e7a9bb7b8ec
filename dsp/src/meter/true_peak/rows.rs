//! The scan kept in rows: for each few frames the highest level, where it could matter.

use std::ops::Range;

use crate::meter::excerpt::{Excerpt, MARGIN};
use crate::meter::true_peak::grid::{
    Bank, Grid, Points, RUN, bank, highest_sample, max, top_over_point_square,
};
use crate::simd::{Kernel, dispatch};

/// Frames of each level.
pub(crate) const ROW_FRAMES: usize = 8;
/// Levels of one run.
const ROWS: usize = RUN / ROW_FRAMES;

/// Squares of the highest magnitudes of consecutive rows of [`ROW_FRAMES`] frames, over all channels.
#[derive(Clone, Default, Debug)]
pub(crate) struct Rows {
    /// Anywhere from the first frame to the first of the next row.
    highest: Vec<f32>,
    /// At the first frame itself.
    first: Vec<f32>,
    /// From the last frame to the first of the next row.
    last: Vec<f32>,
}

impl Rows {
    /// Silence of so many frames.
    pub(crate) fn silent(frames: usize) -> Self {
        let rows = vec![0.0; frames.div_ceil(ROW_FRAMES)];
        Self { highest: rows.clone(), first: rows.clone(), last: rows }
    }

    /// Raises the rows from number `row` on by what `excerpt` holds, which begins on a whole run. The highest level
    /// found, or `best` if none exceeds it. Where a bound shows that nothing is higher than `floor` and `best`, rows
    /// get the bound.
    pub(crate) fn raise(&mut self, row: usize, grid: Grid, excerpt: &Excerpt, floor: f32, best: f32) -> f32 {
        let frames = MARGIN..MARGIN + excerpt.inside().len();
        let rows = row..row + excerpt.inside().len().div_ceil(ROW_FRAMES);
        let (highest, first) = (&mut self.highest[rows.clone()], &mut self.first[rows.clone()]);
        let last = &mut self.last[rows];
        match grid {
            Grid::FourPoints => {
                dispatch(Raise::<3> { bank: bank(), excerpt, frames, floor, best, highest, first, last })
            }
            Grid::TwoPoints => {
                dispatch(Raise::<1> { bank: bank(), excerpt, frames, floor, best, highest, first, last })
            }
        }
    }

    /// Raises the first row by what rings before it.
    pub(crate) fn raise_first(&mut self, magnitude: f32) {
        if let Some(first) = self.highest.first_mut() {
            *first = max(magnitude * magnitude, *first);
        }
    }

    /// The level of each row: the highest within one frame before and after each of its frames. `parts` follow one
    /// another, and all but the last are whole.
    pub(crate) fn levels(parts: Vec<Self>) -> Vec<f32> {
        let mut levels: Vec<f32> = Vec::with_capacity(parts.iter().map(|part| part.highest.len()).sum());
        let mut before = 0.0;
        for Self { highest, first, last } in parts {
            if let (Some(level), Some(first)) = (levels.last_mut(), first.first()) {
                *level = max(*level, first.sqrt());
            }
            let next = first.iter().skip(1).chain([&0.0]);
            let before_each = [before].into_iter().chain(last.iter().copied());
            before = last.last().copied().unwrap_or(before);
            let around = highest.iter().zip(next).zip(before_each);
            levels.extend(around.map(|((highest, next), before)| max(max(*highest, *next), before).sqrt()));
        }
        levels
    }
}

/// [`Rows::raise`] as a kernel.
struct Raise<'a, const BETWEEN: usize> {
    bank: &'a Bank,
    excerpt: &'a Excerpt,
    frames: Range<usize>,
    floor: f32,
    best: f32,
    highest: &'a mut [f32],
    first: &'a mut [f32],
    last: &'a mut [f32],
}

impl<const BETWEEN: usize> Kernel for Raise<'_, BETWEEN> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let mut points = Points::<BETWEEN>::new();
        let top_over_point = top_over_point_square(BETWEEN + 1).sqrt() * 1.000_001;
        let (end, mut best, mut filled_to) = (self.frames.end, self.best, 0);
        let window = self.excerpt.whole();
        let rows =
            self.highest.chunks_mut(ROWS).zip(self.first.chunks_mut(ROWS)).zip(self.last.chunks_mut(ROWS));
        for (first, ((highest, firsts), lasts)) in self.frames.step_by(RUN).zip(rows) {
            let least = if self.floor < best { self.floor } else { best };
            // Exact: the top of no peak can be higher than this.
            let bound = self.bank.highest_within::<BETWEEN>(self.excerpt, first);
            if bound <= least {
                raise_all([&mut *highest, &mut *firsts, &mut *lasts], bound * bound);
                continue;
            }
            if filled_to == first {
                points.keep_last();
            } else {
                points.fill_before(self.bank, window, first);
            }
            filled_to = first + RUN;
            let bound = points.fill(self.bank, window, first) * top_over_point;
            if bound <= least {
                raise_all([&mut *highest, &mut *firsts, &mut *lasts], bound * bound);
                continue;
            }
            let mut run = points.tops(window, first, 1.0);
            if end - first < RUN {
                run.tops[end - first..].fill(0.0);
            }
            let whole = max_of_rows(&run.tops);
            best = max(highest_sample(&whole).sqrt(), best);
            for (row, highest) in highest.iter_mut().enumerate() {
                *highest = max(*highest, whole[row]);
                firsts[row] = max(firsts[row], run.heads[row * ROW_FRAMES]);
                lasts[row] = max(lasts[row], run.tops[row * ROW_FRAMES + ROW_FRAMES - 1]);
            }
        }
        best
    }
}

/// The bound holds for whole rows and for their edges, which count in the neighbours too.
#[inline(always)]
fn raise_all(rows: [&mut [f32]; 3], square: f32) {
    for row in rows.into_iter().flatten() {
        *row = max(*row, square);
    }
}

#[inline(always)]
fn max_of_rows(tops: &[f32; RUN]) -> [f32; ROWS] {
    let mut highest = [0.0; ROWS];
    for (row, highest) in highest.iter_mut().enumerate() {
        let tops: &[f32] = &tops[row * ROW_FRAMES..(row + 1) * ROW_FRAMES];
        let pairs: [f32; 4] = std::array::from_fn(|i| max(tops[i], tops[i + 4]));
        *highest = max(max(pairs[0], pairs[2]), max(pairs[1], pairs[3]));
    }
    highest
}

const _: () = assert!(RUN.is_multiple_of(ROW_FRAMES), "rows end with runs");
