//! Music-like stereo with a known tone: pink noise in bursts on a beat, a bass line, wide air.

use dsp::audio::{Audio, Samples};
use dsp::units::SampleRate;

pub const RATE: SampleRate = SampleRate::literal(44_100);

/// So many seconds. `tilt_db` is added per octave above 1 kHz and taken away below: 0 sounds balanced.
pub fn music(seconds: f64, tilt_db: f64, seed: u64) -> Audio {
    let frames = (seconds * RATE.as_f64()) as usize;
    let (common, apart) = (pink(frames, tilt_db, seed), pink(frames, tilt_db, seed + 1));
    let mut channels = [Vec::with_capacity(frames), Vec::with_capacity(frames)];
    for n in 0..frames {
        let t = n as f64 / RATE.as_f64();
        let beat = 0.01 + 1.5 * (-(t % 0.5) * 10.0).exp();
        let bass = 0.05 * (std::f64::consts::TAU * 55.0 * t).sin() * (0.6 + 0.4 * (t * 0.7).sin());
        let (mid, side) = (common[n] * beat, apart[n] * 0.3);
        channels[0].push((mid + side + bass) as f32);
        channels[1].push((mid - side + bass) as f32);
    }
    Audio::from_channels(RATE, channels.iter().map(|c| Samples::copied(c)).collect())
}

/// Pink noise (equal power in every octave) of about −26 dBFS, tilted, from one-pole sections of falling corners.
fn pink(frames: usize, tilt_db: f64, seed: u64) -> Vec<f64> {
    const CORNERS_HZ: [f64; 10] = [25.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 12_800.0];
    let mut dice = dsp::signal::Dice::new(seed);
    let mut states = [0.0; 10];
    let gains: Vec<f64> = CORNERS_HZ
        .iter()
        .map(|hz: &f64| hz.powf(-0.5) * 10f64.powf(tilt_db * (hz / 1000.0).log2() / 20.0))
        .collect();
    let poles: Vec<f64> =
        CORNERS_HZ.iter().map(|hz| (-std::f64::consts::TAU * hz / RATE.as_f64()).exp()).collect();
    (0..frames)
        .map(|_| {
            let white = dice.normal();
            let mut sum = 0.0;
            for ((state, pole), gain) in states.iter_mut().zip(&poles).zip(&gains) {
                *state = *state * pole + white * (1.0 - pole);
                sum += *state * gain * 12.0;
            }
            0.05 * sum
        })
        .collect()
}

pub fn mapped(audio: &Audio, f: impl Fn(f32) -> f32) -> Audio {
    let map = |c: &Samples| Samples::copied(&c.iter().map(|&x| f(x)).collect::<Vec<f32>>());
    Audio::from_channels(audio.rate(), audio.channels().iter().map(map).collect())
}

pub fn swapped(audio: &Audio) -> Audio {
    Audio::from_channels(audio.rate(), audio.channels().iter().rev().cloned().collect())
}

/// The energy of the difference relative to the first, in dB.
pub fn difference_db(one: &Audio, other: &Audio) -> f64 {
    let (mut difference, mut energy) = (0.0f64, 0.0f64);
    for (a, b) in one.channels().iter().zip(other.channels()) {
        for (&a, &b) in a.iter().zip(b.iter()) {
            difference += f64::from(a - b).powi(2);
            energy += f64::from(a).powi(2);
        }
    }
    10.0 * (difference / energy).log10()
}

/// The same with its top falling by 6 dB an octave from `corner_hz` on.
pub fn dulled(audio: &Audio, corner_hz: f64) -> Audio {
    let pole = (-std::f64::consts::TAU * corner_hz / RATE.as_f64()).exp();
    let filtered = audio.channels().iter().map(|channel| {
        let mut state = 0.0;
        let mut next = |x: &f32| {
            state = pole * state + (1.0 - pole) * f64::from(*x);
            state as f32
        };
        Samples::copied(&channel.iter().map(&mut next).collect::<Vec<f32>>())
    });
    Audio::from_channels(audio.rate(), filtered.collect())
}
