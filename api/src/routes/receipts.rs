//! `/v1/receipts`: what is remembered of something that was removed.

use axum::Json;
use axum::extract::State;
use domain::ids::{AccountId, ArtifactId, JobId, UploadId};
use domain::removal::{Cause, subject};
use domain::scope::Scope;

use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::Id;
use crate::views::ReceiptView;

/// The id of anything that leaves a receipt.
pub(crate) struct AnyId(String);

impl TryFrom<String> for AnyId {
    type Error = ();

    fn try_from(text: String) -> Result<Self, ()> {
        let is_one = JobId::parse(&text).is_ok()
            || ArtifactId::parse(&text).is_ok()
            || UploadId::parse(&text).is_ok()
            || AccountId::parse(&text).is_ok();
        if is_one { Ok(Self(text)) } else { Err(()) }
    }
}

/// That a job, a file, an upload or an account was deleted, on which days, and why. Whoever knows its id may ask:
/// nothing else is remembered. For an account nobody need sign in: there is none to sign in to.
#[utoipa::path(
    get, path = "/v1/receipts/{id}", tag = "jobs",
    security(("key" = ["jobs:read"]), ("session" = [])),
    params(("id" = String, Path, description = "The id of what was deleted, an account's too.")),
    responses((status = 200, body = ReceiptView), ApiError)
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: ApiResult<Caller>,
    Id(AnyId(id)): Id<AnyId>,
) -> ApiResult<Json<ReceiptView>> {
    if AccountId::parse(&id).is_err() {
        caller?.must(Scope::JobsRead)?;
    }
    let receipt = app.store.receipt(&subject(&id)).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(ReceiptView::new(id, receipt)))
}

/// How something that has no row is answered: it was deleted when its time was up, or there never was such a thing.
pub(super) async fn missing(app: &App, id: &str) -> ApiError {
    match app.store.receipt(&subject(id)).await {
        Ok(Some(receipt)) if receipt.cause != Cause::Erasure => {
            ApiError::Gone { deleted_at: receipt.due_on.unwrap_or(receipt.removed_on).start() }
        }
        Ok(_) => ApiError::NotFound,
        Err(error) => error.into(),
    }
}
