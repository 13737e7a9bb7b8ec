//! What became of a mix.

use std::fmt;

use super::TOLERANCE;
use super::analysis::Analysis;
use super::params::{MasterParams, Target};
use super::plan::{Limit, MasterPlan};
use crate::audio::Audio;
use crate::error::ParamError;
use crate::meter::Measurements;
use crate::progress::Cancelled;
use crate::units::{Dbtp, Decibels, Lufs};

/// A master and everything that can be said of it.
#[derive(Debug)]
pub struct Mastered {
    /// As many frames as the mix, none moved. Every sample is exact on the grid of the depth that was asked for,
    /// so an encoder's conversion changes nothing.
    pub audio: Audio,
    /// Of the mix.
    pub before: Measurements,
    /// Of the samples of `audio`, with certified true peak.
    pub after: Measurements,
    /// What was done, and why.
    pub plan: MasterPlan,
    /// Whether the target was reached.
    pub outcome: Outcome,
    /// What it took.
    pub work: Work,
    /// The limiter's deepest gain in each of `analysis::picture::COLUMNS` columns of the song; empty without a limiter.
    pub limiter_gains: Vec<Decibels>,
}

/// Whether the target was reached.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Outcome {
    /// The loudness is within 0.05 LU of the target.
    Reached,
    /// The mix was there already: its level was not touched.
    Unchanged,
    /// Not as loud as asked; this is the loudest that keeps within the limit.
    Refused {
        /// What ended it.
        limit: Limit,
        /// The loudness asked for.
        asked: Lufs,
        /// The loudness delivered.
        reached: Lufs,
    },
    /// There is nothing to be heard; silence stays silence.
    Silent,
    /// Shorter than 0.4 s, so without a loudness: its peak was brought to the ceiling, by at most 20 dB.
    TooShort,
}

impl Outcome {
    pub(super) fn of(
        mix: &Analysis,
        params: &MasterParams,
        plan: &MasterPlan,
        reached: Option<Lufs>,
        trim: Decibels,
    ) -> Self {
        let (Some(loudness), Some(reached)) = (mix.mix_loudness, reached) else {
            return if mix.is_too_short() && !mix.is_empty() { Self::TooShort } else { Self::Silent };
        };
        let asked = match params.target() {
            Target::Loudness(target) => target,
            Target::AsTheMix => loudness,
        };
        // Whatever stood in the way: who is there is not refused.
        if (reached - asked).value().abs() > TOLERANCE.value() {
            let trimmed = Limit::Ceiling { ceiling: params.ceiling() };
            let otherwise = if trim < Decibels::ZERO { trimmed } else { Limit::BetweenAchievable };
            return Self::Refused { limit: plan.limit.unwrap_or(otherwise), asked, reached };
        }
        if plan.leaves_samples_alone() { Self::Unchanged } else { Self::Reached }
    }
}

/// What a master took.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Work {
    /// The limiter's deepest gain reduction.
    pub reduction_max: Decibels,
    /// The gain reduction that 95 % of the programme stays under.
    pub reduction_p95: Decibels,
    /// Energy of the gain's movements above 20 Hz relative to the output; negative infinity if there are none.
    pub modulation: Decibels,
    /// Whole renders.
    pub renders: usize,
    /// Peaks that were held down by a dip of their own after the limiter.
    pub dips: usize,
    /// Gain on everything that the ceiling still asked for in the end; zero but for signals full of content right
    /// below the Nyquist frequency.
    pub trim: Decibels,
}

impl Work {
    /// Nothing was done.
    pub(super) const NONE: Self = Self {
        reduction_max: Decibels::ZERO,
        reduction_p95: Decibels::ZERO,
        modulation: Decibels::literal(f64::NEG_INFINITY),
        renders: 0,
        dips: 0,
        trim: Decibels::ZERO,
    };
}

/// Why there is no master.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum MasterError {
    /// The caller asked to stop.
    Cancelled,
    /// There is no frame.
    Empty,
    /// A plan from outside asks for what cannot be done.
    Plan(ParamError),
    /// Some samples are no numbers or beyond any level; decoding should have repaired or refused them.
    Broken {
        /// How many.
        samples: usize,
    },
    /// The meter kept finding the ceiling exceeded, however far everything was turned down. Does not happen with
    /// a meter that is right.
    NotCertified {
        /// What it found in the end.
        peak: Dbtp,
        /// What was promised.
        ceiling: Dbtp,
    },
}

impl From<Cancelled> for MasterError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl fmt::Display for MasterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => Cancelled.fmt(f),
            Self::Plan(error) => error.fmt(f),
            Self::Empty => f.write_str("the mix has no frames; a master needs at least one"),
            Self::Broken { samples } => {
                write!(
                    f,
                    "{samples} samples of the mix are no numbers or infinitely loud; a master allows none"
                )
            }
            Self::NotCertified { peak, ceiling } => {
                write!(f, "the master still reads {peak:.2}, above its ceiling of {ceiling:.2}")
            }
        }
    }
}

impl std::error::Error for MasterError {}
