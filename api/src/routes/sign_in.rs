//! `/v1/sign-in`: asking for a link by mail.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::json::JsonBody;
use crate::mailing;
use crate::network::Network;
use crate::views::NewSignIn;

/// Mails a link that signs in, once and for ten minutes; whoever has no account gets one by opening it. The answer is
/// the same for every address. An address gets 5 links an hour at most: beyond that the answer is the same, and no mail
/// comes.
#[utoipa::path(
    post, path = "/v1/sign-in", tag = "sessions", request_body = NewSignIn,
    responses((status = 202, description = "Look into your mail."), ApiError)
)]
pub(crate) async fn ask(State(app): State<App>, network: Network, body: JsonBody) -> ApiResult<StatusCode> {
    let new = NewSignIn::read(&body.value)?;
    let mailing = app.must_mail()?;
    mailing::ask_to_sign_in(mailing, &new.email, new.terms_version, &network).await?;
    Ok(StatusCode::ACCEPTED)
}
