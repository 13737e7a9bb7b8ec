//! The mix: stems in, one stereo mix out, with every number that was decided and why.
//!
//! Listen, plan, render. Each stem is read once to find out what is true of it (and of it beside the others), once
//! more to process it; all that is kept of it between is small. A plan depends on the stems and the wishes alone, and
//! never on their order: stems are worked on in the order of their names. The same stems and plan give the same
//! samples for any number of threads.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`reel`] | where a stem's samples lie | `Reel` |
//! | [`role`] | what a stem is in the music | `Role`, `Group` |
//! | [`prepare`] | silence, copies, rough mixes, polarity and delay | `Prepared` |
//! | [`wish`] | what the user decided, per stem and for the mix | `StemWish`, `MixWish` |
//! | [`finding`] | what a producer should know of a stem | `StemFinding` |
//! | [`plan`] | what is done, and why | `MixPlan`, `StemPlan` |
//! | [`error`] | why there is no mix | `MixError` |
//! | `mixing` | the order of it all: [`mix`] |
//! | `listening` | what is true of a stem as it comes in |
//! | `strip` | one stem through its plan |
//! | `masking` | how much stems hide each other |
//! | `deciding` | from what was heard to what is done |
//! | `sum` | stems to groups to the mix |
//! | `plain_sum` | the stems as they came, summed |

mod deciding;
pub mod error;
pub mod finding;
mod listening;
mod masking;
mod mixing;
mod plain_sum;
pub mod plan;
pub mod prepare;
pub mod reel;
pub mod role;
mod strip;
mod sum;
mod track;
pub mod wish;

pub use error::MixError;
pub use finding::StemFinding;
pub use mixing::mix;
pub use plain_sum::plain_sum;
pub use plan::{DeEsser, EqBand, EqShape, MixPlan, Part, Polarity, RidePoint, StemChoice, StemPlan};
pub use prepare::{Prepared, prepare};
pub use reel::{Reel, ReelError};
pub use role::{Group, Role};
pub use wish::{MixWish, Pan, Solo, StemWish, Touch};

use crate::audio::Audio;
use crate::progress::{Unwatched, Watch};
use crate::units::{Hertz, Lu, Lufs};

/// The most stems of one mix.
pub const STEMS_MAX: usize = 64;

/// One stem as it comes in.
#[derive(Debug)]
pub struct Stem<'a> {
    /// What its file is called, without its folder: the names of instruments in it are evidence.
    pub name: String,
    /// Its samples, at the rate of the session.
    pub reel: &'a dyn Reel,
    /// Where it starts on the session's clock, in frames, if its file says (BWF time reference).
    pub starts_at_frame: Option<u64>,
    /// What the user decided.
    pub wish: StemWish,
}

/// The stages of a mix, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Every stem is listened to.
    Listen,
    /// Decisions are taken.
    Plan,
    /// Stems are processed and summed.
    Render,
}

/// Watches a mix.
pub trait MixWatch: Watch {
    /// A stage begins; `done` counts from 0 again.
    fn enter(&self, stage: Stage);
}

impl MixWatch for Unwatched {
    fn enter(&self, _stage: Stage) {}
}

/// Takes the stems as they go into the sum: processed, with fader, ride and pan, the mix's gain included. All of them
/// add up to the mix but for what is done to groups.
pub trait StemSink: Sync {
    /// One stem, stereo, as long as the mix. Called from any thread of the pool, once for each stem that plays.
    fn take(&self, stem: &str, audio: &Audio) -> Result<(), ReelError>;
}

/// A mix, and what became of it.
#[derive(Debug)]
pub struct Mixed {
    /// Stereo, as long as the longest stem, in floats: its peaks may lie above full scale, nothing is clipped.
    pub audio: Audio,
    /// What was done, and why.
    pub plan: MixPlan,
    /// What is true of each stem, in the plan's order.
    pub stems: Vec<StemAccount>,
    /// How much the stems hide each other.
    pub masking: Masking,
}

/// What is true of one stem before and after.
#[derive(Clone, PartialEq, Debug)]
pub struct StemAccount {
    /// How sure its role is, 0 to 1; 1 if the user said it.
    pub certainty: f64,
    /// Loudness of the stem as it came, over its own active moments; none if it has none.
    pub loudness_before: Option<Lufs>,
    /// Loudness of what it adds to the mix, the same way.
    pub loudness_after: Option<Lufs>,
    /// Loudness relative to the whole mix that was aimed at; none where there is no rule.
    pub aim: Option<Lu>,
    /// Loudness relative to the whole mix that came out.
    pub standing: Option<Lu>,
    /// What its owner should know.
    pub findings: Vec<StemFinding>,
}

/// How much stems hide each other, per band of hearing: the mean excess in dB by which a less important stem lies over
/// a more important one where that one has what makes it understood.
#[derive(Clone, PartialEq, Debug)]
pub struct Masking {
    /// Centres of the bands.
    pub bands: Vec<Hertz>,
    /// Of the stems as they came, at the faders of the mix's own balance.
    pub before_db: Vec<f64>,
    /// Of the mix.
    pub after_db: Vec<f64>,
    /// One number for all bands.
    pub index_before: f64,
    /// The same of the mix.
    pub index_after: f64,
}
