//! What operators read and say. No title, no file's name: an operator needs neither to mind a queue.

use domain::clock::Timestamp;
use domain::job::Job;
use serde::Serialize;
use serde_json::Value;
use store::operating::{QueueState, WorkerSeen};
use utoipa::ToSchema;

use super::rfc3339;
use crate::auth::Caller;
use crate::error::ApiResult;
use crate::json::Fields;

/// The queue at one moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
pub(crate) struct QueueView {
    /// Why nobody gets work; null while it goes on.
    pause: Option<PauseView>,
    /// Jobs that wait.
    waiting: u64,
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
    /// Who gave a sign of life in the last fifteen seconds.
    workers: Vec<WorkerView>,
}

/// A queue that stands still.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pause)]
pub(crate) struct PauseView {
    since: String,
    reason: String,
}

/// One worker.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Worker)]
pub(crate) struct WorkerView {
    name: String,
    /// How many jobs it runs side by side at most.
    slots: u32,
    /// `full`, or `weak` where its operator allowed that strangers' files are opened behind fewer walls.
    sandbox: &'static str,
    running: u64,
    started_at: String,
    seen_at: String,
}

/// One job, as far as an operator needs to know it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpsJob)]
pub(crate) struct OpsJobView {
    id: String,
    account: String,
    kind: &'static str,
    state: &'static str,
    stage: Option<&'static str>,
    progress: f64,
    attempt: u32,
    created_at: String,
    finished_at: Option<String>,
    /// Why it failed: a stable word.
    problem_code: Option<String>,
}

/// What became of a retry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Retried)]
pub(crate) struct RetriedView {
    /// `hastened` (its backoff is over), `again` (it had failed: this is a new job), or `unchanged`.
    pub(crate) outcome: &'static str,
    pub(crate) job: OpsJobView,
}

/// Why an operator does something.
#[derive(Debug, ToSchema)]
pub(crate) struct Reason {
    /// In a line; it is logged.
    pub(crate) reason: String,
}

const REASON_CHARS_MAX: usize = 200;

impl Reason {
    pub(crate) fn read(body: &Value) -> ApiResult<Self> {
        let mut fields = Fields::of_body(body)?;
        let reason = fields.text("reason", REASON_CHARS_MAX);
        let reason = fields.require("reason", reason);
        fields.finish(reason.map(|reason| Self { reason }))
    }

    pub(crate) fn log(&self, caller: &Caller, action: &'static str, target: &str) {
        let operator = caller.account.id.as_str();
        tracing::info!(operator, action, target, reason = self.reason, "an operator acts");
    }
}

impl QueueView {
    pub(crate) fn new(state: QueueState, now: Timestamp) -> Self {
        let pause = state.pause.map(|pause| (rfc3339(pause.since), pause.reason));
        Self {
            pause: pause.map(|(since, reason)| PauseView { since, reason }),
            waiting: state.waiting,
            backing_off: state.backing_off,
            checks_waiting: state.checks_waiting,
            running: state.running,
            oldest_wait_s: state.oldest_waiting_since.map(|since| now.since(since).as_secs_f64()),
            typical_run_s: state.typical_run.map(|run| run.as_secs_f64()),
            workers: state.workers.into_iter().map(WorkerView::from).collect(),
        }
    }
}

impl From<WorkerSeen> for WorkerView {
    fn from(worker: WorkerSeen) -> Self {
        Self {
            name: worker.name.0,
            slots: worker.slots,
            sandbox: worker.sandbox.as_str(),
            running: worker.running,
            started_at: rfc3339(worker.started_at),
            seen_at: rfc3339(worker.seen_at),
        }
    }
}

impl From<Job> for OpsJobView {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            account: job.account.to_string(),
            kind: job.kind.as_str(),
            state: job.state.name().as_str(),
            stage: job.stage.map(|stage| stage.as_str()),
            progress: job.progress,
            attempt: job.attempt,
            created_at: rfc3339(job.created_at),
            finished_at: job.state.finished_at().map(rfc3339),
            problem_code: job.state.problem().map(|problem| problem.code.clone()),
        }
    }
}
