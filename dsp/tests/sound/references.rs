//! Matching references.

use dsp::audio::{Audio, Samples};
use dsp::bands::{PerBand, centre};
use dsp::master::album::{targets, tonal_distance, tone_centre};
use dsp::master::reference::NoReference;
use dsp::master::{Aim, Character, Premaster, Preset, Reference};
use dsp::progress::Unwatched;
use dsp::units::Lufs;

use crate::music::{RATE, music};

fn reference(audio: &Audio) -> Reference {
    Reference::of(audio, &Unwatched).unwrap()
}

fn spectrum(audio: &Audio) -> PerBand {
    reference(audio).spectrum()
}

fn like(mix: &Audio, references: &[Reference], character: &Character) -> Premaster {
    Premaster::of(mix.clone(), character, Aim::of(references).as_ref(), &Unwatched).unwrap()
}

#[test]
fn a_dull_mix_comes_at_least_60_percent_nearer_to_a_bright_reference() {
    let (mix, bright) = (music(10.0, -2.0, 1), music(10.0, 0.0, 9));
    let wanted = reference(&bright);
    let before = tonal_distance(&spectrum(&mix), &wanted.spectrum());
    assert!(before > 2.0, "the case must be real: {before} dB");
    let full = Character::of(&Preset::STREAMING).with_tone(1.0).unwrap();
    let after = tonal_distance(
        &spectrum(like(&mix, std::slice::from_ref(&wanted), &full).audio()),
        &wanted.spectrum(),
    );
    assert!(after < 0.4 * before, "{before} to {after} dB");
    // No part is made worse by more than half a decibel.
    let (own, made) = (spectrum(&mix), spectrum(like(&mix, std::slice::from_ref(&wanted), &full).audio()));
    none_is_worse(&own, &made, &wanted.spectrum());
}

/// No half octave is further from the wanted than it was by more than half a decibel, levels from 300 Hz to 5 kHz
/// alike; in single bands ten seconds of noise differ by a decibel by chance. From 63 Hz on: below, the bass is one
/// note, whose height over the noise about it is not tone.
fn none_is_worse(own: &PerBand, made: &PerBand, wanted: &PerBand) {
    let level = |s: &PerBand, band: usize| {
        s[band - 1..=band + 1].iter().sum::<f64>() / 3.0 - s[24..48].iter().sum::<f64>() / 24.0
    };
    for band in 10..58 {
        let [was, is] = [own, made].map(|s| level(s, band) - level(wanted, band));
        assert!(is.abs() <= was.abs() + 0.5, "{}: {was} to {is} dB", centre(band));
    }
}

/// What an equaliser and a wider image that nobody knows of would make of `mix`: sections one after another, and a gain
/// of the side.
fn as_elsewhere(mix: &Audio) -> Audio {
    use dsp::parts::biquad::Biquad;
    use dsp::units::{Decibels, Hertz};
    let bell = |hz: f64, db: f64, q: f64| Biquad::bell(Hertz::literal(hz), Decibels::literal(db), q, RATE);
    let shelf = Biquad::low_shelf(Hertz::literal(90.0), Decibels::literal(9.0), 0.9, RATE);
    let sections = [shelf, bell(400.0, -9.0, 0.8), bell(2500.0, 7.0, 0.7), bell(9000.0, -12.0, 1.0)];
    let [left, right] = [0, 1].map(|channel| mix.channel(channel));
    let mid: Vec<f64> = left.iter().zip(right).map(|(l, r)| f64::from(l + r) / 2.0).collect();
    let side: Vec<f64> = left.iter().zip(right).map(|(l, r)| f64::from(l - r) / 2.0).collect();
    let [mid, side] = [mid, side].map(|mut signal| {
        for section in &sections {
            let [mut x1, mut x2, mut y1, mut y2] = [0.0; 4];
            for sample in &mut signal {
                let x = *sample;
                let y = section.b[0] * x + section.b[1] * x1 + section.b[2] * x2
                    - section.a[0] * y1
                    - section.a[1] * y2;
                (x2, x1, y2, y1) = (x1, x, y1, y);
                *sample = y;
            }
        }
        signal
    });
    let wider = 10f64.powf(4.0 / 20.0);
    let channel = |sign: f64| {
        let samples = mid.iter().zip(&side).map(|(m, s)| ((m + sign * wider * s) * 0.5) as f32);
        Samples::copied(&samples.collect::<Vec<f32>>())
    };
    Audio::from_channels(RATE, vec![channel(1.0), channel(-1.0)])
}

/// Side over mid in dB, of first differences, so that the bass does not outweigh everything.
fn width_db(audio: &Audio) -> f64 {
    let (left, right) = (audio.channel(0), audio.channel(1));
    let energy = |sign: f64| {
        let both: Vec<f64> =
            left.iter().zip(right).map(|(l, r)| f64::from(*l) + sign * f64::from(*r)).collect();
        both.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>()
    };
    10.0 * (energy(-1.0) / energy(1.0)).log10()
}

#[test]
fn an_equaliser_and_a_width_applied_elsewhere_are_found_at_usual_amounts() {
    let mix = music(12.0, 0.0, 21);
    let other = as_elsewhere(&music(12.0, 0.0, 33));
    let wanted = reference(&other);
    let made = like(&mix, std::slice::from_ref(&wanted), &Character::of(&Preset::STREAMING));
    let before = tonal_distance(&spectrum(&mix), &wanted.spectrum());
    let after = tonal_distance(&spectrum(made.audio()), &wanted.spectrum());
    println!("tone {before:.2} to {after:.2} dB");
    assert!(before > 3.0, "the case must be real: {before} dB");
    assert!(after <= 0.2 * before, "{before} to {after} dB");
    none_is_worse(&spectrum(&mix), &spectrum(made.audio()), &wanted.spectrum());
    let [was, is] = [&mix, made.audio()].map(|audio| (width_db(audio) - width_db(&other)).abs());
    println!("width {was:.2} to {is:.2} dB");
    assert!(was > 2.0 && is <= 0.3 * was, "{was} to {is} dB");
}

#[test]
fn a_reference_of_another_kind_is_followed_and_told() {
    let mix = music(10.0, 0.0, 1);
    let told = |wanted: &Audio| {
        let made = like(&mix, &[reference(wanted)], &Character::of(&Preset::STREAMING));
        let choices = &made.about().choices;
        choices.iter().find(|choice| choice.what == "distance to the reference").cloned()
    };
    let choice = told(&as_elsewhere(&as_elsewhere(&music(10.0, 0.0, 9)))).expect("it is another kind");
    assert!(choice.value.is_some_and(|away| away > 6.0), "{choice:?}");
    assert!(choice.reason.contains("another kind") && choice.reason.contains("are left"));
    assert_eq!(told(&as_elsewhere(&music(10.0, 0.0, 9))), None);
}

#[test]
fn the_amount_of_tone_says_how_much_of_the_way_is_gone() {
    let (mix, bright) = (music(10.0, -2.0, 1), music(10.0, 0.0, 9));
    let wanted = reference(&bright);
    let at = |tone: f64| {
        let character = Character::of(&Preset::STREAMING).with_tone(tone).unwrap();
        tonal_distance(
            &spectrum(like(&mix, std::slice::from_ref(&wanted), &character).audio()),
            &wanted.spectrum(),
        )
    };
    let distances = [0.1, 0.3, 0.6].map(at);
    assert!(distances[0] > distances[1] && distances[1] > distances[2], "{distances:?}");
}

#[test]
fn a_song_that_is_its_own_reference_is_left_as_it_is_in_tone_and_width() {
    let mix = music(10.0, -2.0, 3);
    let premaster = like(&mix, &[reference(&mix)], &Character::of(&Preset::STREAMING));
    let chain = &premaster.about().chain;
    assert!(chain.tone.is_flat() && chain.side.is_flat(), "{chain:?}");
}

#[test]
fn several_references_leave_freedom_where_they_differ() {
    let mix = music(10.0, -1.0, 4);
    let (one, other) = (reference(&music(10.0, -1.5, 5)), reference(&music(10.0, 1.5, 6)));
    let strongest = |references: &[Reference]| {
        let premaster = like(&mix, references, &Character::of(&Preset::STREAMING));
        premaster.about().chain.tone.0.iter().fold(0.0f64, |most, gain| most.max(gain.abs()))
    };
    let (alone, both) = (strongest(std::slice::from_ref(&other)), strongest(&[one, other]));
    assert!(both < 0.6 * alone, "{both} with both, {alone} with one");
}

#[test]
fn too_little_music_is_no_reference_and_says_so() {
    let Err(NoReference::TooShort { active_seconds }) = Reference::of(&music(3.0, 0.0, 7), &Unwatched) else {
        panic!("3 s are too little");
    };
    assert!(active_seconds < 5.0);
    let silence = Audio::from_channels(RATE, vec![Samples::silence(441_000)]);
    assert!(Reference::of(&silence, &Unwatched).is_err());
}

#[test]
fn tracks_of_an_album_come_nearer_to_each_other_in_tone() {
    let tracks = [music(8.0, -2.0, 1), music(8.0, 0.5, 2), music(8.0, -0.5, 3)];
    let features: Vec<_> = tracks.iter().map(|t| dsp::analysis::analyse(t, &Unwatched).unwrap()).collect();
    let character = Character::of(&Preset::STREAMING);
    let aim = tone_centre(&features.iter().collect::<Vec<_>>(), &character).unwrap();
    let made: Vec<Audio> = tracks
        .iter()
        .map(|t| Premaster::of(t.clone(), &character, Some(&aim), &Unwatched).unwrap().into_audio())
        .collect();
    let apart = |audio: &[Audio]| tonal_distance(&spectrum(&audio[0]), &spectrum(&audio[1]));
    let (before, after) = (apart(&tracks), apart(&made));
    assert!(before > 2.0, "the case must be real: {before} dB");
    assert!(after < 0.75 * before, "{before} to {after} dB");
    let loud = targets(&[Some(Lufs::literal(-20.0)), Some(Lufs::literal(-15.0))], Lufs::literal(-14.0));
    assert_eq!(loud, [Some(Lufs::literal(-17.0)), Some(Lufs::literal(-14.0))]);
}
