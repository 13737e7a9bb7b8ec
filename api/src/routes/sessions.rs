//! `/v1/sessions`: signing in and out of a browser.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::device::Device;
use domain::ids::SessionId;
use domain::retention::Retention;
use domain::scope::Scope;
use domain::secret::{Secret, SecretKind};

use store::outcome::{NewSession as NewBrowser, Session};

use crate::app::App;
use crate::auth::{Caller, Means, set_cookie};
use crate::error::{ApiError, ApiResult};
use crate::json::JsonBody;
use crate::mailing;
use crate::views::{NewSession, Page, SessionView};

/// Signs a browser in with a link's token, once. Sets the session cookie.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "sessions", request_body = NewSession,
    responses((status = 201, body = SessionView), ApiError)
)]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult<Response> {
    let token = NewSession::read(&body.value)?.token;
    let link = Secret::parse(SecretKind::SignInLink, &token).ok_or(ApiError::LinkSpent)?;
    let secret = Secret::new(SecretKind::Session, app.entropy.as_ref());
    let (device, now) = (device(&headers).to_string(), app.now());
    let by_mail = match &app.mailing {
        Some(mailing) => mailing::enter(mailing, &link, secret.hash(), &device).await?,
        None => None,
    };
    let id = match by_mail {
        Some(id) => id,
        None => by_printed_link(&app, &link, &secret, &device).await?,
    };
    let cookie = set_cookie(&app.site, &secret.reveal(), Retention::POLICY.session.as_secs());
    let expires_at = now + Retention::POLICY.session;
    let session = Session { id: id.clone(), device, created_at: now, expires_at };
    let view = SessionView::new(session, Some(&id));
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(view)).into_response())
}

/// With a link that the program printed for the local owner.
async fn by_printed_link(app: &App, link: &Secret, secret: &Secret, device: &str) -> ApiResult<SessionId> {
    let now = app.now();
    let account = app.store.redeem_sign_in_link(&link.hash(), now).await?.ok_or(ApiError::LinkSpent)?;
    let new = NewBrowser {
        account,
        hash: secret.hash(),
        device: device.to_owned(),
        expires_at: now + Retention::POLICY.session,
    };
    Ok(app.store.create_session(&new, now).await?)
}

/// The browsers that are signed in to this account.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "sessions", security(("key" = ["account:read"]), ("session" = [])),
    responses((status = 200, body = Page<SessionView>), ApiError)
)]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> ApiResult<Json<Page<SessionView>>> {
    caller.must(Scope::AccountRead)?;
    let sessions = app.store.list_sessions(&caller.account.id, app.now()).await?;
    let own = match &caller.means {
        Means::Session(id) => Some(id),
        Means::Key(_) => None,
    };
    let data = sessions.into_iter().map(|session| SessionView::new(session, own)).collect();
    Ok(Json(Page { data, next: None }))
}

/// Signs a browser out: `current` is the one that asks.
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "A session's id, or `current`.")),
    security(("key" = ["account:write"]), ("session" = [])), responses((status = 204), ApiError)
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    caller.must(Scope::AccountWrite)?;
    let (id, is_own) = match (id.as_str(), &caller.means) {
        ("current", Means::Session(own)) => (own.clone(), true),
        ("current", Means::Key(_)) => return Err(ApiError::NotFound),
        (text, means) => {
            let id = SessionId::parse(text).map_err(|_| ApiError::NotFound)?;
            let is_own = matches!(means, Means::Session(own) if *own == id);
            (id, is_own)
        }
    };
    if !app.store.revoke_session(&caller.account.id, &id).await? {
        return Err(ApiError::NotFound);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if is_own {
        forget_browser(&app, &mut response)?;
    }
    Ok(response)
}

/// Tells the browser that it is signed out, and to forget what it keeps.
pub(super) fn forget_browser(app: &App, response: &mut Response) -> ApiResult<()> {
    let forget = HeaderValue::try_from(set_cookie(&app.site, "", 0)).map_err(ApiError::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, forget);
    let clear = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(clear, HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""));
    Ok(())
}

/// Enough for its owner to tell sessions apart; what a browser says of itself beyond that is not kept.
fn device(headers: &HeaderMap) -> Device {
    let text = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Device::of_user_agent(text)
}
