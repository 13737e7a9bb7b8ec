//! What is decided for mixes whose faults are known.

use dsp::analysis::analyse;
use dsp::audio::{Audio, Samples};
use dsp::bands::{Curve, centre};
use dsp::effects::dither::Depth;
use dsp::master::{Character, ChoiceStage, Decider, MasterParams, Mastered, Premaster, Preset};
use dsp::progress::Unwatched;
use dsp::units::{Dbtp, Lufs};

use crate::music::{RATE, dulled, music};

fn premaster(mix: Audio, character: &Character) -> Premaster {
    Premaster::of(mix, character, None, &Unwatched).unwrap()
}

/// 8 s of a mix without a top.
fn dull(seed: u64) -> Audio {
    dulled(&dulled(&music(8.0, 0.0, seed), 2000.0), 2000.0)
}

const STREAMING: Character = Character::of(&Preset::STREAMING);

/// Mean of a curve between two frequencies, in dB.
fn mean(curve: &Curve, from_hz: f64, to_hz: f64) -> f64 {
    let within: Vec<f64> = (0..dsp::bands::BANDS)
        .filter(|&band| (from_hz..to_hz).contains(&centre(band).value()))
        .map(|band| curve.0[band])
        .collect();
    within.iter().sum::<f64>() / within.len() as f64
}

#[test]
fn a_dull_mix_is_lifted_at_the_top_and_a_bright_one_lowered() {
    let (lacking, bright) = (premaster(dull(1), &STREAMING), premaster(music(8.0, 3.0, 1), &STREAMING));
    let (lifted, lowered) =
        (mean(&lacking.about().chain.tone, 5e3, 1e4), mean(&bright.about().chain.tone, 5e3, 1e4));
    assert!(lifted > 0.5, "{lifted}");
    assert!(lowered < -0.5, "{lowered}");
    // And it does what it says: the premaster's own spectrum has moved so.
    let before = analyse(&dull(1), &Unwatched).unwrap();
    let after = analyse(lacking.audio(), &Unwatched).unwrap();
    let moved =
        mean(&Curve(after.spectrum.mid.mean), 5e3, 1e4) - mean(&Curve(before.spectrum.mid.mean), 5e3, 1e4);
    let middle = mean(&Curve(after.spectrum.mid.mean), 400.0, 1500.0)
        - mean(&Curve(before.spectrum.mid.mean), 400.0, 1500.0);
    assert!((moved - middle - lifted).abs() < 1.0, "{moved} {middle} {lifted}");
}

#[test]
fn intensity_scales_decisions_and_never_the_loudness() {
    let params = MasterParams::new(Lufs::literal(-16.0), Dbtp::literal(-1.0), Depth::Int24).unwrap();
    let at = |intensity: f64| -> Mastered {
        let character = STREAMING.with_intensity(intensity).unwrap();
        premaster(dull(2), &character).master(&params, &Unwatched).unwrap()
    };
    let top = |mastered: &Mastered| mean(&mastered.plan.chain.tone, 5e3, 1e4);
    let masters: Vec<Mastered> = [0.2, 0.5, 0.8].into_iter().map(at).collect();
    assert!(top(&masters[0]) < top(&masters[1]) && top(&masters[1]) < top(&masters[2]));
    for mastered in &masters {
        let loudness = mastered.after.integrated.unwrap().value();
        assert!((loudness + 16.0).abs() <= 0.05, "{loudness}");
    }
}

#[test]
fn an_amount_of_zero_leaves_that_side_of_the_sound_alone_and_says_who_wanted_it() {
    let character = STREAMING.with_tone(0.0).unwrap().with_width(0.0).unwrap();
    let premaster = premaster(dull(3), &character);
    let chain = &premaster.about().chain;
    assert!(
        chain.tone.is_flat()
            && chain.high_pass.is_none()
            && chain.side.is_flat()
            && chain.mono_below.is_none()
    );
    assert!(chain.bands.is_some(), "dynamics were not switched off");
    for stage in [ChoiceStage::Tone, ChoiceStage::Width] {
        let choice = premaster.about().choices.iter().find(|choice| choice.stage == stage).unwrap();
        assert_eq!((choice.by, choice.value), (Decider::User, None));
    }
}

/// Level of all samples, in dB.
fn level_db(audio: &Audio) -> f64 {
    let squares = audio.channels().iter().flat_map(|c| c.iter()).map(|x| f64::from(*x).powi(2));
    10.0 * squares.sum::<f64>().log10()
}

/// The make-up is solved for a detector that weighs channels (0.7 of the louder, 0.3 of the mid).
const ENERGY_DB: f64 = 0.15;

#[test]
fn compressors_take_on_average_what_was_decided_and_keep_the_energy() {
    let mix = music(10.0, -2.5, 4);
    let premaster = premaster(mix, &Character::of(&Preset::LOUD));
    let told: Vec<f64> = premaster
        .about()
        .choices
        .iter()
        .filter(|choice| choice.what.starts_with("compression of"))
        .filter_map(|choice| choice.value)
        .collect();
    assert!(told.len() >= 2, "the case must be real: {told:?}");
    assert!(told.iter().all(|db| (-2.5..=-0.1).contains(db)), "{told:?}");

    // With nothing but dynamics at work, the samples have the energy that they had.
    let alone = Character::of(&Preset::LOUD).with_tone(0.0).unwrap().with_width(0.0).unwrap();
    let alone = alone.with_intensity(0.49).unwrap();
    let mix = music(10.0, -2.5, 4);
    let made = self::premaster(mix.clone(), &alone);
    assert!(made.about().chain.bands.is_some() && made.about().chain.glue.is_some(), "the case must be real");
    assert!(made.about().chain.high_pass.is_none() && made.about().chain.shave_above.is_none());
    let change = level_db(made.audio()) - level_db(&mix);
    assert!(change.abs() < ENERGY_DB, "{change} dB");
}

#[test]
fn bass_that_cancels_is_made_mono_and_bass_in_the_middle_is_left_alone() {
    let mix = music(8.0, 0.0, 5);
    let tone = |n: usize| (0.2 * (std::f64::consts::TAU * 50.0 * n as f64 / RATE.as_f64()).sin()) as f32;
    let turned: Vec<Samples> = [1.0f32, -1.0]
        .into_iter()
        .zip(mix.channels())
        .map(|(sign, channel)| {
            Samples::copied(&channel.iter().enumerate().map(|(n, x)| x + sign * tone(n)).collect::<Vec<_>>())
        })
        .collect();
    let cancelling = premaster(Audio::from_channels(RATE, turned), &STREAMING);
    assert!(cancelling.about().chain.mono_below.is_some());
    let features = analyse(cancelling.audio(), &Unwatched).unwrap();
    assert!(features.low_end.bass_correlation > 0.9, "{:?}", features.low_end);

    let mono: Vec<Samples> = (0..2).map(|_| mix.channels()[0].clone()).collect();
    assert_eq!(premaster(Audio::from_channels(RATE, mono), &STREAMING).about().chain.mono_below, None);
}

#[test]
fn what_is_too_short_to_judge_is_only_made_as_loud_as_asked() {
    let short = premaster(music(2.0, -4.0, 6), &STREAMING);
    assert!(short.about().chain.is_neutral());
    assert!(short.about().choices.iter().all(|choice| choice.reason.contains("3\u{2009}s are needed")));
}

#[test]
fn a_dense_master_is_touched_less() {
    let mix = dull(7);
    let params = MasterParams::new(Lufs::literal(-8.0), Dbtp::literal(-0.5), Depth::Float32)
        .unwrap()
        .with_force(dsp::master::Force::BeyondBudgets);
    let squashed = premaster(mix.clone(), &Character::NONE).master(&params, &Unwatched).unwrap().audio;
    let (of_mix, of_master) = (premaster(mix, &STREAMING), premaster(squashed, &STREAMING));
    let top = |p: &Premaster| mean(&p.about().chain.tone, 5e3, 1e4);
    assert!(of_master.about().chain.bands.is_none(), "it has been compressed enough");
    assert!(top(&of_master) < 0.6 * top(&of_mix), "{} and {}", top(&of_master), top(&of_mix));
}

#[test]
fn nothing_is_lifted_above_the_low_pass_of_a_lossy_encoder() {
    let cut_off = low_passed(&dull(8), 14_500.0);
    let features = analyse(&cut_off, &Unwatched).unwrap();
    let corner = features.bandwidth.lossy_low_pass.expect("the case must be real").value();
    assert!((14_000.0..15_500.0).contains(&corner), "{corner}");
    let premaster = premaster(cut_off, &Character::of(&Preset::CLUB).with_intensity(1.0).unwrap());
    let tone = &premaster.about().chain.tone;
    assert!(mean(tone, 5e3, 1e4) > 0.5, "below it the top is lifted");
    let above = (0..dsp::bands::BANDS).filter(|&band| centre(band).value() > corner * 1.2);
    assert!(above.into_iter().all(|band| tone.0[band] < 0.05), "{:?}", tone.0);
}

/// What a steep low-pass leaves: a windowed sinc of 1025 taps.
fn low_passed(audio: &Audio, corner_hz: f64) -> Audio {
    const REACH: usize = 512;
    let cut = 2.0 * corner_hz / RATE.as_f64();
    let taps: Vec<f32> = (0..=2 * REACH)
        .map(|k| {
            let t = k as f64 - REACH as f64;
            let x = std::f64::consts::PI * t * cut;
            let sinc = if t == 0.0 { 1.0 } else { x.sin() / x };
            let window = 0.5 + 0.5 * (std::f64::consts::PI * t / (REACH + 1) as f64).cos();
            (cut * sinc * window) as f32
        })
        .collect();
    let filtered = audio.channels().iter().map(|channel| {
        let mut padded = vec![0.0f32; REACH];
        padded.extend_from_slice(channel);
        padded.resize(channel.len() + 2 * REACH, 0.0);
        let mut out = vec![0.0f32; channel.len()];
        for (tap, input) in taps.iter().zip(padded.windows(channel.len())) {
            out.iter_mut().zip(input).for_each(|(out, x)| *out += tap * x);
        }
        Samples::copied(&out)
    });
    Audio::from_channels(audio.rate(), filtered.collect())
}
