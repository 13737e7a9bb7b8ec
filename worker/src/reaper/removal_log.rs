//! Removals are written down beside the bytes too. A copy of the database that is restored does not know the latest:
//! they are done again before anything is served.

use domain::clock::Timestamp;
use domain::removal::{Day, LoggedRemoval, REMOVALS_LOGGED};
use store::blobs::{BlobError, Blobs};
use store::{Store, StoreError};

/// So many are written down at once.
const AT_A_TIME: u32 = 100;

/// Why removals could not be done again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The bytes' place does not tell what was removed.
    #[error("what was removed cannot be read beside the bytes: {0}")]
    Blobs(#[from] BlobError),
    /// The database failed.
    #[error("what was removed cannot be removed again: {0}")]
    Store(#[from] StoreError),
}

/// Writes down what was removed since the last time. Should the process end in between, it is written down again.
pub(crate) async fn write_down(store: &Store, blobs: &Blobs, now: Timestamp) -> Result<(), StoreError> {
    loop {
        let removals = store.unlogged_removals(AT_A_TIME, now).await?;
        if removals.is_empty() {
            return Ok(());
        }
        for removal in &removals {
            if let Err(error) = blobs.log_removal(removal).await {
                tracing::error!(%error, "a removal cannot be written down beside the bytes; it is tried again");
                return Ok(());
            }
        }
        store.removals_are_logged(&removals).await?;
    }
}

/// Deletes what no copy of the database can need any more.
pub(crate) async fn forget_old(blobs: &Blobs, now: Timestamp) {
    let forgotten = async {
        for day in blobs.logged_days().await? {
            if day < Day::of(now - REMOVALS_LOGGED) {
                blobs.forget_logged_removals(day).await?;
            }
        }
        Ok::<_, BlobError>(())
    };
    if let Err(error) = forgotten.await {
        tracing::error!(%error, "old removals cannot be deleted; that is tried again tomorrow");
    }
}

/// Removes again what was removed after the copy of the database that runs now was made. Gives how many rows were there
/// again. A database that was not restored costs a look at the last day on which anything was removed.
pub async fn replay(store: &Store, blobs: &Blobs, now: Timestamp) -> Result<u64, ReplayError> {
    let mut days = blobs.logged_days().await?.into_iter();
    let newest = loop {
        let Some(day) = days.next() else { return Ok(0) };
        let logged = blobs.logged_removals(day).await?;
        if !logged.is_empty() {
            break store.unknown_removals(&logged).await?;
        }
    };
    if newest.is_empty() {
        return Ok(0);
    }
    tracing::warn!("this database is a copy from before the last removals; they are done again");
    let mut older: Vec<LoggedRemoval> = Vec::new();
    for day in days {
        older.extend(store.unknown_removals(&blobs.logged_removals(day).await?).await?);
    }
    // The newest last: should this end in between, the next start finds that it is not done.
    let mut removed = store.remove_again(&older, now).await?;
    removed += store.remove_again(&newest, now).await?;
    tracing::warn!(removed, forgotten = older.len() + newest.len(), "the removals are done again");
    Ok(removed)
}
