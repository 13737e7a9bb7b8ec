//! The master: a mix in, the same mix at the loudness and under the ceiling that was asked for out.
//!
//! Analyse, plan, render, certify. A plan is a plain value in which every number has its reason; it depends on
//! the mix and the parameters alone. What is certified are the samples that are delivered, after rounding.
//!
//! | module | what |
//! |---|---|
//! | [`preset`], [`character`], [`reference`](mod@reference) | what the sound shall be like |
//! | [`album`] | tracks that belong together |
//! | [`planner`] | tone, dynamics and width, from what is true of the mix |
//! | [`chain`] | doing it |
//! | [`premaster`] | a mix with its sound done, from which masters are made |
//! | [`params`], [`budgets`] | what loudness is asked, and how much a limiter may do for it |
//! | [`loudness_target`] | how loud the limiter's output will be, without rendering it |
//! | [`plan`], [`choice`] | what is done, and why |
//! | [`outcome`] | what became of it |

pub mod album;
mod analysis;
pub mod budgets;
mod certify;
pub mod chain;
pub mod character;
pub mod choice;
mod decide;
mod landing;
pub mod loudness_target;
pub mod outcome;
pub mod params;
pub mod plan;
pub mod planner;
pub mod premaster;
pub mod preset;
pub mod reference;
mod renderer;
mod search;

pub use budgets::Budgets;
pub use chain::ChainPlan;
pub use character::Character;
pub use choice::{Choice, ChoiceStage, Decider};
pub use decide::{GAIN_MAX, TOLERANCE};
pub use outcome::{MasterError, Mastered, Outcome, Work};
pub use params::{Force, MasterParams, SourceDepth, Target};
pub use plan::{Dither, Limit, MasterPlan, Reason, Reasoned};
pub use premaster::Premaster;
pub use preset::Preset;
pub use reference::{Aim, Reference};

use crate::audio::Audio;
use crate::progress::{Unwatched, Watch};

/// The stages of a master, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// The mix is measured.
    Analyse,
    /// Decisions are taken.
    Plan,
    /// Tone, dynamics and width are done.
    Process,
    /// The plan is rendered and certified; each render, should it take more than one, counts from 0 again.
    Render,
}

/// Watches a master.
pub trait MasterWatch: Watch {
    /// A stage begins; `done` counts from 0 again.
    fn enter(&self, stage: Stage);
}

impl MasterWatch for Unwatched {
    fn enter(&self, _stage: Stage) {}
}

/// Masters `mix` by loudness alone; [`Premaster`] also does its tone, dynamics and width.
///
/// The ceiling holds always, on the delivered samples, between them too, for content below 0.907 of the Nyquist
/// frequency (no meter of finite length can tell above). The loudness is within [`TOLERANCE`] of the target, or
/// [`Outcome`] says what kept it. Same length, nothing delayed; one gain for all channels. Same samples for
/// any number of threads.
pub fn master(mix: Audio, params: &MasterParams, watch: &dyn MasterWatch) -> Result<Mastered, MasterError> {
    Premaster::of(mix, &Character::NONE, None, watch)?.master(params, watch)
}
