//! Why a file cannot be decoded or written, in words a producer understands, each with a stable code.

use std::io;

use dsp::progress::Cancelled;
use dsp::units::SampleRate;

/// What is accepted, for messages that refuse something else.
pub const ACCEPTED: &str =
    "WAV, RF64, BW64, W64, AIFF, FLAC, CAF, MP3, AAC or ALAC in MP4, and Vorbis or FLAC in Ogg";

/// Why a file was not decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No frame at all, or fewer than the limits ask for.
    #[error("the file contains no audio to work with: {}", too_short(*seconds, *seconds_min))]
    Empty {
        /// How long the audio is.
        seconds: f64,
        /// How long it must be.
        seconds_min: f64,
    },
    /// Not audio, as far as we can tell.
    #[error(
        "{} is not an audio file we know: it looks like {looks_like}; accepted are {ACCEPTED}",
        named(extension)
    )]
    FormatUnknown {
        /// The file name's extension, if it has one.
        extension: Option<String>,
        /// What the first bytes look like.
        looks_like: &'static str,
    },
    /// Audio, but not what the name says.
    #[error("the file is named .{extension} but contains {found}: please rename it, or export it again")]
    FormatMismatch {
        /// The file name's extension.
        extension: String,
        /// What it contains.
        found: &'static str,
    },
    /// Audio in a form that we do not take.
    #[error("{found} cannot be read; accepted are {ACCEPTED}")]
    CodecUnsupported {
        /// What it contains.
        found: String,
    },
    /// More is missing than the limits allow.
    #[error("the file is cut off: {}", missing(*seconds_found, *seconds_lost))]
    Truncated {
        /// How much can be read.
        seconds_found: f64,
        /// How much is missing, if the header says it.
        seconds_lost: Option<f64>,
    },
    /// The structure makes no sense.
    #[error("the file is malformed: {what}")]
    Malformed {
        /// What makes no sense, and where.
        what: String,
    },
    /// The structure is sound, but the audio in it is damaged.
    #[error("the audio is damaged: {what}")]
    Corrupt {
        /// What does not fit.
        what: String,
    },
    /// Too many samples that are no number, or beyond any level.
    #[error(
        "{samples} of {samples_total} samples are not numbers or lie beyond +120 dBFS; \
         up to {percent_max} % could be repaired"
    )]
    NotFinite {
        /// How many are not.
        samples: u64,
        /// Of how many.
        samples_total: u64,
        /// How many could be repaired, in per cent.
        percent_max: f64,
    },
    /// Rate or channels change within the file.
    #[error("the audio changes its format at {seconds:.1} s: from {from} to {to}")]
    ChangesFormat {
        /// Where.
        seconds: f64,
        /// From what.
        from: String,
        /// To what.
        to: String,
    },
    /// A rate outside the range.
    #[error("the sample rate is {hertz} Hz; it can be {} to {} Hz", SampleRate::MIN_HZ, SampleRate::MAX_HZ)]
    SampleRateUnsupported {
        /// What the header says.
        hertz: f64,
    },
    /// Too many channels, none, or channels whose places contradict their number.
    #[error("{what}; 1 to {channels_max} channels can be read")]
    ChannelsUnsupported {
        /// What the header says.
        what: String,
        /// The most that can be read.
        channels_max: u16,
    },
    /// A depth that no sample has.
    #[error("the bit depth is {bits}; it can be 8 to 32 bits as integer, and 32 or 64 bits as float")]
    BitDepthUnsupported {
        /// What the header says.
        bits: u32,
    },
    /// More audio than the limits allow.
    #[error("the audio is longer than {seconds_max:.0} s, the most that can be taken in this format")]
    TooLong {
        /// The longest audio taken at this rate and number of channels.
        seconds_max: f64,
    },
    /// More bytes than the limits allow.
    #[error("the file has {bytes} bytes; at most {bytes_max} can be taken")]
    FileTooLarge {
        /// How many it has.
        bytes: u64,
        /// How many it may have.
        bytes_max: u64,
    },
    /// The disk or the pipe failed, not the file.
    #[error("the file could not be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl DecodeError {
    /// The stable code of this error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "audio_empty",
            Self::FormatUnknown { .. } => "format_unknown",
            Self::FormatMismatch { .. } => "format_mismatch",
            Self::CodecUnsupported { .. } => "codec_unsupported",
            Self::Truncated { .. } => "audio_truncated",
            Self::Malformed { .. } => "audio_malformed",
            Self::Corrupt { .. } => "audio_corrupt",
            Self::NotFinite { .. } => "audio_not_finite",
            Self::ChangesFormat { .. } => "audio_changes_format",
            Self::SampleRateUnsupported { .. } => "sample_rate_unsupported",
            Self::ChannelsUnsupported { .. } => "channels_unsupported",
            Self::BitDepthUnsupported { .. } => "bit_depth_unsupported",
            Self::TooLong { .. } => "audio_too_long",
            Self::FileTooLarge { .. } => "file_too_large",
            Self::Unreadable(_) => "file_unreadable",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed { what: what.into() }
    }
}

impl From<Cancelled> for DecodeError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

fn named(extension: &Option<String>) -> String {
    match extension {
        Some(extension) => format!("the file named .{extension}"),
        None => "the file".to_owned(),
    }
}

fn too_short(seconds: f64, seconds_min: f64) -> String {
    if seconds > 0.0 {
        format!("it has {seconds:.3} s, and at least {seconds_min} s are needed")
    } else {
        "not one sample".to_owned()
    }
}

fn missing(seconds_found: f64, seconds_lost: Option<f64>) -> String {
    match seconds_lost {
        Some(lost) => format!("{lost:.1} s of {:.1} s are missing", seconds_found + lost),
        None if seconds_found == 0.0 => "it ends before any audio".to_owned(),
        None => format!("{seconds_found:.1} s can be read, and its end is missing"),
    }
}

/// Why audio was not written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The format has no place for so many channels.
    #[error("{format} can hold 1 to {channels_max} channels, not {channels}")]
    Channels {
        /// The format asked for.
        format: &'static str,
        /// How many there are.
        channels: usize,
        /// How many it can hold.
        channels_max: usize,
    },
    /// The format has no place for so many frames.
    #[error("{format} can hold 1 to {frames_max} frames, not {frames}")]
    Frames {
        /// The format asked for.
        format: &'static str,
        /// How many there are.
        frames: usize,
        /// How many it can hold.
        frames_max: u64,
    },
    /// The format has no place for this rate: resample first.
    #[error("{format} can hold {rates}, not {hertz} Hz")]
    Rate {
        /// The format asked for.
        format: &'static str,
        /// The rate of the audio, in hertz.
        hertz: u32,
        /// What it can hold, in words.
        rates: String,
    },
    /// This program was built without the encoder.
    #[error("this build has no encoder for {format}")]
    NotBuiltIn {
        /// The format asked for.
        format: &'static str,
    },
    /// The encoder refused: a defect of ours.
    #[error("the encoder failed: {0}")]
    Encoder(String),
    /// The disk or the pipe failed.
    #[error("the file could not be written: {0}")]
    Unwritable(#[from] io::Error),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl EncodeError {
    /// The stable code of this error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Channels { .. } => "channels_unsupported",
            Self::Frames { .. } => "audio_too_long",
            Self::Rate { .. } => "sample_rate_unsupported",
            Self::NotBuiltIn { .. } => "encoder_missing",
            Self::Encoder(_) => "encoder_failed",
            Self::Unwritable(_) => "file_unwritable",
            Self::Cancelled => "cancelled",
        }
    }
}
