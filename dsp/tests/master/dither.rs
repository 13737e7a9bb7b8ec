//! Quantising: the noise of triangular dither, what it keeps, and what stays exact.

use dsp::audio::{Audio, Layout, Samples};
use dsp::effects::dither::{BLANK_AFTER, Depth, Quantiser, digital_silence};
use dsp::master::{MasterParams, Outcome, SourceDepth, master};
use dsp::progress::Unwatched;
use dsp::units::{Dbtp, Lufs, SampleRate};

use crate::programmes::{Kind, programme};
use crate::spectrum::amplitude;

const STEP: f64 = 1.0 / 32_768.0;
const RATE: SampleRate = SampleRate::literal(48_000);

fn quantised(samples: &[f32], depth: Depth, channel: usize) -> Vec<f32> {
    let mut out = samples.to_vec();
    Quantiser::new(depth, 42, channel).quantise(0, &mut out);
    out
}

/// Errors of quantising, in steps of 16 bits.
fn errors(samples: &[f32], channel: usize) -> Vec<f64> {
    let out = quantised(samples, Depth::Int16, channel);
    out.iter().zip(samples).map(|(q, x)| (f64::from(*q) - f64::from(*x)) / STEP).collect()
}

fn power(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64
}

#[test]
fn the_noise_of_16_bits_is_that_of_triangular_dither_at_every_level_of_the_signal() {
    // step² / 6 of dither and step² / 12 of rounding: step² / 4, −96.33 dB re full scale.
    for level in [0.0, 0.1 * STEP, 0.25 * STEP, 0.5 * STEP, 0.77 * STEP, 0.3, -0.9] {
        let errors = errors(&vec![level as f32; 1 << 19], 0);
        let noise_db = 10.0 * (power(&errors) * STEP * STEP).log10();
        assert!((noise_db + 96.33).abs() < 0.05, "at {level}: {noise_db:.3} dB");
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        assert!(mean.abs() < 0.005, "at {level}: mean error {mean} steps");
        assert!(errors.iter().all(|e| e.abs() <= 1.5), "never more than a step and a half");
    }
}

#[test]
fn the_noise_is_white() {
    // The mean power of sixteen bands of a 2^10 spectrum over 512 stretches, each within a decibel of the mean.
    let errors = errors(&vec![0.123f32; 1 << 19], 1);
    let mut bands = [0.0f64; 16];
    for stretch in errors.chunks_exact(1024) {
        for bin in 1..=512 {
            // One bin in eight is enough: 32 for each two bands.
            if bin % 8 == 0 {
                bands[(bin - 1) / 32] += amplitude(stretch, bin).powi(2);
            }
        }
    }
    let mean = bands.iter().sum::<f64>() / 16.0;
    for (band, power) in bands.iter().enumerate() {
        let db = 10.0 * (power / mean).log10();
        assert!(db.abs() < 1.0, "band {band}: {db:.2} dB");
    }
}

#[test]
fn a_tone_below_the_last_bit_survives_without_harmonics() {
    let frames = 1 << 20;
    let cycles = 21_846; // about 1 kHz
    let peak = 1e-5; // −100 dBFS, a third of a step
    let step = std::f64::consts::TAU * cycles as f64 / frames as f64;
    let tone: Vec<f32> = (0..frames).map(|n| (peak * (step * n as f64).sin()) as f32).collect();
    assert!(
        tone.iter().all(|x| f64::from(x.abs()) < STEP / 2.0),
        "the case must be real: plain rounding gives zero"
    );
    let out: Vec<f64> = quantised(&tone, Depth::Int16, 0).iter().map(|&x| f64::from(x)).collect();
    let db = 20.0 * (amplitude(&out, cycles) / peak).log10();
    assert!(db.abs() < 0.5, "{db:.2} dB off");
    // The noise in one bin: power step² / 4 spread over frames / 2 bins, as an amplitude.
    let floor = (STEP * STEP / 4.0 * 4.0 / frames as f64).sqrt();
    for harmonic in [2, 3, 4, 5, 7, 9] {
        let over = 20.0 * (amplitude(&out, harmonic * cycles) / floor).log10();
        assert!(over < 10.0, "harmonic {harmonic}: {over:.1} dB over the mean of its bin");
    }
}

#[test]
fn channels_have_dither_of_their_own() {
    let silence = vec![0.0f32; 1 << 18];
    let (left, right) = (errors(&silence, 0), errors(&silence, 1));
    let product = left.iter().zip(&right).map(|(l, r)| l * r).sum::<f64>() / left.len() as f64;
    let correlation = product / (power(&left) * power(&right)).sqrt();
    assert!(correlation.abs() < 0.01, "{correlation}");
}

#[test]
fn any_part_of_a_channel_can_be_quantised_on_its_own() {
    let samples: Vec<f32> = programme(Kind::Music, RATE, 0.2, 1).channel(0).to_vec();
    let whole = quantised(&samples, Depth::Int24, 0);
    let quantiser = Quantiser::new(Depth::Int24, 42, 0);
    for start in [0, 1, 8, 777, 4096] {
        let mut part = samples[start..start + 1001].to_vec();
        quantiser.quantise(start, &mut part);
        assert_eq!(part, whole[start..start + 1001], "from {start}");
    }
}

#[test]
fn every_sample_is_a_whole_number_of_steps_and_none_leaves_the_range() {
    for (depth, full_scale) in [(Depth::Int16, 32_768.0), (Depth::Int24, 8_388_608.0)] {
        let mut samples: Vec<f32> = programme(Kind::Noise, RATE, 0.5, 1).channel(0).to_vec();
        samples.extend([1.0, -1.0, 0.999_999, -0.999_999, 3.0, -3.0]);
        for x in quantised(&samples, depth, 0) {
            let steps = f64::from(x) * full_scale;
            assert!(steps == steps.round() && steps.abs() <= full_scale - 1.0, "{depth:?}: {steps}");
        }
    }
    assert_eq!(quantised(&[0.1, -7.0], Depth::Float32, 0), [0.1, -7.0]);
}

#[test]
fn both_instruction_sets_dither_alike() {
    let samples: Vec<f32> = programme(Kind::Music, RATE, 0.5, 2).channel(0).to_vec();
    let here = quantised(&samples, Depth::Int16, 0);
    dsp::simd::set_baseline_only(true);
    let baseline = quantised(&samples, Depth::Int16, 0);
    dsp::simd::set_baseline_only(false);
    assert_eq!(here, baseline);
}

#[test]
fn digital_silence_is_found_to_the_sample() {
    let mut samples = vec![0.5f32; 40_000];
    samples[1_000..1_000 + BLANK_AFTER].fill(0.0);
    samples[10_001..10_000 + BLANK_AFTER].fill(0.0); // one too short
    samples[30_003..].fill(-0.0);
    assert_eq!(digital_silence(&samples), [1_000..1_000 + BLANK_AFTER, 30_003..40_000]);
    assert_eq!(digital_silence(&[0.0; 100]).len(), 1, "short, but nothing else");
}

#[test]
fn silence_within_a_song_stays_silence() {
    let mut mix = programme(Kind::Music, RATE, 3.0, 4);
    for channel in mix.channels_mut() {
        channel[..10_000].fill(0.0);
        channel[60_000..80_000].fill(0.0);
    }
    let params = MasterParams::new(Lufs::literal(-12.0), Dbtp::literal(-1.0), Depth::Int16).unwrap();
    let mastered = master(mix, &params, &Unwatched).unwrap();
    for channel in mastered.audio.channels() {
        assert!(channel[..10_000].iter().chain(&channel[60_000..80_000]).all(|&x| x == 0.0));
        assert!(channel[80_000..80_100].iter().any(|&x| x != 0.0));
    }
}

#[test]
fn samples_on_the_grid_are_copied_and_others_are_dithered() {
    let loud = programme(Kind::Music, RATE, 2.0, 6);
    let on_grid = |bits: i32| {
        let scale = 2f32.powi(bits - 1);
        let grid = |c: &Samples| {
            Samples::copied(&c.iter().map(|x| (x * scale).round() / scale).collect::<Vec<f32>>())
        };
        Audio::from_channels(RATE, loud.channels().iter().map(grid).collect())
    };
    let neutral = |source: SourceDepth, depth: Depth, mix: &Audio| {
        let params = MasterParams::keeping_loudness(Dbtp::literal(0.0), depth).unwrap().of_source(source);
        let mastered = master(mix.clone(), &params, &Unwatched).unwrap();
        assert_eq!(mastered.outcome, Outcome::Unchanged);
        mastered.audio == *mix
    };
    assert!(neutral(SourceDepth::Int { bits: 24 }, Depth::Int24, &on_grid(24)));
    assert!(neutral(SourceDepth::Int { bits: 16 }, Depth::Int16, &on_grid(16)));
    assert!(neutral(SourceDepth::Int { bits: 16 }, Depth::Int24, &on_grid(16)));
    assert!(neutral(SourceDepth::Float, Depth::Float32, &loud));
    assert!(
        !neutral(SourceDepth::Int { bits: 24 }, Depth::Int16, &on_grid(24)),
        "24 bits do not fit into 16"
    );
    assert!(!neutral(SourceDepth::Float, Depth::Int24, &loud), "floats need rounding");
}

#[test]
fn silence_comes_back_as_silence_in_every_depth() {
    for depth in [Depth::Int16, Depth::Int24, Depth::Float32] {
        for frames in [1, 100, 50_000] {
            let silence = Audio::silence(RATE, Layout::stereo(), frames);
            let params = MasterParams::new(Lufs::literal(-9.0), Dbtp::literal(-1.0), depth).unwrap();
            let mastered = master(silence.clone(), &params, &Unwatched).unwrap();
            assert_eq!(mastered.outcome, Outcome::Silent);
            assert!(mastered.audio == silence, "{depth:?}, {frames} frames");
        }
    }
}
