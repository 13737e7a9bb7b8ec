//! What can go wrong in the store. Nothing in here is the user's doing; none of its texts may be shown to
//! one.

use std::path::PathBuf;
use std::time::Duration;

use domain::job::IllegalMove;

use crate::sealing::KeyringError;

/// Why an operation did nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another worker owns the job, or it is over, or it is gone. Whoever reads this drops what it made.
    #[error("the lease is lost")]
    LeaseLost,
    /// The database refused or cannot be reached.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database did not answer in time. What was asked may have been done all the same.
    #[error("the database did not answer within {} s", .0.as_secs_f32())]
    Slow(Duration),
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
    /// What people wrote is sealed, and nobody gave this store the keys.
    #[error("names and addresses in this database are sealed, and the keys were not given")]
    Locked,
    /// The account was erased between two looks at it.
    #[error("the account {0} has gone")]
    Erased(String),
    /// The keys are not there, or not the right ones.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A job was asked for a move it cannot make.
    #[error(transparent)]
    IllegalMove(#[from] IllegalMove),
}

impl StoreError {
    /// Whether the database is away or overwhelmed, which passes: the same may work in a moment.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Slow(_) => true,
            Self::Database(sqlx::Error::Database(refusal)) => {
                refusal.code().is_some_and(|code| PASSING_CODES.contains(&code.as_ref()))
            }
            Self::Database(cause) => matches!(
                cause,
                sqlx::Error::PoolTimedOut
                    | sqlx::Error::Io(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolClosed
            ),
            _ => false,
        }
    }

    /// Whether the database's disk is full.
    #[must_use]
    pub fn is_for_want_of_room(&self) -> bool {
        let Self::Database(sqlx::Error::Database(refusal)) = self else { return false };
        refusal.code().is_some_and(|code| FULL_CODES.contains(&code.as_ref()))
    }

    /// Whether somebody acted for an account that was erased meanwhile: what it had is not there, and what it would add
    /// has no place any more.
    #[must_use]
    pub fn is_of_erased_account(&self) -> bool {
        match self {
            Self::Erased(_) => true,
            Self::Database(sqlx::Error::Database(refusal)) => refusal.is_foreign_key_violation(),
            _ => false,
        }
    }

    pub(crate) fn unreadable(table: &'static str, row: &str, detail: impl ToString) -> Self {
        Self::Unreadable { table, row: row.to_owned(), detail: detail.to_string() }
    }
}

/// Short for the result of every operation of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What SQLite (SQLITE_FULL) and PostgreSQL (disk_full) say when their disk is full.
const FULL_CODES: [&str; 2] = ["13", "53100"];
/// PostgreSQL's words for «not now» (its manual, appendix A): a statement or an idle transaction that took too long,
/// too many connections, a server that ends or begins. SQLite's: somebody else holds the file.
const PASSING_CODES: [&str; 8] = ["57014", "25P03", "53300", "57P01", "57P02", "57P03", "5", "517"];
