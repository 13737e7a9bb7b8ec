//! What operators look at.

use domain::clock::Timestamp;
use serde::Serialize;
use store::operating::SILENT;
use store::overview::{
    Counted, FAILURES_MAX, FailureGroup, Failures, QueueState, RetentionState, RunningJob, Spread, WorkerSeen,
};
use store::reaping::ReaperState;
use utoipa::ToSchema;

use super::rfc3339;

/// The queue at one moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
pub(crate) struct QueueView {
    /// Why nobody gets work; null while it goes on.
    pause: Option<PauseView>,
    /// Jobs that wait.
    waiting: u64,
    /// The same by kind.
    waiting_by_kind: Vec<DepthView>,
    /// Of these, how many wait for the end of a backoff.
    backing_off: u64,
    /// Uploads that wait to be looked at.
    checks_waiting: u64,
    /// Jobs and looks at uploads that run.
    running: u64,
    /// For how long the oldest job has been waiting.
    oldest_wait_s: Option<f64>,
    /// How long runs lasted lately: the median of the last twenty; null before the first five.
    typical_run_s: Option<f64>,
    /// Jobs ordered per minute, over the last five.
    ordered_per_minute: f64,
    /// Jobs that ended per minute, however they did, over the last five.
    ended_per_minute: f64,
    /// How many jobs succeeded in the last hour, at most 1000: what the two below are taken from.
    measured_jobs: u64,
    /// From order to first lease; null if no job succeeded in the last hour.
    wait: Option<SpreadView>,
    /// From last lease to end.
    run: Option<SpreadView>,
    /// Who gave a sign of life in the last fifteen seconds.
    workers: Vec<WorkerView>,
}

/// How many jobs of one kind wait.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Depth)]
pub(crate) struct DepthView {
    kind: &'static str,
    waiting: u64,
}

/// Two places of a distribution.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Spread)]
pub(crate) struct SpreadView {
    /// Half of all are not longer.
    p50_s: f64,
    /// Nineteen of twenty are not longer.
    p95_s: f64,
}

/// A queue that stands still.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pause)]
pub(crate) struct PauseView {
    since: String,
    /// An account's id, or `terminal`.
    by: String,
    reason: String,
}

/// One worker.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Worker)]
pub(crate) struct WorkerView {
    name: String,
    /// Of its program; empty if it did not say.
    version: String,
    /// How many jobs it runs side by side at most.
    slots: u32,
    /// `full`, or `weak` where its operator allowed that strangers' files are opened behind fewer walls.
    sandbox: &'static str,
    /// What it runs.
    running: Vec<RunningView>,
    /// Whether it gave no sign of life for fifteen seconds. What it ran is another's by now.
    is_silent: bool,
    started_at: String,
    /// Its last sign of life.
    seen_at: String,
}

/// A job or a look at an upload that runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Running)]
pub(crate) struct RunningView {
    id: String,
    /// `check` is a look at an upload.
    kind: &'static str,
    stage: Option<&'static str>,
    progress: f64,
    attempt: u32,
    since: Option<String>,
}

/// What failed, grouped.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failures)]
pub(crate) struct FailuresView {
    /// Of jobs that ended after this.
    since: String,
    /// From how many.
    jobs: u64,
    /// Whether there are more, older ones that were not looked at.
    has_more: bool,
    /// The largest first.
    groups: Vec<FailureView>,
}

/// Jobs that failed alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failure)]
pub(crate) struct FailureView {
    /// A stable word.
    code: String,
    stage: Option<&'static str>,
    /// Whose doing: `input`, `ours` or `user`.
    fault: Option<&'static str>,
    /// `check` is a look at an upload.
    kind: &'static str,
    count: u64,
    first_at: String,
    last_at: String,
    /// One of them.
    sample: String,
}

/// What is to go, as the rows say. It tells of nothing that went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetentionState)]
pub(crate) struct RetentionView {
    /// Jobs with all they made, and looks at uploads, whose time is up and which are still there.
    jobs_overdue: CountedView,
    /// The same whose time is up within a day.
    jobs_due_within_a_day: CountedView,
    /// Uploads whose time is up and which are still there.
    uploads_overdue: CountedView,
    /// Uploads whose time is up within a day.
    uploads_due_within_a_day: CountedView,
    /// Places of stored bytes that no row knows any more and that are still there.
    doomed_blobs_waiting: CountedView,
    reaper: ReaperView,
}

/// What removes all that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reaper)]
pub(crate) struct ReaperView {
    /// When it last looked; null before the first time.
    ticked_at: Option<String>,
    /// Since when it removes nothing by itself; null while it does.
    frozen_since: Option<String>,
    /// Why.
    frozen_because: Option<String>,
    /// Of the places above, how many could not be emptied at the last try.
    places_stuck: u64,
}

/// A number, and the earliest time in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Counted)]
pub(crate) struct CountedView {
    count: u64,
    /// Whether counting ended before the last.
    has_more: bool,
    earliest: Option<String>,
}

/// The kind of a look at an upload.
const CHECK: &str = "check";

impl QueueView {
    pub(crate) fn new(state: QueueState, now: Timestamp) -> Self {
        let pause = state.pause.map(|pause| PauseView {
            since: rfc3339(pause.since),
            by: pause.by,
            reason: pause.reason,
        });
        let depth = |(kind, waiting): (domain::job::JobKind, u64)| DepthView { kind: kind.as_str(), waiting };
        Self {
            pause,
            waiting: state.waiting,
            waiting_by_kind: state.waiting_by_kind.into_iter().map(depth).collect(),
            backing_off: state.backing_off,
            checks_waiting: state.checks_waiting,
            running: state.running,
            oldest_wait_s: state.oldest_waiting_since.map(|since| now.since(since).as_secs_f64()),
            typical_run_s: state.typical_run.map(|run| run.as_secs_f64()),
            ordered_per_minute: state.pace.ordered_per_minute,
            ended_per_minute: state.pace.ended_per_minute,
            measured_jobs: state.pace.jobs,
            wait: state.pace.wait.map(SpreadView::from),
            run: state.pace.run.map(SpreadView::from),
            workers: state.workers.into_iter().map(|worker| WorkerView::new(worker, now)).collect(),
        }
    }
}

impl From<Spread> for SpreadView {
    fn from(spread: Spread) -> Self {
        Self { p50_s: spread.p50.as_secs_f64(), p95_s: spread.p95.as_secs_f64() }
    }
}

impl WorkerView {
    pub(crate) fn new(worker: WorkerSeen, now: Timestamp) -> Self {
        Self {
            name: worker.name.0,
            version: worker.version,
            slots: worker.slots,
            sandbox: worker.sandbox.as_str(),
            running: worker.running.into_iter().map(RunningView::from).collect(),
            is_silent: now.since(worker.seen_at) >= SILENT,
            started_at: rfc3339(worker.started_at),
            seen_at: rfc3339(worker.seen_at),
        }
    }
}

impl From<RunningJob> for RunningView {
    fn from(job: RunningJob) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind.map_or(CHECK, |kind| kind.as_str()),
            stage: job.stage.map(|stage| stage.as_str()),
            progress: job.progress,
            attempt: job.attempt,
            since: job.since.map(rfc3339),
        }
    }
}

impl FailuresView {
    pub(crate) fn new(failures: Failures, since: Timestamp) -> Self {
        Self {
            since: rfc3339(since),
            jobs: failures.jobs,
            has_more: failures.jobs >= u64::from(FAILURES_MAX),
            groups: failures.groups.into_iter().map(FailureView::from).collect(),
        }
    }
}

impl From<FailureGroup> for FailureView {
    fn from(group: FailureGroup) -> Self {
        Self {
            code: group.code,
            stage: group.stage.map(|stage| stage.as_str()),
            fault: group.fault.map(|fault| fault.as_str()),
            kind: group.kind.map_or(CHECK, |kind| kind.as_str()),
            count: group.count,
            first_at: rfc3339(group.first_at),
            last_at: rfc3339(group.last_at),
            sample: group.sample.to_string(),
        }
    }
}

impl RetentionView {
    pub(crate) fn new(state: RetentionState, reaper: ReaperState) -> Self {
        let (frozen_since, frozen_because) = reaper.frozen.unzip();
        Self {
            reaper: ReaperView {
                ticked_at: reaper.ticked_at.map(rfc3339),
                frozen_since: frozen_since.map(rfc3339),
                frozen_because,
                places_stuck: reaper.stuck,
            },
            jobs_overdue: state.jobs_overdue.into(),
            jobs_due_within_a_day: state.jobs_due.into(),
            uploads_overdue: state.uploads_overdue.into(),
            uploads_due_within_a_day: state.uploads_due.into(),
            doomed_blobs_waiting: state.doomed_blobs.into(),
        }
    }
}

impl From<Counted> for CountedView {
    fn from(counted: Counted) -> Self {
        Self { count: counted.count, has_more: counted.has_more(), earliest: counted.earliest.map(rfc3339) }
    }
}
