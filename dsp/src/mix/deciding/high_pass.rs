//! Where a stem begins: what lies below its lowest notes is not music.

use super::Scene;
use super::rounding::whole;
use crate::bands::{BANDS, edges};
use crate::master::choice::Decider;
use crate::mix::listening::Spectra;
use crate::mix::plan::StemChoice;
use crate::mix::role::Role;
use crate::mix::track::Track;
use crate::units::Hertz;

/// What lies below counts as rumble whatever it is.
const RUMBLE: Hertz = Hertz::literal(32.0);
/// Where the lowest notes begin: less than this share of the energy lies below.
const BELOW_NOTES: f64 = 0.01;
/// The corner stays so far below the lowest notes.
const UNDER_NOTE: f64 = 0.75;
/// A lower corner would change nothing that is heard.
const LEAST_HZ: f64 = 20.0;

/// Decides the corner.
pub(super) fn decide(track: &mut Track<'_>, scene: &Scene) {
    const WHAT: &str = "high-pass";
    if let Some(wish) = track.stem.wish.high_pass {
        track.plan.high_pass = wish;
        track.choose(StemChoice::wished(WHAT, wish.map(Hertz::value), "Hz"));
        return;
    }
    let Some(heard) = &track.heard else { return };
    if !track.is_free() || scene.strength() == 0.0 {
        return;
    }
    let usual = usual_hz(track.plan.role);
    let note = lowest_notes(&heard.spectra);
    let corner = whole(note.map_or(usual, |note| usual.min(note.value() * UNDER_NOTE)));
    if corner < LEAST_HZ {
        let reason = "its lowest notes need all there is";
        track.choose(StemChoice::off(WHAT, Decider::Engine, reason));
        return;
    }
    track.plan.high_pass = Some(Hertz::literal(corner));
    let said = track.plan.role.said();
    let reason = match note {
        Some(note) => format!("its notes begin about {note:.0}; for {said} {usual:.0}\u{2009}Hz is usual"),
        None => format!("usual for {said}"),
    };
    track.choose(StemChoice::new(WHAT, corner, "Hz", Decider::Engine, reason));
}

/// The usual corner of a role.
fn usual_hz(role: Role) -> f64 {
    match role {
        Role::LeadVocal | Role::BackingVocal | Role::RhythmGuitar | Role::LeadGuitar => 80.0,
        Role::AcousticGuitar | Role::Snare => 70.0,
        Role::Pad | Role::Winds => 90.0,
        Role::Keys | Role::LeadSynth | Role::Brass | Role::Strings | Role::Toms => 50.0,
        Role::Overheads => 60.0,
        Role::Hats => 250.0,
        Role::Cymbals => 150.0,
        Role::Percussion => 40.0,
        Role::Bass => 28.0,
        Role::Kick | Role::Drums => 25.0,
        Role::Sub => 20.0,
        Role::Effects | Role::RoughMix | Role::Other => 30.0,
    }
}

/// The lower edge of the band in which the energy from below reaches [`BELOW_NOTES`] of all.
fn lowest_notes(spectra: &Spectra) -> Option<Hertz> {
    let sums = spectra.mean();
    let musical = |band: &usize| edges(*band).1.value() > RUMBLE.value();
    let total: f64 = (0..BANDS).filter(musical).map(|band| sums[band]).sum();
    let mut below = 0.0;
    (0..BANDS).filter(musical).find_map(|band| {
        below += sums[band];
        (below > BELOW_NOTES * total).then(|| edges(band).0)
    })
}
