//! What operators look at. Each question is answered from an index, however many jobs are over.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::JobId;
use domain::job::{JobKind, Stage};
use domain::lease::WorkerName;
use domain::problem::Fault;
use domain::sandbox::Sandbox;

use crate::error::Result;
use crate::operating::Pause;
use crate::{Engine, Store, postgres, sqlite};

/// The queue at one moment. Looks at uploads are counted beside the jobs.
#[derive(Clone, PartialEq, Debug)]
pub struct QueueState {
    /// Whether it stands still, and why.
    pub pause: Option<Pause>,
    /// Jobs that wait, those that back off included.
    pub waiting: u64,
    /// The same by kind; kinds of which none waits are left out.
    pub waiting_by_kind: Vec<(JobKind, u64)>,
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
    /// How it went lately.
    pub pace: Pace,
    /// Who gave a sign of life lately, by name.
    pub workers: Vec<WorkerSeen>,
}

/// How the queue went lately.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    /// Jobs that were ordered, per minute, over [`RATE_WINDOW`].
    pub ordered_per_minute: f64,
    /// Jobs that ended, however they did, per minute, over the same time.
    pub ended_per_minute: f64,
    /// Jobs that succeeded within [`PACE_WINDOW`], at most [`PACE_JOBS_MAX`]: what the two below are taken from.
    pub jobs: u64,
    /// From order to first lease.
    pub wait: Option<Spread>,
    /// From last lease to end.
    pub run: Option<Spread>,
}

/// Two places of a distribution, by nearest rank.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spread {
    /// Half of all are not longer.
    pub p50: Duration,
    /// Nineteen of twenty are not longer.
    pub p95: Duration,
}

/// Over which orders and ends per minute are taken.
pub const RATE_WINDOW: Duration = Duration::from_secs(300);
/// Over which waits and runs are taken.
pub const PACE_WINDOW: Duration = Duration::from_secs(3600);
/// From so many of the newest.
pub const PACE_JOBS_MAX: u32 = 1000;

/// A worker, and what it does.
#[derive(Clone, PartialEq, Debug)]
pub struct WorkerSeen {
    /// Its label.
    pub name: WorkerName,
    /// Of the program; empty if it did not say.
    pub version: String,
    /// How many jobs it runs side by side at most.
    pub slots: u32,
    /// How well it protects its machine.
    pub sandbox: Sandbox,
    /// What it runs.
    pub running: Vec<RunningJob>,
    /// Since when it works.
    pub started_at: Timestamp,
    /// Its last sign of life.
    pub seen_at: Timestamp,
}

/// A job or a look at an upload that runs.
#[derive(Clone, PartialEq, Debug)]
pub struct RunningJob {
    /// Which.
    pub id: JobId,
    /// What is made; `None` of a look at an upload.
    pub kind: Option<JobKind>,
    /// In which stage it is.
    pub stage: Option<Stage>,
    /// How much of the stage is done, 0 to 1.
    pub progress: f64,
    /// Which try this is.
    pub attempt: u32,
    /// Since when it runs.
    pub since: Option<Timestamp>,
}

/// Jobs that failed alike.
#[derive(Clone, PartialEq, Debug)]
pub struct FailureGroup {
    /// A stable word.
    pub code: String,
    /// Where in the work.
    pub stage: Option<Stage>,
    /// Whose doing; `None` if the row does not say.
    pub fault: Option<Fault>,
    /// What was made; `None` of looks at uploads.
    pub kind: Option<JobKind>,
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first_at: Timestamp,
    /// The last of them.
    pub last_at: Timestamp,
    /// One of them.
    pub sample: JobId,
}

/// Jobs that failed since a time, grouped, the largest group first.
#[derive(Clone, PartialEq, Debug)]
pub struct Failures {
    /// The groups.
    pub groups: Vec<FailureGroup>,
    /// From how many jobs they are made: the newest, at most [`FAILURES_MAX`].
    pub jobs: u64,
}

/// So many failures are looked at.
pub const FAILURES_MAX: u32 = 10_000;

/// A number that is not counted on for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted {
    /// How many, at most [`COUNTED_MAX`].
    pub count: u64,
    /// The earliest of their times.
    pub earliest: Option<Timestamp>,
}

/// Where counting ends.
pub const COUNTED_MAX: u32 = 10_000;

impl Counted {
    /// Whether there are more than were counted.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.count >= u64::from(COUNTED_MAX)
    }
}

/// What is to go, as its rows say. Nothing here says that anything went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetentionState {
    /// Jobs with all they made, and looks at uploads, whose time is up and which are still there.
    pub jobs_overdue: Counted,
    /// The same whose time is up within a day.
    pub jobs_due: Counted,
    /// Uploads whose time is up and which are still there.
    pub uploads_overdue: Counted,
    /// Uploads whose time is up within a day.
    pub uploads_due: Counted,
    /// Stored bytes that no row knows any more, and which are still there: places, not bytes.
    pub doomed_blobs: Counted,
}

/// The queue as operators see it, over all accounts.
impl Store {
    /// The queue as it is now.
    pub async fn queue(&self, now: Timestamp) -> Result<QueueState> {
        each!(self, overview::queue(now))
    }

    /// Workers that gave a sign of life within a day, the last one first: those too that fell silent since. One that
    /// ended in peace is not among them.
    pub async fn workers(&self, limit: u32) -> Result<Vec<WorkerSeen>> {
        each!(self, overview::workers(limit))
    }

    /// What failed since then.
    pub async fn failures(&self, since: Timestamp) -> Result<Failures> {
        each!(self, overview::failures(since))
    }

    /// How much audio goes into a job: all its inputs, one after the other. Zero if they are gone.
    pub async fn input_audio(&self, job: &JobId) -> Result<Duration> {
        each!(self, overview::input_audio(job))
    }

    /// What is to go.
    pub async fn retention_state(&self, now: Timestamp) -> Result<RetentionState> {
        each!(self, overview::retention(now))
    }
}
