//! `/healthz`, `/readyz`: whether the process lives, and whether it can work.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// Of the program.
    version: &'static str,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub(crate) async fn alive() -> Json<Health> {
    Json(OK)
}

/// The process can work: its database answers.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), ApiError)
)]
pub(crate) async fn ready(State(app): State<App>) -> ApiResult<Json<Health>> {
    app.store.ping().await.map_err(|cause| {
        tracing::error!(%cause, "the database does not answer");
        ApiError::NotReady
    })?;
    Ok(Json(OK))
}
