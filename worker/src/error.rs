//! What hinders an attempt: always us, never the audio.

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
    #[error("an input has {found} bytes or more in our store, and {recorded} in its row")]
    InputSize { recorded: u64, found: u64 },
    #[error("a master is made from 1 input, not {count}")]
    Inputs { count: usize },
    #[error("{file} was made with {made} and stored with {stored}")]
    Damaged { file: String, made: String, stored: String },
}

impl Hindrance {
    /// What the owner reads if this was the last try: nothing about our insides.
    pub(crate) fn problem(&self) -> Problem {
        let (code, detail) = match self {
            Self::Scratch(_) | Self::Blob(_) | Self::Damaged { .. } | Self::InputSize { .. } => {
                ("storage_failed", "Our disk failed each time we tried.")
            }
            Self::Program(_) | Self::Inputs { .. } => {
                ("rendering_unavailable", "Our renderer could not be started.")
            }
            Self::Store(_) => ("database_failed", "Our database failed each time we tried."),
            Self::InputGone => ("input_gone", "The uploaded file is not in our store any more."),
        };
        Problem::ours(code, "Something failed on our side", detail)
    }
}
