//! Several tracks that belong together: how loud each shall be beside the others, and the tone they share.

use super::character::Character;
use super::reference::{Aim, levelled};
use crate::analysis::Features;
use crate::bands::{BANDS, PerBand};
use crate::units::{Lu, Lufs};

/// A quiet track keeps so much of its distance to the loudest: on a record a ballad is quieter than the hit, but not as
/// much as it was in the sessions.
const DISTANCE_KEPT: f64 = 0.6;
/// No track is further below the loudest.
const DISTANCE_MAX: Lu = Lu::literal(5.0);
/// A track goes so much of the way to the album's average spectrum.
const PULL: f64 = 0.5;

/// The loudness of each track, given those of the mixes: the loudest at `loudest`, each other one below it by 0.6
/// times its distance before, at most 5 LU. A track without a loudness has no target.
///
/// That the loudest track of an album is at the target and the others keep their distance is the practice of AES
/// TD1008.
#[must_use]
pub fn targets(mixes: &[Option<Lufs>], loudest: Lufs) -> Vec<Option<Lufs>> {
    let top = mixes.iter().flatten().map(|loudness| loudness.value()).fold(f64::NEG_INFINITY, f64::max);
    let target = |mix: Lufs| {
        let below = (DISTANCE_KEPT * (top - mix.value())).min(DISTANCE_MAX.value());
        Lufs::literal(loudest.value() - (below * 100.0).round() / 100.0)
    };
    mixes.iter().map(|mix| mix.map(target)).collect()
}

/// The tone that the tracks share: their average spectrum with what the preset would do to it, which each track
/// approaches by half. None if no track has enough music.
#[must_use]
pub fn tone_centre(tracks: &[&Features], character: &Character) -> Option<Aim> {
    const ACTIVE_SECONDS_MIN: f64 = 3.0;
    let shapes: Vec<PerBand> = tracks
        .iter()
        .filter(|features| features.active_seconds >= ACTIVE_SECONDS_MIN)
        .map(|features| levelled(&features.spectrum.mid.loud))
        .collect();
    if shapes.is_empty() {
        return None;
    }
    let count = shapes.len() as f64;
    let mean: PerBand =
        std::array::from_fn(|band| shapes.iter().map(|shape| shape[band]).sum::<f64>() / count);
    let preset = character.preset();
    let (wanted, tolerance) = (levelled(&preset.spectrum()), preset.tolerance());
    let share = character.tone_share();
    let shift: PerBand = std::array::from_fn(|band| {
        let away = wanted[band] - mean[band];
        away.signum() * (away.abs() - tolerance[band]).max(0.0) * share
    });
    Some(Aim::album(mean, shift, PULL))
}

/// How far a spectrum is from another in shape: the mean distance of third octaves from 40 Hz to 16 kHz, in dB.
#[must_use]
pub fn tonal_distance(one: &PerBand, other: &PerBand) -> f64 {
    const FROM: usize = 6;
    const TO: usize = 59;
    let (one, other) = (levelled(one), levelled(other));
    let away = |band: usize| (one[band] + one[band + 1] - other[band] - other[band + 1]).abs() / 2.0;
    let bands = (FROM..TO.min(BANDS - 1)).step_by(2);
    let count = bands.clone().count() as f64;
    bands.map(away).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_is_on_target_and_the_others_keep_most_of_their_distance() {
        let mixes = [-20.0, -14.0, -16.5, -40.0].map(|lufs| Some(Lufs::literal(lufs)));
        let targets = targets(&[mixes[0], mixes[1], None, mixes[2], mixes[3]], Lufs::literal(-10.0));
        let values: Vec<Option<f64>> = targets.iter().map(|target| target.map(|t| t.value())).collect();
        assert_eq!(values, [Some(-13.6), Some(-10.0), None, Some(-11.5), Some(-15.0)]);
    }

    #[test]
    fn distance_counts_shape_and_not_level() {
        let flat = [0.0; BANDS];
        assert_eq!(tonal_distance(&flat, &[7.0; BANDS]), 0.0);
        let tilted: PerBand = std::array::from_fn(|band| band as f64 * 0.1);
        assert!(tonal_distance(&flat, &tilted) > 1.0);
    }
}
