//! `/v1/credits`, `/v1/checkouts`, `/v1/orders`, `/v1/invoices`: what a customer has, buys and gives back.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use domain::digest::Digest;
use domain::ids::{EntryId, InvoiceId, PurchaseId};
use domain::money::Pack;
use domain::policy::TERMS;
use domain::scope::Scope;
use sha2::{Digest as _, Sha256};
use store::money::{NewPurchase, Withdrawn};

use super::jobs::idempotency_key;
use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult, Retry};
use crate::extract::{Id, Stretch};
use crate::json::{Fields, JsonBody};
use crate::payments::{self, Payments};
use crate::views::{CheckoutView, CreditsView, InvoiceView, NewCheckout, OrderView, Page};

/// The credits of this account, and every change of them, newest first.
#[utoipa::path(
    get, path = "/v1/credits", tag = "billing",
    security(("key" = ["billing:read"]), ("session" = [])),
    params(
        ("after" = Option<String>, Query, description = "The last id of the stretch before."),
        ("limit" = Option<u32>, Query, description = "Entries, 1 to 100; 50 when left out."),
    ),
    responses((status = 200, body = CreditsView), ApiError)
)]
pub(crate) async fn credits(
    State(app): State<App>,
    caller: Caller,
    stretch: Stretch<EntryId>,
) -> ApiResult<Json<CreditsView>> {
    caller.must(Scope::BillingRead)?;
    stretch.finish()?;
    let (account, limit) = (&caller.account.id, stretch.limit);
    let purse = app.store.purse(account).await?;
    let entries = app.store.entries(account, stretch.after.as_ref(), limit).await?;
    let last = entries.last().filter(|_| entries.len() as u64 == u64::from(limit));
    let next = last.map(|entry| format!("/v1/credits?after={}&limit={limit}", entry.id));
    Ok(Json(CreditsView::new(purse, entries, next)))
}

/// Buys a pack of credits: pay at `url`. The same `Idempotency-Key` with the same body is the same order.
#[utoipa::path(
    post, path = "/v1/checkouts", tag = "billing", request_body = NewCheckout,
    security(("key" = ["billing:write"]), ("session" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Your own name for this order.")),
    responses((status = 201, body = CheckoutView), ApiError)
)]
pub(crate) async fn checkout(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult<(StatusCode, Json<CheckoutView>)> {
    caller.must(Scope::BillingWrite)?;
    let payments = app.must_take_money()?;
    let new = NewPurchase {
        account: caller.account.id,
        pack: wanted_pack(&payments, &body)?,
        terms_version: TERMS.version.to_owned(),
        idempotency_key: idempotency_key(&headers)?,
        body_hash: Digest::from_bytes(Sha256::digest(&body.bytes).into()),
    };
    let purchase = payments::checkout(&payments, &new).await?;
    Ok((StatusCode::CREATED, Json(purchase.into())))
}

fn wanted_pack(payments: &Payments, body: &JsonBody) -> ApiResult<Pack> {
    const NAME_CHARS_MAX: usize = 32;
    let mut fields = Fields::of_body(&body.value)?;
    let detail = "must be true: whoever pays is of age, or has a parent's permission";
    let said = fields.confirmed("may_pay_confirmed", detail);
    let name = fields.text("pack", NAME_CHARS_MAX);
    let name = fields.require("pack", name);
    let pack = name.and_then(|name| match payments.prices().pack(&name) {
        Some(pack) => Some(pack.clone()),
        None => {
            let packs: Vec<_> = payments.prices().packs().iter().map(|pack| pack.id.as_str()).collect();
            fields.refuse("pack", "unknown_value", format!("{name:?} is not one of {}", packs.join(", ")))
        }
    });
    fields.finish(pack.zip(said).map(|(pack, _)| pack))
}

/// The orders of this account, newest first.
#[utoipa::path(
    get, path = "/v1/orders", tag = "billing",
    security(("key" = ["billing:read"]), ("session" = [])),
    params(
        ("after" = Option<String>, Query, description = "The last id of the stretch before."),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 100; 50 when left out."),
    ),
    responses((status = 200, body = Page<OrderView>), ApiError)
)]
pub(crate) async fn orders(
    State(app): State<App>,
    caller: Caller,
    stretch: Stretch<PurchaseId>,
) -> ApiResult<Json<Page<OrderView>>> {
    caller.must(Scope::BillingRead)?;
    stretch.finish()?;
    let limit = stretch.limit;
    let orders = app.store.list_purchases(&caller.account.id, stretch.after.as_ref(), limit).await?;
    let last = orders.last().filter(|_| orders.len() as u64 == u64::from(limit));
    let next = last.map(|order| format!("/v1/orders?after={}&limit={limit}", order.id));
    Ok(Json(Page { data: orders.into_iter().map(OrderView::from).collect(), next }))
}

/// One order.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "billing",
    security(("key" = ["billing:read"]), ("session" = [])),
    params(("id" = String, Path, description = "An order's id.")),
    responses((status = 200, body = OrderView), ApiError)
)]
pub(crate) async fn order(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<PurchaseId>,
) -> ApiResult<Json<OrderView>> {
    caller.must(Scope::BillingRead)?;
    let order = app.store.purchase(&caller.account.id, &id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(order.into()))
}

/// Gives an order back of which nothing was used: its credits go now, its money is sent back.
#[utoipa::path(
    post, path = "/v1/orders/{id}/withdrawal", tag = "billing",
    security(("key" = ["billing:write"]), ("session" = [])),
    params(("id" = String, Path, description = "An order's id.")),
    responses((status = 200, body = OrderView), ApiError)
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<PurchaseId>,
) -> ApiResult<Json<OrderView>> {
    caller.must(Scope::BillingWrite)?;
    let account = &caller.account.id;
    app.store.purchase(account, &id).await?.ok_or(ApiError::NotFound)?;
    let payments = app.must_take_money()?;
    let conflict = |code, detail: String| Err(ApiError::Conflict { code, detail, retry: Retry::Never });
    match app.store.withdraw(account, &id, app.now()).await? {
        Withdrawn::Asked(_) => {}
        Withdrawn::Unknown => return Err(ApiError::NotFound),
        Withdrawn::Frozen => return Err(ApiError::AccountRestricted),
        Withdrawn::NothingToReturn => {
            let detail = "There is nothing to send back: it was not paid, or money went back already.";
            return conflict("nothing_to_return", detail.to_owned());
        }
        Withdrawn::Delivered { available } => {
            let detail = format!("Some of its credits are used: {available} are left.");
            return conflict("credits_spent", detail);
        }
        Withdrawn::RefusedBefore => {
            let detail =
                "Sending the money back was tried and could not be done; the credits are yours still.";
            return conflict("refund_refused", detail.to_owned());
        }
    }
    // The wish is kept: what does not come through now is done by the next round.
    if let Err(error) = payments::send_back(&payments, &id).await {
        tracing::warn!(order.id = %id, %error, "a repayment is made later");
    }
    let order = app.store.purchase(account, &id).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(order.into()))
}

/// Bookkeeping: invoices and credit notes, newest first.
#[utoipa::path(
    get, path = "/v1/invoices", tag = "billing",
    security(("key" = ["billing:read"]), ("session" = [])),
    params(
        ("after" = Option<String>, Query, description = "The last id of the stretch before."),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 100; 50 when left out."),
    ),
    responses((status = 200, body = Page<InvoiceView>), ApiError)
)]
pub(crate) async fn invoices(
    State(app): State<App>,
    caller: Caller,
    stretch: Stretch<InvoiceId>,
) -> ApiResult<Json<Page<InvoiceView>>> {
    caller.must(Scope::BillingRead)?;
    stretch.finish()?;
    let limit = stretch.limit;
    let rows = app.store.invoices(&caller.account.id, stretch.after.as_ref(), limit).await?;
    let last = rows.last().filter(|_| rows.len() as u64 == u64::from(limit));
    let next = last.map(|row| format!("/v1/invoices?after={}&limit={limit}", row.id));
    Ok(Json(Page { data: rows.into_iter().map(InvoiceView::from).collect(), next }))
}
