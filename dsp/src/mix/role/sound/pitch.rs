//! The fundamental of long frames: the highest peak of the autocorrelation of compressed magnitudes up to 2.7 kHz
//! (a generalised autocorrelation, as of Tolonen and Karjalainen, "A computationally efficient multipitch analysis
//! model", IEEE Transactions on Speech and Audio Processing 8-6, 2000).

use realfft::num_complex::Complex32;

use super::Sound;
use crate::analysis::level::percentile;
use crate::parts::fft::Fft;
use crate::units::SampleRate;

/// Bins looked at, and the length of the transform back.
const BINS: usize = 257;
const LAGS: usize = 512;
/// A frame is periodic from this height of the peak on.
const PERIODIC: f32 = 0.5;
/// The fundamentals that are looked for.
const LOWEST_HZ: f64 = 30.0;
const HIGHEST_HZ: f64 = 1200.0;

#[derive(Debug)]
pub(super) struct Pitches {
    /// The rate at which lags are counted.
    lag_rate: f64,
    back: Fft,
    half: Vec<Complex32>,
    lags: Vec<f32>,

    frames: Vec<Frame>,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Octaves above 55 Hz.
    octaves: f32,
    /// Height of the peak, 0 to 1.
    height: f32,
}

impl Pitches {
    pub(super) fn new(rate: SampleRate, frames: usize) -> Self {
        let lag_rate = rate.as_f64() / frames as f64 * LAGS as f64;
        Self {
            lag_rate,
            back: Fft::new(LAGS),
            half: vec![Complex32::ZERO; BINS],
            lags: vec![0.0; LAGS],

            frames: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, spectrum: &[Complex32]) {
        for (to, value) in self.half.iter_mut().zip(spectrum) {
            // The power to 0.3 is the magnitude to 0.6: near the cube root that evens out partials.
            *to = Complex32::new(value.norm_sqr().max(1e-30).powf(0.3), 0.0);
        }
        self.half[0] = Complex32::ZERO;
        let mean = self.half.iter().map(|value| value.re).sum::<f32>() / BINS as f32;
        if mean < 1e-4 {
            self.frames.push(Frame { octaves: 0.0, height: 0.0 });
            return;
        }
        self.back.inverse(&mut self.half, &mut self.lags);
        let shortest = (self.lag_rate / HIGHEST_HZ).floor().max(2.0) as usize;
        let longest = ((self.lag_rate / LOWEST_HZ).ceil() as usize).min(LAGS / 2 - 2);
        self.frames.push(self.peak(shortest, longest));
    }

    fn peak(&self, shortest: usize, longest: usize) -> Frame {
        let zero = self.lags[0].max(1e-20);
        let at = |lag: usize| self.lags[lag] / zero;
        let (mut best, mut height) = (shortest, -1.0f32);
        let mut came_down = false;
        for lag in 1..longest {
            // The slope down from lag 0 is no peak.
            came_down = came_down || at(lag) < 0.1 || at(lag + 1) > at(lag);
            let is_peak = at(lag) >= at(lag - 1) && at(lag) > at(lag + 1);
            // A multiple of the period is as high as the period: a longer one must be clearly higher.
            if came_down && lag >= shortest && is_peak && at(lag) > height * 1.08 {
                (best, height) = (lag, at(lag));
            }
        }
        if height < 0.0 {
            return Frame { octaves: 0.0, height: 0.0 };
        }
        let (before, here, after) = (at(best - 1), at(best), at(best + 1));
        let bend = before - 2.0 * here + after;
        let shift = if bend < -1e-9 { 0.5 * (before - after) / bend } else { 0.0 };
        let hertz = self.lag_rate / (best as f64 + f64::from(shift.clamp(-0.5, 0.5)));
        Frame { octaves: (hertz / 55.0).log2() as f32, height: height.clamp(0.0, 1.0) }
    }

    pub(super) fn describe(&self, active: &[bool], sound: &mut Sound) {
        let heard: Vec<Option<Frame>> =
            self.frames.iter().zip(active).map(|(frame, active)| active.then_some(*frame)).collect();
        let count = heard.iter().flatten().count().max(1) as f64;
        sound.harmonicity = heard.iter().flatten().map(|frame| f64::from(frame.height)).sum::<f64>() / count;
        let periodic = |frame: &&Frame| frame.height > PERIODIC;
        let mut octaves: Vec<f64> =
            heard.iter().flatten().filter(periodic).map(|frame| f64::from(frame.octaves)).collect();
        sound.voiced = octaves.len() as f64 / count;
        if octaves.is_empty() {
            return;
        }
        let (sine, cosine) = octaves.iter().fold((0.0, 0.0), |(sine, cosine), octaves| {
            let angle = std::f64::consts::TAU * 12.0 * octaves;
            (sine + angle.sin(), cosine + angle.cos())
        });
        sound.on_grid = sine.hypot(cosine) / octaves.len() as f64;
        octaves.sort_by(f64::total_cmp);
        sound.pitch_octaves = [0.1, 0.5, 0.9].map(|share| percentile(&octaves, share));
        let mut moves: Vec<f64> = heard
            .windows(2)
            .filter_map(|pair| Some((pair[0].filter(|f| periodic(&f))?, pair[1].filter(|f| periodic(&f))?)))
            .map(|(a, b)| 12.0 * f64::from((a.octaves - b.octaves).abs()))
            .filter(|semitones| *semitones < 3.0)
            .collect();
        if !moves.is_empty() {
            moves.sort_by(f64::total_cmp);
            sound.glide_semitones = percentile(&moves, 0.5);
            sound.held =
                moves.iter().filter(|semitones| **semitones < 0.1).count() as f64 / moves.len() as f64;
        }
    }
}
