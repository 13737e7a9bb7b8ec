//! `/v1/account`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::account::Account;
use domain::fields::FieldError;
use domain::scope::Scope;
use domain::secret::{Secret, SecretKind};
use store::mail::AddressChange;

use super::sessions::forget_browser;
use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult, Retry};
use crate::json::JsonBody;
use crate::mailing;
use crate::network::Network;
use crate::views::{AccountView, Confirmation, Correction, ErasedView};

/// Who is calling.
#[utoipa::path(
    get, path = "/v1/account", tag = "account", security(("key" = ["account:read"]), ("session" = [])),
    responses((status = 200, body = AccountView), ApiError)
)]
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> ApiResult<Json<AccountView>> {
    caller.must(Scope::AccountRead)?;
    view(&app, caller.account).await
}

/// Gives the account another address, in two steps: with `email` a link is mailed there, with its `token` the account
/// has the address, and the one it had before is told.
#[utoipa::path(
    patch, path = "/v1/account", tag = "account", request_body = Correction,
    security(("key" = ["account:write"]), ("session" = [])),
    responses(
        (status = 200, description = "It has the address.", body = AccountView),
        (status = 202, description = "Look into the mail there.", body = AccountView),
        ApiError
    )
)]
pub(crate) async fn correct(
    State(app): State<App>,
    caller: Caller,
    network: Network,
    body: JsonBody,
) -> ApiResult<(StatusCode, Json<AccountView>)> {
    caller.must(Scope::AccountWrite)?;
    let correction = Correction::read(&body.value)?;
    let account = caller.account;
    if account.email.is_local() {
        let detail =
            "The local owner signs in by the link that the service prints, and has no other address.";
        return Err(conflict("local_owner", detail));
    }
    let mailing = app.must_mail()?;
    match correction {
        Correction::Email(email) if email == account.email => {
            let error = FieldError::new("/email", "unchanged", "is the address of this account already");
            Err(ApiError::Invalid(vec![error]))
        }
        Correction::Email(email) => {
            mailing::ask_to_change(mailing, &account.id, &email, &network).await?;
            Ok((StatusCode::ACCEPTED, view(&app, account).await?))
        }
        Correction::Token(token) => {
            let proof = Secret::parse(SecretKind::AddressProof, &token).ok_or_else(spent)?;
            match mailing::change_address(mailing, &account, &proof).await? {
                AddressChange::Done(account) => Ok((StatusCode::OK, view(&app, account).await?)),
                AddressChange::InUse => Err(conflict("address_in_use", "Another account has this address.")),
                AddressChange::Spent => Err(spent()),
            }
        }
    }
}

async fn view(app: &App, account: Account) -> ApiResult<Json<AccountView>> {
    let agreement = app.store.agreement(&account.id).await?;
    let payer = app.store.payer_agreement(&account.id).await?;
    Ok(Json(AccountView::new(account, agreement, payer)))
}

fn spent() -> ApiError {
    let detail =
        "This link was used, or its ten minutes are over, or it is of another account. Ask for a new one.";
    conflict("address_link_spent", detail)
}

fn conflict(code: &'static str, detail: &str) -> ApiError {
    ApiError::Conflict { code, detail: detail.to_owned(), retry: Retry::Never }
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
    let Account { id, email, .. } = caller.account;
    let erased = app.store.erase_account(&id, app.now()).await?.ok_or(ApiError::Unauthenticated)?;
    if let Some(mailing) = &app.mailing {
        mailing::forget(mailing, &email).await;
    }
    let mut response = Json(ErasedView::new(id.to_string(), erased)).into_response();
    forget_browser(&app, &mut response)?;
    Ok(response)
}
