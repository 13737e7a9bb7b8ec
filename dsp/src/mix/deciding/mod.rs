//! From what was heard to what is done. Every number is rounded to what a person would write, and has its reason.
//!
//! | module | decides |
//! |---|---|
//! | [`high_pass`] | where a stem begins |
//! | [`dynamics`], [`de_ess`] | compressors, de-essers |
//! | [`place`] | pan and width |
//! | [`ride`] | the lead vocal over the music |
//! | [`balance`] | faders, and the gain of the whole |
//! | [`tone`] | resonances, boomy and dull voices |
//! | [`unmask`] | cuts where a stem hides a more important one |
//! | [`sends`] | how much of the common room |
//! | [`buses`] | what is done to groups |
//! | [`targets`] | how loud a role is in a mix |

pub(super) mod balance;
mod buses;
mod de_ess;
mod dynamics;
mod high_pass;
mod place;
mod ride;
mod rounding;
mod sends;
mod targets;
mod tone;
pub(super) mod unmask;

use rayon::prelude::*;

use super::MixWatch;
use super::error::MixError;
use super::listening::BATCH;
use super::plan::{MixPlan, StemChoice};
use super::strip::{self, Rehearsed};
use super::track::Track;
use super::wish::MixWish;
use crate::master::choice::Decider;

/// What decisions about one stem know of all of them.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) wish: MixWish,
}

impl Scene {
    pub(super) fn of(_tracks: &[Track<'_>], wish: &MixWish) -> Self {
        Self { wish: *wish }
    }

    /// How far decisions about the sound go: 1 at the usual intensity.
    fn strength(&self) -> f64 {
        2.0 * self.wish.intensity
    }
}

/// Decides all that is not wished.
pub(super) fn decide(
    tracks: &mut [Track<'_>],
    scene: &Scene,
    watch: &dyn MixWatch,
) -> Result<MixPlan, MixError> {
    for track in tracks.iter_mut().filter(|track| track.plays()) {
        high_pass::decide(track, scene);
        if let Some(eq) = &track.stem.wish.eq {
            track.plan.eq.clone_from(eq);
        }
        tone::decide(track, scene);
    }
    unmask::decide(tracks, scene);
    rehearse(tracks, watch)?;
    for track in tracks.iter_mut().filter(|track| track.plays()) {
        dynamics::decide(track, scene);
        de_ess::decide(track, scene);
        ride::wished(track);
        sends::decide(track, scene);
    }
    place::widths(tracks, scene);
    balance::decide(tracks);
    ride::decide(tracks, scene);
    place::pans(tracks);
    let mut choices = Vec::new();
    let mix_gain = balance::mix_gain(tracks, scene, &mut choices);
    let drums_compressor = buses::drums(tracks, mix_gain, scene, &mut choices);
    let vocal_dip = buses::dip(tracks, unmask::lead_hidden_db(tracks), scene, &mut choices);
    let plan = MixPlan {
        wish: scene.wish,
        stems: tracks.iter().map(|track| track.plan.clone()).collect(),
        drums_compressor,
        vocal_dip,
        mix_gain,
        choices,
    };
    Ok(plan)
}

/// Runs every stem that plays through its filters, and keeps its levels.
fn rehearse(tracks: &mut [Track<'_>], watch: &dyn MixWatch) -> Result<(), MixError> {
    for batch in tracks.chunks_mut(BATCH) {
        batch.par_iter_mut().filter(|track| track.plays()).try_for_each(|track| {
            if watch.is_cancelled() {
                return Err(MixError::Cancelled);
            }
            track.rehearsed = Some(Rehearsed::of(&strip::filtered(track, watch)?, track));
            Ok(())
        })?;
    }
    Ok(())
}

impl StemChoice {
    /// An amount and its reason.
    fn new(
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        by: Decider,
        reason: impl Into<String>,
    ) -> Self {
        Self { what: what.into(), value: Some(value), unit, by, reason: reason.into() }
    }

    /// Left alone, and why.
    fn off(what: impl Into<String>, by: Decider, reason: impl Into<String>) -> Self {
        Self { what: what.into(), value: None, unit: "off", by, reason: reason.into() }
    }

    /// As the user wished.
    fn wished(what: impl Into<String>, value: Option<f64>, unit: &'static str) -> Self {
        match value {
            Some(value) => Self::new(what, value, unit, Decider::User, "as it was asked for"),
            None => Self::off(what, Decider::User, "as it was asked for"),
        }
    }
}
