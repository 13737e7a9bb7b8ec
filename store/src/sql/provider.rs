//! What the payment provider told, and what it is to be told.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::PurchaseId;
use domain::money::purchase::{PurchaseState, Withdrawal};

use super::purchases::{self, purchases_where, until_next_look};
use super::{Db, Write};
use crate::error::{Result, StoreError};
use crate::money::{Call, CallEnd, CallKind, KnownEvent, NewEvent, Purchase};
use crate::money_rows::PurchaseRow;
use crate::rows::parse;

/// What an event is about is looked for so long.
const PARKED: Duration = Duration::from_secs(24 * 3600);
/// Before a call is made again by somebody else, whoever wished for it has had time to make it.
const FIRST_TRY: Duration = Duration::from_secs(30);
const RAREST_TRY: Duration = Duration::from_secs(600);

pub(super) async fn insert_call(
    write: &mut Write<'_>,
    kind: CallKind,
    purchase: &PurchaseId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO stripe_calls (key, kind, purchase_id, state, created_at, try_at)
         VALUES ($1, $2, $3, 'waiting', $4, $5)",
    )
    .bind(kind.key(purchase))
    .bind(kind.as_str())
    .bind(purchase.as_str())
    .bind(now.micros())
    .bind((now + FIRST_TRY).micros())
    .execute(write.connection())
    .await?;
    Ok(())
}

/// What it asked for was done, whoever learned of it.
pub(super) async fn close_call(write: &mut Write<'_>, key: &str) -> Result<()> {
    sqlx::query("UPDATE stripe_calls SET state = 'done', try_at = NULL WHERE key = $1 AND state = 'waiting'")
        .bind(key)
        .execute(write.connection())
        .await?;
    Ok(())
}

pub(crate) async fn take_calls(store: &Db, limit: u32, now: Timestamp) -> Result<Vec<Call>> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let rows: Vec<(String, String, String, i64, i64)> = sqlx::query_as(held_unless_busy!(
        "SELECT key, kind, purchase_id, created_at, tries FROM stripe_calls
         WHERE try_at <= $1 ORDER BY try_at LIMIT $2"
    ))
    .bind(now.micros())
    .bind(i64::from(limit))
    .fetch_all(write.connection())
    .await?;
    let mut calls = Vec::with_capacity(rows.len());
    for (key, kind, purchase, created_at, tries) in rows {
        let doublings = u32::try_from(tries).unwrap_or(0).min(10);
        let wait = (FIRST_TRY * 2_u32.pow(doublings)).min(RAREST_TRY);
        sqlx::query("UPDATE stripe_calls SET tries = tries + 1, try_at = $2 WHERE key = $1")
            .bind(&key)
            .bind((now + wait).micros())
            .execute(write.connection())
            .await?;
        let kind = match kind.as_str() {
            "checkout" => CallKind::Checkout,
            "refund" => CallKind::Refund,
            other => {
                return Err(StoreError::unreadable("stripe_calls", &key, format!("unknown word {other:?}")));
            }
        };
        let purchase = parse("stripe_calls", &key, &purchase, PurchaseId::parse)?;
        calls.push(Call { key, kind, purchase, created_at: Timestamp::from_micros(created_at) });
    }
    write.commit().await?;
    Ok(calls)
}

pub(crate) async fn end_call(store: &Db, key: &str, end: CallEnd, now: Timestamp) -> Result<()> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let call: Option<(String, String)> =
        sqlx::query_as("SELECT kind, purchase_id FROM stripe_calls WHERE key = $1 AND state = 'waiting'")
            .bind(key)
            .fetch_optional(write.connection())
            .await?;
    let Some((kind, purchase)) = call else { return Ok(()) };
    let purchase = parse("stripe_calls", key, &purchase, PurchaseId::parse)?;
    let Some(row) = purchases::held_row(write.connection(), &purchase).await? else { return Ok(()) };
    sqlx::query("UPDATE stripe_calls SET state = $2, try_at = NULL WHERE key = $1 AND state = 'waiting'")
        .bind(key)
        .bind(end.as_str())
        .execute(write.connection())
        .await?;
    let known = row.known()?;
    let sql = match (kind.as_str(), end) {
        ("refund", CallEnd::Refused) if known.withdrawal == Withdrawal::Asked => {
            "UPDATE purchases SET withdrawal = 'refused' WHERE id = $1"
        }
        ("checkout", CallEnd::Refused | CallEnd::GivenUp) if known.state == PurchaseState::Created => {
            "UPDATE purchases SET state = 'expired', look_at = NULL WHERE id = $1"
        }
        _ => return write.commit().await,
    };
    sqlx::query(sql).bind(purchase.as_str()).execute(write.connection()).await?;
    if let Some(after) = purchases::held_row(write.connection(), &purchase).await? {
        purchases::settle(&mut write, &after, now).await?;
    }
    write.commit().await
}

pub(crate) async fn known_event(store: &Db, id: &str) -> Result<Option<KnownEvent>> {
    let row: Option<(Vec<u8>, String)> =
        sqlx::query_as("SELECT digest, state FROM stripe_events WHERE id = $1")
            .bind(id)
            .fetch_optional(&store.reader)
            .await?;
    let Some((digest, state)) = row else { return Ok(None) };
    let digest = <[u8; 32]>::try_from(digest.as_slice());
    let digest = digest.map_err(|error| StoreError::unreadable("stripe_events", id, error))?;
    Ok(Some(KnownEvent { digest: Digest::from_bytes(digest), is_parked: state == "parked" }))
}

/// Notes that what follows from an event is written in this transaction; false if it was written before.
pub(super) async fn note_applied(
    write: &mut Write<'_>,
    event: &NewEvent,
    purchase: &PurchaseId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO stripe_events (id, kind, object, digest, received_at, state, purchase_id)
         VALUES ($1, $2, $3, $4, $5, 'applied', $6)
         ON CONFLICT (id) DO UPDATE SET state = 'applied', purchase_id = excluded.purchase_id, look_at = NULL
         WHERE stripe_events.state <> 'applied'",
    )
    .bind(&event.id)
    .bind(&event.kind)
    .bind(&event.object)
    .bind(event.digest.as_bytes().as_slice())
    .bind(now.micros())
    .bind(purchase.as_str())
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn ignore_event(store: &Db, event: &NewEvent, now: Timestamp) -> Result<()> {
    note(store, event, "ignored", None, now).await
}

pub(crate) async fn park_event(store: &Db, event: &NewEvent, now: Timestamp) -> Result<()> {
    note(store, event, "parked", Some(until_next_look(0)), now).await
}

async fn note(
    store: &Db,
    event: &NewEvent,
    state: &str,
    wait: Option<Duration>,
    now: Timestamp,
) -> Result<()> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    sqlx::query(
        "INSERT INTO stripe_events (id, kind, object, digest, received_at, state, look_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&event.id)
    .bind(&event.kind)
    .bind(&event.object)
    .bind(event.digest.as_bytes().as_slice())
    .bind(now.micros())
    .bind(state)
    .bind(wait.map(|wait| (now + wait).micros()))
    .execute(write.connection())
    .await?;
    write.commit().await
}

/// Id, kind, object, digest, looks.
type ParkedRow = (String, String, Option<String>, Vec<u8>, i64);

pub(crate) async fn take_parked_events(store: &Db, limit: u32, now: Timestamp) -> Result<Vec<NewEvent>> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    sqlx::query(
        "UPDATE stripe_events SET state = 'given_up', look_at = NULL
         WHERE state = 'parked' AND look_at <= $1 AND received_at <= $2",
    )
    .bind(now.micros())
    .bind((now - PARKED).micros())
    .execute(write.connection())
    .await?;
    let rows: Vec<ParkedRow> = sqlx::query_as(held_unless_busy!(
        "SELECT id, kind, object, digest, looks FROM stripe_events WHERE look_at <= $1 ORDER BY look_at LIMIT $2"
    ))
    .bind(now.micros())
    .bind(i64::from(limit))
    .fetch_all(write.connection())
    .await?;
    let mut events = Vec::with_capacity(rows.len());
    for (id, kind, object, digest, looks) in rows {
        sqlx::query("UPDATE stripe_events SET looks = looks + 1, look_at = $2 WHERE id = $1")
            .bind(&id)
            .bind((now + until_next_look(looks + 1)).micros())
            .execute(write.connection())
            .await?;
        let digest = <[u8; 32]>::try_from(digest.as_slice());
        let digest = digest.map_err(|error| StoreError::unreadable("stripe_events", &id, error))?;
        events.push(NewEvent { id, kind, object, digest: Digest::from_bytes(digest) });
    }
    write.commit().await?;
    Ok(events)
}

pub(crate) async fn take_purchases(store: &Db, limit: u32, now: Timestamp) -> Result<Vec<Purchase>> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let ids: Vec<(String, i64)> = sqlx::query_as(held_unless_busy!(
        "SELECT id, looks FROM purchases WHERE look_at <= $1 ORDER BY look_at LIMIT $2"
    ))
    .bind(now.micros())
    .bind(i64::from(limit))
    .fetch_all(write.connection())
    .await?;
    let mut purchases = Vec::with_capacity(ids.len());
    for (id, looks) in ids {
        sqlx::query("UPDATE purchases SET looks = looks + 1, look_at = $2 WHERE id = $1")
            .bind(&id)
            .bind((now + until_next_look(looks + 1)).micros())
            .execute(write.connection())
            .await?;
        let sql = purchases_where!("purchases.id = $1");
        let row: PurchaseRow = sqlx::query_as(sql).bind(&id).fetch_one(write.connection()).await?;
        purchases.push(row.read()?);
    }
    write.commit().await?;
    Ok(purchases)
}
