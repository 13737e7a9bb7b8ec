//! Saturation, and the shaving of lone peaks.

use super::{Sound, Standing};
use crate::master::character::Character;
use crate::master::choice::{Choice, ChoiceStage, Decider};
use crate::units::{Dbtp, Decibels, Lufs};

/// Colour begins here: below, a master is to be clean.
const INTENSITY_MIN: f64 = 0.5;
/// The loudness at which a mix is saturated, so that a quiet mix gets as much as a loud one.
const SATURATED_AT: Lufs = Lufs::literal(-14.0);
/// Peaks that would end so far above the ceiling are shaved before the limiter has to duck for them.
const SHAVED_OVER: Decibels = Decibels::literal(1.5);

/// Decides saturation and shaving.
pub(super) fn decide(standing: Standing, character: &Character, sound: &mut Sound) {
    let preset = character.preset();
    let Some(loudness) = standing.loudness.filter(|_| !standing.is_dense_master) else { return };
    let over = ((character.intensity() - INTENSITY_MIN) / (1.0 - INTENSITY_MIN)).max(0.0);
    let percent = (preset.saturation_percent * over * 1000.0).round() / 1000.0;
    if percent > 0.0 {
        sound.chain.saturation_percent = percent;
        sound.chain.saturation_drive =
            Decibels::literal(super::hundredths((SATURATED_AT - loudness).value()));
        let reason =
            format!("warmth that the preset {} brings above an intensity of {INTENSITY_MIN}", preset.name);
        sound.choices.push(Choice::new(
            ChoiceStage::Colour,
            "saturation",
            percent,
            "%",
            Decider::Preset,
            reason,
        ));
    }
    if preset.may_shave && character.intensity() >= INTENSITY_MIN {
        let room = (preset.ceiling.value() - preset.loudness.value()) + SHAVED_OVER.value();
        let level = super::hundredths(loudness.value() + room);
        if standing.peak.value() > level {
            sound.chain.shave_above = Some(Dbtp::literal(level));
            let reason = format!(
                "lone needles above it, up to {}, are rounded by at most 1.5\u{2009}dB instead of ducking everything",
                standing.peak
            );
            let choice = Choice::new(
                ChoiceStage::Colour,
                "peaks shaved above",
                level,
                "dBTP",
                Decider::Preset,
                reason,
            );
            sound.choices.push(choice);
        }
    }
}
