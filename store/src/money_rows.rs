//! Rows of money as they are read, and what they mean.

use domain::clock::Timestamp;
use domain::ids::{AccountId, EntryId, InvoiceId, JobId, PurchaseId, PurseId};
use domain::money::purchase::{Known, PurchaseState, Withdrawal};
use domain::money::{Credits, Currency, Movement, Price};

use crate::error::Result;
use crate::money::{Entry, Invoice, InvoiceKind, Purchase};
use crate::rows::{parse, word};

#[derive(sqlx::FromRow)]
pub(crate) struct EntryRow {
    id: String,
    kind: String,
    amount: i64,
    job_id: Option<String>,
    purchase_id: Option<String>,
    at: i64,
}

impl EntryRow {
    pub(crate) fn read(self) -> Result<Entry> {
        const TABLE: &str = "ledger";
        let row = &self.id;
        let job = self.job_id.as_deref().map(|id| parse(TABLE, row, id, JobId::parse));
        let purchase = self.purchase_id.as_deref().map(|id| parse(TABLE, row, id, PurchaseId::parse));
        Ok(Entry {
            id: parse(TABLE, row, row, EntryId::parse)?,
            movement: word(TABLE, row, &self.kind, Movement::parse)?,
            amount: self.amount,
            job: job.transpose()?,
            purchase: purchase.transpose()?,
            at: Timestamp::from_micros(self.at),
        })
    }
}

/// A purchase with what lies in other tables; see `sql/purchases.rs`.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct PurchaseRow {
    pub(crate) id: String,
    purse_id: String,
    pub(crate) account_id: Option<String>,
    pack: String,
    credits: i64,
    amount_minor: i64,
    currency: String,
    state: String,
    withdrawal: String,
    pub(crate) body_hash: Vec<u8>,
    pub(crate) session: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) payment: Option<String>,
    pub(crate) country: Option<String>,
    created_at: i64,
    pub(crate) paid_at: Option<i64>,
    pub(crate) looks: i64,
    repaid_minor: i64,
    lost_minor: i64,
    pub(crate) refunds: i64,
    pub(crate) pending_refunds: i64,
    pub(crate) disputes: i64,
    pub(crate) open_disputes: i64,
}

const PURCHASES: &str = "purchases";

impl PurchaseRow {
    pub(crate) fn purse(&self) -> Result<PurseId> {
        parse(PURCHASES, &self.id, &self.purse_id, PurseId::parse)
    }

    pub(crate) fn id(&self) -> Result<PurchaseId> {
        parse(PURCHASES, &self.id, &self.id, PurchaseId::parse)
    }

    /// What moves amounts.
    pub(crate) fn known(&self) -> Result<Known> {
        let row = &self.id;
        let currency = parse(PURCHASES, row, &self.currency, Currency::parse)?;
        let price = Price::new(self.amount_minor, currency);
        let credits = Credits::new(self.credits);
        let wrong = |error: domain::money::amount::AmountError| {
            crate::error::StoreError::unreadable(PURCHASES, row, error)
        };
        Ok(Known {
            state: word(PURCHASES, row, &self.state, PurchaseState::parse)?,
            withdrawal: word(PURCHASES, row, &self.withdrawal, Withdrawal::parse)?,
            credits: credits.map_err(wrong)?,
            price: price.map_err(wrong)?,
            repaid_minor: self.repaid_minor,
            lost_minor: self.lost_minor,
        })
    }

    pub(crate) fn read(self) -> Result<Purchase> {
        let Known { state, withdrawal, credits, price, repaid_minor, lost_minor } = self.known()?;
        let account = self.account_id.as_deref();
        let account = account.map(|id| parse(PURCHASES, &self.id, id, AccountId::parse)).transpose()?;
        Ok(Purchase {
            id: self.id()?,
            account,
            state,
            withdrawal,
            credits,
            price,
            repaid_minor,
            lost_minor,
            is_disputed: self.open_disputes > 0,
            created_at: Timestamp::from_micros(self.created_at),
            paid_at: self.paid_at.map(Timestamp::from_micros),
            pack: self.pack,
            session: self.session,
            url: self.url,
            payment: self.payment,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct InvoiceRow {
    id: String,
    number: i64,
    purchase_id: String,
    kind: String,
    amount_minor: i64,
    currency: String,
    country: Option<String>,
    issued_at: i64,
}

impl InvoiceRow {
    pub(crate) fn read(self) -> Result<Invoice> {
        const TABLE: &str = "invoices";
        let row = &self.id;
        let currency = parse(TABLE, row, &self.currency, Currency::parse)?;
        let price = Price::new(self.amount_minor, currency);
        Ok(Invoice {
            id: parse(TABLE, row, row, InvoiceId::parse)?,
            number: self.number,
            purchase: parse(TABLE, row, &self.purchase_id, PurchaseId::parse)?,
            kind: word(TABLE, row, &self.kind, InvoiceKind::parse)?,
            price: price.map_err(|error| crate::error::StoreError::unreadable(TABLE, row, error))?,
            country: self.country,
            issued_at: Timestamp::from_micros(self.issued_at),
        })
    }
}
