//! What a filter's outputs cannot exceed, so that most of a programme need not be filtered at all.
//!
//! An interpolation between two samples is the straight line between them and a sum of second differences nearby:
//! music, whose energy lies low, bends little from sample to sample. So the highest sample and the largest second
//! difference bound every output, within a few tenths of a decibel where a bound by magnitudes alone allows 8 dB.
//! Both are exact.

#[cfg(test)]
use crate::meter::excerpt::Excerpt;
use crate::meter::excerpt::Outline;

/// Outputs are at most `level` times the highest sample next to them and `bend` times the largest second difference
/// in reach; and at most `gain` times the highest sample in reach.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Bound {
    pub(super) level: f32,
    pub(super) bend: f32,
    pub(super) gain: f32,
}

/// More than the rounding of filters of 32 taps in single precision, relative to the highest sample in reach.
const ROUNDING: f32 = 1e-5;

impl Bound {
    /// Of all of `filters`, which are lists of taps.
    pub(super) fn of<'a>(filters: impl Iterator<Item = &'a [f64]>) -> Self {
        let mut bound = Self { level: 0.0, bend: 0.0, gain: 0.0 };
        for taps in filters {
            let sum: f64 = taps.iter().sum();
            let moment: f64 = taps.iter().enumerate().map(|(k, tap)| k as f64 * tap).sum();
            let centre = moment / sum;
            let (before, part) = (centre.floor() as usize, centre.fract());
            let mut rest = taps.to_vec();
            rest[before] -= sum * (1.0 - part);
            rest[before + 1] -= sum * part;
            let magnitudes: f64 = taps.iter().map(|tap| tap.abs()).sum();
            bound.level = bound.level.max(sum as f32);
            bound.bend = bound.bend.max(bend_of(&rest) as f32);
            bound.gain = bound.gain.max(magnitudes as f32);
        }
        bound
    }

    /// For all outputs that read a stretch of this outline.
    #[inline(always)]
    pub(super) fn over(&self, outline: &Outline) -> f32 {
        let by_bends = self.level * outline.highest + self.bend * outline.bent;
        let by_gain = self.gain * outline.highest_in_reach;
        let least = if by_bends < by_gain { by_bends } else { by_gain };
        least + ROUNDING * outline.highest_in_reach
    }
}

/// The sum of magnitudes by which second differences count in a filter without response to a straight line.
pub(super) fn bend_of(taps: &[f64]) -> f64 {
    let (mut sum, mut sum_of_sums, mut bend) = (0.0, 0.0f64, 0.0);
    for tap in taps {
        sum += tap;
        sum_of_sums += sum;
        bend += sum_of_sums.abs();
    }
    bend
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::excerpt::MARGIN;
    use crate::meter::true_peak::grid::{Grid, RUN, bank};
    use crate::signal::{self, Dice};
    use crate::units::{Dbfs, Hertz, SampleRate};

    const RATE: SampleRate = SampleRate::literal(44_100);

    fn excerpt_of(samples: &[f32]) -> Excerpt {
        let mut excerpt = Excerpt::default();
        excerpt.read(samples, 0..samples.len());
        excerpt
    }

    #[test]
    fn no_top_of_a_peak_is_above_the_bound_and_random_signs_come_near() {
        let mut dice = Dice::new(3);
        let (mut nearest, mut over) = (0.0f32, 0);
        for case in 0..2_000 {
            // Full-scale signs, held for a few samples: what bends most and what bends least.
            let held = 1 + case % 40;
            let mut sign = 1.0;
            let samples: Vec<f32> = (0..RUN)
                .map(|n| {
                    if n % held == 0 {
                        sign = if dice.uniform(0.0, 1.0) < 0.5 { -1.0 } else { 1.0 };
                    }
                    sign
                })
                .collect();
            let excerpt = excerpt_of(&samples);
            for (grid, bound) in [
                (Grid::FourPoints, bank().highest_within::<3>(&excerpt, MARGIN)),
                (Grid::TwoPoints, bank().highest_within::<1>(&excerpt, MARGIN)),
            ] {
                let (mut tops, mut heads) = (vec![0.0; RUN], vec![0.0; RUN]);
                grid.tops(
                    super::super::grid::Of::Everything,
                    &excerpt,
                    MARGIN..MARGIN + RUN,
                    &mut tops,
                    &mut heads,
                );
                let highest = tops.iter().fold(0.0f32, |a, &b| a.max(b)).sqrt();
                nearest = nearest.max(highest / bound);
                over += u32::from(highest > bound);
            }
        }
        assert_eq!(over, 0);
        assert!(nearest > 0.7, "a bound far above everything proves nothing: {nearest}");
    }

    #[test]
    fn where_little_bends_the_bound_is_close() {
        let tone = signal::sine(RATE, Hertz::literal(440.0), Dbfs::literal(-6.0), 0.0, RUN * 20);
        let excerpt = excerpt_of(tone.channel(0));
        for run in 2..18 {
            let first = MARGIN + run * RUN;
            let highest = excerpt.outline::<RUN>(first).highest;
            let bound = bank().highest_within::<3>(&excerpt, first);
            assert!(bound >= highest && bound < 1.02 * highest, "{bound} over {highest}");
        }
    }
}
