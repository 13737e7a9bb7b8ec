//! The engine for many processes: PostgreSQL.
//!
//! Transactions are read committed, and lock what they depend on, always in this order: an account, its jobs, their
//! uploads. An account is held (`FOR NO KEY UPDATE`) by whoever starts or orders a job of it, so that its cap and its
//! idempotency keys are exact. The server's clock decides. What was committed is told to other processes afterwards,
//! by `NOTIFY` in a transaction of its own: inside the first it would make all commits queue.

/// Until the transaction ends nobody else changes these rows; the newest version of each is read.
macro_rules! held {
    ($($sql:tt)+) => {
        concat!($($sql)+, " FOR UPDATE")
    };
}

/// The time at which the server began with a statement, in microseconds: asked in passing, it costs no way of its own.
macro_rules! server_time {
    () => {
        "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint"
    };
}

/// As [`held`], without the rows that somebody else holds.
macro_rules! held_unless_busy {
    ($sql:literal) => {
        concat!($sql, " FOR UPDATE SKIP LOCKED")
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
mod telling;
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

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::{AccountId, Entropy};
use domain::retention::Retention;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection as _, PgConnection, PgPool, Transaction};

use self::telling::Telling;
use crate::error::{Result, StoreError};
use crate::outcome::JobChange;
use crate::schema::{self, Migrated};
use crate::sealing::texts::Texts;
use crate::signals::Signals;

/// What the shared operations call their engine and its connections.
pub(crate) type Db = Postgres;
pub(crate) type Connection = PgConnection;

const CONNECTIONS: u32 = 10;
/// A connection that was used so lately is taken for alive.
const FRESH: Duration = Duration::from_millis(100);
/// How long an operation waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// No operation of ours takes as long. A process that was frozen in the middle of one must not keep others waiting.
const TIMEOUTS: [(&str, &str); 2] =
    [("statement_timeout", "10s"), ("idle_in_transaction_session_timeout", "10s")];
const OLDEST_SERVER: u32 = 150_000;
static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Whose clock decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Time {
    /// The server's.
    OfServer,
    /// The caller's, which a test moves by hand.
    #[cfg(test)]
    OfCaller,
}

pub(crate) struct Postgres {
    /// Reads outside a transaction; the same connections write.
    reader: PgPool,
    entropy: Arc<dyn Entropy>,
    retention: Retention,
    time: Time,
    telling: Telling,
    pub(crate) texts: Texts,
    pub(crate) signals: Arc<Signals>,
}

impl Postgres {
    pub(crate) async fn open(
        url: &str,
        time: Time,
        entropy: Arc<dyn Entropy>,
        retention: Retention,
    ) -> Result<Self> {
        Self::migrate(url).await?;
        let reader = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A server that was away leaves dead connections; one that worked a moment ago need not be asked.
            .test_before_acquire(false)
            .before_acquire(|connection, known| {
                Box::pin(async move {
                    let is_fresh = known.idle_for < FRESH;
                    Ok(is_fresh || connection.ping().await.is_ok())
                })
            })
            .connect_with(options(url)?.options(TIMEOUTS))
            .await?;
        let signals = Arc::new(Signals::new());
        let telling = Telling::start(&reader, signals.clone(), &*entropy).await?;
        Ok(Self { reader, entropy, retention, time, telling, texts: Texts::default(), signals })
    }

    /// On a connection of its own: a migration may take its time, and the lock it holds goes with the connection.
    pub(crate) async fn migrate(url: &str) -> Result<Migrated> {
        let mut connection = options(url)?.connect().await?;
        if connection.server_version_num().is_none_or(|version| version < OLDEST_SERVER) {
            let found = sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?;
            return Err(StoreError::OldServer { found });
        }
        let migrated = schema::bring_up(&mut connection, &MIGRATIONS).await?;
        connection.close().await?;
        Ok(migrated)
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.telling.stop();
        self.reader.close().await;
    }

    /// Writes the tables that held plain text anew, so that dead rows do not stay behind in their files. Nothing is
    /// lost if it cannot be done just now: it is the second wall, behind the seals.
    async fn forget_deleted_rows(&self) {
        let done = async {
            let mut connection = self.reader.acquire().await?;
            sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await?;
            let tables =
                "VACUUM FULL accounts, sessions, api_keys, uploads, jobs, job_inputs, artifacts, purchases";
            let done = sqlx::query(tables).execute(&mut *connection).await;
            // Its timeouts are not those of the others any more.
            connection.close().await?;
            done.map(drop)
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "the tables could not be written anew");
        }
    }

    /// A server shortens its log by itself.
    #[expect(clippy::unused_async, reason = "as the other engine has it")]
    async fn shorten_log(&self) -> Result<()> {
        Ok(())
    }

    async fn write(&self) -> Result<Write<'_>> {
        let transaction = self.reader.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        Ok(Write { transaction, store: self, changes: Vec::new(), new_work: 0 })
    }
}

/// As the address says, but not in plain text over a network unless it says so.
fn options(url: &str) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url.parse()?;
    let is_near = options.get_socket().is_some()
        || ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&options.get_host())
        || options.get_host().starts_with('/');
    Ok(match options.get_ssl_mode() {
        PgSslMode::Prefer if !is_near && !url.contains("sslmode=") => options.ssl_mode(PgSslMode::Require),
        _ => options,
    })
}

/// The time that decides, for a reader.
#[cfg_attr(not(test), expect(unused_variables, reason = "tests move the time by hand"))]
async fn reading_time(
    store: &Postgres,
    connection: &mut PgConnection,
    callers: Timestamp,
) -> Result<Timestamp> {
    match store.time {
        Time::OfServer => {
            let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
            let micros = sqlx::query_scalar(sql).fetch_one(connection).await?;
            Ok(Timestamp::from_micros(micros))
        }
        #[cfg(test)]
        Time::OfCaller => Ok(callers),
    }
}

/// Rows lie in the order of their writing here, and each has the number of its transaction. Written anew by one
/// transaction, in the order of their hashes, neither tells who came when.
async fn put_abuse_tags_in_order(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("LOCK TABLE abuse_tags IN EXCLUSIVE MODE").execute(&mut *connection).await?;
    sqlx::query(
        "WITH all_of_them AS (DELETE FROM abuse_tags RETURNING *)
         INSERT INTO abuse_tags SELECT * FROM all_of_them ORDER BY kind, epoch, tag, reason",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A transaction that writes, and what listeners hear once it is committed.
struct Write<'s> {
    transaction: Transaction<'static, sqlx::Postgres>,
    store: &'s Postgres,
    changes: Vec<JobChange>,
    new_work: usize,
}

impl Write<'_> {
    fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// The time that decides. Hosts have many clocks, the server has one.
    async fn time(&mut self, callers: Timestamp) -> Result<Timestamp> {
        reading_time(self.store, &mut self.transaction, callers).await
    }

    /// Until the transaction ends nobody else adds anything to this account.
    async fn close_account(&mut self, account: &AccountId) -> Result<()> {
        sqlx::query("SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE")
            .bind(account.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// The same, of which the server told in passing.
    fn time_told(&self, server: Option<i64>, callers: Timestamp) -> Timestamp {
        match self.store.time {
            Time::OfServer => server.map_or(callers, Timestamp::from_micros),
            #[cfg(test)]
            Time::OfCaller => callers,
        }
    }

    /// What a statement is given in place of the server's time: nothing, where the server's decides.
    #[cfg_attr(not(test), expect(unused_variables, reason = "tests move the time by hand"))]
    fn callers_time(&self, callers: Timestamp) -> Option<i64> {
        match self.store.time {
            Time::OfServer => None,
            #[cfg(test)]
            Time::OfCaller => Some(callers.micros()),
        }
    }

    /// Until the transaction ends nobody else starts or orders a job of this account. Tells the time that decides.
    async fn hold_account(&mut self, account: &AccountId, callers: Timestamp) -> Result<Timestamp> {
        let sql = concat!("SELECT ", server_time!(), " FROM accounts WHERE id = $1 FOR NO KEY UPDATE");
        let held = sqlx::query_scalar(sql).bind(account.as_str()).fetch_optional(self.connection()).await?;
        match held {
            Some(server) => Ok(self.time_told(Some(server), callers)),
            None => self.time(callers).await,
        }
    }

    async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        self.store.telling.tell(&self.changes, self.new_work);
        self.store.signals.tell(self.changes, self.new_work);
        Ok(())
    }
}

#[cfg(test)]
#[path = "postgres_tests.rs"]
mod tests;
