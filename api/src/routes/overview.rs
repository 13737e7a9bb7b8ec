//! `/v1/ops`, what operators look at: the queue over all accounts, who works, what failed, what is to go, who did what.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::fields::FieldError;
use domain::ids::JobId;
use domain::job::StateName;
use domain::scope::Scope;

use super::jobs::unknown_state;
use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::Stretch;
use crate::views::{AuditRowView, FailuresView, OpsJobView, Page, QueueView, RetentionView, WorkerView};

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

/// Workers that gave a sign of life within a day, the last one first: those too that fell silent since.
#[utoipa::path(
    get, path = "/v1/ops/workers", tag = "ops",
    security(("key" = ["ops:read"]), ("session" = [])),
    params(("limit" = Option<u32>, Query, description = "Rows, 1 to 100; 50 when left out.")),
    responses((status = 200, body = Page<WorkerView>), ApiError)
)]
pub(crate) async fn workers(
    State(app): State<App>,
    caller: Caller,
    stretch: Stretch<Nothing>,
) -> ApiResult<Json<Page<WorkerView>>> {
    caller.must(Scope::OpsRead)?;
    stretch.finish()?;
    let workers = app.store.workers(stretch.limit).await?;
    let view = |worker| WorkerView::new(worker, app.now());
    Ok(Json(Page { data: workers.into_iter().map(view).collect(), next: None }))
}

/// The days that failures are looked at when nobody says how many.
const DAYS: u64 = 7;
const DAYS_MAX: u64 = 120;

/// What failed lately, grouped by what went wrong and where.
#[utoipa::path(
    get, path = "/v1/ops/failures", tag = "ops",
    security(("key" = ["ops:read"]), ("session" = [])),
    params(("days" = Option<u64>, Query, description = "How far back, 1 to 120; 7 when left out.")),
    responses((status = 200, body = FailuresView), ApiError)
)]
pub(crate) async fn failures(
    State(app): State<App>,
    caller: Caller,
    mut stretch: Stretch<Nothing>,
) -> ApiResult<Json<FailuresView>> {
    caller.must(Scope::OpsRead)?;
    let days =
        stretch.take("days").map(|text| text.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days)));
    let Some(days) = days.unwrap_or(Some(DAYS)) else {
        let detail = format!("must be a whole number from 1 to {DAYS_MAX}");
        return Err(ApiError::Invalid(vec![FieldError::new("/days", "out_of_range", detail)]));
    };
    stretch.finish()?;
    let since = app.now() - Duration::from_secs(86_400) * u32::try_from(days).unwrap_or(1);
    Ok(Json(FailuresView::new(app.store.failures(since).await?, since)))
}

/// What is to go, and what should have gone, as the rows say.
#[utoipa::path(
    get, path = "/v1/ops/retention", tag = "ops",
    security(("key" = ["ops:read"]), ("session" = [])),
    responses((status = 200, body = RetentionView), ApiError)
)]
pub(crate) async fn retention(State(app): State<App>, caller: Caller) -> ApiResult<Json<RetentionView>> {
    caller.must(Scope::OpsRead)?;
    let (state, reaper) =
        (app.store.retention_state(app.now()).await?, app.store.reaper_state(app.now()).await?);
    Ok(Json(RetentionView::new(state, reaper)))
}

/// What operators did, newest first.
#[utoipa::path(
    get, path = "/v1/ops/audit", tag = "ops",
    security(("key" = ["ops:read"]), ("session" = [])),
    params(
        ("after" = Option<u64>, Query, description = "The last `seq` of the stretch before."),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 100; 50 when left out."),
    ),
    responses((status = 200, body = Page<AuditRowView>), ApiError)
)]
pub(crate) async fn audit(
    State(app): State<App>,
    caller: Caller,
    stretch: Stretch<Seq>,
) -> ApiResult<Json<Page<AuditRowView>>> {
    caller.must(Scope::OpsRead)?;
    stretch.finish()?;
    let rows = app.store.audit_rows(stretch.after.map(|seq| seq.0), stretch.limit).await?;
    let full = rows.len() as u64 == u64::from(stretch.limit);
    let last = rows.last().filter(|row| full && row.seq > 1).map(|row| row.seq);
    Ok(Json(Page {
        data: rows.into_iter().map(AuditRowView::from).collect(),
        next: last.map(|seq| format!("/v1/ops/audit?after={seq}&limit={}", stretch.limit)),
    }))
}

/// The number of a row in the audit, where a list goes on.
pub(crate) struct Seq(i64);

impl TryFrom<String> for Seq {
    type Error = ();
    fn try_from(text: String) -> Result<Self, ()> {
        text.parse().ok().filter(|seq| *seq >= 1).map(Self).ok_or(())
    }
}

/// A list that is told at once: it goes on nowhere.
pub(crate) enum Nothing {}

impl TryFrom<String> for Nothing {
    type Error = ();
    fn try_from(_: String) -> Result<Self, ()> {
        Err(())
    }
}
