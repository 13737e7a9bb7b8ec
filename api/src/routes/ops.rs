//! `/v1/ops`, what operators do. Each act says why, and leaves a row in the audit.

use axum::Json;
use axum::extract::State;
use domain::audit::{Act, Action};
use domain::ids::JobId;
use domain::scope::Scope;
use store::operating::Retried;

use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::Id;
use crate::json::JsonBody;
use crate::views::{NewAct, OpsJobView, QueueView, RetriedView};

/// Tries a job again: one that backs off at once, one that failed as a new job.
#[utoipa::path(
    post, path = "/v1/ops/jobs/{id}/retry", tag = "ops", request_body = NewAct,
    security(("key" = ["ops:write"]), ("session" = [])),
    params(("id" = String, Path, description = "A job's id.")),
    responses((status = 200, body = RetriedView), ApiError)
)]
pub(crate) async fn retry(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<JobId>,
    body: JsonBody,
) -> ApiResult<Json<RetriedView>> {
    let act = act(&caller, &body, Action::Retry, Some(&id))?;
    let (outcome, job) = match app.store.retry_anyones(&id, &act, app.now()).await? {
        Retried::Hastened(job) => ("hastened", job),
        Retried::Again(job) => ("again", job),
        Retried::Unchanged(job) => ("unchanged", job),
        Retried::Refused(errors) => return Err(ApiError::InputsRefused(errors)),
        Retried::Unknown => return Err(ApiError::NotFound),
    };
    Ok(Json(RetriedView { outcome, job: job.into() }))
}

/// Ends a job that is not over, whosever it is.
#[utoipa::path(
    post, path = "/v1/ops/jobs/{id}/cancel", tag = "ops", request_body = NewAct,
    security(("key" = ["ops:write"]), ("session" = [])),
    params(("id" = String, Path, description = "A job's id.")),
    responses((status = 200, body = OpsJobView), ApiError)
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<JobId>,
    body: JsonBody,
) -> ApiResult<Json<OpsJobView>> {
    let act = act(&caller, &body, Action::Cancel, Some(&id))?;
    let job = app.store.cancel_anyones(&id, &act, app.now()).await?;
    Ok(Json(job.ok_or(ApiError::NotFound)?.into()))
}

/// From now on nobody gets work; what runs goes on.
#[utoipa::path(
    post, path = "/v1/ops/pause", tag = "ops", request_body = NewAct,
    security(("key" = ["ops:write"]), ("session" = [])),
    responses((status = 200, body = QueueView), ApiError)
)]
pub(crate) async fn pause(
    State(app): State<App>,
    caller: Caller,
    body: JsonBody,
) -> ApiResult<Json<QueueView>> {
    let act = act(&caller, &body, Action::Pause, None)?;
    app.store.pause(&act, app.now()).await?;
    Ok(Json(QueueView::new(app.store.queue(app.now()).await?, app.now())))
}

/// Ends a pause.
#[utoipa::path(
    post, path = "/v1/ops/resume", tag = "ops", request_body = NewAct,
    security(("key" = ["ops:write"]), ("session" = [])),
    responses((status = 200, body = QueueView), ApiError)
)]
pub(crate) async fn resume(
    State(app): State<App>,
    caller: Caller,
    body: JsonBody,
) -> ApiResult<Json<QueueView>> {
    let act = act(&caller, &body, Action::Resume, None)?;
    app.store.resume(&act, app.now()).await?;
    Ok(Json(QueueView::new(app.store.queue(app.now()).await?, app.now())))
}

/// Who acts, and why. The reason is for the audit alone: people write names into reasons.
fn act(caller: &Caller, body: &JsonBody, action: Action, job: Option<&JobId>) -> ApiResult<Act> {
    caller.must(Scope::OpsWrite)?;
    let act = NewAct::read(&body.value)?.by(caller)?;
    let (operator, job) = (caller.account.id.as_str(), job.map(JobId::as_str));
    tracing::info!(operator, action = action.as_str(), job.id = job, "an operator acts");
    Ok(act)
}
