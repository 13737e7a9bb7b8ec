//! Why a render has no result, and whose fault it is.

use codec::{DecodeError, EncodeError};
use domain::job::Stage;
use domain::problem::{Fault, Money, Problem};
use dsp::error::ParamError;
use dsp::master::MasterError;

/// Why a render has no result.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The file cannot be decoded.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// The result cannot be written.
    #[error("{0}")]
    Encode(#[from] EncodeError),
    /// The target cannot be asked for.
    #[error("{0}")]
    Target(#[from] ParamError),
    /// A master is mono or stereo.
    #[error("the file has {channels} channels; a master is made of 1 or 2")]
    Channels {
        /// How many the file has.
        channels: usize,
    },
    /// The engine has no result.
    #[error("{0}")]
    Master(#[from] MasterError),
    /// The disk failed, not the file.
    #[error("{0}")]
    Disk(#[from] std::io::Error),
}

impl RenderError {
    /// Stable, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.code(),
            Self::Encode(error) => error.code(),
            Self::Target(_) => "target_out_of_range",
            Self::Channels { .. } => "channels_unsupported",
            Self::Master(MasterError::Cancelled) => "cancelled",
            Self::Master(MasterError::Empty) => "audio_empty",
            Self::Master(MasterError::Broken { .. }) => "audio_not_finite",
            Self::Master(MasterError::NotCertified { .. }) => "master_not_certified",
            Self::Disk(_) => "disk_failed",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Target(_) | Self::Encode(EncodeError::Rate { .. }) => Fault::User,
            Self::Decode(DecodeError::Unreadable(_))
            | Self::Encode(_)
            | Self::Master(MasterError::NotCertified { .. })
            | Self::Disk(_) => Fault::Ours,
            Self::Decode(_) | Self::Channels { .. } | Self::Master(_) => Fault::Input,
        }
    }

    /// Whether the caller asked to stop, which is nobody's fault.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.code() == "cancelled"
    }

    /// As a failed job carries it.
    #[must_use]
    pub fn problem(&self, stage: Stage) -> Problem {
        let fault = self.fault();
        let title = match fault {
            Fault::Input => "This audio cannot be used",
            Fault::User => "This target cannot be asked for",
            Fault::Ours => "Something failed on our side",
        };
        Problem {
            code: self.code().to_owned(),
            title: title.to_owned(),
            detail: sentence(&self.to_string()),
            stage: Some(stage),
            fault,
            retryable: fault == Fault::Ours,
            money: Money::None,
        }
    }
}

/// With a capital at the start and a full stop at the end.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    let mut text: String = first.chain(letters).collect();
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}
