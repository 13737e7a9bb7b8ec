//! What can go wrong in the store. Nothing in here is the user's doing; none of its texts may be shown to
//! one.

use std::path::PathBuf;

use domain::job::IllegalMove;

/// Why an operation did nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another worker owns the job, or it is over, or it is gone. Whoever reads this drops what it made.
    #[error("the lease is lost")]
    LeaseLost,
    /// The database refused or cannot be reached.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought to this program's version.
    #[error("the database could not be upgraded: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A newer program has been here: this one does not know what it may do to such tables.
    #[error(
        "the database is at version {found} and this program knows versions up to {known}: \
         a newer mixrunners has been here, start that one"
    )]
    Newer {
        /// The version of the tables.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The server is too old.
    #[error("the server is PostgreSQL {found}; it must be 15 or later")]
    OldServer {
        /// What it says it is.
        found: String,
    },
    /// The folder for the database could not be made.
    #[error("{path} could not be made: {cause}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A row holds what this program cannot read. It is left as it is.
    #[error("{table} row {row} cannot be read: {detail}")]
    Unreadable {
        /// Where.
        table: &'static str,
        /// Its id.
        row: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A job was asked for a move it cannot make.
    #[error(transparent)]
    IllegalMove(#[from] IllegalMove),
}

impl StoreError {
    pub(crate) fn unreadable(table: &'static str, row: &str, detail: impl ToString) -> Self {
        Self::Unreadable { table, row: row.to_owned(), detail: detail.to_string() }
    }
}

/// Short for the result of every operation of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
