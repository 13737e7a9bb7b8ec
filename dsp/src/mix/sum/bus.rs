//! What is done to the sum of a group.

use crate::analysis::CONTROL_FRAMES;
use crate::audio::Audio;
use crate::effects::compressor::{gains, reduction};
use crate::master::chain::Compressor;
use crate::mix::role::Role;
use crate::mix::strip::{Rehearsed, place, turn_band};
use crate::mix::track::Track;
use crate::units::{Decibels, Hertz};

/// Where a voice is understood best.
const DIP_AT: Hertz = Hertz::literal(2800.0);

/// Compresses the sum of the drums.
pub(super) fn compress(audio: &mut Audio, compressor: &Compressor) {
    let detector = Rehearsed::detector_of(audio);
    let mut curve = Vec::new();
    reduction(compressor, &detector, audio.rate(), &mut curve);
    gains(compressor, &mut curve);
    place::moved(audio, &curve);
}

/// Lets the music give way by `dip` while the lead sings.
pub(super) fn dip(audio: &mut Audio, dip: Decibels, tracks: &[Track<'_>]) {
    let sung = singing(tracks, audio.frames().div_ceil(CONTROL_FRAMES));
    let gains: Vec<f32> = sung
        .iter()
        .map(|share| Decibels::literal(dip.value() * f64::from(*share)).amplitude() as f32)
        .collect();
    turn_band(audio, DIP_AT, &gains);
}

/// How much the lead sings at each control point, 0 to 1.
fn singing(tracks: &[Track<'_>], runs: usize) -> Vec<f32> {
    /// Below its loud moments: from here on it counts, and from here on fully.
    const FROM_DB: f32 = -30.0;
    const FULL_DB: f32 = -18.0;
    const ATTACK_MS: f64 = 20.0;
    const RELEASE_MS: f64 = 150.0;
    let mut powers = vec![0.0f32; runs];
    let mut share = [0.0f64; 2];
    for track in tracks.iter().filter(|track| track.plays() && track.plan.role == Role::LeadVocal) {
        let Some(rehearsed) = &track.rehearsed else { continue };
        let point_ms = CONTROL_FRAMES as f64 * 1000.0 / rehearsed.rate.as_f64();
        share = [ATTACK_MS, RELEASE_MS].map(|time| 1.0 - (-point_ms / time).exp());
        let fader = track.plan.fader.amplitude().powi(2) as f32;
        powers.iter_mut().zip(&rehearsed.detector).for_each(|(sum, power)| *sum += fader * power);
    }
    let mut sorted = powers.clone();
    let rank = sorted.len().saturating_sub(1) * 19 / 20;
    if sorted.is_empty() {
        return Vec::new();
    }
    let loud = (*sorted.select_nth_unstable_by(rank, f32::total_cmp).1).max(1e-12);
    let mut at = 0.0f64;
    powers
        .iter()
        .map(|power| {
            let level_db = 10.0 * (power / loud).max(1e-12).log10();
            let asked = f64::from(((level_db - FROM_DB) / (FULL_DB - FROM_DB)).clamp(0.0, 1.0));
            at += (asked - at) * if asked > at { share[0] } else { share[1] };
            at as f32
        })
        .collect()
}
