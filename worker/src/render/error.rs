//! Why a render has no result, and whose fault it is.

use codec::{DecodeError, EncodeError, TagError};
use domain::job::Stage;
use domain::problem::{Fault, Money, Problem};
use domain::recipe::Recipe;
use domain::stem::SettingError;
use dsp::error::ParamError;
use dsp::master::MasterError;
use dsp::master::reference::NoReference;
use dsp::mix::MixError;
use dsp::units::Lufs;

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
    /// The tags cannot be written as they are.
    #[error("{0}")]
    Tags(#[from] TagError),
    /// The references are louder or quieter than any master can be asked to be.
    #[error(
        "the references are at {mean}; a master can be at {low} to {high} LUFS",
        low = Recipe::LOUDNESS_LUFS.0,
        high = Recipe::LOUDNESS_LUFS.1
    )]
    ReferenceLoudness {
        /// In the mean.
        mean: Lufs,
    },
    /// There is too little in a reference to aim at.
    #[error("{0}")]
    Reference(NoReference),
    /// A preview of what is not there.
    #[error("the preview begins at {start_s} s; the song ends at {duration_s:.3} s")]
    Preview {
        /// Where it should begin.
        start_s: f64,
        /// How long the song is.
        duration_s: f64,
    },
    /// One track of an album has no master, so the album has none.
    #[error("track {number}, «{title}»: {cause}")]
    Track {
        /// Its place, from 1.
        number: u32,
        /// What it is called.
        title: String,
        /// Why.
        cause: Box<Self>,
    },
    /// Stems that cannot be used, so there is no mix.
    #[error("{}", stems_in_words(.0))]
    Stems(Vec<(String, Self)>),
    /// A setting of a stem that cannot be.
    #[error("{name}: {cause}")]
    StemSetting {
        /// The stem's file.
        name: String,
        /// What is wrong.
        cause: SettingError,
    },
    /// The engine has no mix.
    #[error("{0}")]
    Mix(#[from] MixError),
    /// The disk failed, not the file.
    #[error("{0}")]
    Disk(#[from] std::io::Error),
}

impl From<NoReference> for RenderError {
    fn from(error: NoReference) -> Self {
        match error {
            NoReference::Cancelled => Self::Master(MasterError::Cancelled),
            NoReference::TooShort { .. } => Self::Reference(error),
        }
    }
}

/// One stem with its cause, or all of them.
fn stems_in_words(stems: &[(String, RenderError)]) -> String {
    let one = |(name, cause): &(String, RenderError)| format!("{name}: {cause}");
    stems.iter().map(one).collect::<Vec<_>>().join("; ")
}

impl RenderError {
    /// The error of stems that could not be decoded; a cancelled one is no stem's fault.
    pub(super) fn of_stems(stems: Vec<(String, Self)>) -> Self {
        match stems.iter().position(|(_, cause)| cause.is_cancelled()) {
            Some(_) => Self::Master(MasterError::Cancelled),
            None => Self::Stems(stems),
        }
    }

    /// The error of one track of an album.
    pub(super) fn of_track(number: u32, title: &str, cause: Self) -> Self {
        Self::Track { number, title: title.to_owned(), cause: Box::new(cause) }
    }

    /// Stable, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.code(),
            Self::Encode(error) => error.code(),
            Self::Target(_) => "target_out_of_range",
            Self::Master(MasterError::Plan(_)) => "plan_out_of_range",
            Self::Channels { .. } => "channels_unsupported",
            Self::Master(MasterError::Cancelled) => "cancelled",
            Self::Master(MasterError::Empty) => "audio_empty",
            Self::Master(MasterError::Broken { .. }) => "audio_not_finite",
            Self::Master(MasterError::NotCertified { .. }) => "master_not_certified",
            Self::Tags(_) => "tags_invalid",
            Self::ReferenceLoudness { .. } => "reference_loudness_out_of_range",
            Self::Reference(_) => "reference_too_short",
            Self::Preview { .. } => "preview_beyond_the_end",
            Self::Track { cause, .. } => cause.code(),
            Self::Stems(stems) => stems.first().map_or("stem_unusable", |(_, cause)| cause.code()),
            Self::StemSetting { .. } => "stem_setting_invalid",
            Self::Mix(MixError::Cancelled) => "cancelled",
            Self::Mix(MixError::Reel(_)) => "disk_failed",
            Self::Mix(MixError::NothingPlays) => "nothing_plays",
            Self::Mix(MixError::TooManyStems(_)) => "too_many_stems",
            Self::Mix(MixError::NoStems) => "no_stems",
            Self::Mix(MixError::SameName(_)) => "stem_name_twice",
            Self::Mix(MixError::Rates { .. }) => "stem_rates",
            Self::Disk(_) => "disk_failed",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Target(_)
            | Self::Master(MasterError::Plan(_))
            | Self::Encode(EncodeError::Rate { .. } | EncodeError::NotBuiltIn { .. })
            | Self::Tags(_)
            | Self::Reference(_)
            | Self::Preview { .. }
            | Self::ReferenceLoudness { .. } => Fault::User,
            Self::Track { cause, .. } => cause.fault(),
            Self::Stems(stems) => stems
                .iter()
                .map(|(_, cause)| cause.fault())
                .find(|f| *f == Fault::Ours)
                .unwrap_or(Fault::Input),
            Self::StemSetting { .. }
            | Self::Mix(MixError::TooManyStems(_) | MixError::NoStems | MixError::SameName(_)) => Fault::User,
            Self::Mix(MixError::Reel(_) | MixError::Rates { .. }) => Fault::Ours,
            Self::Mix(_) => Fault::Input,
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
