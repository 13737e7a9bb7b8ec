//! `/v1/jobs`: orders, and what became of them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::artifact::{Artifact, ArtifactFormat, ArtifactKind};
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::fields::FieldError;
use domain::ids::JobId;
use domain::job::{Job, StateName};
use domain::order::{Order, Wish};
use domain::outlook::Outlook;
use domain::scope::Scope;
use sha2::{Digest as _, Sha256};
use store::outcome::{Enqueued, Removal};

use crate::app::App;
use crate::auth::Caller;
use crate::download;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Id, Stretch};
use crate::json::JsonBody;
use crate::previews;
use crate::routes::receipts;
use crate::views::{JobView, NewJob, Page};

/// Orders a master, an album of masters, a mix, or a free preview of a master.
/// The same `Idempotency-Key` with the same body never makes two.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs", request_body = NewJob,
    security(("key" = ["jobs:write"]), ("session" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Your own name for this order.")),
    responses((status = 201, body = JobView), ApiError)
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult<Response> {
    caller.must(Scope::JobsWrite)?;
    let order = Order {
        account: caller.account.id.clone(),
        wish: Wish::check(&body.value).map_err(ApiError::Invalid)?,
        idempotency_key: idempotency_key(&headers)?,
        body_hash: Digest::from_bytes(Sha256::digest(&body.bytes).into()),
    };
    let room = app.limits.room;
    let (job, replayed) = match previews::admit(&app, &caller.account, &order).await? {
        Enqueued::New(job) => (job, "false"),
        Enqueued::Existing(job) => (job, "true"),
        Enqueued::Conflict => return Err(ApiError::key_reused()),
        Enqueued::Refused(errors) => return Err(ApiError::refused(errors)),
        Enqueued::Insufficient { needed, available } => {
            return Err(ApiError::InsufficientCredits { needed, available });
        }
        Enqueued::PreviewsUsed { per_day, again_at } => {
            return Err(ApiError::PreviewsUsed { per_day, again_at, now: app.now() });
        }
        Enqueued::Frozen => return Err(ApiError::AccountRestricted),
        Enqueued::AccountFull => {
            return Err(ApiError::AccountQueueFull { max: room.per_account });
        }
        Enqueued::QueueFull => return Err(ApiError::QueueFull),
    };
    let location = format!("/v1/jobs/{}", job.id);
    let headers = [(header::LOCATION.as_str(), location.as_str()), ("idempotency-replayed", replayed)];
    let outlook = outlook(&app, std::slice::from_ref(&job)).await?;
    Ok((StatusCode::CREATED, headers, Json(JobView::new(job, outlook.as_ref()))).into_response())
}

/// The jobs of this account, newest first.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs",
    security(("key" = ["jobs:read"]), ("session" = [])),
    params(
        ("state" = Option<String>, Query, description = "Only jobs in this state."),
        ("after" = Option<String>, Query, description = "The last id of the stretch before."),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 100; 50 when left out."),
    ),
    responses((status = 200, body = Page<JobView>), ApiError)
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    mut stretch: Stretch<JobId>,
) -> ApiResult<Json<Page<JobView>>> {
    caller.must(Scope::JobsRead)?;
    let state = stretch.take("state").map(|text| StateName::parse(&text).ok_or(text)).transpose();
    let state = state.map_err(|text| ApiError::Invalid(vec![unknown_state(&text)]))?;
    stretch.finish()?;
    let (limit, now) = (stretch.limit, app.now());
    let jobs = app.store.list_jobs(&caller.account.id, state, stretch.after.as_ref(), limit).await?;
    let full = jobs.len() as u64 == u64::from(limit);
    let state = state.map(|state| format!("state={state}&")).unwrap_or_default();
    let last = jobs.last().filter(|_| full).map(|job| job.id.to_string());
    let outlook = outlook(&app, &jobs).await?;
    let view = |job| JobView::new(job, outlook.as_ref());
    Ok(Json(Page {
        data: jobs.into_iter().filter(|job| is_alive(job, now)).map(view).collect(),
        next: last.map(|id| format!("/v1/jobs?{state}after={id}&limit={limit}")),
    }))
}

/// One job.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "jobs",
    security(("key" = ["jobs:read"]), ("session" = [])),
    params(("id" = String, Path, description = "A job's id.")),
    responses((status = 200, body = JobView), ApiError)
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<JobId>,
) -> ApiResult<Json<JobView>> {
    caller.must(Scope::JobsRead)?;
    let job = alive(&app, &caller, &id).await?;
    let outlook = outlook(&app, std::slice::from_ref(&job)).await?;
    Ok(Json(JobView::new(job, outlook.as_ref())))
}

/// Ends a job that is not over. One that is over stays as it is.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/cancel", tag = "jobs",
    security(("key" = ["jobs:write"]), ("session" = [])),
    params(("id" = String, Path, description = "A job's id.")),
    responses((status = 200, body = JobView), ApiError)
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<JobId>,
) -> ApiResult<Json<JobView>> {
    caller.must(Scope::JobsWrite)?;
    alive(&app, &caller, &id).await?;
    let job = app.store.cancel(&caller.account.id, &id, app.now()).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(job.into()))
}

/// Erases a job and all it made, now.
#[utoipa::path(
    delete, path = "/v1/jobs/{id}", tag = "jobs",
    security(("key" = ["jobs:write"]), ("session" = [])),
    params(("id" = String, Path, description = "A job's id.")),
    responses((status = 204, description = "`Location` names the receipt."), ApiError)
)]
pub(crate) async fn erase(State(app): State<App>, caller: Caller, Id(id): Id<JobId>) -> ApiResult<Response> {
    caller.must(Scope::JobsWrite)?;
    match app.store.delete_job(&caller.account.id, &id, app.now()).await? {
        Removal::Removed => {
            let receipt = [(header::LOCATION, format!("/v1/receipts/{id}"))];
            Ok((StatusCode::NO_CONTENT, receipt).into_response())
        }
        Removal::InUse | Removal::Unknown => Err(ApiError::NotFound),
    }
}

/// What was measured and decided, once the job has succeeded.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/report", tag = "jobs",
    security(("key" = ["jobs:read"]), ("session" = [])),
    params(("id" = String, Path, description = "A job's id.")),
    responses((status = 200, content_type = "application/json", body = serde_json::Value), ApiError)
)]
pub(crate) async fn report(State(app): State<App>, caller: Caller, Id(id): Id<JobId>) -> ApiResult<Response> {
    caller.must(Scope::JobsRead)?;
    let job = alive(&app, &caller, &id).await?;
    let is_wanted = |artifact: &&Artifact| {
        artifact.kind == ArtifactKind::Report && artifact.format == ArtifactFormat::Json
    };
    let report = job.artifacts.iter().find(is_wanted);
    download::json(&app, &report.ok_or(ApiError::NotFound)?.blob).await
}

/// The caller's job, unless its time is up.
pub(super) async fn alive(app: &App, caller: &Caller, id: &JobId) -> ApiResult<Job> {
    let Some(job) = app.store.job(&caller.account.id, id).await? else {
        return Err(receipts::missing(app, id.as_str()).await);
    };
    match job.delete_at {
        Some(end) if !is_alive(&job, app.now()) => Err(ApiError::Gone { deleted_at: end }),
        _ => Ok(job),
    }
}

/// What the wait of a job is estimated from, if one of these waits.
async fn outlook(app: &App, jobs: &[Job]) -> ApiResult<Option<Outlook>> {
    match jobs.iter().any(|job| job.own_ahead.is_some()) {
        true => Ok(app.store.outlook(app.now()).await?),
        false => Ok(None),
    }
}

/// From the moment its time is up a job is not told of, whoever removes it when.
fn is_alive(job: &Job, now: Timestamp) -> bool {
    job.delete_at.is_none_or(|end| now < end)
}

/// Longest key taken, in characters.
const KEY_CHARS_MAX: usize = 255;

pub(super) fn idempotency_key(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=KEY_CHARS_MAX).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => {
            let detail = format!("`Idempotency-Key` must be 1 to {KEY_CHARS_MAX} plain characters.");
            Err(ApiError::MalformedRequest(detail))
        }
    }
}

pub(super) fn unknown_state(text: &str) -> FieldError {
    let names: Vec<_> = StateName::ALL.iter().map(|state| state.as_str()).collect();
    FieldError::new("/state", "unknown_value", format!("{text:?} is not one of {}", names.join(", ")))
}
