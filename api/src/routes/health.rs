//! `/healthz`, `/readyz`, `/metrics`: whether the process lives, whether it can work, and how it does. They answer in a
//! moment, whatever is wrong, and however many other requests there are.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::scope::Scope;

use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::monitor::{Health, Monitor};

/// As OpenMetrics 1.0 names itself.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process answers, and says what it can reach.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub(crate) async fn alive(State(app): State<App>) -> Json<Health> {
    Json(app.monitor.health().await)
}

/// The process can work: its database and its blobs answer.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), ApiError)
)]
pub(crate) async fn ready(State(app): State<App>) -> ApiResult<Json<Health>> {
    let health = app.monitor.health().await;
    if health.is_ready() { Ok(Json(health)) } else { Err(ApiError::NotReady) }
}

/// The figures, on the listener for all: for operators alone. That a request comes from this machine proves nothing,
/// since a TLS proxy on it makes all of them do so.
pub(crate) async fn figures(State(app): State<App>, caller: Caller) -> ApiResult<Response> {
    caller.must(Scope::OpsRead)?;
    exposition(&app.monitor).await.map_err(ApiError::internal)
}

async fn exposition(monitor: &Monitor) -> Result<Response, std::fmt::Error> {
    let text = monitor.exposition().await?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

/// The operators' listener: no page, no API, no credentials. Whoever reaches it may read the figures, in which there is
/// nobody's name and nothing of anybody's.
pub(crate) fn for_operators(monitor: Monitor) -> axum::Router {
    axum::Router::new()
        .route("/healthz", get(async |State(monitor): State<Monitor>| Json(monitor.health().await)))
        .route(
            "/readyz",
            get(async |State(monitor): State<Monitor>| {
                let health = monitor.health().await;
                let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                (status, Json(health))
            }),
        )
        .route(
            "/metrics",
            get(async |State(monitor): State<Monitor>| {
                exposition(&monitor).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
            }),
        )
        .with_state(monitor)
}
