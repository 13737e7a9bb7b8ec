//! What hinders an attempt: always us, never the audio.

use std::io::ErrorKind;

use domain::problem::Problem;
use store::StoreError;
use store::blobs::BlobError;

/// Why an attempt could not do its work. For the operator's log; the owner reads [`Hindrance::problem`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Hindrance {
    #[error("the scratch folder failed: {0}")]
    Scratch(std::io::Error),
    #[error("the render program cannot be started: {0}")]
    Program(std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("an input's row or bytes are not there")]
    InputGone,
    #[error("it needs {likely} bytes of scratch, on a disk of {total}")]
    DiskTooSmall { likely: u64, total: u64 },
    #[error("an input has {found} bytes or more in our store, and {recorded} in its row")]
    InputSize { recorded: u64, found: u64 },
    #[error("a master is made from 1 input, not {count}")]
    Inputs { count: usize },
    #[error("{file} was made with {made} and stored with {stored}")]
    Damaged { file: String, made: String, stored: String },
}

impl Hindrance {
    /// Whether a disk had no room.
    pub(crate) fn is_full_disk(&self) -> bool {
        let cause = match self {
            Self::Scratch(cause) | Self::Blob(BlobError::Io { cause, .. }) => cause,
            _ => return false,
        };
        matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }

    /// What the owner reads if this was the last try: nothing about our insides.
    pub(crate) fn problem(&self) -> Problem {
        let (code, detail) = match self {
            Self::Scratch(_)
            | Self::Blob(_)
            | Self::Damaged { .. }
            | Self::InputSize { .. }
            | Self::DiskTooSmall { .. } => ("storage_failed", "Our disk failed each time we tried."),
            Self::Program(_) | Self::Inputs { .. } => {
                ("rendering_unavailable", "Our renderer could not be started.")
            }
            Self::Store(_) => ("database_failed", "Our database failed each time we tried."),
            Self::InputGone => ("input_gone", "The uploaded file is not in our store any more."),
        };
        Problem::ours(code, "Something failed on our side", detail)
    }
}
