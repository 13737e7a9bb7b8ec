//! `/v1/account`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::scope::Scope;

use super::sessions::forget_browser;
use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::json::JsonBody;
use crate::views::{AccountView, Confirmation, ErasedView};

/// Who is calling.
#[utoipa::path(
    get, path = "/v1/account", tag = "account", security(("key" = ["account:read"]), ("session" = [])),
    responses((status = 200, body = AccountView), ApiError)
)]
pub(crate) async fn show(caller: Caller) -> ApiResult<Json<AccountView>> {
    caller.must(Scope::AccountRead)?;
    Ok(Json(caller.account.into()))
}

/// Erases the account with all it has, now: its sessions and keys, its jobs, running ones too, its uploads and all
/// that was made of them. It cannot be undone. Keep the receipt: whoever has it can look later whether all places
/// were found empty.
#[utoipa::path(
    delete, path = "/v1/account", tag = "account", security(("key" = ["account:write"]), ("session" = [])),
    request_body = Confirmation, responses((status = 200, body = ErasedView), ApiError)
)]
pub(crate) async fn erase(State(app): State<App>, caller: Caller, body: JsonBody) -> ApiResult<Response> {
    caller.must(Scope::AccountWrite)?;
    Confirmation::read(&body.value)?.must_be_of(&caller.account)?;
    let id = caller.account.id;
    let erased = app.store.erase_account(&id, app.now()).await?.ok_or(ApiError::Unauthenticated)?;
    let mut response = Json(ErasedView::new(id.to_string(), erased)).into_response();
    forget_browser(&app, &mut response)?;
    Ok(response)
}
