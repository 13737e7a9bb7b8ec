//! `/v1/uploads`: what was made of the files that came. Sending them is in `tus`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::blob::BlobKey;
use domain::clock::Timestamp;
use domain::ids::UploadId;
use domain::scope::Scope;
use domain::upload::{Concat, Upload, UploadState};

use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Id, Stretch};
use crate::routes::receipts;
use crate::views::{Page, UploadView};
use crate::{download, tus};

/// One upload: what it is and what was found out about it.
#[utoipa::path(
    get, path = "/v1/uploads/{id}", tag = "uploads",
    security(("key" = ["uploads:write"]), ("session" = [])),
    params(("id" = String, Path, description = "An upload's id.")),
    responses((status = 200, body = UploadView), ApiError)
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<UploadId>,
) -> ApiResult<Json<UploadView>> {
    caller.must(Scope::UploadsWrite)?;
    let upload = finished_if_complete(&app, alive(&app, &caller, &id).await?).await?;
    Ok(Json(upload.into()))
}

/// The uploads of this account, newest first.
#[utoipa::path(
    get, path = "/v1/uploads", tag = "uploads",
    security(("key" = ["uploads:write"]), ("session" = [])),
    params(
        ("after" = Option<String>, Query, description = "The last id of the stretch before."),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 100; 50 when left out."),
    ),
    responses((status = 200, body = Page<UploadView>), ApiError)
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    stretch: Stretch<UploadId>,
) -> ApiResult<Json<Page<UploadView>>> {
    caller.must(Scope::UploadsWrite)?;
    stretch.finish()?;
    let (limit, now) = (stretch.limit, app.now());
    let uploads = app.store.list_uploads(&caller.account.id, stretch.after.as_ref(), limit).await?;
    let full = uploads.len() as u64 == u64::from(limit);
    let last = uploads.last().filter(|_| full).map(|upload| upload.id.to_string());
    Ok(Json(Page {
        data: uploads.into_iter().filter(|upload| is_alive(upload, now)).map(UploadView::from).collect(),
        next: last.map(|id| format!("/v1/uploads?after={id}&limit={limit}")),
    }))
}

/// The overview of an upload's waveform, once it is checked.
#[utoipa::path(
    get, path = "/v1/uploads/{id}/peaks", tag = "uploads",
    security(("key" = ["uploads:write"]), ("session" = [])),
    params(("id" = String, Path, description = "An upload's id.")),
    responses((status = 200, content_type = "application/json", body = serde_json::Value), ApiError)
)]
pub(crate) async fn peaks(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<UploadId>,
) -> ApiResult<Response> {
    caller.must(Scope::UploadsWrite)?;
    let upload = alive(&app, &caller, &id).await?;
    if upload.state != UploadState::Ready {
        return Err(ApiError::NotFound);
    }
    download::json(&app, &BlobKey::upload_peaks(&upload.place)).await
}

/// The caller's upload, unless its time is up.
pub(super) async fn alive(app: &App, caller: &Caller, id: &UploadId) -> ApiResult<Upload> {
    let Some(upload) = app.store.upload(&caller.account.id, id).await? else {
        return Err(receipts::missing(app, id.as_str()).await);
    };
    match (upload.state, upload.delete_at) {
        _ if is_alive(&upload, app.now()) => Ok(upload),
        (UploadState::Receiving, _) | (_, None) => Err(ApiError::UploadExpired),
        (_, Some(end)) => Err(ApiError::Gone { deleted_at: end }),
    }
}

/// From the moment its time is up an upload is not told of, whoever removes it when.
fn is_alive(upload: &Upload, now: Timestamp) -> bool {
    upload.delete_at.is_none_or(|end| now < end)
}

/// The upload, completed if only that was missing.
pub(super) async fn finished_if_complete(app: &App, upload: Upload) -> ApiResult<Upload> {
    let is_stuck = upload.state == UploadState::Receiving && upload.size_bytes == Some(upload.received_bytes);
    if !is_stuck || upload.concat == Concat::Partial {
        return Ok(upload);
    }
    let again = async || app.store.upload(&upload.account, &upload.id).await?.ok_or(ApiError::NotFound);
    let Some(lock) = tus::Lock::take_at_once(app, &upload.id).await? else { return Ok(upload) };
    let finished = match again().await {
        Ok(upload) => tus::finish_if_complete(app, &upload, &lock).await,
        Err(error) => Err(error),
    };
    lock.release().await;
    finished?;
    again().await
}
