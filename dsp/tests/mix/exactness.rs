//! What must come out to the bit.

use std::sync::Mutex;

use dsp::audio::{Audio, Samples};
use dsp::mix::{
    self, MixWish, Mixed, Pan, Part as Plays, Polarity, ReelError, Role, Solo, StemSink, StemWish, Touch,
};
use dsp::progress::Unwatched;
use dsp::units::Decibels;

use crate::session::{Part, RATE, apart_db, band, mixed, stems};

fn same(one: &Mixed, other: &Mixed) {
    assert!(one.audio == other.audio, "the samples differ by {} dBFS", apart_db(&one.audio, &other.audio));
    assert_eq!(one.plan.stems, other.plan.stems);
}

#[test]
fn the_order_of_stems_and_the_number_of_threads_change_no_bit() {
    let band = band();
    let first = mixed(&band, &MixWish::DEFAULT);
    let works = first.plan.stems.iter().any(|stem| !stem.eq.is_empty())
        && first.plan.stems.iter().any(|stem| stem.compressor.is_some());
    assert!(works, "the case must be real");
    let turned: Vec<Part> = band.iter().rev().cloned().collect();
    for threads in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        same(&first, &pool.install(|| mixed(&turned, &MixWish::DEFAULT)));
    }
}

#[test]
fn a_muted_stem_is_as_good_as_none() {
    let mut muted = band();
    muted[4].wish.part = Some(Plays::Muted);
    let mut absent = band();
    let gone = absent.remove(4);
    let (muted, absent) = (mixed(&muted, &MixWish::DEFAULT), mixed(&absent, &MixWish::DEFAULT));
    assert!(muted.audio == absent.audio);
    let others: Vec<_> = muted.plan.stems.iter().filter(|stem| stem.name != gone.name).cloned().collect();
    assert_eq!(others, absent.plan.stems);
    assert!(apart_db(&muted.audio, &mixed(&band(), &MixWish::DEFAULT).audio) > -40.0, "it was heard before");
}

#[test]
fn a_solo_is_a_mute_of_all_others() {
    let mut solo = band();
    solo[0].wish.solo = Solo::On;
    solo[5].wish.solo = Solo::On;
    let alone = vec![band()[0].clone(), band()[5].clone()];
    assert!(mixed(&solo, &MixWish::DEFAULT).audio == mixed(&alone, &MixWish::DEFAULT).audio);
}

#[test]
fn a_plan_that_is_wished_again_is_followed_to_the_bit() {
    for wish in [MixWish::DEFAULT, MixWish::new(1.0, 0.5).unwrap()] {
        let first = mixed(&band(), &wish);
        let plan = &first.plan;
        assert!(plan.drums_compressor.is_some() && plan.mix_gain != Decibels::ZERO, "the case must be real");
        assert!(plan.stems.iter().any(|stem| !stem.ride.is_empty()), "a ride is there to be followed");
        let mut again = band();
        for (part, plan) in again.iter_mut().zip(&plan.stems) {
            part.wish = StemWish::from(plan);
        }
        let second = mixed(&again, &MixWish::from(plan));
        assert!(first.audio == second.audio, "apart by {} dBFS", apart_db(&first.audio, &second.audio));
        for (first, second) in plan.stems.iter().zip(&second.plan.stems) {
            assert_eq!(StemWish::from(first), StemWish::from(second));
        }
        assert_eq!(MixWish::from(plan), MixWish::from(&second.plan));
    }
}

/// Nothing is done to it but to be there.
fn left_alone(audio: Audio) -> (Part, MixWish) {
    let mut part = Part::new("one", Role::Other, audio);
    part.wish.touch = Touch::Untouched;
    part.wish.fader = Some(Decibels::ZERO);
    part.wish.pan = Some(Pan::CENTRE);
    (part, MixWish { mix_gain: Some(Decibels::ZERO), ..MixWish::DEFAULT })
}

#[test]
fn one_stereo_stem_that_is_left_alone_is_the_mix() {
    let keys = band()[4].audio.clone();
    let twice = Audio::from_channels(RATE, vec![keys.channels()[0].clone(); 2]);
    for audio in [keys, twice] {
        let (part, wish) = left_alone(audio.clone());
        let bits = |audio: &Audio| -> Vec<u32> {
            audio.channels().iter().flat_map(|c| c.iter().map(|x| x.to_bits())).collect()
        };
        assert!(bits(&mixed(&[part], &wish).audio) == bits(&audio));
    }
}

#[test]
fn one_channel_in_the_middle_comes_out_three_decibels_lower_on_either_side() {
    let (part, wish) = left_alone(band()[0].audio.clone());
    let mix = mixed(std::slice::from_ref(&part), &wish).audio;
    assert_eq!(mix.channel(0), mix.channel(1));
    for (out, given) in mix.channel(0).iter().zip(part.audio.channel(0)) {
        assert!((f64::from(*out) - f64::from(*given) * 0.5f64.sqrt()).abs() < 1e-7);
    }
}

#[test]
fn polarity_turns_a_stem_over_and_a_fader_scales_it() {
    let (mut part, wish) = left_alone(band()[4].audio.clone());
    let straight = mixed(&[part.clone()], &wish).audio;
    part.wish.polarity = Some(Polarity::Inverted);
    part.wish.fader = Some(Decibels::literal(-6.0));
    let turned = mixed(&[part], &wish).audio;
    for (turned, straight) in turned.channel(1).iter().zip(straight.channel(1)) {
        assert!((f64::from(*turned) + f64::from(*straight) * 10f64.powf(-0.3)).abs() < 1e-7);
    }
}

/// Keeps what went into the sum.
struct Kept(Mutex<Vec<(String, Audio)>>);

impl StemSink for Kept {
    fn take(&self, stem: &str, audio: &Audio) -> Result<(), ReelError> {
        self.0.lock().unwrap().push((stem.to_owned(), audio.clone()));
        Ok(())
    }
}

#[test]
fn stems_as_they_go_into_the_sum_add_up_to_the_mix() {
    let band = band();
    let kept = Kept(Mutex::default());
    // Without what is done to groups, which belongs to no stem.
    let wish = MixWish { drums_compressor: Some(None), vocal_dip: Some(Decibels::ZERO), ..MixWish::DEFAULT };
    let mix = mix::mix(&stems(&band), &wish, Some(&kept), &Unwatched).unwrap();
    let kept = kept.0.into_inner().unwrap();
    assert_eq!(kept.len(), band.len());
    let frames = mix.audio.frames();
    let sum = [0, 1].map(|side| {
        let at =
            |n: usize| kept.iter().map(|(_, audio)| f64::from(audio.channel(side)[n])).sum::<f64>() as f32;
        Samples::copied(&(0..frames).map(at).collect::<Vec<f32>>())
    });
    assert!(apart_db(&Audio::from_channels(RATE, sum.into()), &mix.audio) < -120.0);
}

#[test]
fn the_mix_is_as_long_as_the_longest_stem() {
    let mut parts = band();
    let short: Vec<f32> = parts[0].audio.channel(0)[..200_000].to_vec();
    parts[0].audio = Audio::from_channels(RATE, vec![Samples::copied(&short)]);
    let mix = mixed(&parts, &MixWish::DEFAULT);
    assert_eq!(mix.audio.frames(), parts[1].audio.frames());
    assert!(mix.audio.channels().iter().flat_map(|c| c.iter()).all(|x| x.is_finite()));
}
