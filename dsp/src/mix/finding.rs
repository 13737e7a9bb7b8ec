//! What a producer should know of a stem. The list is closed; each has plain words with numbers.

use std::fmt;

use crate::analysis::Finding;
use crate::units::Milliseconds;

/// Something about a stem beside the others.
#[derive(Clone, PartialEq, Debug)]
pub enum StemFinding {
    /// What would be found of it alone: clipped, hum, DC, one dead channel.
    Alone(Finding),
    /// Nothing but silence: it adds nothing.
    Silent,
    /// The same samples as another: one of them is left out.
    CopyOf {
        /// The other's name.
        other: String,
    },
    /// So like the sum of all others that it is a mix of them: left out, and good as a reference.
    RoughMix,
    /// Its polarity is that of its partner turned over.
    Inverted {
        /// The partner's name.
        against: String,
    },
    /// It lags its partner.
    Late {
        /// The partner's name.
        against: String,
        /// By so much.
        by: Milliseconds,
    },
    /// It ends long before the others, or starts where they do though it is another length: from another song, or cut.
    OtherLength {
        /// Its length in seconds.
        seconds: f64,
        /// The longest stem's.
        longest_seconds: f64,
    },
    /// It is not known what it is: treated gently.
    UnknownRole,
}

impl StemFinding {
    /// The stable code of this finding, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Alone(finding) => finding.code(),
            Self::Silent => "silent",
            Self::CopyOf { .. } => "copy",
            Self::RoughMix => "rough_mix",
            Self::Inverted { .. } => "inverted",
            Self::Late { .. } => "late",
            Self::OtherLength { .. } => "other_length",
            Self::UnknownRole => "unknown_role",
        }
    }

    /// Whether its owner should do something about it.
    #[must_use]
    pub fn is_harmful(&self) -> bool {
        match self {
            Self::Alone(finding) => finding.is_harmful(),
            Self::Silent | Self::CopyOf { .. } | Self::OtherLength { .. } => true,
            Self::RoughMix | Self::Inverted { .. } | Self::Late { .. } | Self::UnknownRole => false,
        }
    }
}

impl fmt::Display for StemFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alone(finding) => finding.fmt(f),
            Self::Silent => f.write_str("nothing but silence, so it adds nothing to the mix"),
            Self::CopyOf { other } => write!(f, "the same sound as {other}, so only one of the two plays"),
            Self::RoughMix => f.write_str(
                "a mix of the other stems: left out of the sum; it can serve as a reference for the master",
            ),
            Self::Inverted { against } => {
                write!(f, "its polarity was the opposite of {against}; it is turned over")
            }
            Self::Late { against, by } => {
                write!(f, "it came {by} after {against}; it is moved so that both meet")
            }
            Self::OtherLength { seconds, longest_seconds } => write!(
                f,
                "it lasts {seconds:.1} s where the longest stem lasts {longest_seconds:.1} s; it starts with the others"
            ),
            Self::UnknownRole => {
                f.write_str("it is not sure what it is, so it is treated gently; its role can be set")
            }
        }
    }
}
