//! Rows and blobs.
//!
//! **Invariants**: each operation is one transaction, and does all of what it says or nothing; no transaction
//! is open while anybody works; times, ids and randomness come from the caller; SQL is in the engine's folder
//! alone.
//!
//! | module | what |
//! |---|---|
//! | this page | every operation, without SQL |
//! | [`outcome`] | what operations take and give |
//! | [`blobs`] | bytes by key |
//! | `sqlite` | the engine for one host |
//! | `contract` | the stories every engine must pass |

pub mod blobs;
#[cfg(test)]
mod contract;
pub mod error;
pub mod outcome;
mod signals;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use domain::account::{Account, Email};
use domain::artifact::Artifact;
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::{AccountId, ArtifactId, Entropy, JobId, KeyId, SessionId, UploadId};
use domain::job::{Job, JobEvent, StateName};
use domain::lease::{LeaseId, WorkerName};
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
    ApiKey, Checked, Completion, Doomed, Enqueued, Expired, JobChange, Leased, NewAccount, NewApiKey,
    NewSession, NewUpload, Progress, Removal, Session,
};

/// Where the rows are.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// SQLite in this folder, which is made if it is missing. For one host.
    Folder(&'a Path),
}

/// The rows. Cheap to clone; all clones are one store.
///
/// Lookups by id take the account that asks: what belongs to another account is as unknown as what does not
/// exist.
#[derive(Clone)]
pub struct Store(Arc<sqlite::Sqlite>);

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(sqlite)")
    }
}

/// Opening, and what to listen to.
impl Store {
    /// Opens the store and brings its tables to this version.
    pub async fn open(place: Place<'_>, entropy: Arc<dyn Entropy>, retention: Retention) -> Result<Self> {
        match place {
            Place::Folder(folder) => {
                Ok(Self(Arc::new(sqlite::Sqlite::open(folder, entropy, retention).await?)))
            }
        }
    }

    /// Wakes one waiting worker when work arrives in this process. A wake can be missed (another process
    /// enqueued): poll as well.
    #[must_use]
    pub fn wake(&self) -> &Notify {
        &self.0.signals.wake
    }

    /// Every change of a job that this process makes, from now on. A slow listener skips some
    /// (`RecvError::Lagged`): read the history then.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<JobChange> {
        self.0.signals.changes.subscribe()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.0.ping().await
    }

    /// Closes the connections and waits for them.
    pub async fn close(&self) {
        self.0.close().await;
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
        sqlite::accounts::ensure_account(&self.0, new, now).await
    }

    /// An account.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>> {
        sqlite::accounts::account(&self.0, id).await
    }

    /// The account with this address.
    pub async fn account_by_email(&self, email: &Email) -> Result<Option<Account>> {
        sqlite::accounts::account_by_email(&self.0, email).await
    }

    /// A link that signs in once, before it expires.
    pub async fn create_sign_in_link(
        &self,
        account: &AccountId,
        hash: &SecretHash,
        expires_at: Timestamp,
    ) -> Result<()> {
        sqlite::accounts::create_sign_in_link(&self.0, account, hash, expires_at).await
    }

    /// Uses a link up: of any number of callers at the same time, one gets the account.
    pub async fn redeem_sign_in_link(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<AccountId>> {
        sqlite::accounts::redeem_sign_in_link(&self.0, hash, now).await
    }

    /// A session.
    pub async fn create_session(&self, new: &NewSession, now: Timestamp) -> Result<SessionId> {
        sqlite::accounts::create_session(&self.0, new, now).await
    }

    /// Who is behind a session's secret, unless it expired or was revoked.
    pub async fn session(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<(SessionId, Account)>> {
        sqlite::accounts::session(&self.0, hash, now).await
    }

    /// The sessions of an account that are alive, newest first.
    pub async fn list_sessions(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Session>> {
        sqlite::accounts::list_sessions(&self.0, account, now).await
    }

    /// Ends a session; tells whether there was one.
    pub async fn revoke_session(&self, account: &AccountId, id: &SessionId) -> Result<bool> {
        sqlite::accounts::revoke_session(&self.0, account, id).await
    }

    /// An API key.
    pub async fn create_api_key(&self, new: &NewApiKey, now: Timestamp) -> Result<ApiKey> {
        sqlite::accounts::create_api_key(&self.0, new, now).await
    }

    /// Who is behind a key's secret and what it may do, unless it expired or was revoked.
    pub async fn api_key(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<(Account, Scopes)>> {
        sqlite::accounts::api_key(&self.0, hash, now).await
    }

    /// The keys of an account, expired ones too, newest first.
    pub async fn list_api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>> {
        sqlite::accounts::list_api_keys(&self.0, account).await
    }

    /// Ends a key; tells whether there was one.
    pub async fn revoke_api_key(&self, account: &AccountId, id: &KeyId) -> Result<bool> {
        sqlite::accounts::revoke_api_key(&self.0, account, id).await
    }
}

/// Uploads.
impl Store {
    /// An upload that is about to arrive.
    pub async fn create_upload(&self, new: &NewUpload, now: Timestamp) -> Result<Upload> {
        sqlite::uploads::create_upload(&self.0, new, now).await
    }

    /// An upload.
    pub async fn upload(&self, account: &AccountId, id: &UploadId) -> Result<Option<Upload>> {
        sqlite::uploads::upload(&self.0, account, id).await
    }

    /// Uploads, newest first, those older than `after`.
    pub async fn list_uploads(
        &self,
        account: &AccountId,
        after: Option<&UploadId>,
        limit: u32,
    ) -> Result<Vec<Upload>> {
        sqlite::uploads::list_uploads(&self.0, account, after, limit).await
    }

    /// Tells the length of an upload that began without one. False, and nothing is done, if it has another
    /// length already, is complete, or has more bytes than that.
    pub async fn declare_upload_size(&self, id: &UploadId, size_bytes: u64) -> Result<bool> {
        sqlite::uploads::declare_upload_size(&self.0, id, size_bytes).await
    }

    /// Moves the offset from `from` to `to`. Call it after the bytes are durable, never before: a sender
    /// forgets what we acknowledge. False, and nothing is done, if the offset is not `from` any more, the
    /// upload is not receiving, or `to` lies beyond its length.
    pub async fn advance_upload(&self, id: &UploadId, from: u64, to: u64) -> Result<bool> {
        sqlite::uploads::advance_upload(&self.0, id, from, to).await
    }

    /// All bytes are here: the upload is `checking`, and a check of it is queued, in one transaction. False,
    /// and nothing is done, unless it was receiving and its offset equals its length.
    pub async fn finish_upload(&self, id: &UploadId, sha256: &Digest, now: Timestamp) -> Result<bool> {
        sqlite::uploads::finish_upload(&self.0, id, sha256, now).await
    }

    /// Ends a check: the upload is `ready`.
    pub async fn checked_upload(&self, lease: &LeaseId, checked: &Checked, now: Timestamp) -> Result<()> {
        sqlite::uploads::checked_upload(&self.0, lease, checked, now).await
    }

    /// Ends a check: the upload is `rejected`.
    pub async fn rejected_upload(&self, lease: &LeaseId, problem: &Problem, now: Timestamp) -> Result<()> {
        sqlite::uploads::rejected_upload(&self.0, lease, problem, now).await
    }

    /// Removes an upload, unless a job that is not over needs it.
    pub async fn delete_upload(&self, account: &AccountId, id: &UploadId, now: Timestamp) -> Result<Removal> {
        sqlite::uploads::delete_upload(&self.0, account, id, now).await
    }
}

/// Jobs as their owner sees them.
impl Store {
    /// Turns an order into a queued job; the same idempotency key never makes two.
    pub async fn enqueue(&self, order: &Order, now: Timestamp) -> Result<Enqueued> {
        sqlite::jobs::enqueue(&self.0, order, now).await
    }

    /// A job.
    pub async fn job(&self, account: &AccountId, id: &JobId) -> Result<Option<Job>> {
        sqlite::jobs::job(&self.0, account, id).await
    }

    /// Jobs, newest first, those older than `after`, in one state or in any.
    pub async fn list_jobs(
        &self,
        account: &AccountId,
        state: Option<StateName>,
        after: Option<&JobId>,
        limit: u32,
    ) -> Result<Vec<Job>> {
        sqlite::jobs::list_jobs(&self.0, account, state, after, limit).await
    }

    /// Ends a job that is not over, at once: a worker that has it loses its lease. Gives the job as it is
    /// then; one that was over already is unchanged.
    pub async fn cancel(&self, account: &AccountId, id: &JobId, now: Timestamp) -> Result<Option<Job>> {
        sqlite::jobs::cancel(&self.0, account, id, now).await
    }

    /// Removes a job and all it made, in any state. Never `InUse`.
    pub async fn delete_job(&self, account: &AccountId, id: &JobId, now: Timestamp) -> Result<Removal> {
        sqlite::jobs::delete_job(&self.0, account, id, now).await
    }

    /// A job's history after line `after_seq` (0: from the beginning), oldest first.
    pub async fn job_events(
        &self,
        account: &AccountId,
        job: &JobId,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<JobEvent>> {
        sqlite::jobs::job_events(&self.0, account, job, after_seq, limit).await
    }

    /// An artifact.
    pub async fn artifact(&self, account: &AccountId, id: &ArtifactId) -> Result<Option<Artifact>> {
        sqlite::artifacts::artifact(&self.0, account, id).await
    }
}

/// The queue as workers see it. Whoever gets [`StoreError::LeaseLost`] drops what it made.
impl Store {
    /// The next work, if there is any: of the accounts below the cap, one with the fewest running jobs; of
    /// these, the one whose last turn is longest ago; of its jobs, the oldest.
    pub async fn lease_next(&self, worker: &WorkerName, now: Timestamp) -> Result<Option<Leased>> {
        sqlite::queue::lease_next(&self.0, worker, now).await
    }

    /// Renews a lease, and tells where the attempt is.
    pub async fn heartbeat(&self, lease: &LeaseId, progress: Option<Progress>, now: Timestamp) -> Result<()> {
        sqlite::queue::heartbeat(&self.0, lease, progress, now).await
    }

    /// Ends an attempt: the job has succeeded and its artifacts are listed, or nothing at all.
    pub async fn complete(&self, lease: &LeaseId, completion: &Completion, now: Timestamp) -> Result<()> {
        sqlite::queue::complete(&self.0, lease, completion, now).await
    }

    /// Ends a job whose input or order is at fault. A failed check rejects its upload.
    pub async fn fail(&self, lease: &LeaseId, problem: &Problem, now: Timestamp) -> Result<()> {
        sqlite::queue::fail(&self.0, lease, problem, now).await
    }

    /// We are at fault: tries again after a backoff, or, after the last try, ends the job with `problem`.
    pub async fn retry_later(&self, lease: &LeaseId, problem: &Problem, now: Timestamp) -> Result<StateName> {
        sqlite::queue::retry_later(&self.0, lease, problem, now).await
    }

    /// The process that rendered it died: tries again at once, or quarantines the job at the third death.
    pub async fn process_died(&self, lease: &LeaseId, now: Timestamp) -> Result<StateName> {
        sqlite::queue::process_died(&self.0, lease, now).await
    }

    /// Gives work back untouched; no attempt is spent.
    pub async fn release(&self, lease: &LeaseId, now: Timestamp) -> Result<()> {
        sqlite::queue::release(&self.0, lease, now).await
    }

    /// Takes the work of workers that fell silent away from them. Each counts as a death of the process.
    pub async fn sweep_expired_leases(&self, now: Timestamp) -> Result<Vec<Expired>> {
        sqlite::queue::sweep_expired_leases(&self.0, now).await
    }

    /// What an attempt stored before it lost its lease is doomed, unless it turns out that its commit came
    /// through after all (the answer to a commit can be lost). The blobs of a check go if its upload is gone.
    pub async fn discard(&self, lease: &LeaseId, now: Timestamp) -> Result<()> {
        sqlite::artifacts::discard(&self.0, lease, now).await
    }

    /// Blobs that no row knows any more, oldest first.
    pub async fn doomed_blobs(&self, limit: u32) -> Result<Vec<Doomed>> {
        sqlite::artifacts::doomed_blobs(&self.0, limit).await
    }

    /// These blobs are gone for good, unless they were doomed again since they were listed.
    pub async fn blobs_removed(&self, doomed: &Doomed) -> Result<()> {
        sqlite::artifacts::blobs_removed(&self.0, doomed).await
    }
}
