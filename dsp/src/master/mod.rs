//! The master: a mix in, the same mix at the loudness and under the ceiling that was asked for out.
//!
//! Analyse, plan, render, certify. The plan is a plain value in which every number has its reason; it depends on
//! the mix and the parameters alone. What is certified are the samples that are delivered, after rounding.
//!
//! | module | what |
//! |---|---|
//! | [`params`], [`budgets`] | what is asked, and how much a limiter may do for it |
//! | [`chain`] | tone, dynamics, width: what comes before the loudness |
//! | [`loudness_target`] | how loud the limiter's output will be, without rendering it |
//! | [`plan`] | what is done, and why |
//! | [`outcome`] | what became of it |

mod analysis;
pub mod budgets;
mod certify;
pub mod chain;
mod decide;
mod landing;
pub mod loudness_target;
pub mod outcome;
pub mod params;
pub mod plan;
mod renderer;
mod search;

pub use budgets::Budgets;
pub use decide::{GAIN_MAX, TOLERANCE};
pub use outcome::{MasterError, Mastered, Outcome, Work};
pub use params::{Force, MasterParams, SourceDepth, Target};
pub use plan::{Dither, Limit, MasterPlan, Reason, Reasoned};

use analysis::Analysis;
use decide::Decision;
use loudness_target::Programme;

use crate::audio::Audio;
use crate::meter::measure_certified;
use crate::progress::{Cancelled, Unwatched, Watch};
use crate::units::Decibels;

/// The stages of a master, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// The mix is measured.
    Analyse,
    /// Decisions are taken.
    Plan,
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

/// Masters `mix`.
///
/// The ceiling holds always, on the delivered samples, between them too, for content below 0.907 of the Nyquist
/// frequency (no meter of finite length can tell above). The loudness is within [`TOLERANCE`] of the target, or
/// [`Outcome`] says what kept it. Same length, nothing delayed; one gain for all channels. Same samples for
/// any number of threads.
pub fn master(mix: Audio, params: &MasterParams, watch: &dyn MasterWatch) -> Result<Mastered, MasterError> {
    if mix.frames() == 0 {
        return Err(MasterError::Empty);
    }
    watch.enter(Stage::Analyse);
    let analysis = Analysis::of(&mix, params.ceiling());
    if analysis.before.broken_samples > 0 {
        return Err(MasterError::Broken { samples: analysis.before.broken_samples });
    }
    go_on(watch)?;
    watch.enter(Stage::Plan);
    let decision = decide::decide(&analysis, params, || Programme::of(&mix, analysis.peak));
    go_on(watch)?;
    watch.enter(Stage::Render);
    if decision.plan.leaves_samples_alone() && decision.plan.dither.value == Dither::None {
        return Ok(untouched(mix, analysis, params, decision));
    }
    landing::land(&mix, analysis, params, decision, watch)
}

fn go_on(watch: &dyn Watch) -> Result<(), Cancelled> {
    if watch.is_cancelled() { Err(Cancelled) } else { Ok(()) }
}

/// The mix is its own master.
fn untouched(mix: Audio, analysis: Analysis, params: &MasterParams, decision: Decision) -> Mastered {
    let after = measure_certified(&mix, params.ceiling());
    let outcome = Outcome::of(&analysis, params, &decision.plan, after.integrated, Decibels::ZERO);
    Mastered {
        audio: mix,
        before: analysis.before,
        after,
        plan: decision.plan,
        outcome,
        work: Work::NONE,
        limiter_gains: Vec::new(),
    }
}
