//! What moves: onsets and decays of the level, syllables and sibilants.

use realfft::num_complex::Complex32;

use super::Sound;
use super::ear::SILENT_DB;
use crate::analysis::level::percentile;
use crate::parts::fft::Fft;
use crate::units::{Milliseconds, SampleRate};

#[derive(Debug)]
pub(super) struct Motion {
    frames_per_second: f64,
    bin_hz: f64,
    frames: Vec<Frame>,
    /// Level of each 5 ms in dB.
    levels_db: Vec<f32>,
    level_frames: usize,
    filled: usize,
    energy: f32,
}

/// Powers of one short frame.
#[derive(Clone, Copy, Debug)]
struct Frame {
    middle: f32,
    speech: f32,
    sibilants: f32,
    consonants: f32,
}

const LEVEL_MS: f64 = 5.0;

impl Motion {
    pub(super) fn new(rate: SampleRate, frames: usize) -> Self {
        Self {
            frames_per_second: rate.as_f64() / (frames / 2) as f64,
            bin_hz: rate.as_f64() / frames as f64,
            frames: Vec::new(),
            levels_db: Vec::new(),
            level_frames: rate.frames_in(Milliseconds::literal(LEVEL_MS)),
            filled: 0,
            energy: 0.0,
        }
    }

    pub(super) fn add(&mut self, spectrum: &[Complex32]) {
        let power = |low_hz: f64, high_hz: f64| {
            let bin = |hz: f64| ((hz / self.bin_hz).round() as usize).min(spectrum.len());
            spectrum[bin(low_hz)..bin(high_hz)].iter().map(Complex32::norm_sqr).sum::<f32>()
        };
        self.frames.push(Frame {
            middle: power(500.0, 2000.0),
            speech: power(300.0, 4000.0),
            sibilants: power(5000.0, 9000.0),
            consonants: power(4000.0, 8000.0),
        });
    }

    pub(super) fn add_samples(&mut self, samples: &[f32]) {
        for sample in samples {
            self.energy += sample * sample;
            self.filled += 1;
            if self.filled == self.level_frames {
                let mean = self.energy / self.level_frames as f32;
                self.levels_db.push(10.0 * mean.max(1e-12).log10());
                (self.energy, self.filled) = (0.0, 0);
            }
        }
    }

    pub(super) fn describe(&self, sound: &mut Sound) {
        self.describe_levels(sound);
        sound.syllabic = self.syllabic(|frame| frame.consonants);
        sound.syllabic_middle = self.syllabic(|frame| frame.middle);
        let loudest =
            self.frames.iter().fold(0.0f32, |loudest, frame| loudest.max(frame.speech + frame.sibilants));
        let least = loudest * 1e-4;
        let mut ratios: Vec<f64> = self
            .frames
            .iter()
            .filter(|frame| frame.speech + frame.sibilants > least)
            .map(|frame| f64::from(10.0 * ((frame.sibilants + 1e-12) / (frame.speech + 1e-12)).log10()))
            .collect();
        ratios.sort_by(f64::total_cmp);
        if !ratios.is_empty() {
            sound.sibilance_db = percentile(&ratios, 0.95) - percentile(&ratios, 0.5);
        }
    }

    fn describe_levels(&self, sound: &mut Sound) {
        let levels = &self.levels_db;
        let mut sorted: Vec<f64> = levels.iter().map(|level| f64::from(*level)).collect();
        sorted.sort_by(f64::total_cmp);
        let Some(loudest) = sorted.last().copied() else { return };
        let least = loudest - SILENT_DB;
        let sounding = &sorted[sorted.partition_point(|level| *level < least)..];
        sound.crest_db = percentile(sounding, 0.95) - percentile(sounding, 0.5);
        let (mut attacks, mut decays) = (Vec::new(), Vec::new());
        let mut at = 2;
        while at < levels.len() {
            let rise = levels[at] - levels[at - 2];
            if rise > 6.0 && f64::from(levels[at]) > loudest - 30.0 {
                let top = levels[at..levels.len().min(at + 6)].iter().copied().fold(levels[at], f32::max);
                attacks.push(f64::from((top - levels[at - 2]).min(60.0)));
                let falls = levels[at..].iter().take(200).position(|level| *level < top - 20.0);
                decays.push(falls.map_or(1000.0, |count| count as f64 * LEVEL_MS));
                at += 10;
            } else {
                at += 1;
            }
        }
        sound.onsets_per_second = attacks.len() as f64 / sound.active_seconds;
        let middle = |values: &mut Vec<f64>, none: f64| {
            values.sort_by(f64::total_cmp);
            if values.is_empty() { none } else { percentile(values, 0.5) }
        };
        sound.attack_db = middle(&mut attacks, 0.0);
        sound.decay_ms = middle(&mut decays, 1000.0);
        sound.level_trend = trend(levels, least);
    }

    /// The share of 3 to 8 Hz in the modulation of 0.5 to 20 Hz of a level in dB, of the whole stem in pieces of about
    /// six seconds.
    fn syllabic(&self, power: impl Fn(&Frame) -> f32) -> f64 {
        const PIECE: usize = 512;
        let loudest = self.frames.iter().map(&power).fold(0.0f32, f32::max);
        let floor = loudest * 1e-4;
        if loudest <= 0.0 {
            return 0.0;
        }
        let levels: Vec<f32> = self.frames.iter().map(|f| 10.0 * power(f).max(floor).log10()).collect();
        let mut fft = Fft::new(PIECE);
        let mut spectrum = vec![Complex32::ZERO; fft.bins()];
        let mut block = vec![0.0f32; PIECE];
        let bin = |hz: f64| (hz * PIECE as f64 / self.frames_per_second).round() as usize;
        let (mut slow, mut all) = (0.0f64, 0.0f64);
        for piece in levels.chunks(PIECE) {
            let mean = piece.iter().sum::<f32>() / piece.len() as f32;
            block.fill(0.0);
            block.iter_mut().zip(piece).for_each(|(to, level)| *to = level - mean);
            fft.forward(&block, &mut spectrum);
            let sum = |low: usize, high: usize| {
                spectrum[low.min(PIECE / 2)..high.min(PIECE / 2)]
                    .iter()
                    .map(|v| f64::from(v.norm_sqr()))
                    .sum::<f64>()
            };
            slow += sum(bin(3.0), bin(8.0));
            all += sum(bin(0.5), bin(20.0));
        }
        if all > 0.0 { slow / all } else { 0.0 }
    }
}

/// How the level moves within 50 ms: shares of falling 4 to 100 dB in a second, staying, rising.
fn trend(levels: &[f32], least: f64) -> [f64; 3] {
    const SPAN: usize = 10;
    const PER_SECOND: f32 = 1000.0 / (LEVEL_MS as f32 * SPAN as f32);
    let smooth: Vec<f32> =
        levels.chunks_exact(SPAN).map(|span| span.iter().sum::<f32>() / SPAN as f32).collect();
    let mut counts = [0usize; 3];
    let mut sounding = 0usize;
    for pair in smooth.windows(2).filter(|pair| f64::from(pair[0]) > least) {
        let slope = (pair[1] - pair[0]) * PER_SECOND;
        sounding += 1;
        if (-100.0..-4.0).contains(&slope) {
            counts[0] += 1;
        } else if (-4.0..=4.0).contains(&slope) {
            counts[1] += 1;
        } else if slope > 4.0 {
            counts[2] += 1;
        }
    }
    counts.map(|count| count as f64 / sounding.max(1) as f64)
}
