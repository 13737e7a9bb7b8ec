//! What is said to Stripe.

use std::collections::HashMap;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::PurchaseId;
use domain::money::purchase::{
    DisputeState, RefundReason, RefundState, Seen, SeenDispute, SeenRefund, SeenState,
};
use domain::money::{Credits, Price};
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeRequest};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionLineItemsPriceData,
    ListCheckoutSession, ProductData, RetrieveCheckoutSession,
};
use stripe_checkout::{
    CheckoutSession, CheckoutSessionMode, CheckoutSessionPaymentStatus, CheckoutSessionStatus,
};
use stripe_core::dispute::ListDispute;
use stripe_core::refund::{CreateRefund, ListRefund};
use stripe_core::{DisputeStatus, PaymentIntentStatus};
use stripe_types::{Currency, RangeQueryTs};

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// What a repayment is marked with that this program asked for.
const WITHDRAWAL: &str = "withdrawal_of";
/// How many rows of a list are read at a time, and how many times.
const PAGE: i64 = 100;
const PAGES_MAX: usize = 50;

/// Whether real money moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// It does.
    Live,
    /// It does not.
    Test,
}

/// Stripe, as one account of it is spoken to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stripe {
    client: Client,
    mode: Mode,
}

/// Why a call did not do what it was to do. Nothing here holds what a customer typed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StripeError {
    /// Stripe will not do it, now or later.
    #[error("stripe refused with status {status}: {code}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Stripe's word for why, or what it said.
        code: String,
    },
    /// It may have been done or not; the same call, with the same key, tells.
    #[error("stripe did not answer as it should: {0}")]
    Away(String),
    /// The settings cannot be used.
    #[error("stripe cannot be reached with these settings: {0}")]
    Settings(String),
}

/// A checkout to be opened.
#[derive(Clone, Debug)]
pub struct WantedCheckout<'a> {
    /// For which purchase.
    pub purchase: &'a PurchaseId,
    /// What is bought.
    pub credits: Credits,
    /// For how much.
    pub price: Price,
    /// Where the customer comes back to.
    pub back_to: &'a str,
    /// Until when it can be paid: 30 minutes to 24 hours from now.
    pub until: Timestamp,
}

/// A checkout that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Stripe's name for it.
    pub session: String,
    /// Where the customer pays; none once that is over.
    pub url: Option<String>,
    /// For which purchase, as we told Stripe.
    pub purchase: Option<PurchaseId>,
}

impl Stripe {
    /// With a secret key (`sk_test_…`, `sk_live_…`, `rk_…`), at Stripe itself or at a stand-in.
    pub fn new(secret_key: &str, base: Option<&str>) -> Result<Self, StripeError> {
        let mode = match secret_key.split('_').collect::<Vec<_>>()[..] {
            ["sk" | "rk", "live", _, ..] => Mode::Live,
            ["sk" | "rk", "test", _, ..] => Mode::Test,
            _ => {
                let said = "a secret key begins with sk_test_, sk_live_, rk_test_ or rk_live_";
                return Err(StripeError::Settings(said.to_owned()));
            }
        };
        let mut builder = ClientBuilder::new(secret_key)
            .app_info("mixrunners", Some(env!("CARGO_PKG_VERSION").to_owned()), None)
            .request_strategy(RequestStrategy::Once)
            .timeout(TIMEOUT);
        if let Some(base) = base {
            builder = builder.url(base);
        }
        let client = builder.build().map_err(|error| StripeError::Settings(error.to_string()))?;
        Ok(Self { client, mode })
    }

    /// Whether real money moves.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Opens a checkout. The same key is the same checkout.
    pub async fn open(&self, wanted: &WantedCheckout<'_>, key: &str) -> Result<Opened, StripeError> {
        let currency: Result<Currency, _> = wanted.price.currency().as_str().parse();
        let currency =
            currency.map_err(|_| StripeError::Settings("the currency is none of Stripe's".into()))?;
        let item = CreateCheckoutSessionLineItems {
            price_data: Some(CreateCheckoutSessionLineItemsPriceData {
                product_data: Some(ProductData::new(wanted.credits.to_string())),
                unit_amount: Some(wanted.price.minor()),
                ..CreateCheckoutSessionLineItemsPriceData::new(currency)
            }),
            quantity: Some(1),
            ..CreateCheckoutSessionLineItems::new()
        };
        let request = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Payment)
            .line_items(vec![item])
            .client_reference_id(wanted.purchase.as_str())
            .success_url(wanted.back_to)
            .cancel_url(wanted.back_to)
            .expires_at(wanted.until.micros() / 1_000_000);
        let session =
            request.customize().request_strategy(with(key)?).send(&self.client).await.map_err(told)?;
        Ok(opened(&session))
    }

    /// What a checkout has come to, with all that went back and is disputed of its payment; `None` if Stripe knows none
    /// by this name.
    pub async fn look(&self, session: &str) -> Result<Option<(Opened, Seen)>, StripeError> {
        let found = RetrieveCheckoutSession::new(session).send(&self.client).await.map_err(told);
        let session = match found {
            Err(StripeError::Refused { status: 404, .. }) => return Ok(None),
            other => other?,
        };
        let payment = session.payment_intent.as_ref().map(|payment| payment.id().to_string());
        let state = match (&session.status, &session.payment_status) {
            (_, CheckoutSessionPaymentStatus::Paid) => SeenState::Paid {
                amount_minor: session.amount_total.unwrap_or(0),
                currency: session.currency.as_ref().map(ToString::to_string).unwrap_or_default(),
            },
            (Some(CheckoutSessionStatus::Expired), _) => SeenState::Expired,
            (Some(CheckoutSessionStatus::Complete), CheckoutSessionPaymentStatus::Unpaid) => {
                self.after_a_bank_took_its_time(&session).await?
            }
            _ => SeenState::Open,
        };
        let (refunds, disputes) = match &payment {
            Some(payment) => (self.refunds(payment).await?, self.disputes(payment).await?),
            None => (Vec::new(), Vec::new()),
        };
        let address = session.customer_details.as_ref().and_then(|details| details.address.as_ref());
        let country = address.and_then(|address| address.country.clone()).filter(|code| code.len() == 2);
        Ok(Some((opened(&session), Seen { state, payment, country, refunds, disputes })))
    }

    /// Some banks answer days later; then the payment itself says how it went.
    async fn after_a_bank_took_its_time(&self, session: &CheckoutSession) -> Result<SeenState, StripeError> {
        let request =
            RetrieveCheckoutSession::new(session.id.clone()).expand(vec!["payment_intent".to_owned()]);
        let session = request.send(&self.client).await.map_err(told)?;
        let payment = session.payment_intent.as_ref().and_then(|payment| payment.as_object());
        Ok(match payment.map(|payment| &payment.status) {
            Some(PaymentIntentStatus::RequiresPaymentMethod | PaymentIntentStatus::Canceled) => {
                SeenState::Failed
            }
            _ => SeenState::Open,
        })
    }

    async fn refunds(&self, payment: &str) -> Result<Vec<SeenRefund>, StripeError> {
        let list = ListRefund::new().payment_intent(payment).limit(PAGE);
        let refunds = list.send(&self.client).await.map_err(told)?;
        let seen = |refund: stripe_core::Refund| SeenRefund {
            amount_minor: refund.amount,
            state: match refund.status.as_deref() {
                Some("succeeded") => RefundState::Succeeded,
                Some("failed" | "canceled") => RefundState::Failed,
                _ => RefundState::Pending,
            },
            reason: match refund.metadata.is_some_and(|data| data.contains_key(WITHDRAWAL)) {
                true => RefundReason::Withdrawal,
                false => RefundReason::Other,
            },
            id: refund.id.to_string(),
        };
        Ok(refunds.data.into_iter().map(seen).collect())
    }

    async fn disputes(&self, payment: &str) -> Result<Vec<SeenDispute>, StripeError> {
        let list = ListDispute::new().payment_intent(payment).limit(PAGE);
        let disputes = list.send(&self.client).await.map_err(told)?;
        let seen = |dispute: stripe_core::Dispute| SeenDispute {
            id: dispute.id.to_string(),
            amount_minor: dispute.amount,
            state: match dispute.status {
                DisputeStatus::Lost => DisputeState::Lost,
                DisputeStatus::Won | DisputeStatus::WarningClosed | DisputeStatus::Prevented => {
                    DisputeState::Won
                }
                DisputeStatus::WarningNeedsResponse | DisputeStatus::WarningUnderReview => {
                    DisputeState::Inquiry
                }
                // What is not known yet is taken for the worst.
                _ => DisputeState::Open,
            },
        };
        Ok(disputes.data.into_iter().map(seen).collect())
    }

    /// The checkout that a payment was made in.
    pub async fn checkout_of(&self, payment: &str) -> Result<Option<Opened>, StripeError> {
        let list = ListCheckoutSession::new().payment_intent(payment).limit(1);
        let sessions = list.send(&self.client).await.map_err(told)?;
        Ok(sessions.data.first().map(opened))
    }

    /// All checkouts that were opened since a time, newest first.
    pub async fn checkouts_since(&self, since: Timestamp) -> Result<Vec<Opened>, StripeError> {
        let mut all = Vec::new();
        let mut after = None;
        for _ in 0..PAGES_MAX {
            let mut list =
                ListCheckoutSession::new().limit(PAGE).created(RangeQueryTs::gte(since.micros() / 1_000_000));
            if let Some(after) = after.take() {
                list = list.starting_after(after);
            }
            let page = list.send(&self.client).await.map_err(told)?;
            after = page.data.last().map(|session: &CheckoutSession| session.id.to_string());
            all.extend(page.data.iter().map(opened));
            if !page.has_more {
                return Ok(all);
            }
        }
        Err(StripeError::Away(format!("there are more than {} checkouts", PAGES_MAX as i64 * PAGE)))
    }

    /// Sends all of a payment back. The same key is the same repayment.
    pub async fn refund(&self, purchase: &PurchaseId, payment: &str, key: &str) -> Result<(), StripeError> {
        let mark = HashMap::from([(WITHDRAWAL.to_owned(), purchase.to_string())]);
        let request = CreateRefund::new().payment_intent(payment).metadata(mark);
        request.customize().request_strategy(with(key)?).send(&self.client).await.map_err(told)?;
        Ok(())
    }
}

fn with(key: &str) -> Result<RequestStrategy, StripeError> {
    let key = IdempotencyKey::new(key).map_err(|error| StripeError::Settings(error.to_string()))?;
    Ok(RequestStrategy::Idempotent(key))
}

fn opened(session: &CheckoutSession) -> Opened {
    Opened {
        session: session.id.to_string(),
        url: session.url.clone(),
        purchase: session.client_reference_id.as_deref().and_then(|id| PurchaseId::parse(id).ok()),
    }
}

/// Only the code is taken along: the rest of Stripe's answer can hold what a customer typed.
fn told(error: stripe::StripeError) -> StripeError {
    match error {
        stripe::StripeError::Stripe(details, status) => {
            let code = details.code.map_or_else(|| details.type_.to_string(), |code| code.to_string());
            match status {
                400 | 402 | 404 => StripeError::Refused { status, code },
                // A key that is wrong, a limit, another call with the same key, a fault: later, perhaps.
                _ => StripeError::Away(format!("status {status}, {code}")),
            }
        }
        stripe::StripeError::JSONDeserialize(_) => {
            StripeError::Away("an answer that cannot be read".to_owned())
        }
        stripe::StripeError::ClientError(cause) => StripeError::Away(cause),
        stripe::StripeError::Timeout => StripeError::Away("no answer in time".to_owned()),
        stripe::StripeError::ConfigError(cause) => StripeError::Settings(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_tells_whether_real_money_moves() {
        for (key, mode) in [("sk_live_1", Mode::Live), ("rk_test_1", Mode::Test), ("sk_test_a_b", Mode::Test)]
        {
            assert_eq!(Stripe::new(key, None).unwrap().mode(), mode);
        }
        for key in ["", "pk_live_1", "sk_other_1", "sk_live"] {
            assert!(matches!(Stripe::new(key, None), Err(StripeError::Settings(_))), "{key:?}");
        }
    }
}
