//! Rows and blobs.
//!
//! **Invariants**: each operation is one transaction, and does all of what it says or nothing; no transaction
//! is open while anybody works; ids and randomness come from the caller, times too unless a server has a clock
//! for all; SQL is in `sql/` and the engines' folders alone.
//!
//! | module | what |
//! |---|---|
//! | this page | every operation, without SQL |
//! | [`outcome`] | what operations take and give |
//! | [`operating`], [`overview`], [`auditing`] | the operations for operators |
//! | [`abuse`] | hashed signals and their peppers, free previews |
//! | [`money`] | the operations on credits and payments |
//! | [`uploading`] | the operations on the right to send an upload, and on the parts of one |
//! | [`reaping`] | the operations of the reaper |
//! | [`figures`] | how long operations take, for operators |
//! | [`blobs`] | bytes by key, on a disk or in a bucket |
//! | [`sealing`] | what makes them unreadable without their keys |
//! | `blob_keys` | the operations on those keys |
//! | `sql/` | the operations, written once: each engine compiles them for its own driver |
//! | `rows` | rows as they are read |
//! | `sqlite` | the engine for one host |
//! | `postgres` | the engine for many |
//! | `schema` | bringing the tables to this version |
//! | `contract` | the stories every engine must pass |
//! | `data_map` | what is kept and why, held against the tables |
#![expect(clippy::duplicate_mod, reason = "each engine compiles the same operations for its own driver")]

/// Calls an operation of the engine that is there, times it, and waits for it as long as this store waits.
macro_rules! each {
    ($store:expr, $chapter:ident::$operation:ident($($argument:expr),*)) => {{
        let work = async {
            match &$store.0 {
                Engine::Sqlite(db) => sqlite::$chapter::$operation(db, $($argument),*).await,
                Engine::Postgres(db) => postgres::$chapter::$operation(db, $($argument),*).await,
            }
        };
        $store.1.await_for(stringify!($operation), work).await
    }};
}

pub mod abuse;
mod account_rows;
pub mod auditing;
mod blob_keys;
pub mod blobs;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod data_map;
pub mod error;
pub mod figures;
pub mod mail;
pub mod money;
mod money_rows;
pub mod notices;
pub mod operating;
pub mod outcome;
pub mod overview;
mod patience;
mod postgres;
pub mod reaping;
mod removal_log;
mod rows;
mod schema;
pub mod sealing;
mod signals;
mod sqlite;
pub mod uploading;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::account::{Account, Email};
use domain::artifact::Artifact;
use domain::attempt::Room;
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::{AccountId, ArtifactId, Entropy, JobId, KeyId, SessionId, UploadId};
use domain::job::{Job, JobEvent, StateName};
use domain::lease::{LeaseId, WorkerName};
use domain::money::PriceList;
use domain::order::Order;
use domain::problem::Problem;
use domain::retention::Retention;
use domain::scope::Scopes;
use domain::secret::SecretHash;
use domain::upload::Upload;
use tokio::sync::{Notify, broadcast};

pub use crate::blobs::Blobs;
pub use crate::error::{Result, StoreError};
use crate::outcome::{
    Admitted, ApiKey, Checked, Completion, Enqueued, Erased, Expired, JobChange, Leased, NewAccount,
    NewApiKey, NewSession, NewUpload, Progress, Removal, SameBytes, Session, Twin, UploadRoom,
};
use crate::patience::Patience;
pub use crate::schema::Migrated;
use crate::signals::Signals;
use crate::uploading::UploadLock;

/// Where the rows are.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// SQLite in this folder, which is made if it is missing. For one host.
    Folder(&'a Path),
    /// A database of a PostgreSQL server, version 15 or later: `postgres://user:password@host/database`. For any
    /// number of processes.
    Server(&'a str),
}

/// The rows. Cheap to clone; all clones are one store.
///
/// Lookups by id take the account that asks: what belongs to another account is as unknown as what does not
/// exist.
#[derive(Clone)]
pub struct Store(Engine, Patience);

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.0 {
            Engine::Sqlite(_) => "Store(sqlite)",
            Engine::Postgres(_) => "Store(postgres)",
        })
    }
}

/// Opening, and what to listen to.
impl Store {
    /// Opens the store and brings its tables to this version. Of several processes that do so at the same time one
    /// works and the others wait; [`StoreError::Newer`] if the tables are ahead of this program.
    ///
    /// On a server its clock decides whenever a lease, a job or a queue is concerned, whatever `now` an operation
    /// is given: workers on many hosts have many clocks.
    pub async fn open(place: Place<'_>, entropy: Arc<dyn Entropy>, retention: Retention) -> Result<Self> {
        let engine = match place {
            Place::Folder(folder) => {
                Engine::Sqlite(Arc::new(sqlite::Sqlite::open(folder, entropy, retention).await?))
            }
            Place::Server(url) => {
                let time = postgres::Time::OfServer;
                Engine::Postgres(Arc::new(postgres::Postgres::open(url, time, entropy, retention).await?))
            }
        };
        Ok(Self(engine, Patience::Endless))
    }

    /// The same store, whose operations give up with [`StoreError::Slow`] when the database does not answer for so
    /// long. What was given up may have been done: ask again before doing it twice.
    #[must_use]
    pub fn with_patience(&self, longest: Duration) -> Self {
        Self(self.0.clone(), Patience::Of(longest))
    }

    /// Brings the tables to this version, and does nothing else.
    pub async fn migrate(place: Place<'_>) -> Result<Migrated> {
        match place {
            Place::Folder(folder) => sqlite::Sqlite::migrate(folder).await,
            Place::Server(url) => postgres::Postgres::migrate(url).await,
        }
    }

    fn signals(&self) -> &Signals {
        match &self.0 {
            Engine::Sqlite(db) => &db.signals,
            Engine::Postgres(db) => &db.signals,
        }
    }

    /// Wakes one waiting worker when work arrives, on a server from any process. A wake can be missed (on SQLite
    /// whenever another process enqueued): poll as well.
    #[must_use]
    pub fn wake(&self) -> &Notify {
        &self.signals().wake
    }

    /// Every change of a job that this process makes, and on a server other processes too, from now on. A slow
    /// listener skips some (`RecvError::Lagged`): read the history then; and look now and then in any case.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<JobChange> {
        self.signals().changes.subscribe()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let work = async {
            match &self.0 {
                Engine::Sqlite(db) => db.ping().await,
                Engine::Postgres(db) => db.ping().await,
            }
        };
        self.1.await_for("ping", work).await
    }

    /// Closes the connections and waits for them.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite(db) => db.close().await,
            Engine::Postgres(db) => db.close().await,
        }
    }
}

/// Accounts, and how callers prove who they are.
impl Store {
    /// The owner of an embedded install, producer and operator; made at the first call.
    pub async fn ensure_local_owner(&self, now: Timestamp) -> Result<Account> {
        let new = NewAccount::local_owner();
        self.ensure_account(&new, now).await
    }

    /// The account with this address, made if there is none. An existing one keeps its roles.
    pub async fn ensure_account(&self, new: &NewAccount, now: Timestamp) -> Result<Account> {
        each!(self, accounts::ensure_account(new, now))
    }

    /// An account.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>> {
        each!(self, accounts::account(id))
    }

    /// The account with this address.
    pub async fn account_by_email(&self, email: &Email) -> Result<Option<Account>> {
        each!(self, accounts::account_by_email(email))
    }

    /// Removes an account with all it has, in one transaction: its sessions, links and keys; its jobs, running ones
    /// too, and its uploads, with the keys of their audio; purchases of which nothing was used are paid back; the
    /// link to its ledger is cut, and the key of its own words destroyed. What bookkeeping keeps says nothing of the
    /// person any more. `None` if there is no such account: twice is once. Its receipt is found by its id, as others
    /// are.
    pub async fn erase_account(&self, id: &AccountId, now: Timestamp) -> Result<Option<Erased>> {
        each!(self, erasure::erase_account(id, now))
    }

    /// A link that signs in once, before it expires.
    pub async fn create_sign_in_link(
        &self,
        account: &AccountId,
        hash: &SecretHash,
        expires_at: Timestamp,
    ) -> Result<()> {
        each!(self, accounts::create_sign_in_link(account, hash, expires_at))
    }

    /// Uses a link up: of any number of callers at the same time, one gets the account.
    pub async fn redeem_sign_in_link(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<AccountId>> {
        each!(self, accounts::redeem_sign_in_link(hash, now))
    }

    /// A session.
    pub async fn create_session(&self, new: &NewSession, now: Timestamp) -> Result<SessionId> {
        each!(self, accounts::create_session(new, now))
    }

    /// Who is behind a session's secret, unless it expired or was revoked.
    pub async fn session(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<(SessionId, Account)>> {
        each!(self, accounts::session(hash, now))
    }

    /// The sessions of an account that are alive, newest first.
    pub async fn list_sessions(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Session>> {
        each!(self, accounts::list_sessions(account, now))
    }

    /// Ends a session; tells whether there was one.
    pub async fn revoke_session(&self, account: &AccountId, id: &SessionId) -> Result<bool> {
        each!(self, accounts::revoke_session(account, id))
    }

    /// An API key.
    pub async fn create_api_key(&self, new: &NewApiKey, now: Timestamp) -> Result<ApiKey> {
        each!(self, accounts::create_api_key(new, now))
    }

    /// Who is behind a key's secret and what it may do, unless it expired or was revoked.
    pub async fn api_key(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<(Account, Scopes)>> {
        each!(self, accounts::api_key(hash, now))
    }

    /// The keys of an account, expired ones too, newest first.
    pub async fn list_api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>> {
        each!(self, accounts::list_api_keys(account))
    }

    /// Ends a key; tells whether there was one.
    pub async fn revoke_api_key(&self, account: &AccountId, id: &KeyId) -> Result<bool> {
        each!(self, accounts::revoke_api_key(account, id))
    }
}

/// Uploads.
impl Store {
    /// An upload that is about to arrive, if its account has room for it.
    pub async fn admit_upload(&self, new: &NewUpload, room: &UploadRoom, now: Timestamp) -> Result<Admitted> {
        each!(self, uploads::admit_upload(new, room, now))
    }

    /// The same, wherever there is room.
    pub async fn create_upload(&self, new: &NewUpload, now: Timestamp) -> Result<Upload> {
        each!(self, uploads::create_upload(new, now))
    }

    /// An upload.
    pub async fn upload(&self, account: &AccountId, id: &UploadId) -> Result<Option<Upload>> {
        each!(self, uploads::upload(account, id))
    }

    /// Uploads, newest first, those older than `after`; without those that are parts of others.
    pub async fn list_uploads(
        &self,
        account: &AccountId,
        after: Option<&UploadId>,
        limit: u32,
    ) -> Result<Vec<Upload>> {
        each!(self, uploads::list_uploads(account, after, limit))
    }

    /// Tells the length of an upload that began without one. False, and nothing is done, if it has another
    /// length already, is complete, or has more bytes than that, or the lock was lost.
    pub async fn declare_upload_size(&self, lock: &UploadLock, size_bytes: u64) -> Result<bool> {
        each!(self, uploads::declare_upload_size(lock, size_bytes))
    }

    /// Moves the offset from `from` to `to`. Call it after the bytes are durable, never before: a sender
    /// forgets what we acknowledge. False, and nothing is done, if the lock was lost, the offset is not `from`
    /// any more, the upload is not receiving, or `to` lies beyond its length.
    pub async fn advance_upload(&self, lock: &UploadLock, from: u64, to: u64) -> Result<bool> {
        each!(self, uploads::advance_upload(lock, from, to))
    }

    /// All bytes are here: the upload is `checking`, a check of it is queued, and the parts it was made of are
    /// removed, in one transaction. False, and nothing is done, unless the lock is held, it was receiving and
    /// its offset equals its length.
    pub async fn finish_upload(&self, lock: &UploadLock, sha256: &Digest, now: Timestamp) -> Result<bool> {
        each!(self, uploads::finish_upload(lock, sha256, now))
    }

    /// Ends a check: the upload is `ready`, and lies once where its account has the same file already. A twin that is
    /// told has to be read first; then this is asked again, and ends the check.
    pub async fn checked_upload(
        &self,
        lease: &LeaseId,
        checked: &Checked,
        same: &SameBytes,
        now: Timestamp,
    ) -> Result<Option<Twin>> {
        each!(self, uploads::checked_upload(lease, checked, same, now))
    }

    /// Ends a check: the upload is `rejected`.
    pub async fn rejected_upload(&self, lease: &LeaseId, problem: &Problem, now: Timestamp) -> Result<()> {
        each!(self, uploads::rejected_upload(lease, problem, now))
    }

    /// Removes an upload, unless a job that is not over needs it.
    pub async fn delete_upload(&self, account: &AccountId, id: &UploadId, now: Timestamp) -> Result<Removal> {
        each!(self, uploads::delete_upload(account, id, now))
    }
}

/// Jobs as their owner sees them.
impl Store {
    /// Turns an order into a queued job that costs nothing; the same idempotency key never makes two.
    pub async fn enqueue(&self, order: &Order, now: Timestamp) -> Result<Enqueued> {
        each!(self, orders::enqueue(order, Room::ENDLESS, None, now))
    }

    /// The same if as many wait as there is room for at most, and if its price can be held, which is done in the same
    /// transaction; without prices it costs nothing. An order that was given before still gets its job.
    pub async fn admit(
        &self,
        order: &Order,
        room: Room,
        prices: Option<&PriceList>,
        now: Timestamp,
    ) -> Result<Enqueued> {
        each!(self, orders::enqueue(order, room, prices, now))
    }

    /// A job.
    pub async fn job(&self, account: &AccountId, id: &JobId) -> Result<Option<Job>> {
        each!(self, jobs::job(account, id))
    }

    /// Jobs, newest first, those older than `after`, in one state or in any.
    pub async fn list_jobs(
        &self,
        account: &AccountId,
        state: Option<StateName>,
        after: Option<&JobId>,
        limit: u32,
    ) -> Result<Vec<Job>> {
        each!(self, job_lists::list_jobs(account, state, after, limit))
    }

    /// Ends a job that is not over, at once: a worker that has it loses its lease. Gives the job as it is
    /// then; one that was over already is unchanged.
    pub async fn cancel(&self, account: &AccountId, id: &JobId, now: Timestamp) -> Result<Option<Job>> {
        each!(self, jobs::cancel(account, id, now))
    }

    /// Removes a job and all it made, in any state. Never `InUse`.
    pub async fn delete_job(&self, account: &AccountId, id: &JobId, now: Timestamp) -> Result<Removal> {
        each!(self, jobs::delete_job(account, id, now))
    }

    /// A job's history after line `after_seq` (0: from the beginning), oldest first.
    pub async fn job_events(
        &self,
        account: &AccountId,
        job: &JobId,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<JobEvent>> {
        each!(self, jobs::job_events(account, job, after_seq, limit))
    }

    /// An artifact.
    pub async fn artifact(&self, account: &AccountId, id: &ArtifactId) -> Result<Option<Artifact>> {
        each!(self, artifacts::artifact(account, id))
    }
}

/// The queue as workers see it. Whoever gets [`StoreError::LeaseLost`] drops what it made.
impl Store {
    /// The next work, if there is any: of the accounts below the cap, one with the fewest running jobs; of
    /// these, the one whose last turn is longest ago; of its jobs, the oldest.
    pub async fn lease_next(&self, worker: &WorkerName, now: Timestamp) -> Result<Option<Leased>> {
        each!(self, queue::lease_next(worker, now))
    }

    /// Renews a lease, and tells where the attempt is.
    pub async fn heartbeat(&self, lease: &LeaseId, progress: Option<Progress>, now: Timestamp) -> Result<()> {
        each!(self, queue::heartbeat(lease, progress, now))
    }

    /// Ends an attempt: the job has succeeded and its artifacts are listed, or nothing at all.
    pub async fn complete(&self, lease: &LeaseId, completion: &Completion, now: Timestamp) -> Result<()> {
        each!(self, queue::complete(lease, completion, now))
    }

    /// Ends a job whose input or order is at fault. A failed check rejects its upload.
    pub async fn fail(&self, lease: &LeaseId, problem: &Problem, now: Timestamp) -> Result<()> {
        each!(self, queue::fail(lease, problem, now))
    }

    /// We are at fault: tries again after a backoff, or, after the last try, ends the job with `problem`.
    pub async fn retry_later(&self, lease: &LeaseId, problem: &Problem, now: Timestamp) -> Result<StateName> {
        each!(self, queue::retry_later(lease, problem, now))
    }

    /// The process that rendered it died: tries again at once, or quarantines the job at the third death.
    pub async fn process_died(&self, lease: &LeaseId, now: Timestamp) -> Result<StateName> {
        each!(self, queue::process_died(lease, now))
    }

    /// Gives work back untouched; no attempt is spent.
    pub async fn release(&self, lease: &LeaseId, now: Timestamp) -> Result<()> {
        each!(self, queue::release(lease, now))
    }

    /// Takes the work of workers that fell silent away from them. Each counts as a death of the process.
    pub async fn sweep_expired_leases(&self, now: Timestamp) -> Result<Vec<Expired>> {
        each!(self, queue::sweep_expired_leases(now))
    }

    /// What an attempt stored before it lost its lease is doomed, unless it turns out that its commit came
    /// through after all (the answer to a commit can be lost). The blobs of a check go if its upload is gone.
    pub async fn discard(&self, lease: &LeaseId, now: Timestamp) -> Result<()> {
        each!(self, artifacts::discard(lease, now))
    }
}
