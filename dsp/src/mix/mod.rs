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
//! | [`wish`] | what the user decided, per stem and for the mix | `StemWish`, `MixWish` |
//! | [`plan`] | what is done, and why | `MixPlan`, `StemPlan` |

pub mod plan;
pub mod reel;
pub mod role;
pub mod wish;

pub use plan::{DeEsser, EqBand, EqShape, MixPlan, Part, Polarity, RidePoint, StemChoice, StemPlan};
pub use reel::{Reel, ReelError};
pub use role::{Group, Role};
pub use wish::{MixWish, Pan, StemWish};

/// The most stems of one mix.
pub const STEMS_MAX: usize = 64;

/// One stem as it comes in.
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
