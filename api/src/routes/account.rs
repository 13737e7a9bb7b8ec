//! `/v1/account`.

use axum::Json;
use domain::scope::Scope;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::views::AccountView;

/// Who is calling.
#[utoipa::path(
    get, path = "/v1/account", tag = "account", security(("key" = ["account:read"]), ("session" = [])),
    responses((status = 200, body = AccountView), ApiError)
)]
pub(crate) async fn show(caller: Caller) -> ApiResult<Json<AccountView>> {
    caller.must(Scope::AccountRead)?;
    Ok(Json(caller.account.into()))
}
