//! The operations for operators, and what they take and give.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::fields::FieldError;
use domain::ids::JobId;
use domain::job::{Job, StateName};
use domain::lease::WorkerName;
use domain::order::Order;
use domain::outlook::Outlook;
use domain::sandbox::Sandbox;

use crate::error::Result;
use crate::outcome::Enqueued;
use crate::{Engine, Store, postgres, sqlite};

/// A queue that nobody takes work from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Why, as the operator said it.
    pub reason: String,
}

/// A worker that gave a sign of life lately.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerSeen {
    /// Its label.
    pub name: WorkerName,
    /// How many jobs it runs side by side at most.
    pub slots: u32,
    /// How well it protects its machine.
    pub sandbox: Sandbox,
    /// How many it runs.
    pub running: u64,
    /// Since when it works.
    pub started_at: Timestamp,
    /// Its last sign of life.
    pub seen_at: Timestamp,
}

/// The queue at one moment. Looks at uploads are counted beside the jobs.
#[derive(Clone, PartialEq, Debug)]
pub struct QueueState {
    /// Whether it stands still, and why.
    pub pause: Option<Pause>,
    /// Jobs that wait, those that back off included.
    pub waiting: u64,
    /// Jobs that wait for the end of a backoff.
    pub backing_off: u64,
    /// Uploads that wait to be looked at.
    pub checks_waiting: u64,
    /// Jobs and looks at uploads that run.
    pub running: u64,
    /// When the job that waits for longest was ordered.
    pub oldest_waiting_since: Option<Timestamp>,
    /// How long runs lasted lately: the median of the last twenty; `None` before the first five.
    pub typical_run: Option<Duration>,
    /// Who works, by name.
    pub workers: Vec<WorkerSeen>,
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
    /// From now on nobody gets work; what runs goes on. Pausing again changes the reason alone.
    pub async fn pause(&self, reason: &str, now: Timestamp) -> Result<Pause> {
        each!(self, operators::pause(reason, now))
    }

    /// Ends a pause; tells whether there was one.
    pub async fn resume(&self) -> Result<bool> {
        each!(self, operators::resume())
    }

    /// The queue as it is now.
    pub async fn queue(&self, now: Timestamp) -> Result<QueueState> {
        each!(self, operators::queue(now))
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
    pub async fn cancel_anyones(&self, id: &JobId, now: Timestamp) -> Result<Option<Job>> {
        match each!(self, operators::owner(id))? {
            Some(owner) => self.cancel(&owner, id, now).await,
            None => Ok(None),
        }
    }

    /// Tries a job again, whosever it is. What failed has failed for good: the same order becomes a new job.
    pub async fn retry_anyones(&self, id: &JobId, now: Timestamp) -> Result<Retried> {
        let Some(job) = self.anyones_job(id).await? else { return Ok(Retried::Unknown) };
        match job.state.name() {
            StateName::Queued => {
                let hastened = each!(self, operators::hasten(&job.account, id, now))?;
                let job = self.job(&job.account, id).await?.unwrap_or(job);
                Ok(if hastened { Retried::Hastened(job) } else { Retried::Unchanged(job) })
            }
            StateName::Failed => match self.enqueue(&Order::again(&job), now).await? {
                Enqueued::New(job) | Enqueued::Existing(job) => Ok(Retried::Again(job)),
                Enqueued::Refused(errors) => Ok(Retried::Refused(errors)),
                Enqueued::Conflict => Ok(Retried::Unchanged(job)),
            },
            _ => Ok(Retried::Unchanged(job)),
        }
    }

    /// The weakest sandbox of all who work; `None` if nobody does.
    pub async fn sandbox(&self, now: Timestamp) -> Result<Option<Sandbox>> {
        each!(self, operators::sandbox(now))
    }

    /// A worker's sign of life, with how many jobs it runs side by side, and how well it protects its machine.
    pub async fn worker_seen(
        &self,
        name: &WorkerName,
        slots: u32,
        sandbox: Sandbox,
        now: Timestamp,
    ) -> Result<()> {
        each!(self, operators::worker_seen(name, slots, sandbox, now))
    }

    /// A worker has ended.
    pub async fn worker_left(&self, name: &WorkerName) -> Result<()> {
        each!(self, operators::worker_left(name))
    }
}
