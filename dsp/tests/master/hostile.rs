//! Inputs that no mix should be, and stopping on the way.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dsp::audio::{Audio, Channel, Layout, Samples};
use dsp::effects::dither::Depth;
use dsp::master::{Force, Limit, MasterError, MasterParams, MasterWatch, Mastered, Outcome, Stage, master};
use dsp::progress::{Unwatched, Watch};
use dsp::signal::noise;
use dsp::units::{Dbfs, Dbtp, Lufs, SampleRate};

use crate::oracle;
use crate::programmes::{Kind, programme};

const RATE: SampleRate = SampleRate::literal(44_100);

fn params(loudness: f64, depth: Depth) -> MasterParams {
    MasterParams::new(Lufs::literal(loudness), Dbtp::literal(-1.0), depth).unwrap()
}

fn mastered(mix: Audio, depth: Depth) -> Mastered {
    master(mix, &params(-9.0, depth), &Unwatched).unwrap()
}

fn mono(samples: &[f32]) -> Audio {
    Audio::from_channels(RATE, vec![Samples::copied(samples)])
}

fn all_finite_and_under_the_ceiling(mastered: &Mastered) {
    assert!(mastered.audio.channels().iter().all(|c| c.iter().all(|x| x.is_finite())));
    assert!(mastered.after.true_peak <= Dbtp::literal(-1.0), "{:?}", mastered.after.true_peak);
}

#[test]
fn no_frames_are_an_error_that_says_so() {
    let nothing = Audio::silence(RATE, Layout::stereo(), 0);
    let error = master(nothing, &params(-9.0, Depth::Int16), &Unwatched).unwrap_err();
    assert_eq!(error, MasterError::Empty);
    assert!(error.to_string().contains("no frames"));
}

#[test]
fn samples_that_are_not_numbers_are_refused_with_their_count() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut mix = programme(Kind::Music, RATE, 1.0, 1);
        mix.channel_mut(1)[777] = bad;
        mix.channel_mut(0)[3] = bad;
        let error = master(mix, &params(-9.0, Depth::Int16), &Unwatched).unwrap_err();
        assert_eq!(error, MasterError::Broken { samples: 2 });
    }
}

#[test]
fn a_single_sample_comes_to_the_ceiling_or_20_db_up() {
    let loud = mastered(mono(&[0.25]), Depth::Float32);
    assert_eq!(loud.outcome, Outcome::TooShort);
    all_finite_and_under_the_ceiling(&loud);
    assert!(loud.after.true_peak.value() > -1.1, "{:?}", loud.after.true_peak);
    let quiet = mastered(mono(&[0.001]), Depth::Float32);
    assert!((f64::from(quiet.audio.channel(0)[0]) - 0.01).abs() < 1e-7, "20 dB at most");
}

#[test]
fn any_short_length_works() {
    for frames in [1, 2, 3, 7, 8, 9, 31, 32, 33, 100, 4095, 4096, 17_639, 17_640, 17_641, 20_000] {
        let samples: Vec<f32> = (0..frames).map(|n| (0.5 + n as f32 * 0.3).sin() * 0.7).collect();
        for depth in [Depth::Int16, Depth::Float32] {
            let mastered = mastered(mono(&samples), depth);
            assert_eq!(mastered.audio.frames(), frames);
            assert_eq!(
                mastered.outcome == Outcome::TooShort,
                frames < 17_640,
                "{frames}: {:?}",
                mastered.outcome
            );
            all_finite_and_under_the_ceiling(&mastered);
        }
    }
}

#[test]
fn floats_far_over_full_scale_are_mastered_like_any_mix() {
    let mut mix = programme(Kind::Music, RATE, 3.0, 2);
    mix.channels_mut().iter_mut().flat_map(|c| c.iter_mut()).for_each(|x| *x *= 1000.0);
    let mastered = master(mix, &params(-12.0, Depth::Int24), &Unwatched).unwrap();
    assert_eq!(mastered.outcome, Outcome::Reached);
    all_finite_and_under_the_ceiling(&mastered);
}

#[test]
fn noise_up_to_the_nyquist_frequency_is_turned_down_rather_than_let_over() {
    // No filter of finite length knows the true peak here; ours is the certifying one.
    for seed in 0..4 {
        let mix = noise(RATE, 2, Dbfs::literal(-20.0), 100_000, seed);
        let loud = params(-7.0, Depth::Float32).with_force(Force::BeyondBudgets);
        let mastered = master(mix, &loud, &Unwatched).unwrap();
        all_finite_and_under_the_ceiling(&mastered);
        let asked = mastered.after.integrated.unwrap().value() + 7.0;
        assert!(
            asked.abs() <= 0.05 || matches!(mastered.outcome, Outcome::Refused { .. }),
            "{:?}",
            mastered.outcome
        );
    }
}

#[test]
fn a_constant_and_a_square_at_the_nyquist_frequency_stay_under_the_ceiling() {
    for alternate in [1.0f32, -1.0] {
        let samples: Vec<f32> = (0..44_100).map(|n| if n % 2 == 0 { 0.9 } else { 0.9 * alternate }).collect();
        all_finite_and_under_the_ceiling(&mastered(mono(&samples), Depth::Int16));
    }
}

#[test]
fn what_no_meter_counts_is_silent_but_not_over_the_ceiling() {
    let tone: Vec<f32> = (0..44_100).map(|n| (n as f32 * 0.01).sin()).collect();
    let layout = Layout::of(vec![Channel::Left, Channel::Lfe]);
    let mix = Audio::with_layout(RATE, layout, vec![Samples::silence(44_100), Samples::copied(&tone)]);
    let mastered = mastered(mix, Depth::Int16);
    assert_eq!(mastered.outcome, Outcome::Silent);
    all_finite_and_under_the_ceiling(&mastered);
}

#[test]
fn numbers_close_to_zero_are_silence_and_cost_no_precision() {
    let tiny: Vec<f32> = (0..44_100).map(|n| f32::MIN_POSITIVE / 2.0 * (n % 3) as f32).collect();
    let mastered = mastered(mono(&tiny), Depth::Float32);
    assert_eq!(mastered.outcome, Outcome::Silent);
    assert_eq!(mastered.audio.channel(0), &tiny[..]);
}

#[test]
fn every_rate_is_mastered() {
    for hertz in [8_000, 11_025, 22_050, 32_000, 47_999, 88_200, 176_400, 192_000, 384_000] {
        let mix = programme(Kind::Music, SampleRate::literal(hertz), 1.5, 9);
        let mastered = master(mix, &params(-11.0, Depth::Int24), &Unwatched).unwrap();
        all_finite_and_under_the_ceiling(&mastered);
        assert!(
            (mastered.after.integrated.unwrap().value() + 11.0).abs() <= 0.05,
            "{hertz}: {:?}",
            mastered.outcome
        );
    }
}

#[test]
fn six_channels_share_one_gain() {
    let stereo = programme(Kind::Music, RATE, 3.0, 12);
    let silent = || Samples::silence(stereo.frames());
    let mut channels = vec![stereo.channels()[0].clone(), stereo.channels()[1].clone()];
    channels.extend([silent(), silent(), stereo.channels()[1].clone(), stereo.channels()[0].clone()]);
    let mix = Audio::from_channels(RATE, channels);
    let mastered = mastered(mix, Depth::Float32);
    assert_eq!(mastered.outcome, Outcome::Reached);
    assert!(mastered.audio.channels()[0] == mastered.audio.channels()[5]);
    assert!((oracle::loudness(&mastered.audio) + 9.0).abs() < 0.055);
}

/// Cancels after so many questions, and keeps what it was told.
struct Impatient {
    questions_left: AtomicUsize,
    stages: Mutex<Vec<Stage>>,
}

impl Watch for Impatient {
    fn done(&self, fraction: f64) {
        assert!((0.0..=1.0).contains(&fraction), "{fraction}");
    }
    fn is_cancelled(&self) -> bool {
        self.questions_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err()
    }
}

impl MasterWatch for Impatient {
    fn enter(&self, stage: Stage) {
        self.stages.lock().unwrap().push(stage);
    }
}

#[test]
fn a_master_can_be_cancelled_at_any_stage() {
    let mix = programme(Kind::Music, RATE, 2.0, 3);
    let run = |questions: usize| {
        let watch = Impatient { questions_left: AtomicUsize::new(questions), stages: Mutex::default() };
        let result = master(mix.clone(), &params(-11.0, Depth::Int24), &watch);
        (result.map(|m| m.outcome), watch.stages.into_inner().unwrap())
    };
    for questions in 0..5 {
        assert_eq!(run(questions).0, Err(MasterError::Cancelled), "after {questions} questions");
    }
    let (outcome, stages) = run(usize::MAX);
    assert_eq!(outcome, Ok(Outcome::Reached));
    assert_eq!(stages, [Stage::Analyse, Stage::Plan, Stage::Render]);
}

#[test]
fn a_loudness_between_two_states_of_the_gate_is_named() {
    // A loud second and a long passage just under the relative gate: as the limiter lowers the first, the second
    // enters the measurement and the loudness jumps down.
    let mut dice = dsp::signal::Dice::new(1);
    let samples: Vec<f32> = (0..44_100 * 12)
        .map(|n| {
            let level = if n < 44_100 * 2 { 0.8 } else { 0.22 };
            (level * (n as f64 * 0.0731).sin() * dice.uniform(0.99, 1.0)) as f32
        })
        .collect();
    let mastered = master(mono(&samples), &params(-9.0, Depth::Float32), &Unwatched).unwrap();
    all_finite_and_under_the_ceiling(&mastered);
    match mastered.outcome {
        Outcome::Reached => assert!((mastered.after.integrated.unwrap().value() + 9.0).abs() <= 0.05),
        Outcome::Refused { limit, .. } => assert!(!matches!(limit, Limit::Ceiling { .. }), "{limit:?}"),
        other => panic!("{other:?}"),
    }
}
