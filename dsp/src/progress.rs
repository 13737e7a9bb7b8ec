//! How a long computation is watched and stopped from outside.

use std::fmt;

/// What a long computation tells its caller, and asks it. Called from any thread of the pool.
pub trait Watch: Sync {
    /// How much of the current stage is done, 0 to 1. May be called often: the caller thins it out.
    fn done(&self, fraction: f64);
    /// Whether to stop. Asked at least every few hundred thousand frames.
    fn is_cancelled(&self) -> bool;
}

/// Nobody is watching.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn done(&self, _fraction: f64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// The caller asked to stop; what was computed is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for Cancelled {}
