//! The operations on credits and payments, and what they take and give.

use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::fields::FieldError;
use domain::ids::{AccountId, EntryId, InvoiceId, JobId, PurchaseId, UploadId};
use domain::job::Job;
use domain::money::purchase::{PurchaseState, Seen, Withdrawal};
use domain::money::{Balance, Book, Credits, Movement, Pack, Price, PriceList};
use domain::order::Wish;
use domain::upload::Finding;

use crate::error::Result;
use crate::{Engine, Store, postgres, sqlite};

/// What an order would cost and meet.
#[derive(Clone, PartialEq, Debug)]
pub enum Quoted {
    /// It could be given.
    Ready(Foreseen),
    /// An input cannot be used; pointers are from the root of the order's body.
    Refused(Vec<FieldError>),
}

/// What an order would cost and meet, if it were given now.
#[derive(Clone, PartialEq, Debug)]
pub struct Foreseen {
    /// What it would cost; none without a price list.
    pub credits: Credits,
    /// What its owner should know about what it is made from.
    pub findings: Vec<(UploadId, Finding)>,
    /// How many jobs of the same account wait already.
    pub own_ahead: u64,
}

/// What a customer has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Purse {
    /// Their credits.
    pub balance: Balance,
    /// Whether a payment is disputed: nothing is spent or bought until that is decided.
    pub is_frozen: bool,
}

/// One line of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// Why.
    pub movement: Movement,
    /// How many credits, or how much money in the smallest unit; at least 1.
    pub amount: i64,
    /// For which job. It may be gone.
    pub job: Option<JobId>,
    /// For which purchase.
    pub purchase: Option<PurchaseId>,
    /// When.
    pub at: Timestamp,
}

/// A purchase of credits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Purchase {
    /// Its id.
    pub id: PurchaseId,
    /// Whose; `None` once the account is gone.
    pub account: Option<AccountId>,
    /// Which pack.
    pub pack: String,
    /// What is in it.
    pub credits: Credits,
    /// What it costs.
    pub price: Price,
    /// How far it has come.
    pub state: PurchaseState,
    /// Whether the customer withdrew.
    pub withdrawal: Withdrawal,
    /// How much went back, or is on its way.
    pub repaid_minor: i64,
    /// How much was lost in disputes.
    pub lost_minor: i64,
    /// Whether a dispute is undecided.
    pub is_disputed: bool,
    /// The provider's name for it.
    pub session: Option<String>,
    /// Where it is paid.
    pub url: Option<String>,
    /// The provider's name for the payment.
    pub payment: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When we learned that it was paid.
    pub paid_at: Option<Timestamp>,
}

/// A purchase to be made.
#[derive(Clone, Debug)]
pub struct NewPurchase {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub pack: Pack,
    /// The customer's own name for it: the same key never makes two.
    pub idempotency_key: Option<String>,
    /// Of the body as it was sent.
    pub body_hash: Digest,
    /// The text under which the customer said that they are of age or have a parent's permission.
    pub terms_version: String,
}

/// What became of a wish to buy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Begun {
    /// A new purchase, and the call that opens it at the provider waits.
    New(Purchase),
    /// The same was wished for before, and this is its purchase as it is now.
    Existing(Purchase),
    /// The idempotency key was used with another body.
    Conflict,
    /// A payment of this account is disputed.
    Frozen,
}

/// What became of a wish to withdraw.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Withdrawn {
    /// The credits are gone and the call that sends the money back waits. Asking again gives the same.
    Asked(Purchase),
    /// It was never paid, or its money went back already.
    NothingToReturn,
    /// Some of its credits are spent or held.
    Delivered {
        /// What is left.
        available: i64,
    },
    /// It was tried, and the money could not go back.
    RefusedBefore,
    /// A payment of this account is disputed.
    Frozen,
    /// There is none, or it is somebody else's.
    Unknown,
}

/// What a provider told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewEvent {
    /// The provider's name for it.
    pub id: String,
    /// What it says happened.
    pub kind: String,
    /// What it is about, by the provider's name.
    pub object: Option<String>,
    /// Of the body as it came.
    pub digest: Digest,
}

/// An event that was told before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownEvent {
    /// Of the body as it came then.
    pub digest: Digest,
    /// Whether what it is about is still to be found.
    pub is_parked: bool,
}

/// What became of a look at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Applied {
    /// It was merged, and this is the purchase now.
    Merged {
        /// As it is now.
        now: Box<Purchase>,
        /// As it was.
        before: Box<Purchase>,
    },
    /// The event had been applied already; nothing was done.
    Repeated,
    /// There is no such purchase.
    Unknown,
}

/// Something to tell the provider, under the key that every try uses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The idempotency key.
    pub key: String,
    /// What.
    pub kind: CallKind,
    /// Of which purchase.
    pub purchase: PurchaseId,
    /// Since when it waits.
    pub created_at: Timestamp,
}

/// What there is to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallKind {
    /// Open the purchase, so that it can be paid.
    Checkout,
    /// Send all of its money back.
    Refund,
}

impl CallKind {
    /// The idempotency key of such a call. Made of what the call is about, so no memory is needed to make it again.
    #[must_use]
    pub fn key(self, purchase: &PurchaseId) -> String {
        format!("{}:{purchase}", self.as_str())
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Refund => "refund",
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallEnd {
    /// The provider did it.
    Done,
    /// The provider will not do it.
    Refused,
    /// Nobody knows: it was tried for as long as a key is good for.
    GivenUp,
}

impl CallEnd {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
        }
    }
}

/// A row of bookkeeping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// 1, 2, 3 … over all customers, without gaps.
    pub number: i64,
    /// Of which purchase.
    pub purchase: PurchaseId,
    /// What it is.
    pub kind: InvoiceKind,
    /// How much.
    pub price: Price,
    /// The payer's country, if it was told.
    pub country: Option<String>,
    /// When.
    pub issued_at: Timestamp,
}

/// What a row of bookkeeping is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InvoiceKind {
    /// Money came in.
    Invoice,
    /// Money went back.
    CreditNote,
    /// Money that was to go back stayed after all.
    Correction,
}

impl InvoiceKind {
    /// As on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::Correction => "correction",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Invoice, Self::CreditNote, Self::Correction].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What one book of the whole ledger holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookBalance {
    /// `credit` or a currency.
    pub unit: String,
    /// Which.
    pub book: Book,
    /// How much.
    pub amount: i64,
}

/// What became of an operator's wish to give a job's credits back.
#[derive(Clone, PartialEq, Debug)]
pub enum JobRefund {
    /// They are back, now or since an earlier wish.
    Refunded(Job),
    /// It has spent none.
    NothingSpent(Job),
    /// There is none.
    Unknown,
}

/// Prices and purses.
impl Store {
    /// What an order would cost and meet. Nothing is written.
    pub async fn quote(
        &self,
        account: &AccountId,
        wish: &Wish,
        prices: Option<&PriceList>,
    ) -> Result<Quoted> {
        each!(self, ledger::quote(account, wish, prices))
    }

    /// What a customer has.
    pub async fn purse(&self, account: &AccountId) -> Result<Purse> {
        each!(self, ledger::purse(account))
    }

    /// The lines of a customer's ledger that move credits, newest first, those older than `after`.
    pub async fn entries(
        &self,
        account: &AccountId,
        after: Option<&EntryId>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        each!(self, ledger::entries(account, after, limit))
    }

    /// Gives credits that nobody paid for. False, and nothing is done, if this key was used before.
    pub async fn grant(
        &self,
        account: &AccountId,
        credits: Credits,
        key: &str,
        now: Timestamp,
    ) -> Result<bool> {
        each!(self, ledger::grant(account, credits, key, now))
    }

    /// Gives the credits of a job that succeeded back, whosever it is.
    pub async fn refund_job(&self, job: &JobId, now: Timestamp) -> Result<JobRefund> {
        each!(self, ledger::refund_job(job, now))
    }

    /// All books of the whole ledger that hold something. The sum of each unit is zero, whatever was written.
    pub async fn books(&self) -> Result<Vec<BookBalance>> {
        each!(self, books::balances())
    }

    /// Where rows disagree with the ledger, in words; nothing if all is well.
    pub async fn money_faults(&self) -> Result<Vec<String>> {
        each!(self, books::faults())
    }
}

/// Purchases.
impl Store {
    /// A purchase that is about to be opened at the provider: its key is stored before anything is called.
    pub async fn begin_purchase(&self, new: &NewPurchase, now: Timestamp) -> Result<Begun> {
        each!(self, purchases::begin(new, now))
    }

    /// The text under which whoever bought last said that they may pay.
    ///
    /// # Errors
    /// See [`StoreError`](crate::StoreError).
    pub async fn payer_agreement(&self, account: &AccountId) -> Result<Option<String>> {
        each!(self, purchases::payer_agreement(account))
    }

    /// A purchase.
    pub async fn purchase(&self, account: &AccountId, id: &PurchaseId) -> Result<Option<Purchase>> {
        each!(self, purchases::purchase(account, id))
    }

    /// A purchase, whosever it is.
    pub async fn anyones_purchase(&self, id: &PurchaseId) -> Result<Option<Purchase>> {
        each!(self, purchases::anyones(id))
    }

    /// A purchase by the provider's name for its payment.
    pub async fn purchase_of_payment(&self, payment: &str) -> Result<Option<Purchase>> {
        each!(self, purchases::of_payment(payment))
    }

    /// Purchases, newest first, those older than `after`.
    pub async fn list_purchases(
        &self,
        account: &AccountId,
        after: Option<&PurchaseId>,
        limit: u32,
    ) -> Result<Vec<Purchase>> {
        each!(self, purchases::list(account, after, limit))
    }

    /// Purchases of all accounts since a time, oldest first, those younger than `after`.
    pub async fn everyones_purchases(
        &self,
        since: Timestamp,
        after: Option<&PurchaseId>,
        limit: u32,
    ) -> Result<Vec<Purchase>> {
        each!(self, purchases::everyones(since, after, limit))
    }

    /// The provider has opened it: it can be paid at `url`.
    pub async fn purchase_opened(
        &self,
        id: &PurchaseId,
        session: &str,
        url: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Purchase>> {
        each!(self, purchases::opened(id, session, url, now))
    }

    /// Merges what was seen of a purchase at the provider, and writes what follows from it: credits, invoices, what an
    /// event was about. One transaction; doing it twice, late or in another order comes out the same.
    pub async fn apply(
        &self,
        id: &PurchaseId,
        session: &str,
        seen: &Seen,
        event: Option<&NewEvent>,
        now: Timestamp,
    ) -> Result<Applied> {
        each!(self, purchases::apply(id, session, seen, event, now))
    }

    /// The customer does not want it after all, and has used none of it.
    pub async fn withdraw(&self, account: &AccountId, id: &PurchaseId, now: Timestamp) -> Result<Withdrawn> {
        each!(self, withdrawals::withdraw(account, id, now))
    }

    /// Rows of bookkeeping, newest first, those older than `after`.
    pub async fn invoices(
        &self,
        account: &AccountId,
        after: Option<&InvoiceId>,
        limit: u32,
    ) -> Result<Vec<Invoice>> {
        each!(self, purchases::invoices(account, after, limit))
    }
}

/// What is told and heard.
impl Store {
    /// The event with this name, if it was told before.
    pub async fn known_event(&self, id: &str) -> Result<Option<KnownEvent>> {
        each!(self, provider::known_event(id))
    }

    /// Notes an event that nothing follows from.
    pub async fn ignore_event(&self, event: &NewEvent, now: Timestamp) -> Result<()> {
        each!(self, provider::ignore_event(event, now))
    }

    /// Notes an event about something that cannot be found yet, to be looked for again.
    pub async fn park_event(&self, event: &NewEvent, now: Timestamp) -> Result<()> {
        each!(self, provider::park_event(event, now))
    }

    /// Events whose object is to be looked for again now. Each is given out once, until its next time; one that was
    /// looked for through a day is given up.
    pub async fn take_parked_events(&self, limit: u32, now: Timestamp) -> Result<Vec<NewEvent>> {
        each!(self, provider::take_parked_events(limit, now))
    }

    /// Purchases that are to be looked at now. Each is given out once, until its next time.
    pub async fn take_purchases_to_look_at(&self, limit: u32, now: Timestamp) -> Result<Vec<Purchase>> {
        each!(self, provider::take_purchases(limit, now))
    }

    /// What is to be told to the provider now. Each is given out once, until its next try.
    pub async fn take_calls(&self, limit: u32, now: Timestamp) -> Result<Vec<Call>> {
        each!(self, provider::take_calls(limit, now))
    }

    /// A call came to its end. Of a refund that was refused, the customer has the credits again.
    pub async fn end_call(&self, key: &str, end: CallEnd, now: Timestamp) -> Result<()> {
        each!(self, provider::end_call(key, end, now))
    }
}
