//! What was accepted, but should be known: never silent, never in the way.

use std::fmt;

/// One thing that decoding put right or left out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum DecodeNote {
    /// The header does not say how long the audio is, or says it wrongly; the real bytes were taken.
    LengthCorrected {
        /// What the header says, if it says anything, in seconds.
        seconds_claimed: Option<f64>,
        /// What there is, in seconds.
        seconds_found: f64,
    },
    /// The end is missing; what exists was taken.
    Truncated {
        /// How much is missing, if the header says it.
        seconds_lost: Option<f64>,
    },
    /// Samples that are not numbers, or beyond +120 dBFS, were replaced from their neighbours.
    NotFiniteReplaced {
        /// How many, over all channels.
        samples: u64,
    },
    /// Bytes after the audio that are no part of it were left out.
    TrailingBytesIgnored {
        /// How many.
        bytes: u64,
    },
    /// A second stretch of audio in the same file was left out.
    SecondDataIgnored {
        /// How many bytes.
        bytes: u64,
    },
    /// What a lossy encoder had put before and after the audio was trimmed.
    PrimingTrimmed {
        /// Frames at the start.
        frames_before: u64,
        /// Frames at the end.
        frames_after: u64,
    },
    /// A lossy file that does not say what its encoder put before the audio: it may start some ms late.
    PrimingUnknown,
    /// The places of the channels contradict their number, which does not matter up to two of them.
    ChannelMaskIgnored {
        /// The mask as written.
        mask: u32,
    },
    /// Packets that cannot be decoded; silence stands in their place.
    PacketsSilenced {
        /// How many.
        packets: u64,
        /// Of how many.
        packets_total: u64,
    },
}

impl DecodeNote {
    /// The stable code of this note, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LengthCorrected { .. } => "length_corrected",
            Self::Truncated { .. } => "truncated",
            Self::NotFiniteReplaced { .. } => "not_finite_replaced",
            Self::TrailingBytesIgnored { .. } => "trailing_bytes_ignored",
            Self::SecondDataIgnored { .. } => "second_data_ignored",
            Self::PrimingTrimmed { .. } => "priming_trimmed",
            Self::PrimingUnknown => "priming_unknown",
            Self::ChannelMaskIgnored { .. } => "channel_mask_ignored",
            Self::PacketsSilenced { .. } => "packets_silenced",
        }
    }
}

impl fmt::Display for DecodeNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthCorrected { seconds_claimed: Some(claimed), seconds_found } => write!(
                f,
                "the header claims {claimed:.1} s; the file has {seconds_found:.1} s, and all of them were read"
            ),
            Self::LengthCorrected { seconds_claimed: None, seconds_found } => write!(
                f,
                "the header does not say how long the audio is; the file has {seconds_found:.1} s, \
                 and all of them were read"
            ),
            Self::Truncated { seconds_lost: Some(lost) } => {
                write!(f, "the file is cut off: its last {lost:.1} s are missing")
            }
            Self::Truncated { seconds_lost: None } => f.write_str("the file is cut off: its end is missing"),
            Self::NotFiniteReplaced { samples } => {
                write!(f, "{samples} samples were not numbers, and were replaced from their neighbours")
            }
            Self::TrailingBytesIgnored { bytes } => {
                write!(f, "{bytes} bytes after the audio are no part of it, and were left out")
            }
            Self::SecondDataIgnored { bytes } => {
                write!(f, "the file holds a second stretch of audio of {bytes} bytes, which was left out")
            }
            Self::PrimingTrimmed { frames_before, frames_after } => write!(
                f,
                "{frames_before} frames before and {frames_after} after the audio, put there by its encoder, \
                 were trimmed"
            ),
            Self::PrimingUnknown => f.write_str(
                "the file does not say what its encoder put before the audio: it may start some milliseconds late",
            ),
            Self::ChannelMaskIgnored { mask } => {
                write!(f, "the channel mask {mask:#x} does not fit the number of channels, and was ignored")
            }
            Self::PacketsSilenced { packets, packets_total } => write!(
                f,
                "{packets} of {packets_total} packets could not be decoded; silence stands in their place"
            ),
        }
    }
}
