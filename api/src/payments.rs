//! Payments: what is asked of the provider and of the store, and in which order.
//!
//! What is wanted is in the store before the provider hears of it, under the key that every try uses; what the provider
//! tells is looked up there before anything follows from it; and everything that follows is one transaction. So the
//! program may end between any two of these steps, and whoever comes next goes on.

mod hearing;
mod reconciling;
mod rounds;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use billing::{Opened, Stripe, StripeError, WantedCheckout};
use domain::clock::{Clock, Timestamp};
use domain::ids::PurchaseId;
use domain::money::PriceList;
use domain::money::purchase::{PurchaseState, Seen};
use store::money::{Applied, Begun, CallEnd, CallKind, NewEvent, NewPurchase, Purchase};
use store::{Store, StoreError};

use crate::error::{ApiError, ApiResult};

pub(crate) use hearing::hear;
pub use reconciling::{Difference, Repair, reconcile};
pub use rounds::{keep_up, round};

/// How long a checkout can be paid. Counted from when it was wanted, because every try must ask for the same; with what
/// a try can be late by, between the 30 minutes and the 24 hours that Stripe allows.
const PAYABLE: Duration = Duration::from_secs(23 * 3600);

/// How money is taken.
#[derive(Clone)]
pub struct Terms {
    /// From whom.
    pub stripe: Stripe,
    /// What Stripe signs its events with.
    pub webhook_secret: String,
    /// How much.
    pub prices: PriceList,
    /// Where customers come back to: `https://mix.example`.
    pub base: String,
}

/// Without its secrets.
impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms").field("mode", &self.stripe.mode()).finish_non_exhaustive()
    }
}

/// What takes money. Cheap to clone.
#[derive(Clone)]
pub struct Payments {
    store: Store,
    clock: Arc<dyn Clock>,
    terms: Arc<Terms>,
}

impl Payments {
    /// On these terms, written down in this store.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, terms: Terms) -> Self {
        Self { store, clock, terms: Arc::new(terms) }
    }

    pub(crate) fn prices(&self) -> &PriceList {
        &self.terms.prices
    }

    fn stripe(&self) -> &Stripe {
        &self.terms.stripe
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl fmt::Debug for Payments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payments").field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// Why nothing came of a step.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The provider.
    #[error(transparent)]
    Stripe(#[from] StripeError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PaymentError> for ApiError {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::Store(cause) => cause.into(),
            PaymentError::Stripe(StripeError::Away(cause)) => {
                tracing::warn!(%cause, "the payment provider is away");
                Self::ProviderAway
            }
            PaymentError::Stripe(cause) => Self::internal(cause),
        }
    }
}

/// Begins to buy, and opens the checkout. Doing it again with the same key gives the same.
pub(crate) async fn checkout(payments: &Payments, new: &NewPurchase) -> ApiResult<Purchase> {
    let purchase = match payments.store.begin_purchase(new, payments.now()).await? {
        Begun::New(purchase) | Begun::Existing(purchase) => purchase,
        Begun::Conflict => return Err(ApiError::key_reused()),
        Begun::Frozen => return Err(ApiError::AccountRestricted),
    };
    match purchase.state {
        PurchaseState::Created => Ok(open(payments, purchase).await?),
        _ => Ok(purchase),
    }
}

/// Opens a purchase at the provider.
async fn open(payments: &Payments, purchase: Purchase) -> Result<Purchase, PaymentError> {
    let key = CallKind::Checkout.key(&purchase.id);
    let back_to = format!("{}/credits?order={}", payments.terms.base, purchase.id);
    let wanted = WantedCheckout {
        purchase: &purchase.id,
        credits: purchase.credits,
        price: purchase.price,
        back_to: &back_to,
        until: purchase.created_at + PAYABLE,
    };
    let opened = match payments.stripe().open(&wanted, &key).await {
        Ok(opened) => opened,
        Err(error @ StripeError::Refused { .. }) => {
            tracing::error!(order.id = %purchase.id, %error, "a checkout was refused");
            payments.store.end_call(&key, CallEnd::Refused, payments.now()).await?;
            return Err(error.into());
        }
        // The answer was lost or bad, and the same call may get the same bad answer for a day. What it was to make may
        // be there all the same.
        Err(error) => match opened_before(payments, &purchase).await {
            Some(opened) => opened,
            None => return Err(error.into()),
        },
    };
    let (session, url) = (opened.session, opened.url);
    let now = payments.store.purchase_opened(&purchase.id, &session, url.as_deref(), payments.now()).await?;
    Ok(now.unwrap_or(purchase))
}

async fn opened_before(payments: &Payments, purchase: &Purchase) -> Option<Opened> {
    const CLOCKS_DIFFER: Duration = Duration::from_secs(600);
    let since = purchase.created_at - CLOCKS_DIFFER;
    let all = payments.stripe().checkouts_since(since).await.ok()?;
    all.into_iter().find(|opened| opened.purchase.as_ref() == Some(&purchase.id))
}

/// Sends the money of a withdrawn purchase back, unless that was done already.
pub(crate) async fn send_back(payments: &Payments, id: &PurchaseId) -> Result<(), PaymentError> {
    let Some(purchase) = payments.store.anyones_purchase(id).await? else { return Ok(()) };
    let (Some(session), Some(payment)) = (&purchase.session, &purchase.payment) else { return Ok(()) };
    let key = CallKind::Refund.key(id);
    let sent = payments.stripe().refund(id, payment, &key).await;
    // Whatever it answered: what is so at the provider counts.
    let seen = look(payments, session, None).await?;
    let is_back = matches!(&seen, Some(Applied::Merged { now, .. }) if now.repaid_minor >= now.price.minor());
    match sent {
        Ok(()) => payments.store.end_call(&key, CallEnd::Done, payments.now()).await?,
        Err(_) if is_back => payments.store.end_call(&key, CallEnd::Done, payments.now()).await?,
        Err(error @ StripeError::Refused { .. }) => {
            tracing::error!(order.id = %id, %error, "a repayment was refused");
            payments.store.end_call(&key, CallEnd::Refused, payments.now()).await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Looks at a checkout and merges what is seen; `None` if there is none by this name, or none of ours.
async fn look(
    payments: &Payments,
    session: &str,
    event: Option<&NewEvent>,
) -> Result<Option<Applied>, PaymentError> {
    let Some((opened, seen)) = payments.stripe().look(session).await? else { return Ok(None) };
    let Some(purchase) = opened.purchase else { return Ok(None) };
    let applied = payments.store.apply(&purchase, session, &seen, event, payments.now()).await?;
    if let Applied::Merged { now, before } = &applied {
        tell_operators(now, before, &seen);
    }
    Ok((applied != Applied::Unknown).then_some(applied))
}

/// What somebody should look at.
fn tell_operators(now: &Purchase, before: &Purchase, seen: &Seen) {
    if now.state == PurchaseState::Mismatch && before.state != PurchaseState::Mismatch {
        tracing::error!(order.id = %now.id, seen = ?seen.state, "a payment is not what was asked for");
    }
    if now.is_disputed && !before.is_disputed {
        tracing::warn!(order.id = %now.id, "a payment is disputed; its account spends nothing until that is decided");
    }
    if now.lost_minor > before.lost_minor {
        tracing::warn!(order.id = %now.id, lost_minor = now.lost_minor, "a dispute is lost");
    }
    if now.withdrawal != before.withdrawal {
        tracing::warn!(order.id = %now.id, withdrawal = %now.withdrawal, "a repayment failed");
    }
}

/// A call that was tried for so long is not tried again: the provider forgets its keys, and a second call would be
/// another one.
const KEYS_ARE_GOOD_FOR: Duration = Duration::from_secs(20 * 3600);

fn is_too_old(since: Timestamp, now: Timestamp) -> bool {
    now.since(since) > KEYS_ARE_GOOD_FOR
}
