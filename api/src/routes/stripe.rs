//! `/v1/stripe/events`: what Stripe tells. Nobody else can sign as it does.

use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::payments;

/// The largest event taken, in bytes.
const EVENT_BYTES_MAX: usize = 256 * 1024;

/// An event was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Received {
    received: bool,
}

/// Takes an event that Stripe signed.
#[utoipa::path(
    post, path = "/v1/stripe/events", tag = "billing",
    request_body(content = serde_json::Value, description = "An event as Stripe sends it."),
    params(("Stripe-Signature" = String, Header, description = "Over the body as it is sent.")),
    responses((status = 200, body = Received), ApiError)
)]
pub(crate) async fn hear(State(app): State<App>, request: Request) -> ApiResult<Json<Received>> {
    let payments = app.must_take_money()?;
    let (head, body) = request.into_parts();
    let signature = head.headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    let signature = signature.ok_or(ApiError::SignatureInvalid)?.to_owned();
    let body = axum::body::to_bytes(body, EVENT_BYTES_MAX).await.map_err(|_| {
        let detail = format!("The event is larger than the {EVENT_BYTES_MAX} bytes that are taken.");
        ApiError::TooLarge { code: "body_too_large", detail }
    })?;
    payments::hear(&payments, &signature, &body).await?;
    Ok(Json(Received { received: true }))
}
