//! What operators do, and the jobs they do it to. No title, no file's name: an operator needs neither to mind a queue.

use domain::audit::{Act, Actor, AuditRow, Reason, ReasonError};
use domain::fields::FieldError;
use domain::job::{Job, JobState};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::rfc3339;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::json::Fields;

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
    /// Who has it, while it runs.
    worker: Option<String>,
    attempt: u32,
    created_at: String,
    /// The end of its backoff, or when it was ordered, while it waits.
    not_before: Option<String>,
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
pub(crate) struct NewAct {
    /// In a line; it is kept in the audit with who did it and when.
    pub(crate) reason: String,
}

impl NewAct {
    pub(crate) fn read(body: &Value) -> ApiResult<Self> {
        let mut fields = Fields::of_body(body)?;
        let reason = fields.text("reason", Reason::CHARS_MAX);
        let reason = fields.require("reason", reason);
        fields.finish(reason.map(|reason| Self { reason }))
    }

    /// Of this caller.
    pub(crate) fn by(self, caller: &Caller) -> ApiResult<Act> {
        let reason = Reason::parse(&self.reason);
        let error = |error: ReasonError| FieldError::new("/reason", "out_of_range", error.to_string());
        let reason = reason.map_err(|refused| ApiError::Invalid(vec![error(refused)]))?;
        Ok(Act { actor: Actor::Account(caller.account.id.clone()), reason })
    }
}

/// What an operator did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub(crate) struct AuditRowView {
    seq: i64,
    at: String,
    /// An account's id, or `terminal`.
    actor: String,
    /// `retry`, `cancel`, `pause` or `resume`.
    action: String,
    /// On which job; null if it was the queue.
    job: Option<String>,
    reason: String,
    /// `done`, `hastened`, `again`, `unchanged` or `refused`.
    outcome: String,
    /// SHA-256 over this row and the hash of the one before.
    hash: String,
}

impl From<AuditRow> for AuditRowView {
    fn from(row: AuditRow) -> Self {
        let AuditRow { seq, deed, hash } = row;
        Self {
            seq,
            at: rfc3339(deed.at),
            actor: deed.actor,
            action: deed.action,
            job: deed.job,
            reason: deed.reason,
            outcome: deed.outcome,
            hash: hash.to_string(),
        }
    }
}

impl From<Job> for OpsJobView {
    fn from(job: Job) -> Self {
        let (mut worker, mut not_before) = (None, None);
        match &job.state {
            JobState::Running { lease } => worker = Some(lease.worker.to_string()),
            JobState::Queued { not_before: at } => not_before = Some(rfc3339(*at)),
            _ => {}
        }
        Self {
            id: job.id.to_string(),
            account: job.account.to_string(),
            kind: job.kind.as_str(),
            state: job.state.name().as_str(),
            stage: job.stage.map(|stage| stage.as_str()),
            progress: job.progress,
            worker,
            attempt: job.attempt,
            created_at: rfc3339(job.created_at),
            not_before,
            finished_at: job.state.finished_at().map(rfc3339),
            problem_code: job.state.problem().map(|problem| problem.code.clone()),
        }
    }
}
