//! Make-believe music in stereo, all of it below 0.88 of the Nyquist frequency, so that its true peak is defined.

use std::f64::consts::TAU;

use dsp::audio::{Audio, Samples};
use dsp::signal::Dice;
use dsp::units::{Dbfs, SampleRate};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    Noise,
    Clicks,
    Chirps,
    Squares,
    Drums,
    Music,
}

pub const KINDS: [Kind; 6] =
    [Kind::Noise, Kind::Clicks, Kind::Chirps, Kind::Squares, Kind::Drums, Kind::Music];

/// A programme of so many seconds whose samples reach a level between -18 and -1 dBFS.
pub fn programme(kind: Kind, rate: SampleRate, seconds: f64, seed: u64) -> Audio {
    let frames = (seconds * rate.as_f64()) as usize;
    let mut dice = Dice::new(seed);
    let shared = voice(kind, rate, frames, &mut dice);
    let width = dice.uniform(0.0, 0.7);
    let channels: Vec<Vec<f64>> = (0..2)
        .map(|_| {
            let own = voice(kind, rate, frames, &mut dice);
            let mixed: Vec<f64> =
                shared.iter().zip(&own).map(|(a, b)| a * (1.0 - width) + b * width).collect();
            low_passed(&mixed)
        })
        .collect();
    let highest = channels.iter().flatten().fold(1e-9f64, |a, x| a.max(x.abs()));
    let gain = Dbfs::literal(dice.uniform(-18.0, -1.0)).amplitude() / highest;
    let fade = rate.as_f64() * 0.02;
    let channel = |samples: &Vec<f64>| {
        let faded = samples.iter().enumerate().map(|(n, x)| {
            let edge = (n.min(frames - 1 - n) as f64 / fade).min(1.0);
            (x * gain * (0.5 - 0.5 * (edge * TAU / 2.0).cos())) as f32
        });
        Samples::copied(&faded.collect::<Vec<f32>>())
    };
    Audio::from_channels(rate, channels.iter().map(channel).collect())
}

fn voice(kind: Kind, rate: SampleRate, frames: usize, dice: &mut Dice) -> Vec<f64> {
    let hertz = rate.as_f64();
    match kind {
        Kind::Noise => noise(hertz, frames, dice),
        Kind::Clicks => {
            let mut out: Vec<f64> = (0..frames).map(|_| 0.003 * dice.normal()).collect();
            for _ in 0..(frames as f64 / hertz * 9.0) as usize {
                out[(dice.uniform(0.0, 1.0) * frames as f64) as usize] += dice.uniform(-3.0, 3.0);
            }
            out
        }
        Kind::Chirps => {
            let length = dice.uniform(0.2, 1.5) * hertz;
            let octaves = (0.4 * hertz / 40.0).ln();
            let scale = TAU * 40.0 * length / hertz / octaves;
            (0..frames)
                .map(|n| (scale * ((octaves * (n as f64 % length) / length).exp() - 1.0)).sin())
                .collect()
        }
        Kind::Squares => squares(hertz, frames, dice),
        Kind::Drums => drums(hertz, frames, dice),
        Kind::Music => {
            let (mut out, hiss) = (squares(hertz, frames, dice), noise(hertz, frames, dice));
            for ((out, drum), hiss) in out.iter_mut().zip(drums(hertz, frames, dice)).zip(hiss) {
                *out = 0.3 * *out + 0.8 * drum + 0.1 * hiss;
            }
            out
        }
    }
}

/// Noise that swells.
fn noise(hertz: f64, frames: usize, dice: &mut Dice) -> Vec<f64> {
    let swell = TAU * dice.uniform(0.2, 6.0) / hertz;
    let depth = dice.uniform(0.0, 0.95);
    (0..frames).map(|n| dice.normal() * (1.0 - depth * (0.5 + 0.5 * (swell * n as f64).sin()))).collect()
}

/// Notes of odd harmonics that decay.
fn squares(hertz: f64, frames: usize, dice: &mut Dice) -> Vec<f64> {
    let length = (dice.uniform(0.15, 0.8) * hertz) as usize;
    let mut out = Vec::with_capacity(frames);
    while out.len() < frames {
        let pitch = 55.0 * 2f64.powf((dice.uniform(0.0, 48.0)).floor() / 12.0);
        let partials =
            (1..40).step_by(2).take_while(|k| pitch * f64::from(*k) < 0.4 * hertz).collect::<Vec<i32>>();
        for n in 0..length.min(frames - out.len()) {
            let phase = TAU * pitch * n as f64 / hertz;
            let wave: f64 = partials.iter().map(|&k| (f64::from(k) * phase).sin() / f64::from(k)).sum();
            out.push(wave * (-2.0 * n as f64 / length as f64).exp());
        }
    }
    out
}

/// A beat of falling tones and bursts of noise.
fn drums(hertz: f64, frames: usize, dice: &mut Dice) -> Vec<f64> {
    let beat = (60.0 / dice.uniform(80.0, 180.0) * hertz) as usize;
    (0..frames)
        .map(|n| {
            let (count, t) = (n / beat, (n % beat) as f64 / hertz);
            let kick = (TAU * (50.0 * t + 4.0 * (1.0 - (-30.0 * t).exp()))).sin() * (-9.0 * t).exp();
            let snare = dice.normal() * (-25.0 * t).exp() * 0.4;
            if count % 2 == 0 { kick } else { snare + 0.2 * kick }
        })
        .collect()
}

/// Everything from 0.88 of the Nyquist frequency on is 80 dB down (Kaiser, beta 7.9, 201 taps).
fn low_passed(samples: &[f64]) -> Vec<f64> {
    const HALF: usize = 100;
    const LANES: usize = 16;
    const CORNER: f64 = 0.83;
    let tap = |k: usize| {
        let distance = k as f64 - HALF as f64;
        let window = (1.0 - (distance / (HALF as f64 + 1.0)).powi(2)).sqrt();
        CORNER * dsp::parts::interpolator::sinc(CORNER * distance) * bessel(7.9 * window) / bessel(7.9)
    };
    let filter: Vec<f64> = (0..=2 * HALF).map(tap).collect();
    let mut padded = vec![0.0; HALF];
    padded.extend_from_slice(samples);
    padded.resize(samples.len() + 2 * HALF + LANES, 0.0);
    let mut out = vec![0.0; samples.len()];
    for (group, out) in out.chunks_mut(LANES).enumerate() {
        let mut sums = [0.0; LANES];
        for (k, tap) in filter.iter().enumerate() {
            let from = group * LANES + k;
            for (sum, x) in sums.iter_mut().zip(&padded[from..from + LANES]) {
                *sum += x * tap;
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
    }
    out
}

/// The modified Bessel function of order zero, by its series.
pub fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..60 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}
