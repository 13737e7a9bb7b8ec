//! `/healthz`, `/readyz`: whether the process lives, and whether it can work.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::sandbox::Sandbox;
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
    /// How well the workers protect their machines from what they open: `full`, or `weak` if one of them does less, as
    /// its operator allowed. Null while nobody works, or nobody knows.
    sandbox: Option<&'static str>,
}

impl Health {
    fn ok(sandbox: Option<Sandbox>) -> Json<Self> {
        let sandbox = sandbox.map(Sandbox::as_str);
        Json(Self { status: "ok", version: env!("CARGO_PKG_VERSION"), sandbox })
    }
}

/// Longer than this nobody waits to hear that the process lives.
const SANDBOX_WAIT: Duration = Duration::from_millis(40);

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub(crate) async fn alive(State(app): State<App>) -> Json<Health> {
    let asked = tokio::time::timeout(SANDBOX_WAIT, app.store.sandbox(app.clock.now())).await;
    Health::ok(asked.ok().and_then(Result::ok).flatten())
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
    Ok(Health::ok(app.store.sandbox(app.clock.now()).await.ok().flatten()))
}
