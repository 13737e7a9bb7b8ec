//! The engine for one host: SQLite with a write-ahead log.
//!
//! One connection writes, so that writers queue in the program rather than at the file's lock; every write
//! begins `IMMEDIATE`, because a transaction that reads first and writes later fails at once when another
//! process wrote in between. Commits are synchronous: what was acknowledged survives a power cut.

/// Writers queue, so that what a transaction read stays as it is until its end.
macro_rules! held {
    ($($sql:tt)+) => {
        $($sql)+
    };
}

/// There is no server that could tell the time.
macro_rules! server_time {
    () => {
        "NULL"
    };
}

/// As [`held`]: nobody else is ever busy.
macro_rules! held_unless_busy {
    ($sql:literal) => {
        $sql
    };
}

#[path = "sql/abuse.rs"]
pub(crate) mod abuse;
#[path = "sql/accounts.rs"]
pub(crate) mod accounts;
#[path = "sql/artifacts.rs"]
pub(crate) mod artifacts;
#[path = "sql/audit.rs"]
pub(crate) mod audit;
#[path = "sql/blob_keys.rs"]
pub(crate) mod blob_keys;
#[path = "sql/books.rs"]
pub(crate) mod books;
mod claim;
#[path = "sql/erasure.rs"]
pub(crate) mod erasure;
#[path = "sql/job_lists.rs"]
pub(crate) mod job_lists;
#[path = "sql/jobs.rs"]
pub(crate) mod jobs;
#[path = "sql/ledger.rs"]
pub(crate) mod ledger;
#[path = "sql/mail.rs"]
pub(crate) mod mail;
#[path = "sql/notices.rs"]
pub(crate) mod notices;
#[path = "sql/older_rows.rs"]
pub(crate) mod older_rows;
#[path = "sql/operators.rs"]
pub(crate) mod operators;
#[path = "sql/orders.rs"]
pub(crate) mod orders;
#[path = "sql/overview.rs"]
pub(crate) mod overview;
#[path = "sql/previews.rs"]
pub(crate) mod previews;
#[path = "sql/provider.rs"]
pub(crate) mod provider;
#[path = "sql/purchases.rs"]
pub(crate) mod purchases;
#[path = "sql/queue.rs"]
pub(crate) mod queue;
#[path = "sql/reaping.rs"]
pub(crate) mod reaping;
#[path = "sql/removal_log.rs"]
pub(crate) mod removal_log;
#[path = "sql/sharing.rs"]
pub(crate) mod sharing;
#[path = "sql/texts.rs"]
pub(crate) mod texts;
#[path = "sql/trust.rs"]
pub(crate) mod trust;
#[path = "sql/uploading.rs"]
pub(crate) mod uploading;
#[path = "sql/uploads.rs"]
pub(crate) mod uploads;
#[path = "sql/withdrawals.rs"]
pub(crate) mod withdrawals;

use std::fs::File;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::{AccountId, Entropy};
use domain::retention::Retention;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection, SqlitePool, Transaction};

use crate::error::{Result, StoreError};
use crate::outcome::JobChange;
use crate::schema::{self, Migrated};
use crate::sealing::texts::Texts;
use crate::signals::Signals;

/// What the shared operations call their engine and its connections.
pub(crate) type Db = Sqlite;
pub(crate) type Connection = SqliteConnection;

/// Held by whoever brings the tables to its version.
const LOCK_NAME: &str = "migrate.lock";
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
    pub(crate) texts: Texts,
    pub(crate) signals: Signals,
}

impl Sqlite {
    pub(crate) async fn open(folder: &Path, entropy: Arc<dyn Entropy>, retention: Retention) -> Result<Self> {
        let options = options(folder)?;
        let lock = alone(folder).await?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            // A disk that fails in a commit ends the transaction in the file, but not on the connection, which could
            // never begin another: then a new connection is opened.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await?;
        bring_up(&writer).await?;
        drop(lock);
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        Ok(Self { writer, reader, entropy, retention, texts: Texts::default(), signals: Signals::new() })
    }

    pub(crate) async fn migrate(folder: &Path) -> Result<Migrated> {
        let options = options(folder)?;
        let _lock = alone(folder).await?;
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let migrated = bring_up(&writer).await;
        writer.close().await;
        migrated
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// Sees to it that what was deleted or overwritten does not stay behind in the file or its write-ahead log. Nothing
    /// is lost if it cannot be done just now: it is the second wall, behind the seals.
    async fn forget_deleted_rows(&self) {
        let done = async {
            sqlx::query("VACUUM").execute(&self.writer).await?;
            self.shorten_log().await
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "the database's file could not be written anew");
        }
    }

    /// Writes the write-ahead log into the file, where what is deleted is overwritten, and cuts it.
    async fn shorten_log(&self) -> Result<()> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await?;
        Ok(())
    }

    async fn write(&self) -> Result<Write<'_>> {
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Write { transaction, store: self, changes: Vec::new(), new_work: 0 })
    }
}

pub(crate) fn options(folder: &Path) -> Result<SqliteConnectOptions> {
    // Only the service's own user may look inside.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|cause| StoreError::Folder { path: folder.to_owned(), cause })?;
    Ok(SqliteConnectOptions::new()
        .filename(folder.join(FILE_NAME))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("secure_delete", "ON"))
}

async fn bring_up(writer: &SqlitePool) -> Result<Migrated> {
    let mut connection = writer.acquire().await?;
    schema::bring_up(&mut *connection, &MIGRATIONS).await
}

/// Lets one process at a time open the file and bring its tables to this version: SQLite itself would let two begin,
/// and the second would fail in the middle; and it answers whoever opens a new file while another turns its
/// write-ahead log on that the file is locked, without waiting.
async fn alone(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK_NAME);
    let lock = tokio::task::spawn_blocking({
        let path = path.clone();
        move || -> std::io::Result<File> {
            let file = File::create(path)?;
            file.lock()?;
            Ok(file)
        }
    });
    let cause = match lock.await {
        Ok(Ok(lock)) => return Ok(lock),
        Ok(Err(cause)) => cause,
        Err(stopped) => std::io::Error::other(stopped),
    };
    Err(StoreError::Folder { path, cause })
}

/// See [`Write::time`].
async fn reading_time(_: &Sqlite, _: &mut SqliteConnection, callers: Timestamp) -> Result<Timestamp> {
    Ok(callers)
}

/// A table without row ids lies in the order of its key.
async fn put_abuse_tags_in_order(_: &mut SqliteConnection) -> Result<()> {
    Ok(())
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

    /// The time that decides: the caller's, who has a clock that never steps back, on the one host there is.
    async fn time(&mut self, callers: Timestamp) -> Result<Timestamp> {
        Ok(callers)
    }

    /// The same.
    async fn close_account(&mut self, _account: &AccountId) -> Result<()> {
        Ok(())
    }

    /// The same, of which no server told in passing.
    #[expect(clippy::unused_self, reason = "as the other engine has it")]
    fn time_told(&self, _server: Option<i64>, callers: Timestamp) -> Timestamp {
        callers
    }

    /// Nobody else writes anyway. Tells the time that decides.
    async fn hold_account(&mut self, _account: &AccountId, callers: Timestamp) -> Result<Timestamp> {
        Ok(callers)
    }

    async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        self.store.signals.tell(self.changes, self.new_work);
        Ok(())
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
