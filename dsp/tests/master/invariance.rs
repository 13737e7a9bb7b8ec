//! What must not matter, and what must come out the same way round: length, place, channels, sign, level, threads.

use dsp::audio::{Audio, Samples};
use dsp::effects::dither::Depth;
use dsp::master::{Force, MasterParams, Mastered, master};
use dsp::progress::Unwatched;
use dsp::units::{Dbtp, Decibels, Lufs, SampleRate};

use crate::programmes::{Kind, programme};

const RATE: SampleRate = SampleRate::literal(44_100);

fn mastered(mix: &Audio, depth: Depth) -> Mastered {
    let params = MasterParams::new(Lufs::literal(-9.5), Dbtp::literal(-1.0), depth).unwrap();
    let mastered = master(mix.clone(), &params, &Unwatched).unwrap();
    assert!(mastered.work.reduction_max.value() > 2.0, "the case must be real: {:?}", mastered.work);
    mastered
}

fn mapped(audio: &Audio, f: impl Fn(f32) -> f32) -> Audio {
    let map = |c: &Samples| Samples::copied(&c.iter().map(|&x| f(x)).collect::<Vec<f32>>());
    Audio::from_channels(audio.rate(), audio.channels().iter().map(map).collect())
}

fn swapped(audio: &Audio) -> Audio {
    Audio::from_channels(audio.rate(), audio.channels().iter().rev().cloned().collect())
}

fn music() -> Audio {
    programme(Kind::Music, RATE, 3.0, 33)
}

#[test]
fn the_master_is_as_long_as_the_mix_and_nothing_moves() {
    let mut mix = mapped(&music(), |x| x * 0.2);
    for channel in mix.channels_mut() {
        channel[70_000] = 0.9;
    }
    // The budgets would leave so lone a stroke nearly as it is.
    let params = MasterParams::new(Lufs::literal(-9.5), Dbtp::literal(-1.0), Depth::Float32).unwrap();
    let mastered = master(mix.clone(), &params.with_force(Force::BeyondBudgets), &Unwatched).unwrap();
    assert!(mastered.work.reduction_max.value() > 2.0, "the case must be real: {:?}", mastered.work);
    assert_eq!(mastered.audio.frames(), mix.frames());
    for (source, out) in mix.channels().iter().zip(mastered.audio.channels()) {
        // The sharpest sample, not the highest: under a limiter many peaks are as high as each other.
        let bend = |c: &[f32], n: usize| (2.0 * c[n] - c[n - 1] - c[n + 1]).abs();
        let sharpest =
            |c: &[f32]| (60_000..80_000).max_by(|&a, &b| bend(c, a).total_cmp(&bend(c, b))).unwrap();
        assert_eq!((sharpest(source), sharpest(out)), (70_000, 70_000));
    }
}

#[test]
fn one_gain_moves_all_channels() {
    let mix = music();
    let out = mastered(&mix, Depth::Float32).audio;
    let ratio = |c: usize, n: usize| f64::from(out.channel(c)[n]) / f64::from(mix.channel(c)[n]);
    let worst = (0..mix.frames())
        .filter(|&n| mix.channel(0)[n].abs() > 0.01 && mix.channel(1)[n].abs() > 0.01)
        .map(|n| (ratio(0, n) / ratio(1, n) - 1.0).abs())
        .fold(0.0, f64::max);
    assert!(worst < 3e-7, "the image moves by {worst}");
}

#[test]
fn left_and_right_can_be_swapped_before_or_after() {
    let mix = music();
    let (before, after) = (mastered(&swapped(&mix), Depth::Float32), mastered(&mix, Depth::Float32));
    assert!(before.audio == swapped(&after.audio));
}

#[test]
fn polarity_can_be_turned_before_or_after() {
    let mix = music();
    let (before, after) = (mastered(&mapped(&mix, |x| -x), Depth::Float32), mastered(&mix, Depth::Float32));
    assert!(before.audio == mapped(&after.audio, |x| -x));
}

#[test]
fn the_level_of_the_mix_does_not_matter() {
    let mix = music();
    let twice = mastered(&mapped(&mix, |x| x * 2.0), Depth::Float32);
    let whole = mastered(&mix, Depth::Float32);
    let error: f64 = twice
        .audio
        .channels()
        .iter()
        .zip(whole.audio.channels())
        .flat_map(|(a, b)| a.iter().zip(b.iter()))
        .map(|(a, b)| f64::from(a - b).abs())
        .fold(0.0, f64::max);
    assert!(error < 1e-4, "6 dB of fader change samples by {error}");
    let loudness = |m: &Mastered| m.after.integrated.unwrap().value();
    assert!((loudness(&twice) - loudness(&whole)).abs() < 0.001);
    assert!(
        (whole.plan.gain.value - twice.plan.gain.value - Decibels::literal(6.020_6)).value().abs() < 0.001
    );
}

#[test]
fn equal_channels_stay_equal() {
    let mono = music();
    let both = Audio::from_channels(RATE, vec![mono.channels()[0].clone(), mono.channels()[0].clone()]);
    let out = mastered(&both, Depth::Float32).audio;
    assert!(out.channels()[0] == out.channels()[1]);
}

#[test]
fn mono_is_mastered_as_mono() {
    let mono = Audio::from_channels(RATE, vec![music().channels()[0].clone()]);
    let params = MasterParams::new(Lufs::literal(-14.0), Dbtp::literal(-1.0), Depth::Int16).unwrap();
    let out = master(mono, &params, &Unwatched).unwrap();
    assert_eq!(out.audio.channel_count(), 1);
    assert!((out.after.integrated.unwrap().value() + 14.0).abs() <= 0.05);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test is a caller, and the pool belongs to the caller")]
fn any_number_of_threads_gives_the_same_samples() {
    let mix = music();
    for depth in [Depth::Int16, Depth::Float32] {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| mastered(&mix, depth))
        };
        let alone = on(1);
        for threads in [2, 3, 8, 16] {
            let together = on(threads);
            assert!(together.audio == alone.audio, "{threads} threads");
            assert_eq!(together.plan, alone.plan);
            assert_eq!(together.after, alone.after);
        }
    }
}

#[test]
fn both_instruction_sets_give_the_same_samples() {
    let mix = music();
    let here = mastered(&mix, Depth::Int24);
    dsp::simd::set_baseline_only(true);
    let baseline = mastered(&mix, Depth::Int24);
    dsp::simd::set_baseline_only(false);
    assert!(here.audio == baseline.audio);
    assert_eq!(here.plan, baseline.plan);
}
