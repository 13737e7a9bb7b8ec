//! `/v1/artifacts`: what was made, to be taken home.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::artifact::Artifact;
use domain::ids::ArtifactId;
use domain::scope::Scope;

use crate::app::App;
use crate::auth::Caller;
use crate::download;
use crate::error::{ApiError, ApiResult};
use crate::extract::Id;
use crate::routes::receipts;

/// The bytes of an artifact. One range may be asked for.
#[utoipa::path(
    get, path = "/v1/artifacts/{id}/content", tag = "artifacts",
    security(("key" = ["artifacts:read"]), ("session" = [])),
    params(
        ("id" = String, Path, description = "An artifact's id."),
        ("Range" = Option<String>, Header, description = "One range of bytes."),
        ("If-Range" = Option<String>, Header, description = "The entity tag the range belongs to."),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags the caller has."),
    ),
    responses(
        (status = 200, content_type = "application/octet-stream", description = "All of it."),
        (status = 206, content_type = "application/octet-stream", description = "The range."),
        (status = 304, description = "The caller has it."),
        ApiError,
    )
)]
pub(crate) async fn content(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ArtifactId>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    caller.must(Scope::ArtifactsRead)?;
    download::artifact(&app, &alive(&app, &caller, &id).await?, &headers).await
}

/// The overview of an artifact's waveform.
#[utoipa::path(
    get, path = "/v1/artifacts/{id}/peaks", tag = "artifacts",
    security(("key" = ["artifacts:read"]), ("session" = [])),
    params(("id" = String, Path, description = "An artifact's id.")),
    responses((status = 200, content_type = "application/json", body = serde_json::Value), ApiError)
)]
pub(crate) async fn peaks(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ArtifactId>,
) -> ApiResult<Response> {
    caller.must(Scope::ArtifactsRead)?;
    let artifact = alive(&app, &caller, &id).await?;
    download::json(&app, &artifact.peaks.ok_or(ApiError::NotFound)?).await
}

/// The caller's artifact, unless its time is up: from that moment on it is not read, whoever deletes it when.
async fn alive(app: &App, caller: &Caller, id: &ArtifactId) -> ApiResult<Artifact> {
    let Some(artifact) = app.store.artifact(&caller.account.id, id).await? else {
        return Err(receipts::missing(app, id.as_str()).await);
    };
    if artifact.delete_at <= app.now() {
        return Err(ApiError::Gone { deleted_at: artifact.delete_at });
    }
    Ok(artifact)
}
