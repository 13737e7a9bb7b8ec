//! Why no mix was made.

use std::fmt;

use super::STEMS_MAX;
use super::reel::ReelError;
use crate::progress::Cancelled;

/// No mix was made.
#[derive(Clone, PartialEq, Debug)]
pub enum MixError {
    /// The caller asked to stop.
    Cancelled,
    /// Samples could not be read back or handed on.
    Reel(ReelError),
    /// No stem at all.
    NoStems,
    /// More than [`STEMS_MAX`].
    TooManyStems(usize),
    /// Two stems of one name.
    SameName(String),
    /// A stem at another rate than the first: the caller brings all to one.
    Rates {
        /// Which.
        stem: String,
    },
    /// Every stem is silent, muted or left out.
    NothingPlays,
}

impl fmt::Display for MixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => Cancelled.fmt(f),
            Self::Reel(error) => error.fmt(f),
            Self::NoStems => f.write_str("there is no stem to mix"),
            Self::TooManyStems(count) => write!(f, "{count} stems; a mix takes up to {STEMS_MAX}"),
            Self::SameName(name) => write!(f, "two stems are called {name}; each needs a name of its own"),
            Self::Rates { stem } => {
                write!(f, "{stem} is at another sample rate than the other stems; all must have the same")
            }
            Self::NothingPlays => f.write_str("nothing plays: every stem is silent, muted or left out"),
        }
    }
}

impl std::error::Error for MixError {}

impl From<ReelError> for MixError {
    fn from(error: ReelError) -> Self {
        Self::Reel(error)
    }
}

impl From<Cancelled> for MixError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}
