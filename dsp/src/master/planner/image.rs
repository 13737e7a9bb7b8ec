//! Width of the image, and what becomes of the side of the bass.

use super::shape::{Law, Smoothing, legal};
use super::{Sound, hundredths};
use crate::analysis::Features;
use crate::bands::{BANDS, PerBand};
use crate::effects::multiband::BAND_NAMES;
use crate::master::character::Character;
use crate::master::choice::{Choice, ChoiceStage, Decider};
use crate::master::preset::Bass;
use crate::master::reference::Aim;
use crate::units::{Decibels, Hertz};

/// Side of the bass louder than this, relative to its mid, costs level and shakes needles.
const BASS_SIDE: Decibels = Decibels::literal(-20.0);
/// Where the bass is centred: fully below, not at all an octave above.
const MONO_BELOW: Hertz = Hertz::literal(90.0);
/// The most a band is widened or narrowed.
const WIDEN_MAX_DB: f64 = 2.0;
const NARROW_MAX_DB: f64 = 3.0;
/// Widths differ so much from record to record without being wrong.
const FINE_DB: f64 = 4.0;
/// A band whose channels agree less is never widened: in mono it would fade.
const CORRELATION_TO_WIDEN: f64 = 0.3;
/// Of what is beyond, how much is corrected at middle settings.
const SHARE: f64 = 0.5;
/// A side weaker than this is noise rather than room.
const SIDE_OF_NOTE_DB: f64 = -45.0;
/// A band is not widened beyond this share of side over mid: there the correlation of left and right is 0.1, and less
/// of it would fade in mono.
const WIDEST_DB: f64 = -0.87;
/// Smaller changes are not worth it.
const WORTH_DB: f64 = 0.25;

/// Decides width and mono bass.
pub(super) fn decide(
    features: &Features,
    character: &Character,
    aim: Option<&Aim>,
    strength: f64,
    sound: &mut Sound,
) {
    if character.width() == 0.0 {
        sound.choices.push(Choice::off(
            ChoiceStage::Width,
            "width",
            Decider::User,
            "the amount of width was set to 0",
        ));
        return;
    }
    if features.stereo.is_mono || !features.stereo.dead_channels.is_empty() {
        let reason = if features.stereo.is_mono { "the mix is mono" } else { "one channel is silent" };
        sound.choices.push(Choice::off(ChoiceStage::Width, "width", Decider::Engine, reason));
        return;
    }
    // How much side a reference has at the bottom is part of its sound; what cancels is a fault all the same.
    if aim.is_none_or(|aim| aim.side_over_mid.is_none()) || features.low_end.bass_correlation < 0.0 {
        bass(features, character, sound);
    }
    match aim.and_then(|aim| aim.side_over_mid.as_ref().map(|ratio| (aim, ratio))) {
        Some((aim, ratio)) => like_references(features, character, aim, ratio, strength, sound),
        None => by_preset(features, character, strength, sound),
    }
}

fn bass(features: &Features, character: &Character, sound: &mut Sound) {
    let low = &features.low_end;
    let cancels = low.bass_correlation < 0.0;
    let wanted = match character.preset().bass {
        Bass::Centred => low.bass_side > BASS_SIDE || cancels,
        Bass::AsRecorded => cancels && low.bass_side > BASS_SIDE,
    };
    if !wanted {
        return;
    }
    let reason = if cancels {
        format!(
            "left and right of the bass cancel (correlation {:.2}), so it would vanish in mono",
            low.bass_correlation
        )
    } else {
        format!("the bass differs between left and right: its side is {:.1} under its mid", -low.bass_side)
    };
    sound.chain.mono_below = Some(MONO_BELOW);
    sound.choices.push(Choice::new(
        ChoiceStage::Width,
        "mono bass below",
        MONO_BELOW.value(),
        "Hz",
        Decider::Engine,
        reason,
    ));
}

/// Towards the width that is usual, per band of dynamics.
fn by_preset(features: &Features, character: &Character, strength: f64, sound: &mut Sound) {
    let share = SHARE
        * (character.width() / Character::WIDTH)
        * (character.intensity() / Character::INTENSITY)
        * strength;
    let mut touched = false;
    for (band, name) in BAND_NAMES.into_iter().enumerate() {
        let width = features.stereo.band_width[band];
        let usual = character.preset().width[band];
        let has_side = width > 10f64.powf(SIDE_OF_NOTE_DB / 10.0);
        if usual == 0.0 || !has_side {
            continue;
        }
        let away = 10.0 * (usual / width).log10();
        let beyond = away.signum() * (away.abs() - FINE_DB).max(0.0);
        let correlation = features.stereo.band_correlation[band];
        let most = if correlation < CORRELATION_TO_WIDEN { 0.0 } else { WIDEN_MAX_DB };
        let gain = hundredths((beyond * share.min(1.0)).clamp(-NARROW_MAX_DB, most));
        if gain.abs() < WORTH_DB {
            continue;
        }
        touched = true;
        sound.chain.width[band] = Decibels::literal(gain);
        let side = if away > 0.0 { "narrower" } else { "wider" };
        let reason =
            format!("{:.1}\u{2009}dB {side} than usual there (correlation {correlation:.2})", away.abs());
        let what = format!("width of the {name}");
        sound.choices.push(Choice::new(ChoiceStage::Width, what, gain, "dB", Decider::Engine, reason));
    }
    if !touched {
        let reason = format!("it is as wide as usual (correlation {:.2})", features.stereo.correlation);
        sound.choices.push(Choice::off(ChoiceStage::Width, "width", Decider::Engine, reason));
    }
}

/// The same share of side as the references have, per band of the grid.
fn like_references(
    features: &Features,
    character: &Character,
    aim: &Aim,
    ratio: &PerBand,
    strength: f64,
    sound: &mut Sound,
) {
    let own: PerBand =
        std::array::from_fn(|band| features.spectrum.side.loud[band] - features.spectrum.mid.loud[band]);
    let away: PerBand = std::array::from_fn(|band| ratio[band] - own[band]);
    let share = aim.share(character.width(), Character::WIDTH) * strength;
    let wish: PerBand = std::array::from_fn(|band| {
        let gain = away[band] * share;
        let room = if own[band] > SIDE_OF_NOTE_DB { (WIDEST_DB - own[band]).max(0.0) } else { 0.0 };
        gain.min(room)
    });
    let law = Law {
        cut_max: Decibels::literal(24.0),
        boost_max: Decibels::literal(18.0),
        slope_max: Decibels::literal(24.0),
        smoothing: Smoothing::Close,
        low: (Hertz::literal(32.0), Hertz::literal(22.0)),
        high: (Hertz::literal(17_000.0), Hertz::literal(20_000.0)),
    };
    let curve = legal(&wish, &law);
    sound.chain.side = curve;
    let (least, most) = curve.0.iter().fold((0.0f64, 0.0f64), |(a, b), &g| (a.min(g), b.max(g)));
    let strongest = if most > -least { most } else { least };
    if curve.is_flat() {
        let reason = format!("it is as wide as {}", aim.name());
        sound.choices.push(Choice::off(ChoiceStage::Width, "width", Decider::Reference, reason));
    } else {
        let mean_away = away.iter().sum::<f64>() / BANDS as f64;
        let side = if mean_away > 0.0 { "narrower" } else { "wider" };
        let reason =
            format!("the mix is {:.1}\u{2009}dB {side} than {} on average", mean_away.abs(), aim.name());
        sound.choices.push(Choice::new(
            ChoiceStage::Width,
            "side, at the most",
            strongest,
            "dB",
            Decider::Reference,
            reason,
        ));
    }
}
