//! Problems (RFC 9457).

use domain::fields::FieldError;
use domain::job::JobState;
use domain::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView {
    /// A name for this kind of problem.
    #[serde(rename = "type")]
    pub(crate) problem_type: String,
    /// The same for every problem of this code.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What happened, and what to do.
    pub(crate) detail: String,
    /// The path that was asked.
    pub(crate) instance: String,
    /// Stable, for programs.
    pub(crate) code: String,
    /// Names this request in our log.
    pub(crate) request_id: String,
    /// Whether the same request may succeed later.
    pub(crate) retryable: bool,
    /// Every bad field.
    pub(crate) errors: Vec<FieldErrorView>,
    /// When the thing was deleted, with status 410.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_at: Option<String>,
}

/// One field that cannot be taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorView {
    /// Which: a JSON pointer (RFC 6901) into the body.
    pub(crate) pointer: String,
    /// Stable, for programs.
    pub(crate) code: String,
    /// Names the value and the bound.
    pub(crate) detail: String,
}

impl From<FieldError> for FieldErrorView {
    fn from(error: FieldError) -> Self {
        Self { pointer: error.pointer, code: error.code, detail: error.detail }
    }
}

/// Why a job failed or an upload was rejected: the same members as a problem, and whose fault it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkProblem)]
pub(crate) struct JobProblemView {
    /// A name for this kind of problem.
    #[serde(rename = "type")]
    problem_type: String,
    /// The same for every problem of this code.
    title: String,
    /// 422 when the audio or the order is at fault, 500 when we are.
    status: u16,
    /// Names the thing, the value and the bound.
    detail: String,
    /// The job or upload.
    instance: String,
    /// Stable, for programs.
    code: String,
    /// Whether the same order could succeed later.
    retryable: bool,
    /// Always empty here.
    errors: Vec<FieldErrorView>,
    /// Where in the work it appeared.
    stage: Option<&'static str>,
    /// `input`, `ours` or `user`.
    fault: &'static str,
    /// What became of the money.
    money: &'static str,
}

impl JobProblemView {
    /// `instance` is the path of what failed.
    pub(crate) fn new(problem: Problem, instance: String) -> Self {
        use domain::problem::Fault;
        let (status, fault) = match problem.fault {
            Fault::Input => (422, "input"),
            Fault::User => (422, "user"),
            Fault::Ours => (500, "ours"),
        };
        Self {
            problem_type: format!("urn:problem-type:mixrunners:{}", problem.code),
            title: problem.title,
            status,
            detail: problem.detail,
            instance,
            code: problem.code,
            retryable: problem.retryable,
            errors: Vec::new(),
            stage: problem.stage.map(|stage| stage.as_str()),
            fault,
            money: problem.money.as_str(),
        }
    }

    /// Of a job, when it failed.
    pub(crate) fn of_job(state: &JobState, instance: &str) -> Option<Self> {
        state.problem().map(|problem| Self::new(problem.clone(), instance.to_owned()))
    }
}
