//! From what is true of a mix to what is done to it before its loudness is set. Pure: no sample is touched, and every
//! number has its reason. Numbers are rounded (0.01 dB, four digits of a frequency), so that a plan is the same on
//! every kind of processor.
//!
//! | module | decides |
//! |---|---|
//! | [`tone`] | high-pass and equaliser |
//! | [`shape`] | how a wished gain becomes a legal curve |
//! | [`dynamics`] | thresholds of the four bands and of the glue |
//! | [`image`] | width, mono bass |
//! | [`colour`] | saturation, shaving |

mod colour;
mod dynamics;
mod image;
mod shape;
mod tone;

use super::chain::ChainPlan;
use super::character::Character;
use super::choice::{Choice, ChoiceStage, Decider};
use super::reference::Aim;
use crate::analysis::Features;
use crate::bands::{BANDS, Curve, PerBand, centre};
use crate::units::{Dbtp, Lu, Lufs};

/// What was decided before the loudness.
#[derive(Clone, PartialEq, Debug)]
pub struct Sound {
    /// What is done.
    pub chain: ChainPlan,
    /// Why.
    pub choices: Vec<Choice>,
    /// The average spectrum aimed at, in dB per band at the mix's own level, and how far from it is fine. None
    /// if the tone was not looked at.
    pub target: Option<ToneTarget>,
}

/// An average spectrum aimed at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ToneTarget {
    /// In dB per band, at the level of the mix.
    pub level: PerBand,
    /// How far from it is fine, in dB.
    pub tolerance: PerBand,
}

/// What of a mix a plan rests on, beside its features.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Standing {
    /// Peak to loudness.
    pub(crate) peak_to_loudness: Option<Lu>,
    /// Whether it is a finished, dense master.
    pub(crate) is_dense_master: bool,
    /// Its loudness.
    pub(crate) loudness: Option<Lufs>,
    /// Its true peak.
    pub(crate) peak: Dbtp,
}

/// Music shorter than that has no average to speak of.
const ACTIVE_SECONDS_MIN: f64 = 3.0;
/// Of a finished master only so much of each decision is taken.
const OF_A_MASTER: f64 = 0.3;

impl Sound {
    /// Nothing at all, for a reason.
    fn untouched(by: Decider, reason: &str) -> Self {
        let off = |stage, what| Choice::off(stage, what, by, reason);
        let choices = vec![
            off(ChoiceStage::Tone, "tone"),
            off(ChoiceStage::Dynamics, "dynamics"),
            off(ChoiceStage::Width, "width"),
        ];
        Self { chain: ChainPlan::NEUTRAL, choices, target: None }
    }
}

/// Nothing but the loudness was to change.
pub(crate) fn untouched_by_wish() -> Sound {
    Sound::untouched(Decider::User, "only the loudness was to change")
}

/// Decides tone, dynamics and width. `aim` is what references ask for, if there are any.
pub(crate) fn decide(
    features: &Features,
    standing: Standing,
    character: &Character,
    aim: Option<&Aim>,
) -> Sound {
    if character.is_none() {
        return untouched_by_wish();
    }
    if features.active_seconds < ACTIVE_SECONDS_MIN {
        let reason = format!(
            "{:.1}\u{2009}s of music is too little to judge it by; {ACTIVE_SECONDS_MIN:.0}\u{2009}s are needed",
            features.active_seconds
        );
        return Sound::untouched(Decider::Engine, &reason);
    }
    let strength = if standing.is_dense_master { OF_A_MASTER } else { 1.0 };
    let mut sound = Sound { chain: ChainPlan::NEUTRAL, choices: Vec::new(), target: None };
    tone::decide(features, character, aim, strength, &mut sound);
    image::decide(features, character, aim, strength, &mut sound);
    dynamics::decide(features, standing, character, aim, &mut sound);
    colour::decide(standing, character, &mut sound);
    sound.choices.sort_by_key(|choice| choice.stage);
    sound
}

/// Tone and width once more, now that the sound of `first` was made and heard as `made`: towards references every stage
/// counts, also what dynamics and filters did to the average besides the curves.
pub(crate) fn decide_again(
    first: Sound,
    features: &Features,
    made: &Features,
    standing: Standing,
    character: &Character,
    aim: &Aim,
) -> Sound {
    // The mix as it would have to be for the curves alone to make of it what was made; but what the ends of the range
    // lose to the high-pass and the fade of the top is meant.
    let (Curve(tone), Curve(side)) = (&first.chain.tone, &first.chain.side);
    let mut mix = features.clone();
    for band in (0..BANDS).filter(|&band| (40.0..16_000.0).contains(&centre(band).value())) {
        mix.spectrum.mid.loud[band] = made.spectrum.mid.loud[band] - tone[band];
        mix.spectrum.side.loud[band] = made.spectrum.side.loud[band] - tone[band] - side[band];
    }
    let strength = if standing.is_dense_master { OF_A_MASTER } else { 1.0 };
    let kept = |choice: &Choice| !matches!(choice.stage, ChoiceStage::Tone | ChoiceStage::Width);
    let mut sound = Sound { choices: first.choices.into_iter().filter(kept).collect(), ..first };
    tone::decide(&mix, character, Some(aim), strength, &mut sound);
    image::decide(&mix, character, Some(aim), strength, &mut sound);
    sound.choices.sort_by_key(|choice| choice.stage);
    sound
}

/// Rounded to hundredths, without the sign of a rounded zero.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}
