//! EBU Tech 3341, cases 15 to 23: true peak.

use std::f64::consts::{PI, TAU};

use dsp::audio::Audio;
use dsp::meter::true_peak::{certify, scan, standard};
use dsp::signal::in_channels;
use dsp::units::{Dbtp, SampleRate};

use crate::judges::{crate_reading, ffmpeg_reading};
use crate::reference;

const RATE: SampleRate = SampleRate::literal(48_000);
const FRAMES: usize = 24_000;
/// What the standard allows.
const ALLOWED: std::ops::RangeInclusive<f64> = -0.4..=0.2;
/// What we allow against the peak that the signal has.
const OURS: f64 = 0.015;

/// Rises and falls over a fifth of a signal of `frames`, so that its ends do not ring.
fn fade(n: usize, frames: usize) -> f64 {
    let edge = n.min(frames - 1 - n) as f64 / (frames / 5) as f64;
    if edge < 1.0 { (1.0 - (PI * edge).cos()) / 2.0 } else { 1.0 }
}

/// A sine with so many samples to a period.
fn sine(period: f64, amplitude: f64, degrees: f64) -> Vec<f32> {
    let value = |n| amplitude * fade(n, FRAMES) * (TAU * n as f64 / period + degrees.to_radians()).sin();
    (0..FRAMES).map(|n| value(n) as f32).collect()
}

fn expect(samples: &[f32], nominal: f64, exact: f64) {
    let audio = in_channels(RATE, 2, samples);
    let readings = [
        ("scan", scan(&audio)),
        ("certify", certify(&audio, Dbtp::literal(f64::NEG_INFINITY))),
        ("the standard's filter", standard(&audio)),
    ];
    for (what, reading) in readings {
        assert!(ALLOWED.contains(&(reading.value() - nominal)), "{what}: {reading:.3}, expected {nominal}");
    }
    for (what, reading) in &readings[..2] {
        assert!((reading.value() - exact).abs() < OURS, "{what}: {reading:.3}, exactly {exact:.3}");
    }
    judged(&audio, nominal);
}

fn judged(audio: &Audio, nominal: f64) {
    let other = crate_reading(audio, 10).true_peak;
    assert!(ALLOWED.contains(&(other - nominal)), "{other} dBTP by the crate, expected {nominal}");
    if let Some(other) = ffmpeg_reading(audio) {
        // It prints one decimal.
        assert!(ALLOWED.contains(&(other.true_peak - nominal)), "{} by ffmpeg", other.true_peak);
    }
}

#[test]
fn cases_15_to_18_a_sine_reads_its_peak_whatever_its_phase() {
    let half = 20.0 * 0.5f64.log10();
    for (period, degrees) in [(4.0, 0.0), (4.0, 45.0), (6.0, 60.0), (8.0, 67.5)] {
        expect(&sine(period, 0.5, degrees), -6.0, half);
    }
}

#[test]
fn case_19_a_sine_above_full_scale_reads_its_peak_though_no_sample_clips() {
    let samples = sine(4.0, 1.41, 45.0);
    assert!(samples.iter().all(|x| x.abs() < 1.0), "the case must be real");
    expect(&samples, 3.0, 20.0 * 1.41f64.log10());
}

#[test]
fn cases_20_to_23_one_period_at_full_scale_is_seen_wherever_the_samples_fall() {
    let fine = burst();
    for offset in 0..4 {
        let samples: Vec<f32> = (0..FRAMES / 4).map(|n| low_passed(&fine, 4 * n + offset)).collect();
        // The low-pass moves the peak a little; what is left of it is judged by brute force.
        expect(&samples, 0.0, reference::true_peak(&samples));
    }
}

/// At four times the rate: a sine of half full scale at a sixth of the rate, and in it one period of full
/// scale at a quarter of the rate.
fn burst() -> Vec<f64> {
    // The burst begins where the sine crosses zero.
    let before = FRAMES / 2 / 24 * 24;
    let sine = |n: usize| 0.5 * fade(n, FRAMES) * (TAU * n as f64 / 24.0).sin();
    let period = (0..16).map(|n| (TAU * f64::from(n) / 16.0).sin());
    (0..before).map(sine).chain(period).chain((before..FRAMES - 16).map(sine)).collect()
}

/// One sample of `fine` through a low-pass at half the rate that it will have.
fn low_passed(fine: &[f64], at: usize) -> f32 {
    const HALF: i64 = 200;
    let tap = |k: i64| {
        let turn = PI * k as f64 / 4.0;
        let sinc = if k == 0 { 1.0 } else { turn.sin() / turn };
        let window = 0.54 + 0.46 * (PI * k as f64 / HALF as f64).cos();
        sinc * window / 4.0
    };
    let sample = |n: i64| usize::try_from(n).ok().and_then(|n| fine.get(n)).copied().unwrap_or(0.0);
    (-HALF..=HALF).map(|k| tap(k) * sample(at as i64 + k)).sum::<f64>() as f32
}
