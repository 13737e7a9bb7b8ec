//! `/v1/ops`: the queue over all accounts, for operators. Whatever changes something says why, and is logged.

use axum::Json;
use axum::extract::State;
use domain::ids::JobId;
use domain::job::StateName;
use domain::scope::Scope;
use store::operating::Retried;

use super::jobs::unknown_state;
use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Id, Stretch};
use crate::json::JsonBody;
use crate::views::{OpsJobView, Page, QueueView, Reason, RetriedView};

/// How full the queue is, how long it takes, and who works.
#[utoipa::path(
    get, path = "/v1/ops/queue", tag = "ops",
    security(("key" = ["ops:read"]), ("session" = [])),
    responses((status = 200, body = QueueView), ApiError)
)]
pub(crate) async fn queue(State(app): State<App>, caller: Caller) -> ApiResult<Json<QueueView>> {
    caller.must(Scope::OpsRead)?;
    Ok(Json(QueueView::new(app.store.queue(app.now()).await?, app.now())))
}

/// Jobs of all accounts, newest first.
#[utoipa::path(
    get, path = "/v1/ops/jobs", tag = "ops",
    security(("key" = ["ops:read"]), ("session" = [])),
    params(
        ("state" = Option<String>, Query, description = "Only jobs in this state."),
        ("after" = Option<String>, Query, description = "The last id of the stretch before."),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 100; 50 when left out."),
    ),
    responses((status = 200, body = Page<OpsJobView>), ApiError)
)]
pub(crate) async fn jobs(
    State(app): State<App>,
    caller: Caller,
    mut stretch: Stretch<JobId>,
) -> ApiResult<Json<Page<OpsJobView>>> {
    caller.must(Scope::OpsRead)?;
    let state = stretch.take("state").map(|text| StateName::parse(&text).ok_or(text)).transpose();
    let state = state.map_err(|text| ApiError::Invalid(vec![unknown_state(&text)]))?;
    stretch.finish()?;
    let jobs = app.store.everyones_jobs(state, stretch.after.as_ref(), stretch.limit).await?;
    let full = jobs.len() as u64 == u64::from(stretch.limit);
    let state = state.map(|state| format!("state={state}&")).unwrap_or_default();
    let last = jobs.last().filter(|_| full).map(|job| job.id.to_string());
    Ok(Json(Page {
        data: jobs.into_iter().map(OpsJobView::from).collect(),
        next: last.map(|id| format!("/v1/ops/jobs?{state}after={id}&limit={}", stretch.limit)),
    }))
}

/// Tries a job again: one that backs off at once, one that failed as a new job.
#[utoipa::path(
    post, path = "/v1/ops/jobs/{id}/retry", tag = "ops", request_body = Reason,
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
    caller.must(Scope::OpsWrite)?;
    Reason::read(&body.value)?.log(&caller, "retry", id.as_str());
    let (outcome, job) = match app.store.retry_anyones(&id, app.now()).await? {
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
    post, path = "/v1/ops/jobs/{id}/cancel", tag = "ops", request_body = Reason,
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
    caller.must(Scope::OpsWrite)?;
    Reason::read(&body.value)?.log(&caller, "cancel", id.as_str());
    let job = app.store.cancel_anyones(&id, app.now()).await?;
    Ok(Json(job.ok_or(ApiError::NotFound)?.into()))
}

/// From now on nobody gets work; what runs goes on.
#[utoipa::path(
    post, path = "/v1/ops/pause", tag = "ops", request_body = Reason,
    security(("key" = ["ops:write"]), ("session" = [])),
    responses((status = 200, body = QueueView), ApiError)
)]
pub(crate) async fn pause(
    State(app): State<App>,
    caller: Caller,
    body: JsonBody,
) -> ApiResult<Json<QueueView>> {
    caller.must(Scope::OpsWrite)?;
    let reason = Reason::read(&body.value)?;
    reason.log(&caller, "pause", "queue");
    app.store.pause(&reason.reason, app.now()).await?;
    Ok(Json(QueueView::new(app.store.queue(app.now()).await?, app.now())))
}

/// Ends a pause.
#[utoipa::path(
    post, path = "/v1/ops/resume", tag = "ops", request_body = Reason,
    security(("key" = ["ops:write"]), ("session" = [])),
    responses((status = 200, body = QueueView), ApiError)
)]
pub(crate) async fn resume(
    State(app): State<App>,
    caller: Caller,
    body: JsonBody,
) -> ApiResult<Json<QueueView>> {
    caller.must(Scope::OpsWrite)?;
    Reason::read(&body.value)?.log(&caller, "resume", "queue");
    app.store.resume().await?;
    Ok(Json(QueueView::new(app.store.queue(app.now()).await?, app.now())))
}
