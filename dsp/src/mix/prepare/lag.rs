//! Polarity and delay of one stem against another: generalised cross-correlation with a phase transform of weight 0.75
//! (Knapp and Carter, "The generalized correlation method for estimation of time delay", IEEE Transactions on
//! Acoustics 24-4, 1976), 40 to 2000 Hz, over seconds in which both sound, each with a vote of its coherence.

use realfft::num_complex::{Complex32, Complex64};

use super::archive::Archive;
use crate::parts::fft::Fft;

/// How a stem lies against another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Lag {
    /// By how much it comes later.
    pub(super) seconds: f64,
    /// Correlation at that lag, −1 to 1.
    pub(super) correlation: f64,
    /// Share of the votes that agree on lag and polarity.
    pub(super) agreement: f64,
    /// Energy of 40 to 250 Hz of the sum of both as they are; turned over; meeting; and both.
    sums: [f64; 4],
}

/// Lags that are looked at.
const LAG_MAX_SECONDS: f64 = 0.015;
/// Votes this near to each other agree.
const NEAR_SECONDS: f64 = 0.000_25;
const WINDOWS_MAX: usize = 48;
const WINDOWS_MIN: usize = 3;

impl Lag {
    /// Gain in dB of the low end of the sum if the stem is turned over, moved, or both.
    pub(super) fn gain_db(&self, turned: Turned, moved: Moved) -> f64 {
        let index = usize::from(turned == Turned::Over) + 2 * usize::from(moved == Moved::ToMeet);
        10.0 * (self.sums[index].max(1e-30) / self.sums[0].max(1e-30)).log10()
    }

    /// Of `late` against `early`; none if there are too few moments in which both sound.
    pub(super) fn between(early: &Archive, late: &Archive) -> Option<Self> {
        let window = early.rate.round() as usize;
        let windows = moments(early, late, window);
        if windows.len() < WINDOWS_MIN {
            return None;
        }
        let mut crossing = Crossing::new(early.rate, window);
        let crossed: Vec<Crossed> = windows
            .into_iter()
            .map(|from| {
                let span = |archive: &'_ Archive| from..(from + window).min(archive.samples.len());
                crossing.of(&early.samples[span(early)], &late.samples[span(late)])
            })
            .collect();
        let weight = |crossed: &Crossed| crossed.correlation * crossed.correlation;
        let all: f64 = crossed.iter().map(weight).sum();
        let agree = |a: &Crossed, b: &Crossed| {
            (a.seconds - b.seconds).abs() < NEAR_SECONDS && (a.correlation < 0.0) == (b.correlation < 0.0)
        };
        let with =
            |vote: &Crossed| crossed.iter().filter(|other| agree(vote, other)).map(weight).sum::<f64>();
        let chosen =
            crossed.iter().map(|vote| (vote, with(vote))).reduce(|a, b| if b.1 > a.1 { b } else { a })?;
        let agreeing: Vec<&Crossed> = crossed.iter().filter(|other| agree(chosen.0, other)).collect();
        let mean = |value: fn(&Crossed) -> f64| {
            agreeing.iter().map(|vote| weight(vote) * value(vote)).sum::<f64>() / chosen.1.max(1e-30)
        };
        let seconds = mean(|vote| vote.seconds);
        let (mut own, mut at_zero, mut at_lag) = (0.0, 0.0, 0.0);
        for crossed in &crossed {
            own += crossed.low_own;
            at_zero += crossing.low_at(&crossed.low, 0.0);
            at_lag += crossing.low_at(&crossed.low, seconds);
        }
        Some(Self {
            seconds,
            correlation: mean(|vote| vote.correlation),
            agreement: chosen.1 / all.max(1e-30),
            sums: [own + at_zero, own - at_zero, own + at_lag, own - at_lag],
        })
    }
}

/// Whether a stem is turned over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turned {
    Not,
    Over,
}

/// Whether a stem is moved by its lag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moved {
    Not,
    ToMeet,
}

/// Where windows start in which both are within 30 dB of their loudest; evenly chosen, if there are many.
fn moments(one: &Archive, other: &Archive, window: usize) -> Vec<usize> {
    const BELOW: f64 = 1e-3;
    let energies = |archive: &Archive| -> Vec<f64> {
        let energy = |span: &[f32]| span.iter().map(|sample| f64::from(sample * sample)).sum();
        archive.samples.chunks(window).map(energy).collect()
    };
    let (a, b) = (energies(one), energies(other));
    let least = |energies: &[f64]| energies.iter().copied().fold(1e-9, f64::max) * BELOW;
    let (least_a, least_b) = (least(&a), least(&b));
    let both = a.iter().zip(&b).enumerate().filter(|(_, (a, b))| **a > least_a && **b > least_b);
    let starts: Vec<usize> = both.map(|(index, _)| index * window).collect();
    let every = starts.len().div_ceil(WINDOWS_MAX).max(1);
    starts.into_iter().step_by(every).collect()
}

/// Correlates windows.
struct Crossing {
    rate: f64,
    fft: Fft,
    block: Vec<f32>,
    spectra: [Vec<Complex32>; 2],
    weighted: Vec<Complex32>,
    band: std::ops::Range<usize>,
    low_end: usize,
}

/// What one window says.
struct Crossed {
    seconds: f64,
    correlation: f64,
    /// The cross-spectrum of 40 to 250 Hz, and the energies of both there.
    low: Vec<Complex32>,
    low_own: f64,
}

impl Crossing {
    fn new(rate: f64, window: usize) -> Self {
        let frames = (2 * window).next_power_of_two();
        let fft = Fft::new(frames);
        let bins = fft.bins();
        let bin = |hz: f64| (hz * frames as f64 / rate).round() as usize;
        Self {
            rate,
            block: vec![0.0; frames],
            spectra: [vec![Complex32::ZERO; bins], vec![Complex32::ZERO; bins]],
            weighted: vec![Complex32::ZERO; bins],
            band: bin(40.0)..bin(2000.0).min(bins),
            low_end: bin(250.0),
            fft,
        }
    }

    fn of(&mut self, early: &[f32], late: &[f32]) -> Crossed {
        for (samples, spectrum) in [early, late].into_iter().zip(&mut self.spectra) {
            self.block.fill(0.0);
            self.block[..samples.len()].copy_from_slice(samples);
            self.fft.forward(&self.block, spectrum);
        }
        let [a, b] = &self.spectra;
        let cross = |bin: usize| a[bin].conj() * b[bin];
        self.weighted.fill(Complex32::ZERO);
        let (mut of_a, mut of_b) = (0.0f64, 0.0f64);
        for bin in self.band.clone() {
            let product = cross(bin);
            self.weighted[bin] = product / product.norm_sqr().max(1e-30).powf(0.375);
            of_a += f64::from(a[bin].norm_sqr());
            of_b += f64::from(b[bin].norm_sqr());
        }
        let low_band = self.band.start..self.low_end;
        let low_own: f64 =
            low_band.clone().map(|bin| 0.5 * f64::from(a[bin].norm_sqr() + b[bin].norm_sqr())).sum();
        let low = low_band.map(cross).collect();
        let full: Vec<Complex32> = self.band.clone().map(cross).collect();
        self.fft.inverse(&mut self.weighted, &mut self.block);
        let seconds = self.highest() / self.rate;
        let product = self.at(&full, self.band.start, seconds);
        Crossed { seconds, correlation: product / (of_a * of_b).sqrt().max(1e-30), low, low_own }
    }

    /// The lag of the highest magnitude in the block, in samples, between them by a parabola.
    fn highest(&self) -> f64 {
        let reach = (LAG_MAX_SECONDS * self.rate) as isize;
        let at = |lag: isize| f64::from(self.block[lag.rem_euclid(self.block.len() as isize) as usize]);
        let best =
            (-reach..=reach).fold(0, |best, lag| if at(lag).abs() > at(best).abs() { lag } else { best });
        let (before, here, after) = (at(best - 1), at(best), at(best + 1));
        let bend = before - 2.0 * here + after;
        let shift = if bend.abs() > 1e-12 { 0.5 * (before - after) / bend } else { 0.0 };
        best as f64 + shift.clamp(-0.5, 0.5)
    }

    /// The correlation at a lag, from a stretch of the cross-spectrum.
    fn at(&self, cross: &[Complex32], first: usize, seconds: f64) -> f64 {
        let step = std::f64::consts::TAU * seconds * self.rate / self.block.len() as f64;
        let turn = Complex64::from_polar(1.0, step);
        let mut phase = Complex64::from_polar(1.0, step * first as f64);
        let mut sum = 0.0;
        for value in cross {
            sum += f64::from(value.re) * phase.re - f64::from(value.im) * phase.im;
            phase *= turn;
        }
        sum
    }

    fn low_at(&self, low: &[Complex32], seconds: f64) -> f64 {
        self.at(low, self.band.start, seconds)
    }
}
