//! Neutrality and equivariance: what must come back as it was, and what must come out the same way round.

use dsp::audio::{Audio, Samples};
use dsp::effects::dither::Depth;
use dsp::master::{Character, MasterParams, Mastered, Outcome, Premaster, Preset, SourceDepth};
use dsp::progress::Unwatched;
use dsp::units::{Dbtp, Lufs};

use crate::music::{RATE, difference_db, mapped, music, swapped};

const LOUD: Character = Character::of(&Preset::LOUD);

fn mastered_as(mix: Audio, character: &Character, depth: Depth) -> Mastered {
    let params = MasterParams::new(Lufs::literal(-10.0), Dbtp::literal(-1.0), depth).unwrap();
    Premaster::of(mix, character, None, &Unwatched).unwrap().master(&params, &Unwatched).unwrap()
}

fn mastered(mix: &Audio) -> Mastered {
    let mastered = mastered_as(mix.clone(), &LOUD, Depth::Float32);
    let chain = &mastered.plan.chain;
    let is_real = !chain.tone.is_flat() && chain.bands.is_some() && chain.glue.is_some();
    assert!(is_real, "the case must be real: {chain:?}");
    mastered
}

/// Dull on purpose, so that the tone has something to do.
fn mix() -> Audio {
    music(8.0, -2.5, 11)
}

#[test]
fn a_neutral_master_of_a_24_bit_file_is_the_file() {
    let on_the_grid = mapped(&mix(), |x| (x * 8_388_608.0).round() / 8_388_608.0);
    let params = MasterParams::keeping_loudness(Dbtp::literal(0.0), Depth::Int24)
        .unwrap()
        .of_source(SourceDepth::Int { bits: 24 });
    for character in [Character::NONE, LOUD.with_intensity(0.0).unwrap()] {
        let mut premaster = Premaster::of(on_the_grid.clone(), &character, None, &Unwatched).unwrap();
        let mastered = premaster.master(&params, &Unwatched).unwrap();
        assert_eq!(mastered.outcome, Outcome::Unchanged);
        assert!(mastered.audio == on_the_grid);
    }
}

#[test]
fn the_length_stays_and_an_impulse_stays_where_it_is() {
    let mut mix = mapped(&mix(), |x| x * 0.05);
    for channel in mix.channels_mut() {
        channel[200_000] = 0.9;
    }
    let out = mastered(&mix).audio;
    assert_eq!(out.frames(), mix.frames());
    let bend = |c: &[f32], n: usize| (2.0 * c[n] - c[n - 1] - c[n + 1]).abs();
    for channel in out.channels() {
        let sharpest =
            (150_000..250_000).max_by(|&a, &b| bend(channel, a).total_cmp(&bend(channel, b))).unwrap();
        assert_eq!(sharpest, 200_000);
    }
}

#[test]
fn left_and_right_can_be_swapped_before_or_after() {
    let mix = mix();
    let (before, after) = (mastered(&swapped(&mix)).audio, swapped(&mastered(&mix).audio));
    let apart = difference_db(&after, &before);
    assert!(apart < -140.0, "{apart} dB");
}

#[test]
fn polarity_can_be_turned_before_or_after() {
    let mix = mix();
    let (before, after) = (mastered(&mapped(&mix, |x| -x)).audio, mapped(&mastered(&mix).audio, |x| -x));
    let apart = difference_db(&after, &before);
    assert!(apart < -140.0, "{apart} dB");
}

#[test]
fn the_level_of_the_mix_does_not_matter() {
    let mix = mix();
    let quieter = mapped(&mix, |x| x * 10f32.powf(-6.0 / 20.0));
    let (loud, quiet) = (mastered(&mix), mastered(&quieter));
    let (one, other) = (loud.after.integrated.unwrap(), quiet.after.integrated.unwrap());
    assert!((one - other).value().abs() < 0.02, "{one} and {other}");
    // 0.02 dB of difference everywhere is −52.7 dB of energy.
    let apart = difference_db(&loud.audio, &quiet.audio);
    assert!(apart < -52.7, "{apart} dB");
}

#[test]
fn a_mono_mix_comes_out_with_both_channels_alike() {
    let stereo = mix();
    let twice = Audio::from_channels(RATE, vec![stereo.channels()[0].clone(), stereo.channels()[0].clone()]);
    let out = mastered(&twice).audio;
    assert!(out.channel(0) == out.channel(1));
    let alone = Audio::from_channels(RATE, vec![Samples::copied(stereo.channel(0))]);
    assert_eq!(mastered(&alone).audio.channel_count(), 1);
}

#[test]
fn any_number_of_threads_gives_the_same_master_and_the_same_plan() {
    let mix = mix();
    let on = |threads: usize| {
        #[expect(clippy::disallowed_methods, reason = "the test is the caller that owns the pool")]
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| mastered_as(mix.clone(), &LOUD, Depth::Int16))
    };
    let alone = on(1);
    assert!(alone.plan.chain.bands.is_some(), "the case must be real");
    for threads in [2, 3, 8] {
        let together = on(threads);
        assert!(together.audio == alone.audio && together.plan == alone.plan, "{threads} threads");
    }
}
