//! What will be done to a mix, and why: every number of a plan carries its reason.

use std::fmt;

use crate::effects::dither::Depth;
use crate::effects::limiter::Limiter;
use crate::units::{Dbtp, Decibels, Lu, Lufs};

/// A decision and why it was taken.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Reasoned<T> {
    /// What was decided.
    pub value: T,
    /// Why.
    pub reason: Reason,
}

/// What is done to a mix.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MasterPlan {
    /// Gain on the whole mix, before the limiter.
    pub gain: Reasoned<Decibels>,
    /// The limiter, if peaks need one.
    pub limiter: Reasoned<Option<Limiter>>,
    /// The level that the limiter holds: under the ceiling by what dither and the detector's reading error take.
    pub aim: Dbtp,
    /// How samples come onto the grid of the file.
    pub dither: Reasoned<Dither>,
    /// What keeps the master from being as loud as asked.
    pub limit: Option<Limit>,
}

impl MasterPlan {
    /// Whether the master's samples are the mix's own, before dither.
    #[must_use]
    pub fn leaves_samples_alone(&self) -> bool {
        self.gain.value == Decibels::ZERO && self.limiter.value.is_none()
    }
}

/// How samples come onto the grid of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dither {
    /// Not at all: floats, or samples that are on the grid already.
    None,
    /// Triangular dither, two steps wide, then rounding.
    Triangular(Depth),
    /// The same, and the noise moved to where the ear hears least.
    Shaped(Depth),
}

/// Why something was decided. Its text is a clause that a producer understands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Reason {
    /// The mix has the loudness asked for.
    AlreadyThere {
        /// Loudness of the mix.
        loudness: Lufs,
    },
    /// From the loudness of the mix to the loudness asked for.
    ToTarget {
        /// Loudness of the mix.
        from: Lufs,
        /// Loudness asked for.
        to: Lufs,
    },
    /// As far as a limit allows.
    UpTo(Limit),
    /// There is nothing to be heard.
    Silence,
    /// Too short to have a loudness: its peak is brought to the ceiling instead.
    PeakToCeiling {
        /// The mix's true peak.
        peak: Dbtp,
    },
    /// The highest peak stays under the ceiling by itself.
    PeaksFit {
        /// Where the highest peak comes to lie.
        peak: Dbtp,
    },
    /// Peaks would go over the ceiling.
    PeaksOver {
        /// By so much.
        by: Decibels,
        /// How far the mix's peaks stand above its loudness, which sets the release.
        peak_to_loudness: Decibels,
    },
    /// The file holds floats.
    FloatsNeedNone,
    /// Nothing changed samples that lie on the grid already.
    BitsKept,
    /// Computed samples are rounded to integers.
    Rounding {
        /// Bits of the integers.
        bits: u32,
    },
    /// Computed samples are rounded so coarsely that the noise is worth moving.
    CoarseRounding {
        /// Bits of the integers.
        bits: u32,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyThere { loudness } => write!(f, "the mix is at {loudness} already"),
            Self::ToTarget { from, to } => write!(f, "from {from} to {to}"),
            Self::UpTo(limit) => write!(f, "as far as it goes: {limit}"),
            Self::Silence => f.write_str("there is nothing to be heard"),
            Self::PeakToCeiling { peak } => {
                write!(f, "too short to have a loudness, so its peak of {peak} goes to the ceiling")
            }
            Self::PeaksFit { peak } => write!(f, "the highest peak comes to {peak}, under the ceiling"),
            Self::PeaksOver { by, peak_to_loudness } => {
                write!(
                    f,
                    "peaks would be {by} over the ceiling; they stand {peak_to_loudness} above the loudness"
                )
            }
            Self::FloatsNeedNone => f.write_str("a float file holds every sample as it is"),
            Self::BitsKept => f.write_str("every sample is delivered bit for bit"),
            Self::Rounding { bits } => write!(f, "samples are rounded to {bits} bits"),
            Self::CoarseRounding { bits } => {
                write!(
                    f,
                    "samples are rounded to {bits} bits, the noise of it moved to where the ear hears least"
                )
            }
        }
    }
}

/// What keeps a master from being as loud as asked without harm.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Limit {
    /// Peaks would stand too little above the loudness.
    PeakToLoudness {
        /// The least allowed.
        least: Decibels,
    },
    /// The limiter would hold too much of the programme down too far.
    Reduction {
        /// The most allowed.
        most: Decibels,
    },
    /// The limiter's fast movements would be heard as distortion.
    Modulation {
        /// The most allowed.
        most: Decibels,
    },
    /// More drive hardly makes it louder.
    Wall {
        /// The least that one more decibel of drive must add.
        least: Lu,
    },
    /// The mix is too quiet: more gain would raise its noise above all.
    Boost {
        /// The most gain allowed.
        most: Decibels,
    },
    /// The mix is a finished, dense master already.
    AlreadyMastered {
        /// Its loudness.
        loudness: Lufs,
    },
    /// Around the target the loudness jumps, because quiet parts cross the gate of the meter.
    BetweenAchievable,
    /// The ceiling took the rest: content right below the Nyquist frequency, whose peaks no limiter sees coming.
    Ceiling {
        /// The ceiling that holds.
        ceiling: Dbtp,
    },
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeakToLoudness { least } => {
                write!(f, "louder, the peaks would stand less than {least} above the loudness")
            }
            Self::Reduction { most } => {
                write!(f, "louder, the limiter would take more than {most} for more than a twentieth of the time")
            }
            Self::Modulation { most } => {
                write!(f, "louder, the limiter's own distortion would rise above {most} of the music")
            }
            Self::Wall { least } => write!(f, "one decibel more of drive would add less than {least:.1}"),
            Self::Boost { most } => write!(f, "the mix is so quiet that it would take more than {most} of gain"),
            Self::AlreadyMastered { loudness } => {
                write!(f, "the mix is a dense master at {loudness} already, which only loses by more loudness")
            }
            Self::Ceiling { ceiling } => {
                write!(f, "content right below half the sample rate goes over {ceiling}, so everything was turned down")
            }
            Self::BetweenAchievable => f.write_str(
                "quiet passages enter or leave the measurement just there, so the loudness jumps past the target",
            ),
        }
    }
}
