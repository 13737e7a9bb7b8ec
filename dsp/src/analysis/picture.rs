//! What a page draws of a signal: how far the wave goes, how loud it is and how alike its channels are, column by
//! column. Small, so that it outlives the samples: a mix's memory may become the master's.

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::simd::{Kernel, dispatch};
use crate::units::{Decibels, SampleRate};

/// Columns of a picture: as many as a wide screen shows.
pub const COLUMNS: usize = 800;

/// A signal, seen from afar.
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    /// Of the signal.
    pub rate: SampleRate,
    /// Frames of the signal. Column `c` of `n` stands for frames `c·frames/n` to `(c+1)·frames/n`, rounded down.
    pub frames: usize,
    /// From the first frame to the last, none left out.
    pub columns: Vec<Column>,
}

/// A run of frames. Left and right are the first two channels; the same for one channel.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Column {
    /// The lowest sample of any channel.
    pub low: f32,
    /// The highest.
    pub high: f32,
    /// Sum of the squares of left.
    pub left: f64,
    /// Sum of the squares of right.
    pub right: f64,
    /// Sum of the products of left and right.
    pub cross: f64,
}

impl Picture {
    /// The picture of `audio` in at most `columns` columns; one pass over it.
    #[must_use]
    pub fn of(audio: &Audio, columns: usize) -> Self {
        let frames = audio.frames();
        let count = columns.min(frames);
        let columns = (0..count)
            .into_par_iter()
            .with_min_len(16)
            .map(|column| Column::of(audio, run(column, count, frames)))
            .collect();
        Self { rate: audio.rate(), frames, columns }
    }

    /// Correlation of left and right around each column, so many columns to either side included, −1 to 1; none where
    /// one of them is silent.
    pub fn correlations(&self, reach: usize) -> impl Iterator<Item = Option<f64>> {
        let count = self.columns.len();
        let around = move |column: usize| column.saturating_sub(reach)..(column + reach + 1).min(count);
        (0..count).map(move |column| whole(&self.columns[around(column)]).correlation())
    }

    /// All columns as one.
    #[must_use]
    pub fn whole(&self) -> Column {
        whole(&self.columns)
    }

    /// Highest sample over the level of everything (10 log10 of the mean square of both channels); none for silence.
    #[must_use]
    pub fn crest(&self) -> Option<Decibels> {
        let whole = self.whole();
        let mean_square = (whole.left + whole.right) / (2.0 * self.frames.max(1) as f64);
        let peak = f64::from(whole.high.max(-whole.low));
        (mean_square > 0.0).then(|| Decibels::from_amplitude(peak / mean_square.sqrt()))
    }
}

fn whole(columns: &[Column]) -> Column {
    columns.iter().fold(Column::default(), |whole, column| Column {
        low: whole.low.min(column.low),
        high: whole.high.max(column.high),
        left: whole.left + column.left,
        right: whole.right + column.right,
        cross: whole.cross + column.cross,
    })
}

impl Column {
    fn of(audio: &Audio, frames: Range<usize>) -> Self {
        let right = usize::from(audio.channel_count() > 1);
        let pair = [0, right].map(|channel| &audio.channel(channel)[frames.clone()]);
        let mut column = dispatch(Pair { left: pair[0], right: pair[1] });
        for channel in audio.channels().iter().skip(2) {
            let samples = &channel[frames.clone()];
            let other = dispatch(Pair { left: samples, right: samples });
            column.low = column.low.min(other.low);
            column.high = column.high.max(other.high);
        }
        column
    }

    /// Correlation of left and right, −1 to 1; none where one of them is silent.
    #[must_use]
    pub fn correlation(&self) -> Option<f64> {
        let energy = self.left * self.right;
        (energy > 0.0).then(|| (self.cross / energy.sqrt()).clamp(-1.0, 1.0))
    }

    /// Level of left less level of right; none where one of them is silent.
    #[must_use]
    pub fn balance(&self) -> Option<Decibels> {
        let both = self.left > 0.0 && self.right > 0.0;
        both.then(|| Decibels::from_amplitude((self.left / self.right).sqrt()))
    }

    /// Energy of the side (L − R) over that of the mid (L + R): 0 for one channel, infinite where both cancel.
    #[must_use]
    pub fn side_over_mid(&self) -> f64 {
        let both = self.left + self.right;
        (both - 2.0 * self.cross).max(0.0) / (both + 2.0 * self.cross).max(0.0)
    }
}

/// The deepest gain of each of `columns` columns, in dB, from linear gains at even distances: what a limiter or a
/// compressor did over time. Fewer gains than columns give a column each.
#[must_use]
pub fn deepest_gains(gains: &[f32], columns: usize) -> Vec<Decibels> {
    let count = columns.min(gains.len());
    let deepest = (0..count).map(|column| {
        let gains = &gains[run(column, count, gains.len())];
        let least = gains.iter().fold(f32::INFINITY, |least, &gain| least.min(gain));
        Decibels::from_amplitude(f64::from(least))
    });
    deepest.collect()
}

fn run(column: usize, columns: usize, length: usize) -> Range<usize> {
    let start = |column: usize| (column as u128 * length as u128 / columns as u128) as usize;
    start(column)..start(column + 1)
}

struct Pair<'a> {
    left: &'a [f32],
    right: &'a [f32],
}

const LANES: usize = 16;
/// Frames whose products are summed in single precision: 64 a lane, so that rounding stays below 10^-5.
const TILE: usize = 64 * LANES;

impl Kernel for Pair<'_> {
    type Output = Column;

    #[inline(always)]
    fn run(self) -> Column {
        let first = self.left.first().copied().unwrap_or(0.0);
        let mut column = Column { low: first, high: first, ..Column::default() };
        let (mut low, mut high) = ([first; LANES], [first; LANES]);
        for (left, right) in self.left.chunks(TILE).zip(self.right.chunks(TILE)) {
            let mut sums = [[0.0f32; LANES]; 3];
            let (lefts, left_rest) = left.as_chunks::<LANES>();
            let (rights, right_rest) = right.as_chunks::<LANES>();
            for (l, r) in lefts.iter().zip(rights) {
                for lane in 0..LANES {
                    let (a, b) = (l[lane], r[lane]);
                    let (least, most) = if a < b { (a, b) } else { (b, a) };
                    low[lane] = if least < low[lane] { least } else { low[lane] };
                    high[lane] = if most > high[lane] { most } else { high[lane] };
                    sums[0][lane] += a * a;
                    sums[1][lane] += b * b;
                    sums[2][lane] += a * b;
                }
            }
            for (lane, (&a, &b)) in left_rest.iter().zip(right_rest).enumerate() {
                low[lane] = low[lane].min(a).min(b);
                high[lane] = high[lane].max(a).max(b);
                sums[0][lane] += a * a;
                sums[1][lane] += b * b;
                sums[2][lane] += a * b;
            }
            let total = |lanes: &[f32; LANES]| lanes.iter().map(|&sum| f64::from(sum)).sum::<f64>();
            column.left += total(&sums[0]);
            column.right += total(&sums[1]);
            column.cross += total(&sums[2]);
        }
        column.low = low.iter().copied().fold(column.low, f32::min);
        column.high = high.iter().copied().fold(column.high, f32::max);
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Layout, Samples};
    use crate::simd::on_baseline;

    const RATE: SampleRate = SampleRate::literal(48_000);

    fn noise(frames: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        std::iter::repeat_with(next).take(frames).collect()
    }

    fn stereo(left: &[f32], right: &[f32]) -> Audio {
        Audio::from_channels(RATE, vec![Samples::copied(left), Samples::copied(right)])
    }

    #[test]
    fn every_column_agrees_with_plain_sums_over_its_frames() {
        for (frames, columns) in [(100_003, 800), (17, 5), (3, 800), (1, 1)] {
            let (left, right) = (noise(frames, 1), noise(frames, 2));
            let picture = Picture::of(&stereo(&left, &right), columns);
            assert_eq!(picture.columns.len(), columns.min(frames));
            let count = picture.columns.len();
            for (index, column) in picture.columns.iter().enumerate() {
                let span = index * frames / count..(index + 1) * frames / count;
                let sum = |a: &[f32], b: &[f32]| -> f64 {
                    span.clone().map(|n| f64::from(a[n]) * f64::from(b[n])).sum()
                };
                let all = || left[span.clone()].iter().chain(&right[span.clone()]).copied();
                assert_eq!(column.low, all().fold(f32::INFINITY, f32::min));
                assert_eq!(column.high, all().fold(f32::NEG_INFINITY, f32::max));
                let energies = [sum(&left, &left), sum(&right, &right)];
                for (got, want) in [
                    (column.left, energies[0]),
                    (column.right, energies[1]),
                    (column.cross, sum(&left, &right)),
                ] {
                    assert!((got - want).abs() <= 1e-6 * (energies[0] + energies[1]), "{got} and {want}");
                }
            }
        }
    }

    #[test]
    fn vectors_and_scalars_give_the_same_bits() {
        let (left, right) = (noise(10_007, 3), noise(10_007, 4));
        let pair = || Pair { left: &left, right: &right };
        assert_eq!(dispatch(pair()), on_baseline(pair()));
    }

    #[test]
    fn the_image_is_read_as_it_was_made() {
        let (one, other) = (noise(96_000, 5), noise(96_000, 6));
        let half: Vec<f32> = one.iter().map(|sample| 0.5 * sample).collect();
        let turned: Vec<f32> = one.iter().map(|sample| -sample).collect();
        let whole = |left: &[f32], right: &[f32]| Picture::of(&stereo(left, right), 800).whole();
        let tilted = whole(&one, &half);
        assert!((tilted.correlation().unwrap() - 1.0).abs() < 1e-6);
        assert!((tilted.balance().unwrap().value() - 6.0206).abs() < 1e-3);
        assert!((whole(&one, &turned).correlation().unwrap() + 1.0).abs() < 1e-6);
        assert!(whole(&one, &other).correlation().unwrap().abs() < 0.02);
        assert!(whole(&one, &one).side_over_mid() < 1e-9);
        assert!((whole(&one, &other).side_over_mid() - 1.0).abs() < 0.05);
    }

    #[test]
    fn silence_has_no_correlation_and_one_channel_is_its_own_twin() {
        let silence = Picture::of(&Audio::silence(RATE, Layout::stereo(), 1000), 10);
        assert!(silence.correlations(0).all(|value| value.is_none()));
        assert_eq!(silence.crest(), None);
        let sine: Vec<f32> = (0..48_000).map(|n| (n as f32 * 0.1).sin()).collect();
        let mono = Picture::of(&Audio::from_channels(RATE, vec![Samples::copied(&sine)]), 10);
        assert!(mono.correlations(3).all(|value| (value.unwrap() - 1.0).abs() < 1e-6));
        assert!((mono.crest().unwrap().value() - 3.01).abs() < 0.01);
        assert!(Picture::of(&Audio::silence(RATE, Layout::mono(), 0), 10).columns.is_empty());
    }

    #[test]
    fn the_deepest_gain_of_each_column_is_kept() {
        let mut gains = vec![1.0f32; 1000];
        gains[437] = 0.5;
        let columns = deepest_gains(&gains, 10);
        assert_eq!(columns.len(), 10);
        assert!((columns[4].value() + 6.0206).abs() < 1e-3);
        assert!(columns.iter().enumerate().all(|(index, gain)| index == 4 || gain.value() == 0.0));
        assert_eq!(deepest_gains(&gains[..3], 10).len(), 3);
    }
}
