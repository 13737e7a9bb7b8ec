//! `/v1/api-keys`: what programs call with.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::fields::FieldError;
use domain::ids::KeyId;
use domain::scope::{Scope, Scopes};
use domain::secret::{Secret, SecretKind};
use store::outcome::NewApiKey;

use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::Id;
use crate::json::JsonBody;
use crate::views::{KeyView, NewKey, NewKeyView, Page};

/// Makes a key. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/v1/api-keys", tag = "api-keys", request_body = NewKey,
    security(("key" = ["account:write"]), ("session" = [])),
    responses((status = 201, body = NewKeyView), ApiError)
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    body: JsonBody,
) -> ApiResult<(StatusCode, Json<NewKeyView>)> {
    caller.must(Scope::AccountWrite)?;
    let new = NewKey::read(&body.value, app.limits.key_days)?;
    check_reach(&caller, &new.scopes)?;
    let secret = Secret::new(SecretKind::ApiKey, app.entropy.as_ref());
    let now = app.now();
    let key = NewApiKey {
        account: caller.account.id,
        name: new.name,
        scopes: new.scopes,
        hash: secret.hash(),
        expires_at: Some(now + Duration::from_secs(new.expires_in_days * 86_400)),
    };
    let key = app.store.create_api_key(&key, now).await?;
    Ok((StatusCode::CREATED, Json(NewKeyView { secret: secret.reveal(), key: key.into() })))
}

/// A caller cannot hand out what it may not do itself.
fn check_reach(caller: &Caller, scopes: &Scopes) -> ApiResult<()> {
    let beyond: Vec<_> = scopes
        .iter()
        .filter(|scope| !caller.may(*scope))
        .map(|scope| FieldError::new("/scopes", "out_of_range", format!("you may not do {scope} yourself")))
        .collect();
    if beyond.is_empty() { Ok(()) } else { Err(ApiError::Invalid(beyond)) }
}

/// The keys of this account.
#[utoipa::path(
    get, path = "/v1/api-keys", tag = "api-keys", security(("key" = ["account:read"]), ("session" = [])),
    responses((status = 200, body = Page<KeyView>), ApiError)
)]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> ApiResult<Json<Page<KeyView>>> {
    caller.must(Scope::AccountRead)?;
    let keys = app.store.list_api_keys(&caller.account.id).await?;
    Ok(Json(Page { data: keys.into_iter().map(KeyView::from).collect(), next: None }))
}

/// Revokes a key at once.
#[utoipa::path(
    delete, path = "/v1/api-keys/{id}", tag = "api-keys",
    params(("id" = String, Path, description = "A key's id.")),
    security(("key" = ["account:write"]), ("session" = [])), responses((status = 204), ApiError)
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<KeyId>,
) -> ApiResult<StatusCode> {
    caller.must(Scope::AccountWrite)?;
    if app.store.revoke_api_key(&caller.account.id, &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound)
    }
}
