//! `/v1/quotes`: what an order would cost and meet.

use axum::Json;
use axum::extract::State;
use domain::order::Wish;
use domain::scope::Scope;
use store::money::Quoted;

use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::json::JsonBody;
use crate::views::{NewJob, QuoteFindingView, QuoteView};

/// What an order would cost and meet, if it were given now. Nothing is stored.
#[utoipa::path(
    post, path = "/v1/quotes", tag = "billing", request_body = NewJob,
    security(("key" = ["jobs:write"]), ("session" = [])),
    responses((status = 200, body = QuoteView), ApiError)
)]
pub(crate) async fn quote(
    State(app): State<App>,
    caller: Caller,
    body: JsonBody,
) -> ApiResult<Json<QuoteView>> {
    caller.must(Scope::JobsWrite)?;
    let wish = Wish::check(&body.value).map_err(ApiError::Invalid)?;
    let account = &caller.account.id;
    let foreseen = match app.store.quote(account, &wish, app.prices()).await? {
        Quoted::Ready(foreseen) => foreseen,
        Quoted::Refused(errors) => return Err(ApiError::refused(errors)),
    };
    let outlook = app.store.outlook(app.now()).await?;
    let wait = outlook.map(|outlook| outlook.wait(account, foreseen.own_ahead));
    let findings = foreseen.findings.into_iter().map(|(upload, finding)| QuoteFindingView {
        upload: upload.to_string(),
        code: finding.code,
        severity: finding.severity,
        text: finding.text,
    });
    Ok(Json(QuoteView {
        credits: foreseen.credits.count(),
        price: app.prices().and_then(|prices| prices.worth(foreseen.credits)).map(Into::into),
        effective_recipe: wish.recipe.into(),
        findings: findings.collect(),
        wait_s_estimate: wait.map(|wait| wait.as_secs_f64().ceil() as u64),
    }))
}
