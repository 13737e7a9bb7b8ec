//! The ledger, and the moments at which a job meets it: its order holds its price, its end settles it.

use domain::clock::Timestamp;
use domain::ids::{AccountId, EntryId, JobId, PurchaseId, PurseId, UploadId};
use domain::job::StateName;
use domain::money::ledger::Unit;
use domain::money::{Balance, Book, Credits, Currency, Movement, PriceList};
use domain::order::{Order, Wish};
use domain::problem::Money;
use domain::upload::{AudioFacts, Finding};

use super::jobs;
use super::orders::refused_inputs;
use super::texts::cipher_if_unlocked;
use super::{Connection, Db, Write, previews};
use crate::error::{Result, StoreError};
use crate::money::{Entry, Foreseen, JobRefund, Purse, Quoted};
use crate::money_rows::EntryRow;
use crate::outcome::Enqueued;
use crate::rows::{JobRow, parse};

/// Holds the price of a new job whose inputs are listed. What it gives back, if anything, is why there must be no job.
pub(super) async fn hold(
    write: &mut Write<'_>,
    job: &JobId,
    order: &Order,
    prices: &PriceList,
    now: Timestamp,
) -> Result<Option<Enqueued>> {
    let purse = ensure_purse(write, &order.account, now).await?;
    if is_frozen(write.connection(), &purse).await? {
        return Ok(Some(Enqueued::Frozen));
    }
    let uploads = order.wish.inputs.iter().map(|input| &input.upload);
    let price = prices.of_job(order.wish.kind, &facts(write.connection(), uploads).await?);
    if price.is_zero() {
        return Ok(None);
    }
    let available = balance(write.connection(), &purse).await?.available;
    if available < price.count() {
        return Ok(Some(Enqueued::Insufficient { needed: price, available }));
    }
    let line = Line::of_job(&purse, Movement::Hold, price.count(), job.as_str());
    line.insert(write, now).await?;
    sqlx::query("UPDATE jobs SET credits = $2, money = $3 WHERE id = $1")
        .bind(job.as_str())
        .bind(price.count())
        .bind(Money::Held.as_str())
        .execute(write.connection())
        .await?;
    Ok(None)
}

/// Settles what was held for a job that has come to its end: nobody has to think of it, and no end can forget it.
pub(super) async fn settle(
    write: &mut Write<'_>,
    row: &JobRow,
    end: StateName,
    now: Timestamp,
) -> Result<()> {
    if row.money()? != Money::Held {
        return Ok(());
    }
    let movement = if end == StateName::Succeeded { Movement::Capture } else { Movement::Release };
    let purse = held_in(write.connection(), &row.id).await?;
    Line::of_job(&purse, movement, row.credits, &row.id).insert(write, now).await
}

async fn held_in(connection: &mut Connection, job: &str) -> Result<PurseId> {
    let purse: String = sqlx::query_scalar("SELECT purse_id FROM ledger WHERE key = 'hold:' || $1")
        .bind(job)
        .fetch_one(connection)
        .await?;
    parse("ledger", job, &purse, PurseId::parse)
}

/// A line to be written.
pub(super) struct Line<'a> {
    purse: &'a PurseId,
    movement: Movement,
    amount: i64,
    currency: Option<Currency>,
    key: String,
    job: Option<&'a str>,
    purchase: Option<&'a PurchaseId>,
}

impl<'a> Line<'a> {
    pub(super) fn of_job(purse: &'a PurseId, movement: Movement, amount: i64, job: &'a str) -> Self {
        let about = match movement {
            Movement::Capture | Movement::Release => "settle",
            other => other.as_str(),
        };
        let key = format!("{about}:{job}");
        Self { purse, movement, amount, currency: None, key, job: Some(job), purchase: None }
    }

    pub(super) fn of_gift(purse: &'a PurseId, credits: Credits, key: &str) -> Self {
        let (movement, key) = (Movement::Grant, format!("grant:{key}"));
        Self { purse, movement, amount: credits.count(), currency: None, key, job: None, purchase: None }
    }

    pub(super) fn of_purchase(
        purse: &'a PurseId,
        movement: Movement,
        amount: i64,
        currency: Currency,
        purchase: &'a PurchaseId,
        key: String,
    ) -> Self {
        let currency = (movement.unit() == Unit::Money).then_some(currency);
        Self { purse, movement, amount, currency, key, job: None, purchase: Some(purchase) }
    }

    pub(super) async fn insert(self, write: &mut Write<'_>, now: Timestamp) -> Result<()> {
        let (source, target) = self.movement.books();
        sqlx::query(
            "INSERT INTO ledger (id, key, purse_id, kind, source, target, unit, amount, job_id, purchase_id, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(EntryId::new(&*write.store.entropy).as_str())
        .bind(self.key)
        .bind(self.purse.as_str())
        .bind(self.movement.as_str())
        .bind(source.as_str())
        .bind(target.as_str())
        .bind(self.currency.as_ref().map_or("credit", Currency::as_str))
        .bind(self.amount)
        .bind(self.job)
        .bind(self.purchase.map(PurchaseId::as_str))
        .bind(now.micros())
        .execute(write.connection())
        .await?;
        Ok(())
    }
}

/// An account's purse, made at its first use.
pub(super) async fn ensure_purse(
    write: &mut Write<'_>,
    account: &AccountId,
    now: Timestamp,
) -> Result<PurseId> {
    if let Some(purse) = purse_of(write.connection(), account).await? {
        return Ok(purse);
    }
    sqlx::query(
        "INSERT INTO purses (id, account_id, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (account_id) DO NOTHING",
    )
    .bind(PurseId::new(&*write.store.entropy).as_str())
    .bind(account.as_str())
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    let made = purse_of(write.connection(), account).await?;
    made.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

pub(super) async fn purse_of(connection: &mut Connection, account: &AccountId) -> Result<Option<PurseId>> {
    let id: Option<String> = sqlx::query_scalar("SELECT id FROM purses WHERE account_id = $1")
        .bind(account.as_str())
        .fetch_optional(connection)
        .await?;
    id.map(|id| parse("purses", &id, &id, PurseId::parse)).transpose()
}

/// Whether a payment out of this purse is disputed.
pub(super) async fn is_frozen(connection: &mut Connection, purse: &PurseId) -> Result<bool> {
    let open = sqlx::query(
        "SELECT 1 FROM purchases JOIN disputes ON disputes.purchase_id = purchases.id
         WHERE purchases.purse_id = $1 AND disputes.state = 'open' LIMIT 1",
    )
    .bind(purse.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(open.is_some())
}

pub(super) async fn balance(connection: &mut Connection, purse: &PurseId) -> Result<Balance> {
    let (available, held): (i64, i64) = sqlx::query_as(
        "SELECT CAST(coalesce(sum(CASE $2 WHEN target THEN amount WHEN source THEN -amount ELSE 0 END), 0)
                     AS BIGINT),
                CAST(coalesce(sum(CASE $3 WHEN target THEN amount WHEN source THEN -amount ELSE 0 END), 0)
                     AS BIGINT)
         FROM ledger WHERE purse_id = $1 AND unit = 'credit'",
    )
    .bind(purse.as_str())
    .bind(Book::Available.as_str())
    .bind(Book::Held.as_str())
    .fetch_one(connection)
    .await?;
    Ok(Balance { available, held })
}

/// What is known of these uploads, in their order. They are ready, or this is an error.
pub(super) async fn facts(
    connection: &mut Connection,
    uploads: impl Iterator<Item = &UploadId>,
) -> Result<Vec<AudioFacts>> {
    let mut facts = Vec::new();
    for upload in uploads {
        let audio: Option<String> = sqlx::query_scalar("SELECT audio FROM uploads WHERE id = $1")
            .bind(upload.as_str())
            .fetch_one(&mut *connection)
            .await?;
        let read = |text: &str| serde_json::from_str(text);
        let text = audio.ok_or_else(|| StoreError::unreadable("uploads", upload.as_str(), "no audio"))?;
        facts.push(parse("uploads", upload.as_str(), &text, read)?);
    }
    Ok(facts)
}

pub(crate) async fn quote(
    store: &Db,
    account: &AccountId,
    wish: &Wish,
    prices: Option<&PriceList>,
) -> Result<Quoted> {
    let mut reader = store.reader.acquire().await?;
    let refused = refused_inputs(&mut reader, account, wish).await?;
    if !refused.is_empty() {
        return Ok(Quoted::Refused(refused));
    }
    let facts = facts(&mut reader, wish.inputs.iter().map(|input| &input.upload)).await?;
    if let Some(refused) = previews::refused(wish, &facts) {
        return Ok(Quoted::Refused(vec![refused]));
    }
    let prices = prices.filter(|_| wish.recipe.preview.is_none());
    let credits = prices.map_or(Credits::ZERO, |prices| prices.of_job(wish.kind, &facts));
    let mut findings = Vec::new();
    let named = wish.inputs.iter().map(|input| &input.upload).chain(&wish.references);
    for upload in named {
        let text: String = sqlx::query_scalar("SELECT findings FROM uploads WHERE id = $1")
            .bind(upload.as_str())
            .fetch_one(&mut *reader)
            .await?;
        let read = |text: &str| serde_json::from_str::<Vec<Finding>>(text);
        let found = parse("uploads", upload.as_str(), &text, read)?;
        findings.extend(found.into_iter().map(|finding| (upload.clone(), finding)));
    }
    let own: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM jobs WHERE account_id = $1 AND state = 'queued' AND kind <> 'check'",
    )
    .bind(account.as_str())
    .fetch_one(&mut *reader)
    .await?;
    Ok(Quoted::Ready(Foreseen { credits, findings, own_ahead: u64::try_from(own).unwrap_or(0) }))
}

pub(crate) async fn purse(store: &Db, account: &AccountId) -> Result<Purse> {
    let mut reader = store.reader.acquire().await?;
    let Some(purse) = purse_of(&mut reader, account).await? else { return Ok(Purse::default()) };
    let balance = balance(&mut reader, &purse).await?;
    Ok(Purse { balance, is_frozen: is_frozen(&mut reader, &purse).await? })
}

pub(crate) async fn entries(
    store: &Db,
    account: &AccountId,
    after: Option<&EntryId>,
    limit: u32,
) -> Result<Vec<Entry>> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT ledger.* FROM ledger JOIN purses ON purses.id = ledger.purse_id
         WHERE purses.account_id = $1 AND ledger.unit = 'credit'
           AND ($2 IS NULL
                OR (ledger.at, ledger.id) < (SELECT at, id FROM ledger WHERE id = $2 AND purse_id = purses.id))
         ORDER BY ledger.at DESC, ledger.id DESC
         LIMIT $3",
    )
    .bind(account.as_str())
    .bind(after.map(EntryId::as_str))
    .bind(i64::from(limit))
    .fetch_all(&store.reader)
    .await?;
    rows.into_iter().map(EntryRow::read).collect()
}

pub(crate) async fn grant(
    store: &Db,
    account: &AccountId,
    credits: Credits,
    key: &str,
    now: Timestamp,
) -> Result<bool> {
    let mut write = store.write().await?;
    let now = write.hold_account(account, now).await?;
    let purse = ensure_purse(&mut write, account, now).await?;
    let line = Line::of_gift(&purse, credits, key);
    let known = sqlx::query("SELECT 1 FROM ledger WHERE key = $1")
        .bind(&line.key)
        .fetch_optional(write.connection())
        .await?;
    if known.is_some() {
        return Ok(false);
    }
    line.insert(&mut write, now).await?;
    write.commit().await?;
    Ok(true)
}

pub(crate) async fn refund_job(store: &Db, id: &JobId, now: Timestamp) -> Result<JobRefund> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let row: Option<JobRow> = sqlx::query_as(held!("SELECT * FROM jobs WHERE id = $1 AND kind <> 'check'"))
        .bind(id.as_str())
        .fetch_optional(write.connection())
        .await?;
    let Some(row) = row else { return Ok(JobRefund::Unknown) };
    let money = row.money()?;
    if money == Money::Captured {
        let purse = held_in(write.connection(), &row.id).await?;
        Line::of_job(&purse, Movement::Refund, row.credits, &row.id).insert(&mut write, now).await?;
        sqlx::query("UPDATE jobs SET money = $2 WHERE id = $1")
            .bind(&row.id)
            .bind(Money::Refunded.as_str())
            .execute(write.connection())
            .await?;
    }
    let account = row.account()?;
    let after = jobs::held_row(write.connection(), &account, id).await?.unwrap_or(row);
    let cipher = cipher_if_unlocked(store, write.connection(), &after.account_id).await?;
    let job = jobs::whole_but_for_its_place(write.connection(), &after, cipher.as_ref()).await?;
    write.commit().await?;
    Ok(match money {
        Money::Captured | Money::Refunded => JobRefund::Refunded(job),
        Money::None | Money::Held | Money::Released => JobRefund::NothingSpent(job),
    })
}
