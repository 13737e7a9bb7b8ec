//! The engine for one host: SQLite with a write-ahead log.
//!
//! One connection writes, so that writers queue in the program rather than at the file's lock; every write
//! begins `IMMEDIATE`, because a transaction that reads first and writes later fails at once when another
//! process wrote in between. Commits are synchronous: what was acknowledged survives a power cut.

pub(crate) mod accounts;
pub(crate) mod artifacts;
pub(crate) mod jobs;
pub(crate) mod queue;
mod rows;
pub(crate) mod uploads;

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::Entropy;
use domain::retention::Retention;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool, Transaction};

use crate::error::{Result, StoreError};
use crate::outcome::JobChange;
use crate::signals::Signals;

const FILE_NAME: &str = "mixrunners.sqlite3";
const READERS: u32 = 4;
static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
/// Another process (a command line beside the service) may hold the file's lock for so long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Sqlite {
    writer: SqlitePool,
    reader: SqlitePool,
    entropy: Arc<dyn Entropy>,
    retention: Retention,
    pub(crate) signals: Signals,
}

impl Sqlite {
    pub(crate) async fn open(folder: &Path, entropy: Arc<dyn Entropy>, retention: Retention) -> Result<Self> {
        // Only the service's own user may look inside.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|cause| StoreError::Folder { path: folder.to_owned(), cause })?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join(FILE_NAME))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON");
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        MIGRATIONS.run(&writer).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        Ok(Self { writer, reader, entropy, retention, signals: Signals::new() })
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    async fn write(&self) -> Result<Write<'_>> {
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Write { transaction, store: self, changes: Vec::new(), new_work: 0 })
    }
}

/// A transaction that writes, and what listeners hear once it is committed.
struct Write<'s> {
    transaction: Transaction<'static, sqlx::Sqlite>,
    store: &'s Sqlite,
    changes: Vec<JobChange>,
    new_work: usize,
}

impl Write<'_> {
    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        for change in self.changes {
            // No listener is no error.
            let _ = self.store.signals.changes.send(change);
        }
        for _ in 0..self.new_work {
            self.store.signals.wake.notify_one();
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
