//! Files that we made.

use serde::{Deserialize, Serialize};

use crate::blob::BlobKey;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::ids::{ArtifactId, JobId};

/// One file of a finished job.
#[derive(Clone, PartialEq, Debug)]
pub struct Artifact {
    /// Its id.
    pub id: ArtifactId,
    /// The job that made it.
    pub job: JobId,
    /// What it is.
    pub kind: ArtifactKind,
    /// Of an album: which track it is of, from 1.
    pub track: Option<u32>,
    /// The name a download gets.
    pub name: String,
    /// How it is written.
    pub format: ArtifactFormat,
    /// Its length.
    pub size_bytes: u64,
    /// Of its bytes.
    pub sha256: Digest,
    /// Where its bytes are.
    pub blob: BlobKey,
    /// Where the overview of its waveform is, for audio that has one.
    pub peaks: Option<BlobKey>,
    /// When its job succeeded.
    pub created_at: Timestamp,
    /// When it goes.
    pub delete_at: Timestamp,
}

macro_rules! closed_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The text form, as on the wire and in rows.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one with this text form.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use closed_words;

closed_words! {
    /// What an artifact is.
    ArtifactKind {
        /// A finished master.
        Master = "master",
        /// A mix.
        Mix = "mix",
        /// One stem.
        Stem = "stem",
        /// For listening on the page: the original or the master.
        Preview = "preview",
        /// What was measured and decided.
        Report = "report",
    }
}

closed_words! {
    /// How an artifact is written.
    ArtifactFormat {
        /// WAV, 24-bit integers.
        Wav24 = "wav24",
        /// WAV, 16-bit integers.
        Wav16 = "wav16",
        /// WAV, 32-bit floats.
        Wav32f = "wav32f",
        /// FLAC, 24 bits.
        Flac24 = "flac24",
        /// FLAC, 16 bits; of previews.
        Flac16 = "flac16",
        /// MP3, 320 kbit/s.
        Mp3At320 = "mp3_320",
        /// MP3 of the highest variable rate, V0.
        Mp3V0 = "mp3_v0",
        /// Ogg Vorbis of quality 8.
        VorbisQ8 = "vorbis_q8",
        /// JSON; of reports.
        Json = "json",
        /// One page of HTML; of reports.
        Html = "html",
        /// TOML; of sessions.
        Toml = "toml",
    }
}

impl ArtifactFormat {
    /// What a recipe may ask for.
    pub const DELIVERABLE: &[Self] =
        &[Self::Wav24, Self::Wav16, Self::Wav32f, Self::Flac24, Self::Mp3At320, Self::Mp3V0, Self::VorbisQ8];

    /// What the file's name ends with.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav24 | Self::Wav16 | Self::Wav32f => "wav",
            Self::Flac24 | Self::Flac16 => "flac",
            Self::Mp3At320 | Self::Mp3V0 => "mp3",
            Self::VorbisQ8 => "ogg",
            Self::Json => "json",
            Self::Html => "html",
            Self::Toml => "toml",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Wav24 | Self::Wav16 | Self::Wav32f => "audio/wav",
            Self::Flac24 | Self::Flac16 => "audio/flac",
            Self::Mp3At320 | Self::Mp3V0 => "audio/mpeg",
            Self::VorbisQ8 => "audio/ogg",
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Toml => "application/toml",
        }
    }
}
