//! A file that came in, and what we found out about it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::ids::{AccountId, UploadId};
use crate::problem::Problem;

/// An uploaded file.
#[derive(Clone, PartialEq, Debug)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Whose it is.
    pub account: AccountId,
    /// The file's name as the user knows it. Shown, never used as a path, never logged.
    pub name: String,
    /// The media type the user's program claimed.
    pub filetype: Option<String>,
    /// Whether it is a part of a file, or made of such parts.
    pub concat: Concat,
    /// What HEAD tells of the metadata it came with.
    pub metadata: MetadataKept,
    /// How far it has come.
    pub state: UploadState,
    /// The length it will have; `None` while the sender has not said.
    pub size_bytes: Option<u64>,
    /// How much is durably here. Never more than what a power cut leaves.
    pub received_bytes: u64,
    /// Of the whole file, once it is here.
    pub sha256: Option<Digest>,
    /// At whose place its bytes lie: its own, or that of an upload which had the same before.
    pub place: UploadId,
    /// What a check found, once it is `Ready`.
    pub audio: Option<AudioFacts>,
    /// What the user should know about it.
    pub findings: Vec<Finding>,
    /// Why it is `Rejected`.
    pub problem: Option<Problem>,
    /// When the sender began.
    pub created_at: Timestamp,
    /// When it goes; `None` while a job that is not over needs it.
    pub delete_at: Option<Timestamp>,
}

impl Upload {
    /// The extension of the file's name, lower case, at most 8 letters and digits: a hint for the decoder.
    #[must_use]
    pub fn extension(&self) -> Option<String> {
        let (_, extension) = self.name.rsplit_once('.')?;
        let is_plain =
            (1..=8).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_plain.then(|| extension.to_ascii_lowercase())
    }
}

/// What an upload has to do with others: the concatenation of tus 1.0.0.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Concat {
    /// A file by itself.
    #[default]
    Whole,
    /// A part of a file. Nothing is made of it until it is joined with others.
    Partial,
    /// Made of parts.
    Final {
        /// `Upload-Concat` as it came, which names the parts in their order.
        header: String,
    },
}

/// What an upload's metadata is told from, as it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MetadataKept {
    /// There was none.
    None,
    /// Its name and its type give it.
    #[default]
    NameAndType,
    /// It lies in a blob of its own.
    Blob,
}

/// How far an upload has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Bytes are arriving.
    Receiving,
    /// All here; a worker looks at it.
    Checking,
    /// Can be used in a job.
    Ready,
    /// Cannot be used; `problem` says why.
    Rejected,
}

/// What a file is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AudioFacts {
    /// Container and codec, as in `wav`, `flac`, `mp3`.
    pub format: String,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// 1 is mono.
    pub channels: u32,
    /// Bits of one sample, for formats that have such a number.
    pub bit_depth: Option<u32>,
    /// One sample of every channel is a frame.
    pub frames: u64,
    /// `frames / sample_rate_hz`.
    pub duration_s: f64,
    /// Whether the format threw some of the sound away.
    pub lossy: bool,
}

/// One thing the user should know about their audio.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, for programs: `clipped`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// For the user.
    pub text: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// The result will be worse for it.
    Warning,
    /// The file cannot be used like this.
    Error,
}
