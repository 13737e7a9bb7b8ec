//! Faders: every stem as loud as its role is in a mix.
//!
//! Loudness is that of BS.1770 over the moments in which the stem itself plays. A fader moves all of a stem, so what
//! the stems' loudnesses are to each other does not depend on the mix's: one gain for all brings the sum where it
//! belongs.

use super::Scene;
use super::rounding::tenths;
use super::targets::usual_lu;
use crate::analysis::CONTROL_FRAMES;
use crate::master::choice::Decider;
use crate::mix::listening::activity::{Hops, gated};
use crate::mix::plan::StemChoice;
use crate::mix::role::Role;
use crate::mix::strip::place::image_after;
use crate::mix::track::Track;
use crate::units::{Decibels, Lu, Lufs};

/// How far a fader goes up or down from where the mean of all stands.
const FADER_MAX_DB: f64 = 30.0;
/// Where the mix comes out: room for a mastering engineer.
const MIX: Lufs = Lufs::literal(-18.0);

/// Decides the faders.
pub(super) fn decide(tracks: &mut [Track<'_>]) {
    let aims: Vec<Option<(f64, f64)>> = tracks
        .iter()
        .map(|track| {
            let loudness = loudness_of(track)?;
            let shared = alike(tracks, track.plan.role);
            let aim = usual_lu(track.plan.role) - 10.0 * (shared as f64).log10();
            Some((aim, loudness.value()))
        })
        .collect();
    let rules: Vec<f64> = aims.iter().flatten().map(|(aim, loudness)| aim - loudness).collect();
    let middle = rules.iter().sum::<f64>() / rules.len().max(1) as f64;
    for (track, aim) in tracks.iter_mut().zip(aims).filter(|(track, _)| track.plays()) {
        let wish = &track.stem.wish;
        if let Some(fader) = wish.fader {
            track.plan.fader = fader;
            track.choose(StemChoice::wished("fader", Some(fader.value()), "dB"));
            continue;
        }
        let Some((aim, loudness)) = aim else { continue };
        let trim = wish.trim.map_or(0.0, Decibels::value);
        let fader = tenths((aim - loudness - middle).clamp(-FADER_MAX_DB, FADER_MAX_DB) + trim);
        track.aim = Some(Lu::literal(aim));
        track.plan.fader = Decibels::literal(fader);
        let reason = format!(
            "{} at {:.1} belongs {:.1} under the mix",
            track.plan.role.said(),
            Lufs::literal(loudness),
            Lu::literal(-aim)
        );
        track.choose(StemChoice::new("fader", fader, "dB", Decider::Engine, reason));
    }
}

/// How many stems of a role play: they share its place.
fn alike(tracks: &[Track<'_>], role: Role) -> usize {
    tracks.iter().filter(|track| track.plays() && track.plan.role == role).count().max(1)
}

/// Loudness with the fader at 0 dB, after dynamics, width and pan.
fn loudness_of(track: &Track<'_>) -> Option<Lufs> {
    gated(&hops_of(track)?)
}

/// Powers of every 100 ms with the fader at 0 dB, after dynamics, width and pan.
fn hops_of(track: &Track<'_>) -> Option<Hops> {
    let rehearsed = track.rehearsed.as_ref().filter(|_| track.plays())?;
    let mut hops = Hops::of_runs(&rehearsed.energies_after(), CONTROL_FRAMES, rehearsed.rate);
    let before = rehearsed.image;
    let after = image_after(before, &track.plan, track.is_mono());
    // Of one channel both sides hold the same; it counts once.
    let channels = if track.is_mono() { 2.0 } else { 1.0 };
    let kept = channels * (after.left + after.right) / (before.left + before.right).max(1e-30);
    if (kept - 1.0).abs() > 1e-9 {
        hops.0.iter_mut().for_each(|power| *power *= kept);
    }
    Some(hops)
}

/// Loudness of what a stem adds to the mix.
pub(in crate::mix) fn loudness_after(track: &Track<'_>, mix_gain: Decibels) -> Option<Lufs> {
    Some(loudness_of(track)? + track.plan.fader + mix_gain)
}

/// The gain that brings the sum to [`MIX`], as if no stem had anything in common with another.
pub(super) fn mix_gain(tracks: &[Track<'_>], scene: &Scene, choices: &mut Vec<StemChoice>) -> Decibels {
    const WHAT: &str = "mix gain";
    if let Some(gain) = scene.wish.mix_gain {
        choices.push(StemChoice::wished(WHAT, Some(gain.value()), "dB"));
        return gain;
    }
    let mut sum = Hops(Vec::new());
    for track in tracks {
        let Some(hops) = hops_of(track) else { continue };
        let power = track.plan.fader.amplitude().powi(2);
        if sum.0.len() < hops.0.len() {
            sum.0.resize(hops.0.len(), 0.0);
        }
        sum.0.iter_mut().zip(hops.0).for_each(|(sum, hop)| *sum += hop * power);
    }
    let Some(loudness) = gated(&sum) else { return Decibels::ZERO };
    let gain = tenths((MIX - loudness).value());
    let reason = format!("the stems add up to {loudness:.1}; {MIX:.0} leaves room for mastering");
    choices.push(StemChoice::new(WHAT, gain, "dB", Decider::Engine, reason));
    Decibels::literal(gain)
}
