//! Shaped noise of 16 bits: quieter to the ear, and nothing else of what plain dither keeps is lost.

use std::f64::consts::TAU;

use dsp::audio::Audio;
use dsp::effects::dither::{Depth, Quantiser, SEAM_FRAMES};
use dsp::effects::noise_shaper::{ERROR_MAX_STEPS, GAIN_MAX, NoiseShaper};
use dsp::master::{Dither, MasterParams, Outcome, master};
use dsp::progress::Unwatched;
use dsp::signal;
use dsp::units::{Dbtp, Hertz, Lufs, SampleRate};

use crate::hearing::{threshold_by_formula, threshold_by_table, weighted_db};
use crate::spectrum::{amplitude, averaged, worst_spur};

const STEP: f64 = 1.0 / 32_768.0;
const RATE: SampleRate = SampleRate::literal(44_100);

fn quantiser(rate: SampleRate, channel: usize) -> Quantiser {
    Quantiser::new(Depth::Int16, 42, channel).shaped(NoiseShaper::new(rate))
}

fn quantised(rate: SampleRate, samples: &[f32], channel: usize) -> Vec<f32> {
    let mut out = samples.to_vec();
    quantiser(rate, channel).quantise(0, &mut out);
    out
}

/// Errors of quantising, in steps of 16 bits.
fn errors(rate: SampleRate, samples: &[f32], channel: usize) -> Vec<f64> {
    let out = quantised(rate, samples, channel);
    out.iter().zip(samples).map(|(q, x)| (f64::from(*q) - f64::from(*x)) / STEP).collect()
}

fn power(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64
}

/// Twelve seconds at a tenth of full scale.
fn quiet_song(rate: SampleRate) -> Vec<f32> {
    signal::programme(rate, 1, 12.0, 3).channel(0).iter().map(|x| 0.1 * x).collect()
}

/// A sine at `level` (linear) of about `hz`.
fn sine(rate: SampleRate, hz: f64, level: f64, frames: usize) -> Vec<f32> {
    let step = TAU * hz / rate.as_f64();
    (0..frames).map(|n| (level * (step * n as f64).sin()) as f32).collect()
}

#[test]
fn the_ear_hears_less_of_it_than_of_flat_noise() {
    // Against flat triangular dither, whose noise is a quarter of a step².
    for (hertz, by_table, by_formula) in
        [(32_000, -7.0, -5.0), (44_100, -13.5, -11.0), (48_000, -15.0, -13.0), (96_000, -32.0, -32.0)]
    {
        let rate = SampleRate::literal(hertz);
        let errors = errors(rate, &quiet_song(rate), 0);
        let spectrum: Vec<f64> = averaged(&errors, 2048).iter().map(|p| p / 0.25).collect();
        let table = weighted_db(&spectrum, rate.as_f64(), threshold_by_table);
        let formula = weighted_db(&spectrum, rate.as_f64(), threshold_by_formula);
        assert!(table < by_table, "{hertz} Hz: {table:.2} dB by the table");
        assert!(formula < by_formula, "{hertz} Hz: {formula:.2} dB by the formula");
    }
}

#[test]
fn no_frequency_is_raised_by_more_than_18_db_at_any_rate() {
    for hertz in
        [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 47_999, 48_000, 88_200, 96_000, 192_000, 384_000]
    {
        let rate = SampleRate::literal(hertz);
        let shaper = NoiseShaper::new(rate);
        let points = 5_000;
        let gain = |i: usize| {
            shaper.gain_at(Hertz::literal(f64::from(hertz) / 2.0 * i as f64 / points as f64), rate).value()
        };
        let highest = (0..=points).map(gain).fold(f64::MIN, f64::max);
        assert!(highest < GAIN_MAX.value() + 0.05, "{hertz} Hz: {highest:.2} dB");
        // As much as is taken is added (the logarithm's mean is zero): so it is minimum phase, as the best is.
        let mean = (0..points).map(gain).sum::<f64>() / points as f64;
        assert!(mean.abs() < 0.05, "{hertz} Hz: mean {mean:.3} dB");
    }
}

#[test]
fn no_sample_moves_by_more_than_the_bound_even_where_full_scale_cuts() {
    for hertz in [8_000, 44_100, 96_000, 384_000] {
        let rate = SampleRate::literal(hertz);
        // A tone that is cut hard for a third of the time, then one that is not.
        let mut samples = sine(rate, 500.0, 1.15, 40_000);
        samples.extend(sine(rate, 1_300.0, 0.9, 300_000));
        let errors = errors(rate, &samples, 0);
        let highest = errors[40_000..].iter().fold(0.0f64, |a, e| a.max(e.abs()));
        assert!(highest <= ERROR_MAX_STEPS, "{hertz} Hz: {highest:.2} steps");
        for (error, sample) in errors.iter().zip(&samples[..40_000]) {
            let cut = (f64::from(sample.abs()) / STEP - 32_767.0).max(0.0);
            assert!(error.abs() <= ERROR_MAX_STEPS + cut, "{hertz} Hz: {error:.2} steps");
        }
    }
    let bound = Depth::Int16.shaped_error_max() / STEP;
    assert!((bound - ERROR_MAX_STEPS).abs() < 1e-12);
}

#[test]
fn a_tone_below_the_last_bit_survives_without_spurs() {
    let frames = 1 << 20;
    let cycles = 23_777.0 / frames as f64; // about 1 kHz
    let tone = sine(RATE, cycles * RATE.as_f64(), 1e-5, frames); // −100 dBFS
    assert!(
        tone.iter().all(|x| f64::from(x.abs()) < STEP / 2.0),
        "the case must be real: rounding gives zero"
    );
    let out: Vec<f64> = quantised(RATE, &tone, 0).iter().map(|&x| f64::from(x)).collect();
    let db = 20.0 * (amplitude(&out, cycles) / 1e-5).log10();
    assert!(db.abs() < 0.5, "{db:.2} dB off");
    let spectrum = averaged(&out, 16_384);
    let bin = (cycles * 16_384.0).round() as usize;
    let own: Vec<usize> = (bin - 3..=bin + 3).collect();
    let (spur, at) = worst_spur(&spectrum, 8, &own);
    assert!(spur < 6.0, "a spur of {spur:.1} dB in bin {at}");
}

#[test]
fn near_silence_does_not_sing() {
    for level in [0.0, 0.01, 0.25, 0.5, -0.3] {
        let errors = errors(RATE, &vec![(level * STEP) as f32; 1 << 20], 0);
        let (spur, at) = worst_spur(&averaged(&errors, 16_384), 8, &[]);
        assert!(spur < 6.0, "at {level} steps: a spur of {spur:.1} dB in bin {at}");
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        assert!(mean.abs() < 0.01, "at {level} steps: mean error {mean}");
    }
}

#[test]
fn the_noise_does_not_follow_the_signal() {
    let flat = |level: f64| vec![(level * STEP) as f32; 1 << 19];
    let mut cases: Vec<Vec<f32>> = [0.1, 0.25, 0.5, 0.77, 9_000.3, -29_000.6].map(flat).into();
    cases.extend([1e-5, 1e-3, 0.5].map(|level| sine(RATE, 997.0, level, 1 << 19)));
    let levels = |samples: &[f32]| {
        let errors = errors(RATE, samples, 0);
        let spectrum = averaged(&errors, 1024);
        // All of it, and the part below 8 kHz, where it is low.
        [power(&errors), spectrum[2..186].iter().sum::<f64>()].map(|p| 10.0 * p.log10())
    };
    let still = levels(&flat(0.0));
    for (case, samples) in cases.iter().enumerate() {
        for (here, still) in levels(samples).iter().zip(still) {
            assert!((here - still).abs() < 0.2, "case {case}: {:.3} dB", here - still);
        }
    }
}

#[test]
fn channels_have_noise_of_their_own() {
    let silence = vec![0.0f32; 1 << 20];
    let (left, right) = (errors(RATE, &silence, 0), errors(RATE, &silence, 1));
    let product = left.iter().zip(&right).map(|(l, r)| l * r).sum::<f64>() / left.len() as f64;
    let correlation = product / (power(&left) * power(&right)).sqrt();
    assert!(correlation.abs() < 0.01, "{correlation}");
}

#[test]
fn a_seam_is_a_little_louder_for_a_hundredth_of_a_second() {
    // Many seams: the noise in 512 frames (11.6 ms) around them, as the ear weighs it, against elsewhere.
    const HALF: usize = 256;
    let mut at_seam = vec![0.0; HALF];
    let mut elsewhere = vec![0.0; HALF];
    let seams = 3_000;
    let flat = seams as f64 / 4.0;
    for seed in 0..seams {
        let quantiser = Quantiser::new(Depth::Int16, seed, 0).shaped(NoiseShaper::new(RATE));
        let mut part = vec![0.0f32; 6 * HALF];
        quantiser.quantise(SEAM_FRAMES - 3 * HALF, &mut part);
        let steps: Vec<f64> = part.iter().map(|x| f64::from(*x) / STEP).collect();
        let around = |centre: usize| averaged(&steps[centre - HALF..centre + HALF], 2 * HALF);
        at_seam.iter_mut().zip(around(3 * HALF)).for_each(|(sum, p)| *sum += p);
        elsewhere.iter_mut().zip(around(HALF + 50)).for_each(|(sum, p)| *sum += p);
    }
    for threshold in [threshold_by_table, threshold_by_formula] {
        let [seam, elsewhere] = [&at_seam, &elsewhere]
            .map(|sum| weighted_db(sum, RATE.as_f64(), threshold) - 10.0 * flat.log10());
        assert!(seam - elsewhere < 2.5, "{:.2} dB more", seam - elsewhere);
        assert!(seam < -9.0, "{seam:.2} dB of flat noise");
    }
}

#[test]
fn parts_from_seam_to_seam_come_out_as_in_the_whole() {
    let samples = quiet_song(RATE);
    let whole = quantised(RATE, &samples, 1);
    let quantiser = quantiser(RATE, 1);
    for (first, last) in [(0, 1), (1, 2), (1, 3), (2, 7), (3, 9), (0, 100)] {
        let part = first * SEAM_FRAMES..(last * SEAM_FRAMES).min(samples.len());
        let mut out = samples[part.clone()].to_vec();
        quantiser.quantise(part.start, &mut out);
        assert!(out == whole[part], "seams {first} to {last}");
    }
}

#[test]
fn every_sample_lies_on_the_grid_on_both_instruction_sets() {
    let samples = sine(RATE, 100.0, 1.2, 100_003);
    let here = quantised(RATE, &samples, 0);
    for x in &here {
        let steps = f64::from(*x) * 32_768.0;
        assert!(steps == steps.round() && steps.abs() <= 32_767.0, "{steps}");
    }
    dsp::simd::set_baseline_only(true);
    let baseline = quantised(RATE, &samples, 0);
    dsp::simd::set_baseline_only(false);
    assert!(here == baseline);
    let mut floats = [0.1, -7.0];
    Quantiser::new(Depth::Float32, 42, 0).shaped(NoiseShaper::new(RATE)).quantise(0, &mut floats);
    assert_eq!(floats, [0.1, -7.0]);
}

#[test]
fn a_master_of_16_bits_is_shaped_and_the_same_on_any_number_of_threads() {
    let mix = signal::programme(RATE, 2, 14.0, 11);
    let params = MasterParams::new(Lufs::literal(-11.0), Dbtp::literal(-1.0), Depth::Int16).unwrap();
    let alone = on_threads(1, &mix, &params);
    assert!(
        alone.0.frames() > 8 * SEAM_FRAMES,
        "the case must be real: seams inside of tasks and between them"
    );
    for threads in [2, 3, 8] {
        assert!(on_threads(threads, &mix, &params) == alone, "{threads} threads");
    }
}

#[expect(clippy::disallowed_methods, reason = "the test is the caller that owns the pool")]
fn on_threads(threads: usize, mix: &Audio, params: &MasterParams) -> (Audio, Outcome) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mastered = pool.install(|| master(mix.clone(), params, &Unwatched)).unwrap();
    assert_eq!(mastered.plan.dither.value, Dither::Shaped(Depth::Int16));
    assert!(mastered.after.true_peak <= params.ceiling(), "{:?}", mastered.after.true_peak);
    (mastered.audio, mastered.outcome)
}
