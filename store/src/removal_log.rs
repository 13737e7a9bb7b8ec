//! Removals that are written down beside the bytes too, and done again when a copy of the database is restored.

use domain::clock::Timestamp;
use domain::removal::LoggedRemoval;

use crate::error::Result;
use crate::{Engine, Store, postgres, sqlite};

impl Store {
    /// Removals that are not written down beside the bytes yet, at most `limit`.
    pub async fn unlogged_removals(&self, limit: u32, now: Timestamp) -> Result<Vec<LoggedRemoval>> {
        each!(self, removal_log::unlogged(limit, now))
    }

    /// These are written down.
    pub async fn removals_are_logged(&self, removals: &[LoggedRemoval]) -> Result<()> {
        each!(self, removal_log::are_logged(removals))
    }

    /// Of removals that were written down those that this database knows nothing of: it is a copy from before.
    pub async fn unknown_removals(&self, removals: &[LoggedRemoval]) -> Result<Vec<LoggedRemoval>> {
        each!(self, removal_log::unknown(removals))
    }

    /// Does removals again that this database knows nothing of. Gives how many rows were there again: accounts, uploads
    /// and jobs. Of the others the receipt is there again.
    pub async fn remove_again(&self, removals: &[LoggedRemoval], now: Timestamp) -> Result<u64> {
        each!(self, removal_log::remove_again(removals, now))
    }
}
