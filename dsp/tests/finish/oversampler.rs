//! Four times the rate and back: flat, nothing delayed, nothing folded, nothing touched that need not be.

use std::f64::consts::TAU;

use dsp::parts::oversampler::{REACH_FRAMES, Residue, Scratch, add_residue};
use dsp::signal;
use dsp::units::SampleRate;

use crate::spectrum::amplitude;

const RATE: SampleRate = SampleRate::literal(44_100);

/// Adds the signal once more.
#[derive(Clone, Copy)]
struct Double;

impl Residue for Double {
    #[inline(always)]
    fn of(self, value: f32) -> f32 {
        value
    }
}

/// Adds the third power.
#[derive(Clone, Copy)]
struct Cube;

impl Residue for Cube {
    #[inline(always)]
    fn of(self, value: f32) -> f32 {
        value * value * value
    }
}

#[derive(Clone, Copy)]
struct Nothing;

impl Residue for Nothing {
    #[inline(always)]
    fn of(self, _value: f32) -> f32 {
        0.0
    }
}

fn with(residue: impl Residue, samples: &[f32]) -> Vec<f32> {
    let mut out = samples.to_vec();
    add_residue(residue, 0..samples.len(), samples, 0, &mut out, &mut Scratch::new());
    out
}

fn sine(cycles_per_frame: f64, level: f64) -> Vec<f32> {
    (0..20_000).map(|n| (level * (TAU * cycles_per_frame * n as f64 + 0.4).sin()) as f32).collect()
}

fn middle(samples: &[f32]) -> Vec<f64> {
    samples[100..samples.len() - 100].iter().map(|x| f64::from(*x)).collect()
}

#[test]
fn the_residue_comes_back_flat_and_in_time() {
    for (share, most_db) in [(0.01, 0.002), (0.2, 0.002), (0.5, 0.002), (0.75, 0.005), (0.84, 0.02)] {
        let samples = sine(share / 2.0, 0.5);
        let out = middle(&with(Double, &samples));
        let residue: Vec<f64> = out.iter().zip(middle(&samples)).map(|(y, x)| y - x).collect();
        let gain = 20.0 * (amplitude(&residue, share / 2.0) / 0.5).log10();
        assert!(gain.abs() < most_db, "{share} of the Nyquist frequency: {gain:.4} dB");
        let late: f64 = residue.iter().zip(middle(&samples)).map(|(r, x)| (r - x).abs()).fold(0.0, f64::max);
        assert!(late < 0.5 * 1.3 * (10f64.powf(most_db / 20.0) - 1.0) + 1e-4, "{share}: off by {late}");
    }
}

#[test]
fn what_has_no_room_is_cut_off() {
    // Of a tone cubed, the third harmonic: beyond the Nyquist frequency from a third of it on.
    for share in [0.40, 0.47, 0.6, 0.66] {
        let samples = sine(share / 2.0, 1.0);
        let out = middle(&with(Cube, &samples));
        let alias = 1.0 - 1.5 * share;
        let level = 20.0 * (amplitude(&out, alias.abs()) / 0.25).log10();
        assert!(level < -75.0, "{share} of the Nyquist frequency: {level:.1} dB of the harmonic folds back");
    }
}

#[test]
fn where_nothing_is_added_every_bit_stays() {
    let samples = signal::programme(RATE, 1, 1.0, 4).channel(0).to_vec();
    assert!(with(Nothing, &samples) == samples);
}

#[test]
fn a_signal_can_be_cut_anywhere() {
    let samples = signal::programme(RATE, 1, 0.5, 6).channel(0).to_vec();
    let whole = with(Cube, &samples);
    let mut scratch = Scratch::new();
    for cuts in [[1, 700, 701, 9_000], [512, 1024, 1536, 4096], [13, 14, 15, 20_000]] {
        let mut parts = samples.clone();
        let ends = cuts.into_iter().chain([samples.len()]);
        let mut start = 0;
        for end in ends {
            add_residue(Cube, 0..samples.len(), &samples, start, &mut parts[start..end], &mut scratch);
            start = end;
        }
        assert!(parts == whole, "{cuts:?}");
    }
    dsp::simd::set_baseline_only(true);
    let baseline = with(Cube, &samples);
    dsp::simd::set_baseline_only(false);
    assert!(baseline == whole, "instruction sets");
}

#[test]
fn only_what_is_asked_for_is_bent() {
    let samples = signal::programme(RATE, 1, 0.5, 6).channel(0).to_vec();
    let mut out = samples.clone();
    add_residue(Cube, 5_000..5_100, &samples, 0, &mut out, &mut Scratch::new());
    let reach = REACH_FRAMES / 2;
    let changed = |range: std::ops::Range<usize>| range.into_iter().any(|n| out[n] != samples[n]);
    assert!(!changed(0..5_000 - reach) && !changed(5_100 + reach..samples.len()));
    assert!(changed(5_000..5_100));
    let whole = with(Cube, &samples);
    assert!(out[5_000 + reach..5_100 - reach] == whole[5_000 + reach..5_100 - reach]);
}
