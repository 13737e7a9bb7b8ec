//! Purchases, and what follows from what was seen of them. Whoever changes one holds its row first, and a purse or a
//! number of an invoice after it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::{AccountId, InvoiceId, PurchaseId};
use domain::money::Movement;
use domain::money::purchase::{
    DisputeState, Due, PurchaseState, RefundReason, RefundState, Seen, Withdrawal,
};

use super::ledger::{self, Line};
use super::texts::order_tag;
use super::{Connection, Db, Write, provider, withdrawals};
use crate::error::{Result, StoreError};
use crate::money::{Applied, Begun, CallKind, Invoice, InvoiceKind, NewEvent, NewPurchase, Purchase};
use crate::money_rows::{InvoiceRow, PurchaseRow};
use crate::rows::word;

/// A purchase with what lies in other tables.
macro_rules! purchases_where {
    ($rest:literal) => {
        concat!(
            "SELECT purchases.*, purses.account_id,
                    (SELECT CAST(coalesce(sum(refunds.amount_minor), 0) AS BIGINT) FROM refunds
                     WHERE purchase_id = purchases.id AND state <> 'failed') AS repaid_minor,
                    (SELECT CAST(coalesce(sum(disputes.amount_minor), 0) AS BIGINT) FROM disputes
                     WHERE purchase_id = purchases.id AND state = 'lost') AS lost_minor,
                    (SELECT count(*) FROM refunds WHERE purchase_id = purchases.id) AS refunds,
                    (SELECT count(*) FROM refunds
                     WHERE purchase_id = purchases.id AND state = 'pending') AS pending_refunds,
                    (SELECT count(*) FROM disputes WHERE purchase_id = purchases.id) AS disputes,
                    (SELECT count(*) FROM disputes
                     WHERE purchase_id = purchases.id AND state = 'open') AS open_disputes
             FROM purchases JOIN purses ON purses.id = purchases.purse_id WHERE ",
            $rest
        )
    };
}
pub(super) use purchases_where;

/// The first look at what can be paid; later ones come ever more rarely.
const FIRST_LOOK: Duration = Duration::from_secs(120);
const RAREST_LOOK: Duration = Duration::from_secs(3600);

/// How long after the last look there is the next.
pub(super) fn until_next_look(looks: i64) -> Duration {
    let doublings = u32::try_from(looks).unwrap_or(0).min(10);
    (FIRST_LOOK * 2_u32.pow(doublings)).min(RAREST_LOOK)
}

pub(crate) async fn begin(store: &Db, new: &NewPurchase, now: Timestamp) -> Result<Begun> {
    let mut write = store.write().await?;
    let now = write.hold_account(&new.account, now).await?;
    let purse = ledger::ensure_purse(&mut write, &new.account, now).await?;
    let tag = order_tag(store, &new.account, new.idempotency_key.as_deref())?;
    if let Some(tag) = &tag {
        let sql = purchases_where!("purchases.purse_id = $1 AND purchases.idempotency_tag = $2");
        let same_key: Option<PurchaseRow> =
            sqlx::query_as(sql).bind(purse.as_str()).bind(tag).fetch_optional(write.connection()).await?;
        if let Some(row) = same_key {
            let is_same = row.body_hash == new.body_hash.as_bytes();
            return if is_same { Ok(Begun::Existing(row.read()?)) } else { Ok(Begun::Conflict) };
        }
    }
    if ledger::is_frozen(write.connection(), &purse).await? {
        return Ok(Begun::Frozen);
    }
    let id = PurchaseId::new(&*store.entropy);
    sqlx::query(
        "INSERT INTO purchases (id, purse_id, pack, credits, amount_minor, currency, state, idempotency_tag,
                                body_hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'created', $7, $8, $9)",
    )
    .bind(id.as_str())
    .bind(purse.as_str())
    .bind(&new.pack.id)
    .bind(new.pack.credits.count())
    .bind(new.pack.price.minor())
    .bind(new.pack.price.currency().as_str())
    .bind(&tag)
    .bind(new.body_hash.as_bytes().as_slice())
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    sqlx::query(
        "INSERT INTO payer_agreements (account_id, may_pay, terms_version) VALUES ($1, 1, $2)
         ON CONFLICT (account_id) DO UPDATE SET terms_version = excluded.terms_version",
    )
    .bind(new.account.as_str())
    .bind(&new.terms_version)
    .execute(write.connection())
    .await?;
    provider::insert_call(&mut write, CallKind::Checkout, &id, now).await?;
    let row = row(write.connection(), &id).await?.ok_or_else(|| gone(&id))?;
    write.commit().await?;
    Ok(Begun::New(row.read()?))
}

pub(crate) async fn payer_agreement(store: &Db, account: &AccountId) -> Result<Option<String>> {
    let sql = "SELECT terms_version FROM payer_agreements WHERE account_id = $1";
    Ok(sqlx::query_scalar(sql).bind(account.as_str()).fetch_optional(&store.reader).await?)
}

pub(super) fn gone(id: &PurchaseId) -> StoreError {
    StoreError::unreadable("purchases", id.as_str(), "it has gone while it was held")
}

pub(super) async fn row(connection: &mut Connection, id: &PurchaseId) -> Result<Option<PurchaseRow>> {
    let sql = purchases_where!("purchases.id = $1");
    Ok(sqlx::query_as(sql).bind(id.as_str()).fetch_optional(connection).await?)
}

/// The same, and until the transaction ends nobody else changes it.
pub(super) async fn held_row(connection: &mut Connection, id: &PurchaseId) -> Result<Option<PurchaseRow>> {
    sqlx::query(held!("SELECT 1 FROM purchases WHERE id = $1"))
        .bind(id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    row(connection, id).await
}

pub(crate) async fn anyones(store: &Db, id: &PurchaseId) -> Result<Option<Purchase>> {
    let mut reader = store.reader.acquire().await?;
    row(&mut reader, id).await?.map(PurchaseRow::read).transpose()
}

pub(crate) async fn purchase(store: &Db, account: &AccountId, id: &PurchaseId) -> Result<Option<Purchase>> {
    let purchase = anyones(store, id).await?;
    Ok(purchase.filter(|purchase| purchase.account.as_ref() == Some(account)))
}

pub(crate) async fn of_payment(store: &Db, payment: &str) -> Result<Option<Purchase>> {
    let sql = purchases_where!("purchases.payment = $1");
    let row: Option<PurchaseRow> = sqlx::query_as(sql).bind(payment).fetch_optional(&store.reader).await?;
    row.map(PurchaseRow::read).transpose()
}

pub(crate) async fn list(
    store: &Db,
    account: &AccountId,
    after: Option<&PurchaseId>,
    limit: u32,
) -> Result<Vec<Purchase>> {
    let sql = purchases_where!(
        "purses.account_id = $1
           AND ($2 IS NULL OR (purchases.created_at, purchases.id)
                              < (SELECT created_at, id FROM purchases WHERE id = $2 AND purse_id = purses.id))
         ORDER BY purchases.created_at DESC, purchases.id DESC LIMIT $3"
    );
    let rows: Vec<PurchaseRow> = sqlx::query_as(sql)
        .bind(account.as_str())
        .bind(after.map(PurchaseId::as_str))
        .bind(i64::from(limit))
        .fetch_all(&store.reader)
        .await?;
    rows.into_iter().map(PurchaseRow::read).collect()
}

pub(crate) async fn everyones(
    store: &Db,
    since: Timestamp,
    after: Option<&PurchaseId>,
    limit: u32,
) -> Result<Vec<Purchase>> {
    let sql = purchases_where!(
        "purchases.created_at >= $1
           AND ($2 IS NULL OR (purchases.created_at, purchases.id)
                              > (SELECT created_at, id FROM purchases WHERE id = $2))
         ORDER BY purchases.created_at, purchases.id LIMIT $3"
    );
    let rows: Vec<PurchaseRow> = sqlx::query_as(sql)
        .bind(since.micros())
        .bind(after.map(PurchaseId::as_str))
        .bind(i64::from(limit))
        .fetch_all(&store.reader)
        .await?;
    rows.into_iter().map(PurchaseRow::read).collect()
}

pub(crate) async fn opened(
    store: &Db,
    id: &PurchaseId,
    session: &str,
    url: Option<&str>,
    now: Timestamp,
) -> Result<Option<Purchase>> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let Some(before) = held_row(write.connection(), id).await? else { return Ok(None) };
    let is_new = before.known()?.state == PurchaseState::Created;
    if is_new {
        sqlx::query(
            "UPDATE purchases SET state = 'open', session = $2, url = $3, look_at = $4 WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(session)
        .bind(url.filter(|_| before.account_id.is_some()))
        .bind((now + FIRST_LOOK).micros())
        .execute(write.connection())
        .await?;
    }
    provider::close_call(&mut write, &CallKind::Checkout.key(id)).await?;
    let after = row(write.connection(), id).await?.ok_or_else(|| gone(id))?;
    write.commit().await?;
    Ok(Some(after.read()?))
}

pub(crate) async fn apply(
    store: &Db,
    id: &PurchaseId,
    session: &str,
    seen: &Seen,
    event: Option<&NewEvent>,
    now: Timestamp,
) -> Result<Applied> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let Some(before) = held_row(write.connection(), id).await? else { return Ok(Applied::Unknown) };
    if let (Some(known), Some(other)) = (&before.payment, &seen.payment)
        && known != other
    {
        return Ok(Applied::Unknown); // somebody else's payment under this purchase's name
    }
    if let Some(event) = event
        && !provider::note_applied(&mut write, event, id, now).await?
    {
        return Ok(Applied::Repeated);
    }
    let failed = merge_refunds(&mut write, id, seen).await?;
    merge_disputes(&mut write, id, seen).await?;
    let known = before.known()?;
    let state = known.state.after(&seen.state, known.price);
    let withdrawal = match known.withdrawal {
        Withdrawal::Asked if failed => Withdrawal::Refused,
        other => other,
    };
    let paid_at = (state == PurchaseState::Paid).then(|| before.paid_at.unwrap_or(now.micros()));
    sqlx::query(
        "UPDATE purchases SET state = $2, withdrawal = $3, session = coalesce(session, $4),
                payment = coalesce(payment, $5), country = coalesce(country, $6), paid_at = $7
         WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(withdrawal.as_str())
    .bind(session)
    .bind(&seen.payment)
    .bind(&seen.country)
    .bind(paid_at)
    .execute(write.connection())
    .await?;
    provider::close_call(&mut write, &CallKind::Checkout.key(id)).await?;
    let mut after = row(write.connection(), id).await?.ok_or_else(|| gone(id))?;
    settle(&mut write, &after, now).await?;
    if after.account_id.is_none() && withdrawals::give_back(&mut write, &after.purse()?, now).await? > 0 {
        // It was paid after its customer had gone.
        after = row(write.connection(), id).await?.ok_or_else(|| gone(id))?;
    }
    plan_next_look(&mut write, &after, now).await?;
    write.commit().await?;
    Ok(Applied::Merged { now: Box::new(after.read()?), before: Box::new(before.read()?) })
}

/// While something may still come, somebody looks for it, whether an event tells of it or not.
async fn plan_next_look(write: &mut Write<'_>, row: &PurchaseRow, now: Timestamp) -> Result<()> {
    let waits = !row.known()?.state.is_settled() || row.pending_refunds > 0 || row.open_disputes > 0;
    let look_at = waits.then(|| (now + until_next_look(row.looks)).micros());
    sqlx::query("UPDATE purchases SET look_at = $2 WHERE id = $1")
        .bind(&row.id)
        .bind(look_at)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Tells whether the repayment of a withdrawal has failed.
async fn merge_refunds(write: &mut Write<'_>, id: &PurchaseId, seen: &Seen) -> Result<bool> {
    let known: Vec<(String, String)> = sqlx::query_as("SELECT id, state FROM refunds WHERE purchase_id = $1")
        .bind(id.as_str())
        .fetch_all(write.connection())
        .await?;
    let known: BTreeMap<String, String> = known.into_iter().collect();
    let mut failed = false;
    for refund in &seen.refunds {
        let before = known.get(&refund.id).map(|text| word("refunds", &refund.id, text, RefundState::parse));
        let state = before.transpose()?.map_or(refund.state, |before| before.after(refund.state));
        let is_withdrawal = refund.reason == RefundReason::Withdrawal;
        sqlx::query(
            "INSERT INTO refunds (id, purchase_id, amount_minor, state, is_withdrawal)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        )
        .bind(&refund.id)
        .bind(id.as_str())
        .bind(refund.amount_minor)
        .bind(state.as_str())
        .bind(i64::from(is_withdrawal))
        .execute(write.connection())
        .await?;
        failed |= is_withdrawal && state == RefundState::Failed;
    }
    Ok(failed)
}

async fn merge_disputes(write: &mut Write<'_>, id: &PurchaseId, seen: &Seen) -> Result<()> {
    let known: Vec<(String, String)> =
        sqlx::query_as("SELECT id, state FROM disputes WHERE purchase_id = $1")
            .bind(id.as_str())
            .fetch_all(write.connection())
            .await?;
    let known: BTreeMap<String, String> = known.into_iter().collect();
    for dispute in &seen.disputes {
        let before =
            known.get(&dispute.id).map(|text| word("disputes", &dispute.id, text, DisputeState::parse));
        let state = before.transpose()?.map_or(dispute.state, |before| before.after(dispute.state));
        sqlx::query(
            "INSERT INTO disputes (id, purchase_id, amount_minor, state) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        )
        .bind(&dispute.id)
        .bind(id.as_str())
        .bind(dispute.amount_minor)
        .bind(state.as_str())
        .execute(write.connection())
        .await?;
    }
    Ok(())
}

/// Brings the ledger to what is due, from whatever it says now. The row must be held.
pub(super) async fn settle(write: &mut Write<'_>, row: &PurchaseRow, now: Timestamp) -> Result<()> {
    let (due, written) = (row.known()?.due(), Written::of(write.connection(), &row.id).await?);
    let said = written.due();
    let mut lines = Vec::new();
    for (movement, back, missing) in [
        (Movement::Purchase, None, due.granted - said.granted),
        (Movement::Payment, None, due.paid_minor - said.paid_minor),
        (Movement::Reversal, Some(Movement::Restoration), due.reversed - said.reversed),
        (Movement::Repayment, Some(Movement::RepaymentReturned), due.repaid_minor - said.repaid_minor),
        (Movement::Loss, None, due.lost_minor - said.lost_minor),
    ] {
        match (missing, back) {
            (1.., _) => lines.push((movement, missing)),
            (..=-1, Some(back)) => lines.push((back, -missing)),
            _ => {}
        }
    }
    let (id, purse, currency) = (row.id()?, row.purse()?, row.known()?.price.currency());
    for (movement, amount) in lines {
        let once = matches!(movement, Movement::Purchase | Movement::Payment);
        let number = written.count(movement) + 1;
        let key = if once { format!("{movement}:{id}") } else { format!("{movement}:{id}:{number}") };
        let line = Line::of_purchase(&purse, movement, amount, currency, &id, key);
        line.insert(write, now).await?;
        let invoice = match movement {
            Movement::Payment => InvoiceKind::Invoice,
            Movement::Repayment => InvoiceKind::CreditNote,
            Movement::RepaymentReturned => InvoiceKind::Correction,
            _ => continue,
        };
        issue(write, row, invoice, amount, now).await?;
    }
    Ok(())
}

/// What the ledger says of one purchase: by kind, how much and in how many lines.
pub(super) struct Written(BTreeMap<String, (i64, i64)>);

impl Written {
    pub(super) async fn of(connection: &mut Connection, purchase: &str) -> Result<Self> {
        let sums: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT kind, CAST(sum(amount) AS BIGINT), count(*) FROM ledger WHERE purchase_id = $1 GROUP BY kind",
        )
        .bind(purchase)
        .fetch_all(connection)
        .await?;
        Ok(Self(sums.into_iter().map(|(kind, sum, count)| (kind, (sum, count))).collect()))
    }

    fn sum(&self, movement: Movement) -> i64 {
        self.0.get(movement.as_str()).map_or(0, |(sum, _)| *sum)
    }

    fn count(&self, movement: Movement) -> i64 {
        self.0.get(movement.as_str()).map_or(0, |(_, count)| *count)
    }

    pub(super) fn due(&self) -> Due {
        Due {
            granted: self.sum(Movement::Purchase),
            reversed: self.sum(Movement::Reversal) - self.sum(Movement::Restoration),
            paid_minor: self.sum(Movement::Payment),
            repaid_minor: self.sum(Movement::Repayment) - self.sum(Movement::RepaymentReturned),
            lost_minor: self.sum(Movement::Loss),
        }
    }
}

async fn issue(
    write: &mut Write<'_>,
    row: &PurchaseRow,
    kind: InvoiceKind,
    amount_minor: i64,
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE invoice_numbers SET last = last + 1 WHERE only_one = 1 RETURNING last";
    let number: i64 = sqlx::query_scalar(sql).fetch_one(write.connection()).await?;
    sqlx::query(
        "INSERT INTO invoices (id, number, purchase_id, kind, amount_minor, currency, country, issued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(InvoiceId::new(&*write.store.entropy).as_str())
    .bind(number)
    .bind(&row.id)
    .bind(kind.as_str())
    .bind(amount_minor)
    .bind(row.known()?.price.currency().as_str())
    .bind(&row.country)
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    Ok(())
}

pub(crate) async fn invoices(
    store: &Db,
    account: &AccountId,
    after: Option<&InvoiceId>,
    limit: u32,
) -> Result<Vec<Invoice>> {
    let rows: Vec<InvoiceRow> = sqlx::query_as(
        "SELECT invoices.* FROM invoices
         JOIN purchases ON purchases.id = invoices.purchase_id
         JOIN purses ON purses.id = purchases.purse_id
         WHERE purses.account_id = $1
           AND ($2 IS NULL OR invoices.number < (SELECT number FROM invoices WHERE id = $2))
         ORDER BY invoices.number DESC LIMIT $3",
    )
    .bind(account.as_str())
    .bind(after.map(InvoiceId::as_str))
    .bind(i64::from(limit))
    .fetch_all(&store.reader)
    .await?;
    rows.into_iter().map(InvoiceRow::read).collect()
}
