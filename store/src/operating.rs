//! What operators do to the queue, and what workers tell of themselves. Whatever changes something says who and why,
//! and leaves a row in the audit in the same transaction.

use std::time::Duration;

use domain::audit::Act;
use domain::clock::Timestamp;
use domain::fields::FieldError;
use domain::ids::JobId;
use domain::job::{Job, StateName};
use domain::lease::WorkerName;
use domain::outlook::Outlook;
use domain::sandbox::Sandbox;

use crate::error::Result;
use crate::{Engine, Store, postgres, sqlite};

/// A queue that nobody takes work from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Who said it last: an account's id, or the terminal.
    pub by: String,
    /// Why, as the operator said it.
    pub reason: String,
}

/// A worker that was silent for so long does not count.
pub const SILENT: Duration = Duration::from_secs(15);

/// What a worker tells of itself while it lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignOfLife {
    /// Its label.
    pub name: WorkerName,
    /// How many jobs it runs side by side at most.
    pub slots: u32,
    /// Of the program.
    pub version: String,
    /// How well it protects its machine.
    pub sandbox: Sandbox,
}

/// What became of an operator's wish to try a job again.
#[derive(Clone, PartialEq, Debug)]
pub enum Retried {
    /// It waited for the end of a backoff, and waits no longer.
    Hastened(Job),
    /// It had failed, which is for good: the same order is a new job.
    Again(Job),
    /// It has not failed; it is as it was.
    Unchanged(Job),
    /// It had failed, and what it was made from cannot be used any more.
    Refused(Vec<FieldError>),
    /// There is none.
    Unknown,
}

/// The queue as operators see it, over all accounts.
impl Store {
    /// From now on nobody gets work; what runs goes on. Pausing again changes the reason, and who gave it.
    pub async fn pause(&self, act: &Act, now: Timestamp) -> Result<Pause> {
        each!(self, operators::pause(act, now))
    }

    /// Ends a pause; tells whether there was one.
    pub async fn resume(&self, act: &Act, now: Timestamp) -> Result<bool> {
        each!(self, operators::resume(act, now))
    }

    /// What the wait of a queued job is estimated from; `None` while that would be a guess: nobody works, the queue
    /// stands still, or too few jobs have run to tell how long one takes.
    pub async fn outlook(&self, now: Timestamp) -> Result<Option<Outlook>> {
        each!(self, operators::outlook(now))
    }

    /// Jobs of all accounts, newest first, those older than `after`, in one state or in any. Their places are not
    /// told.
    pub async fn everyones_jobs(
        &self,
        state: Option<StateName>,
        after: Option<&JobId>,
        limit: u32,
    ) -> Result<Vec<Job>> {
        each!(self, operators::everyones_jobs(state, after, limit))
    }

    /// A job, whosever it is.
    pub async fn anyones_job(&self, id: &JobId) -> Result<Option<Job>> {
        match each!(self, operators::owner(id))? {
            Some(owner) => self.job(&owner, id).await,
            None => Ok(None),
        }
    }

    /// [`Self::cancel`], whosever job it is.
    pub async fn cancel_anyones(&self, id: &JobId, act: &Act, now: Timestamp) -> Result<Option<Job>> {
        each!(self, operators::cancel(id, act, now))
    }

    /// Tries a job again, whosever it is. What failed has failed for good: the same order becomes a new job, which
    /// costs nothing, as its credits went back when it failed.
    pub async fn retry_anyones(&self, id: &JobId, act: &Act, now: Timestamp) -> Result<Retried> {
        each!(self, operators::retry(id, act, now))
    }

    /// A worker's sign of life.
    pub async fn worker_seen(&self, sign: &SignOfLife, now: Timestamp) -> Result<()> {
        each!(self, operators::worker_seen(sign, now))
    }

    /// A worker has ended.
    pub async fn worker_left(&self, name: &WorkerName) -> Result<()> {
        each!(self, operators::worker_left(name))
    }
}
