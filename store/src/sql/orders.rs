//! Orders, and the jobs that they become.

use domain::attempt::Room;
use domain::clock::Timestamp;
use domain::fields::FieldError;
use domain::ids::{AccountId, JobId, UploadId};
use domain::job::StateName;
use domain::money::PriceList;
use domain::order::{Input, Order, Wish};
use domain::recipe::Recipe;
use domain::tags::Tags;
use domain::upload::UploadState;

use super::jobs::{self, INPUT, REFERENCE, input_row, insert_first_event, whole};
use super::texts::{self, order_tag};
use super::{Connection, Db, Write, ledger, uploads};
use crate::error::{Result, StoreError};
use crate::outcome::{Enqueued, JobChange};
use crate::rows::{JobRow, JobTexts, json_text};
use crate::sealing::texts::AccountCipher;

pub(crate) async fn enqueue(
    store: &Db,
    order: &Order,
    room: Room,
    prices: Option<&PriceList>,
    now: Timestamp,
) -> Result<Enqueued> {
    let mut write = store.write().await?;
    let now = write.hold_account(&order.account, now).await?;
    let outcome = enqueue_in(&mut write, order, room, prices, now).await?;
    if matches!(outcome, Enqueued::New(_)) {
        write.commit().await?;
    }
    Ok(outcome)
}

/// The same in a transaction that does more and holds the account. Anything but a new job has changed nothing, unless
/// there were prices: then the transaction must be given up.
pub(super) async fn enqueue_in(
    write: &mut Write<'_>,
    order: &Order,
    room: Room,
    prices: Option<&PriceList>,
    now: Timestamp,
) -> Result<Enqueued> {
    let store = write.store;
    let tag = order_tag(store, &order.account, order.idempotency_key.as_deref())?;
    if let Some(tag) = &tag {
        let same_key: Option<JobRow> =
            sqlx::query_as("SELECT * FROM jobs WHERE account_id = $1 AND idempotency_tag = $2")
                .bind(order.account.as_str())
                .bind(tag)
                .fetch_optional(write.connection())
                .await?;
        if let Some(row) = same_key {
            if row.body_hash.as_deref() != Some(order.body_hash.as_bytes().as_slice()) {
                return Ok(Enqueued::Conflict);
            }
            return Ok(Enqueued::Existing(whole(store, write.connection(), &row).await?));
        }
    }
    if let Some(full) = full(write, &order.account, room).await? {
        return Ok(full);
    }
    let refused = refused_inputs(write.connection(), &order.account, &order.wish).await?;
    if !refused.is_empty() {
        return Ok(Enqueued::Refused(refused));
    }
    let id = JobId::new(&*store.entropy);
    let cipher = texts::cipher(store, write.connection(), order.account.as_str()).await?;
    let mut row = insert_job(write, &id, order, &cipher, tag, now).await?;
    insert_inputs(write, &id, &order.wish.inputs, &order.wish.references, Some(&cipher)).await?;
    if let Some(prices) = prices.filter(|_| order.wish.recipe.preview.is_none()) {
        match ledger::hold(write, &id, order, prices, now).await? {
            Some(unpaid) => return Ok(unpaid), // and with the transaction goes the job
            None => row = jobs::row(write.connection(), &order.account, &id).await?.unwrap_or(row),
        }
    }
    insert_first_event(write, &id, now).await?;
    if order.wish.inputs.len() + order.wish.references.len() > 1 {
        uploads::hold_inputs(write.connection(), &id).await?;
    }
    // An input stays as long as the job needs it, unless an earlier job has settled when it goes.
    sqlx::query(
        "UPDATE uploads SET delete_at = NULL
         WHERE id IN (SELECT upload_id FROM job_inputs WHERE job_id = $1) AND is_due_by_job = 0
           AND delete_at IS NOT NULL",
    )
    .bind(id.as_str())
    .execute(write.connection())
    .await?;
    let mut job = row.read(Some(&cipher))?;
    (job.inputs, job.references) = (order.wish.inputs.clone(), order.wish.references.clone());
    jobs::find_place(write.connection(), &row, &mut job).await?;
    write.changes.push(JobChange { job: id, state: StateName::Queued });
    write.new_work += 1;
    Ok(Enqueued::New(job))
}

/// The row of a new job, written. Its title and tags are sealed; of the recipe the rest stays readable, for the queue.
async fn insert_job(
    write: &mut Write<'_>,
    id: &JobId,
    order: &Order,
    cipher: &AccountCipher,
    tag: Option<String>,
    now: Timestamp,
) -> Result<JobRow> {
    let Wish { title, recipe, .. } = &order.wish;
    let said = JobTexts { title: title.clone(), tags: recipe.tags.clone() };
    let rest = Recipe { tags: Tags::default(), ..recipe.clone() };
    let row = sqlx::query_as(
        "INSERT INTO jobs (id, account_id, kind, title, sealed, recipe, state, not_before, idempotency_tag, body_hash,
                           created_at)
         VALUES ($1, $2, $3, '', $4, $5, 'queued', $6, $7, $8, $6)
         RETURNING *",
    )
    .bind(id.as_str())
    .bind(order.account.as_str())
    .bind(order.wish.kind.as_str())
    .bind(cipher.seal("jobs", id.as_str(), &json_text(&said)?, &*write.store.entropy))
    .bind(json_text(&rest)?)
    .bind(now.micros())
    .bind(tag)
    .bind(order.body_hash.as_bytes().as_slice())
    .fetch_one(write.connection())
    .await?;
    Ok(row)
}

/// What there is no room for, if there is none. Exact for the account, which is held; about right for all.
async fn full(write: &mut Write<'_>, account: &AccountId, room: Room) -> Result<Option<Enqueued>> {
    if room == Room::ENDLESS {
        return Ok(None);
    }
    let (own, all): (i64, i64) = sqlx::query_as(
        "SELECT count(CASE WHEN account_id = $1 THEN 1 END), count(*) FROM jobs
         WHERE state = 'queued' AND kind <> 'check'",
    )
    .bind(account.as_str())
    .fetch_one(write.connection())
    .await?;
    Ok(match () {
        () if own >= i64::from(room.per_account) => Some(Enqueued::AccountFull),
        () if all >= i64::from(room.for_all) => Some(Enqueued::QueueFull),
        () => None,
    })
}

pub(super) async fn refused_inputs(
    connection: &mut Connection,
    account: &AccountId,
    wish: &Wish,
) -> Result<Vec<FieldError>> {
    let mut refused = Vec::new();
    let Wish { inputs, references, .. } = wish;
    let mut named = Vec::with_capacity(inputs.len() + references.len());
    for (index, input) in inputs.iter().enumerate() {
        named.push((format!("/inputs/{index}/upload"), &input.upload));
    }
    for (index, id) in references.iter().enumerate() {
        named.push((format!("/references/{index}"), id));
    }
    for (pointer, id) in named {
        let row = uploads::row(&mut *connection, account, id).await?;
        let (code, detail) = match row.map(|row| row.state()).transpose()? {
            Some(UploadState::Ready) => continue,
            Some(UploadState::Receiving) => ("upload_not_ready", "the upload is not complete yet"),
            Some(UploadState::Checking) => ("upload_not_ready", "the upload is still being checked"),
            Some(UploadState::Rejected) => ("upload_rejected", "the upload cannot be used; it says why"),
            None => ("unknown_upload", "there is no such upload"),
        };
        refused.push(FieldError::new(pointer, code, detail));
    }
    Ok(refused)
}

pub(super) async fn insert_inputs(
    write: &mut Write<'_>,
    job: &JobId,
    inputs: &[Input],
    references: &[UploadId],
    cipher: Option<&AccountCipher>,
) -> Result<()> {
    let mut rows = Vec::with_capacity(inputs.len() + references.len());
    for (position, input) in (0_i64..).zip(inputs) {
        let settings = (!input.settings.is_empty()).then(|| json_text(&input.settings)).transpose()?;
        let title = (!input.title.is_empty()).then_some(input.title.as_str());
        let seal = |title: &str| {
            let row = input_row(job.as_str(), position);
            let cipher = cipher.ok_or(StoreError::Locked)?;
            Ok::<_, StoreError>(cipher.seal("job_inputs", &row, title, &*write.store.entropy))
        };
        rows.push((INPUT, position, &input.upload, title.map(seal).transpose()?, settings));
    }
    for (position, upload) in (0_i64..).zip(references) {
        rows.push((REFERENCE, position, upload, None, None));
    }
    for (part, position, upload, title, settings) in rows {
        sqlx::query(
            "INSERT INTO job_inputs (job_id, part, position, upload_id, sealed, settings)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(job.as_str())
        .bind(part)
        .bind(position)
        .bind(upload.as_str())
        .bind(title)
        .bind(settings)
        .execute(write.connection())
        .await?;
    }
    Ok(())
}
