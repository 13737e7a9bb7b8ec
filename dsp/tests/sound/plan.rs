//! A plan says everything: followed again it gives the same samples, and a number that was changed is kept.

use dsp::effects::dither::Depth;
use dsp::master::{Character, MasterParams, Premaster, Preset};
use dsp::progress::Unwatched;
use dsp::units::{Dbtp, Decibels, Lufs};

use crate::music::music;

#[test]
fn a_plan_followed_again_gives_the_same_samples() {
    let mix = music(8.0, -2.5, 21);
    for (target, depth) in [(-9.0, Depth::Int16), (-14.0, Depth::Int24), (-20.0, Depth::Float32)] {
        let params = MasterParams::new(Lufs::literal(target), Dbtp::literal(-1.0), depth).unwrap();
        let character = Character::of(&Preset::LOUD).with_intensity(0.9).unwrap();
        let mut premaster = Premaster::of(mix.clone(), &character, None, &Unwatched).unwrap();
        let first = premaster.master(&params, &Unwatched).unwrap();
        assert!(!first.plan.chain.is_neutral(), "the case must be real");
        let mut followed = Premaster::by_plan(mix.clone(), &first.plan, &Unwatched).unwrap();
        let second = followed.master_by_plan(&first.plan, &params, &Unwatched).unwrap();
        assert!(second.audio == first.audio, "at {target}");
        assert_eq!(second.plan.chain, first.plan.chain);
    }
}

#[test]
fn another_target_from_the_same_premaster_is_what_a_fresh_one_gives() {
    let mix = music(6.0, -2.5, 22);
    let character = Character::of(&Preset::STREAMING);
    let at =
        |target: f64| MasterParams::new(Lufs::literal(target), Dbtp::literal(-1.0), Depth::Int24).unwrap();
    let mut premaster = Premaster::of(mix.clone(), &character, None, &Unwatched).unwrap();
    let quiet = premaster.master(&at(-16.0), &Unwatched).unwrap();
    let loud = premaster.master(&at(-10.0), &Unwatched).unwrap();
    let fresh =
        Premaster::of(mix, &character, None, &Unwatched).unwrap().master(&at(-10.0), &Unwatched).unwrap();
    assert!(loud.audio == fresh.audio && quiet.audio != fresh.audio);
}

#[test]
fn a_number_that_was_changed_is_kept_as_it_is() {
    let mix = music(6.0, -2.5, 23);
    let params = MasterParams::new(Lufs::literal(-30.0), Dbtp::literal(-1.0), Depth::Float32).unwrap();
    let character = Character::of(&Preset::STREAMING);
    let mut premaster = Premaster::of(mix.clone(), &character, None, &Unwatched).unwrap();
    let mut plan = premaster.master(&params, &Unwatched).unwrap().plan;
    assert!(plan.limiter.value.is_none(), "a gain alone, so that 3 dB are 3 LU");
    let as_decided = plan.gain.value;
    plan.gain.value = as_decided - Decibels::literal(3.0);
    let mut followed = Premaster::by_plan(mix, &plan, &Unwatched).unwrap();
    let second = followed.master_by_plan(&plan, &params, &Unwatched).unwrap();
    assert_eq!(second.plan.gain.value, as_decided - Decibels::literal(3.0));
    let loudness = second.after.integrated.unwrap().value();
    assert!((loudness + 33.0).abs() < 0.05, "{loudness}");
}
