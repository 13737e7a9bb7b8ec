//! Moves the noise of rounding to where the ear hears least: the filter of an error-feedback quantiser, and its
//! loop.
//!
//! With the errors of past samples fed back through a filter, the noise of a quantiser gets the spectrum |H|²,
//! where H starts with a tap of one and has its zeros inside the unit circle; the mean of log |H| is then zero
//! (Gerzon and Craven, "Optimal Noise Shaping and Dither of Digital Signals", AES 87th Convention, 1989): what is
//! taken from one frequency appears at another. The H of so many taps with the least noise under a weight W is the
//! prediction-error filter of a process with the spectrum W, which the Levinson recursion finds (Lipshitz,
//! Vanderkooy and Wannamaker, "Minimally Audible Noise Shaping", JAES 39-11, 1991, take such weights from hearing).
//!
//! W here is the ear's sensitivity to the faintest sounds: one over the power at its threshold. A white part is
//! added to it, just so much that no frequency is raised by more than [`GAIN_MAX`]. So the taps follow from two
//! tables of standards and two numbers, at every rate.

use std::f64::consts::PI;
use std::ops::Range;

use super::pcg::{Lanes, Pcg32};
use crate::simd::{Kernel, dispatch};
use crate::units::{Decibels, Hertz, SampleRate};

/// Past errors that are fed back. With 12 the weighted noise at 44.1 kHz would be 0.2 dB lower.
pub const TAPS: usize = 9;
/// The most that noise is raised at any frequency.
pub const GAIN_MAX: Decibels = Decibels::literal(18.0);
/// The most that the magnitudes of all taps sum to, the leading one too.
const SUM_MAX: f64 = 13.0;
/// How far a shaped sample can lie from what was wanted, in steps: every error is at most one and a half, and the
/// sample has its own and the filtered past ones.
pub const ERROR_MAX_STEPS: f64 = 1.5 * SUM_MAX;
/// Points of the frequency grid that the weight is integrated on.
const GRID: usize = 2048;

/// The feedback filter of one rate.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NoiseShaper {
    /// H without its leading one, so `taps[0]` belongs to the last error.
    taps: [f64; TAPS],
}

impl NoiseShaper {
    /// Designed for a rate.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        let autocorrelation = weight_autocorrelation(rate);
        // The white part of the weight, in powers of ten of the rest's mean. More of it is a flatter filter.
        let (mut too_little, mut enough) = (-12.0, 4.0);
        let mut shaper = Self::predicting(autocorrelation, enough);
        for _ in 0..30 {
            let middle = 0.5 * (too_little + enough);
            let trial = Self::predicting(autocorrelation, middle);
            if trial.is_tame() {
                (enough, shaper) = (middle, trial);
            } else {
                too_little = middle;
            }
        }
        shaper
    }

    /// The prediction-error filter of the weight with a white part of `10^white` (Levinson's recursion).
    fn predicting(mut autocorrelation: [f64; TAPS + 1], white: f64) -> Self {
        autocorrelation[0] *= 1.0 + 10f64.powf(white);
        let mut filter = [0.0; TAPS + 1];
        filter[0] = 1.0;
        let mut left = autocorrelation[0];
        for order in 1..=TAPS {
            let covariance: f64 = (0..order).map(|k| filter[k] * autocorrelation[order - k]).sum();
            let reflection = -covariance / left;
            let shorter = filter;
            for k in 1..=order {
                filter[k] += reflection * shorter[order - k];
            }
            left *= 1.0 - reflection * reflection;
        }
        Self { taps: std::array::from_fn(|k| filter[k + 1]) }
    }

    /// Whether it keeps both bounds.
    fn is_tame(&self) -> bool {
        let most = GAIN_MAX.amplitude().powi(2);
        let sum = 1.0 + self.taps.iter().map(|tap| tap.abs()).sum::<f64>();
        sum <= SUM_MAX && (0..=GRID / 4).all(|i| self.power(PI * i as f64 / (GRID / 4) as f64) <= most)
    }

    fn power(&self, angle: f64) -> f64 {
        let (mut re, mut im) = (1.0, 0.0);
        for (k, tap) in self.taps.iter().enumerate() {
            re += tap * (angle * (k + 1) as f64).cos();
            im += tap * (angle * (k + 1) as f64).sin();
        }
        re * re + im * im
    }

    /// By how much noise of this frequency is raised.
    #[must_use]
    pub fn gain_at(&self, frequency: Hertz, rate: SampleRate) -> Decibels {
        Decibels::literal(10.0 * self.power(2.0 * PI * frequency.value() / rate.as_f64()).log10())
    }
}

/// The weight's autocorrelation at 0 to [`TAPS`] frames.
fn weight_autocorrelation(rate: SampleRate) -> [f64; TAPS + 1] {
    let mut sums = [0.0; TAPS + 1];
    for i in 0..GRID {
        let angle = PI * (i as f64 + 0.5) / GRID as f64;
        let weight = 10f64.powf(-threshold_db(angle / (2.0 * PI) * rate.as_f64()) / 10.0);
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += weight * (angle * k as f64).cos();
        }
    }
    sums
}

/// The faintest audible tone in dB SPL: free field, both ears (ISO 226:2003, table 1, `Tf`; from 14 kHz up
/// ISO 389-7:2005), between the given frequencies on a straight line over log frequency, and on the last line above.
fn threshold_db(frequency_hz: f64) -> f64 {
    /// No less sensitive than that, above all frequencies where there is a threshold.
    const HIGHEST_DB: f64 = 120.0;
    const THRESHOLD: [(f64, f64); 32] = [
        (20.0, 78.5),
        (25.0, 68.7),
        (31.5, 59.5),
        (40.0, 51.1),
        (50.0, 44.0),
        (63.0, 37.5),
        (80.0, 31.5),
        (100.0, 26.5),
        (125.0, 22.1),
        (160.0, 17.9),
        (200.0, 14.4),
        (250.0, 11.4),
        (315.0, 8.6),
        (400.0, 6.2),
        (500.0, 4.4),
        (630.0, 3.0),
        (800.0, 2.2),
        (1_000.0, 2.4),
        (1_250.0, 3.5),
        (1_600.0, 1.7),
        (2_000.0, -1.3),
        (2_500.0, -4.2),
        (3_150.0, -6.0),
        (4_000.0, -5.4),
        (5_000.0, -1.5),
        (6_300.0, 6.0),
        (8_000.0, 12.6),
        (10_000.0, 13.9),
        (12_500.0, 12.3),
        (14_000.0, 18.4),
        (16_000.0, 40.2),
        (18_000.0, 70.4),
    ];
    if frequency_hz <= THRESHOLD[0].0 {
        return THRESHOLD[0].1;
    }
    let above = THRESHOLD.partition_point(|(hz, _)| *hz < frequency_hz).min(THRESHOLD.len() - 1);
    let ((low_hz, low_db), (high_hz, high_db)) = (THRESHOLD[above - 1], THRESHOLD[above]);
    let share = (frequency_hz / low_hz).ln() / (high_hz / low_hz).ln();
    (low_db + share * (high_db - low_db)).min(HIGHEST_DB)
}

/// Runs that are quantised side by side. One run is a chain of dependent operations, which leaves most of the
/// processor idle.
const SIDE_BY_SIDE: usize = 4;
/// Frames of each run that are staged at once.
const TILE: usize = 64;

/// Quantises consecutive runs of `run_frames` of one channel, each from an error state of zero; the first sample of
/// `samples` is sample `first` of the channel. `full_scale` is in steps.
pub(super) fn quantise_runs(
    shaper: &NoiseShaper,
    dither: &Pcg32,
    full_scale: f64,
    first: usize,
    run_frames: usize,
    samples: &mut [f32],
) {
    for (group, samples) in samples.chunks_mut(SIDE_BY_SIDE * run_frames).enumerate() {
        let from = first + group * SIDE_BY_SIDE * run_frames;
        let dither = std::array::from_fn(|run| dither.from((from + run * run_frames) as u64));
        let mut runs = samples.chunks_mut(run_frames);
        let runs = std::array::from_fn(|_| runs.next().unwrap_or_default());
        dispatch(Shape { taps: shaper.taps, dither, full_scale, runs });
    }
}

struct Shape<'a> {
    taps: [f64; TAPS],
    dither: [Lanes; SIDE_BY_SIDE],
    full_scale: f64,
    /// The first is the longest.
    runs: [&'a mut [f32]; SIDE_BY_SIDE],
}

/// One number for each run.
type Abreast = [f64; SIDE_BY_SIDE];
/// One stretch of each run.
type Tiles = [[f64; TILE]; SIDE_BY_SIDE];

impl Kernel for Shape<'_> {
    type Output = ();
    #[inline(always)]
    fn run(mut self) {
        let taps: [Abreast; TAPS] = std::array::from_fn(|k| [self.taps[k]; SIDE_BY_SIDE]);
        // The last errors of the tile before, then those of this one.
        let mut errors = [[0.0; SIDE_BY_SIDE]; TAPS + TILE];
        let mut samples = [[0.0; TILE]; SIDE_BY_SIDE];
        let mut dither = [[0.0; TILE]; SIDE_BY_SIDE];
        for from in (0..self.runs[0].len()).step_by(TILE) {
            self.stage(from, &mut samples, &mut dither);
            shape(&taps, &dither, &mut samples, &mut errors);
            self.deliver(from, &samples);
            errors.copy_within(TILE.., 0);
        }
    }
}

impl Shape<'_> {
    /// Where a tile lies in a run, which may have ended.
    #[inline(always)]
    fn part(run: &[f32], from: usize) -> Range<usize> {
        from.min(run.len())..(from + TILE).min(run.len())
    }

    #[inline(always)]
    fn stage(&mut self, from: usize, samples: &mut Tiles, dither: &mut Tiles) {
        for (samples, run) in samples.iter_mut().zip(&self.runs) {
            for (staged, sample) in samples.iter_mut().zip(&run[Self::part(run, from)]) {
                *staged = f64::from(*sample) * self.full_scale;
            }
        }
        for (dither, random) in dither.iter_mut().zip(&mut self.dither) {
            for eight in dither.as_chunks_mut::<{ Pcg32::LANES }>().0 {
                *eight = random.draw().map(super::dither::triangle);
            }
        }
    }

    #[inline(always)]
    fn deliver(&mut self, from: usize, whole: &Tiles) {
        let (highest, step) = (self.full_scale - 1.0, 1.0 / self.full_scale);
        for (run, whole) in self.runs.iter_mut().zip(whole) {
            let part = Self::part(run, from);
            for (sample, whole) in run[part].iter_mut().zip(whole) {
                // After the loop, so that what is clamped is no error that later samples give back.
                let low = if *whole > -highest { *whole } else { -highest };
                let whole = if low < highest { low } else { highest };
                *sample = (whole * step) as f32;
            }
        }
    }
}

/// Turns what is wanted into whole numbers of steps.
#[inline(always)]
fn shape(taps: &[Abreast; TAPS], dither: &Tiles, samples: &mut Tiles, errors: &mut [Abreast; TAPS + TILE]) {
    let mut last = errors[TAPS - 1];
    for n in 0..TILE {
        // The oldest first: all but the last product is ready before the sample before is.
        let mut asked: Abreast = std::array::from_fn(|lane| samples[lane][n]);
        for k in (1..TAPS).rev() {
            let error = errors[n + TAPS - 1 - k];
            asked = std::array::from_fn(|lane| asked[lane] + taps[k][lane] * error[lane]);
        }
        asked = std::array::from_fn(|lane| asked[lane] + taps[0][lane] * last[lane]);
        let whole: Abreast =
            std::array::from_fn(|lane| super::dither::nearest(asked[lane] + dither[lane][n]));
        last = std::array::from_fn(|lane| whole[lane] - asked[lane]);
        errors[n + TAPS] = last;
        for lane in 0..SIDE_BY_SIDE {
            samples[lane][n] = whole[lane];
        }
    }
}
