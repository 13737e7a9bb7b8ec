//! How much of the common room each stem gets.

use super::Scene;
use super::rounding::tenths;
use crate::master::choice::Decider;
use crate::mix::plan::StemChoice;
use crate::mix::role::Role;
use crate::mix::track::Track;
use crate::units::Decibels;

/// Decides the send of a stem.
pub(super) fn decide(track: &mut Track<'_>, scene: &Scene) {
    const WHAT: &str = "send to the room";
    if let Some(wish) = track.stem.wish.send {
        track.plan.send = wish;
        track.choose(StemChoice::wished(WHAT, wish.map(Decibels::value), "dB"));
        return;
    }
    let Some(usual) = usual_db(track.plan.role).filter(|_| scene.wish.space > 0.0 && track.is_free()) else {
        return;
    };
    let send = tenths(usual + 20.0 * scene.wish.space.log10());
    track.plan.send = Some(Decibels::literal(send));
    let reason = format!(
        "{usual:.0}\u{2009}dB is a lot of room for {}; {:.0}\u{2009}% of it was asked for",
        track.plan.role.said(),
        scene.wish.space * 100.0
    );
    track.choose(StemChoice::new(WHAT, send, "dB", Decider::Engine, reason));
}

/// The room relative to the stem, all the way up: then it lies about 10 dB under the mix. De Man and Reiss (2017) found
/// 9 LU liked, and what carries the low end dry.
fn usual_db(role: Role) -> Option<f64> {
    match role {
        Role::Kick | Role::Bass | Role::Sub | Role::RoughMix => None,
        Role::LeadVocal | Role::Snare | Role::BackingVocal => Some(-12.0),
        Role::Strings | Role::Pad | Role::Effects => Some(-12.0),
        Role::Hats | Role::Cymbals | Role::Overheads | Role::Drums => Some(-17.0),
        _ => Some(-14.0),
    }
}
