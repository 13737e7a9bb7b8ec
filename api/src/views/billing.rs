//! Credits, prices, orders, invoices.

use domain::job::JobKind;
use domain::money::ledger::Unit;
use domain::money::prices::Rate;
use domain::money::purchase::{PurchaseState, Withdrawal};
use domain::money::{Balance, Price, PriceList};
use serde::Serialize;
use store::money::{Entry, Invoice, Purchase, Purse};
use utoipa::ToSchema;

use super::{RecipeView, rfc3339};

/// The body of `POST /v1/checkouts`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct NewCheckout {
    /// The id of a pack; `/v1/capabilities` lists them.
    pack: String,
    /// True: whoever pays is of age, or has a parent's permission. No date of birth is taken.
    may_pay_confirmed: bool,
}

/// Where to pay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checkout)]
pub(crate) struct CheckoutView {
    /// Of the order.
    id: String,
    /// The page at Stripe; null once it is paid or over.
    url: Option<String>,
}

impl From<Purchase> for CheckoutView {
    fn from(purchase: Purchase) -> Self {
        let url = purchase.url.filter(|_| purchase.state == PurchaseState::Open);
        Self { id: purchase.id.to_string(), url }
    }
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Price)]
pub(crate) struct PriceView {
    /// In the currency's smallest unit.
    amount_minor: i64,
    /// Its code in lower case.
    currency: String,
}

impl From<Price> for PriceView {
    fn from(price: Price) -> Self {
        Self { amount_minor: price.minor(), currency: price.currency().to_string() }
    }
}

/// What an order would cost and meet, if it were given now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub(crate) struct QuoteView {
    /// What it costs; 0 while payments are off.
    pub(crate) credits: i64,
    /// What so many credits cost at most, in the pack where they are dearest; null for none.
    pub(crate) price: Option<PriceView>,
    /// The recipe with every value filled in.
    pub(crate) effective_recipe: RecipeView,
    /// What its owner should know about what it is made from.
    pub(crate) findings: Vec<QuoteFindingView>,
    /// How long it would wait; null where that would be a guess.
    pub(crate) wait_s_estimate: Option<u64>,
}

/// What was found in one upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuoteFinding)]
pub(crate) struct QuoteFindingView {
    /// In which.
    pub(crate) upload: String,
    /// Stable, for programs.
    pub(crate) code: String,
    /// `info`, `warning` or `error`.
    #[schema(value_type = String)]
    pub(crate) severity: domain::upload::Severity,
    /// For people.
    pub(crate) text: String,
}

/// What a customer has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Credits)]
pub(crate) struct CreditsView {
    /// What can be spent. Below zero when money went back whose credits were spent already.
    pub(crate) available: i64,
    /// What waits for the end of jobs.
    pub(crate) held: i64,
    /// Whether a payment is disputed: nothing is spent or bought until that is decided.
    pub(crate) restricted: bool,
    /// Every change, newest first.
    pub(crate) entries: Vec<EntryView>,
    /// Where older ones are; null when there are none.
    pub(crate) next: Option<String>,
}

impl CreditsView {
    pub(crate) fn new(purse: Purse, entries: Vec<Entry>, next: Option<String>) -> Self {
        Self {
            available: purse.balance.available,
            held: purse.balance.held,
            restricted: purse.is_frozen,
            entries: entries.into_iter().map(EntryView::from).collect(),
            next,
        }
    }
}

/// One change of a customer's credits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditEntry)]
pub(crate) struct EntryView {
    id: String,
    /// `grant`, `purchase`, `hold`, `capture`, `release`, `refund`, `reversal` or `restoration`.
    kind: &'static str,
    /// What it did to what can be spent.
    available: i64,
    /// What it did to what waits.
    held: i64,
    /// For which job. It may be gone.
    job: Option<String>,
    /// For which order.
    order: Option<String>,
    at: String,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        let is_credit = entry.movement.unit() == Unit::Credit;
        let amount = if is_credit { entry.amount } else { 0 };
        let Balance { available, held } = Balance::default().after(entry.movement, amount);
        Self {
            id: entry.id.to_string(),
            kind: entry.movement.as_str(),
            available,
            held,
            job: entry.job.map(|job| job.to_string()),
            order: entry.purchase.map(|purchase| purchase.to_string()),
            at: rfc3339(entry.at),
        }
    }
}

/// A purchase of credits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView {
    id: String,
    pack: String,
    credits: i64,
    price: PriceView,
    /// `open`, `expired`, `failed`, `paid`, `payment_mismatch`, `refunding`, `partly_refunded` or `refunded`.
    state: &'static str,
    /// Whether the payment is disputed at its bank.
    disputed: bool,
    /// What went back, in the smallest unit.
    refunded_minor: i64,
    /// The page at Stripe, while it can be paid.
    url: Option<String>,
    created_at: String,
    paid_at: Option<String>,
}

impl From<Purchase> for OrderView {
    fn from(purchase: Purchase) -> Self {
        let returned = purchase.repaid_minor + purchase.lost_minor;
        let state = match (purchase.state, purchase.withdrawal) {
            (PurchaseState::Created | PurchaseState::Open, _) => "open",
            (PurchaseState::Expired, _) => "expired",
            (PurchaseState::Failed, _) => "failed",
            (PurchaseState::Mismatch, _) => "payment_mismatch",
            (PurchaseState::Paid, _) if returned >= purchase.price.minor() => "refunded",
            (PurchaseState::Paid, Withdrawal::Asked) => "refunding",
            (PurchaseState::Paid, _) if returned > 0 => "partly_refunded",
            (PurchaseState::Paid, _) => "paid",
        };
        Self {
            id: purchase.id.to_string(),
            pack: purchase.pack,
            credits: purchase.credits.count(),
            price: purchase.price.into(),
            state,
            disputed: purchase.is_disputed,
            refunded_minor: returned,
            url: purchase.url.filter(|_| purchase.state == PurchaseState::Open),
            created_at: rfc3339(purchase.created_at),
            paid_at: purchase.paid_at.map(rfc3339),
        }
    }
}

/// A row of bookkeeping.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub(crate) struct InvoiceView {
    id: String,
    /// 1, 2, 3 … over all customers, without gaps.
    number: i64,
    order: String,
    /// `invoice`, `credit_note` or `correction`.
    kind: &'static str,
    price: PriceView,
    /// The payer's, two letters, if it was told.
    country: Option<String>,
    issued_at: String,
}

impl From<Invoice> for InvoiceView {
    fn from(invoice: Invoice) -> Self {
        Self {
            id: invoice.id.to_string(),
            number: invoice.number,
            order: invoice.purchase.to_string(),
            kind: invoice.kind.as_str(),
            price: invoice.price.into(),
            country: invoice.country,
            issued_at: rfc3339(invoice.issued_at),
        }
    }
}

/// What everything costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Prices)]
pub(crate) struct PricesView {
    master: RateView,
    mix: RateView,
    mix_and_master: RateView,
    album: RateView,
    /// Free previews of an account on a day of UTC.
    previews_per_day: u32,
    packs: Vec<PackView>,
}

/// What the minutes of a song cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rate)]
pub(crate) struct RateView {
    /// Each started minute.
    credits_per_minute: u32,
    /// The fewest minutes that are charged.
    minutes_min: u32,
}

/// Credits as they are sold. They do not expire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pack)]
pub(crate) struct PackView {
    id: String,
    credits: i64,
    price: PriceView,
}

impl From<&PriceList> for PricesView {
    fn from(list: &PriceList) -> Self {
        let rate = |kind| {
            let Rate { credits_per_minute, minutes_min } = list.rate(kind);
            RateView { credits_per_minute, minutes_min }
        };
        let packs = list.packs().iter().map(|pack| PackView {
            id: pack.id.clone(),
            credits: pack.credits.count(),
            price: pack.price.into(),
        });
        Self {
            master: rate(JobKind::Master),
            mix: rate(JobKind::Mix),
            mix_and_master: rate(JobKind::MixAndMaster),
            album: rate(JobKind::Album),
            previews_per_day: list.previews_per_day(),
            packs: packs.collect(),
        }
    }
}
