//! Jobs as their owner sees them, and the one function that moves them.

use domain::attempt::Room;
use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use domain::fields::FieldError;
use domain::ids::{AccountId, JobId, UploadId};
use domain::job::{Event, Job, JobEvent, JobState, Stage, StateName};
use domain::money::PriceList;
use domain::order::{Input, Order, Wish};
use domain::problem::Problem;
use domain::removal::Cause;
use domain::upload::UploadState;

use super::{Connection, Db, Write, artifacts, ledger, previews, reaping, uploads};
use crate::error::{Result, StoreError};
use crate::outcome::{Enqueued, JobChange, Removal};
use crate::rows::{ArtifactRow, JobEventRow, JobRow, json_text, parse};

pub(crate) async fn enqueue(
    store: &Db,
    order: &Order,
    room: Room,
    prices: Option<&PriceList>,
    now: Timestamp,
) -> Result<Enqueued> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let outcome = enqueue_in(&mut write, order, room, prices, now).await?;
    if matches!(outcome, Enqueued::New(_)) {
        write.commit().await?;
    }
    Ok(outcome)
}

/// The same in a transaction that does more. Anything but a new job has changed nothing, unless there were prices: then
/// the transaction must be given up.
pub(super) async fn enqueue_in(
    write: &mut Write<'_>,
    order: &Order,
    room: Room,
    prices: Option<&PriceList>,
    now: Timestamp,
) -> Result<Enqueued> {
    write.hold_account(&order.account).await?;
    if let Some(key) = &order.idempotency_key {
        let same_key: Option<JobRow> =
            sqlx::query_as("SELECT * FROM jobs WHERE account_id = $1 AND idempotency_key = $2")
                .bind(order.account.as_str())
                .bind(key)
                .fetch_optional(write.connection())
                .await?;
        if let Some(row) = same_key {
            if row.body_hash.as_deref() != Some(order.body_hash.as_bytes().as_slice()) {
                return Ok(Enqueued::Conflict);
            }
            return Ok(Enqueued::Existing(whole(write.connection(), &row).await?));
        }
    }
    if let Some(full) = full(write, &order.account, room).await? {
        return Ok(full);
    }
    let refused = refused_inputs(write.connection(), &order.account, &order.wish).await?;
    if !refused.is_empty() {
        return Ok(Enqueued::Refused(refused));
    }
    let id = JobId::new(&*write.store.entropy);
    sqlx::query(
        "INSERT INTO jobs (id, account_id, kind, title, recipe, state, not_before, idempotency_key, body_hash,
                           created_at)
         VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, $6)",
    )
    .bind(id.as_str())
    .bind(order.account.as_str())
    .bind(order.wish.kind.as_str())
    .bind(&order.wish.title)
    .bind(json_text(&order.wish.recipe)?)
    .bind(now.micros())
    .bind(&order.idempotency_key)
    .bind(order.body_hash.as_bytes().as_slice())
    .execute(write.connection())
    .await?;
    insert_inputs(write, &id, &order.wish.inputs, &order.wish.references).await?;
    if let Some(prices) = prices.filter(|_| order.wish.recipe.preview.is_none())
        && let Some(unpaid) = ledger::hold(write, &id, order, prices, now).await?
    {
        return Ok(unpaid); // and with the transaction goes the job
    }
    insert_first_event(write, &id, now).await?;
    if order.wish.inputs.len() + order.wish.references.len() > 1 {
        uploads::hold_inputs(write.connection(), &id).await?;
    }
    // An input stays as long as the job needs it, unless an earlier job has settled when it goes.
    sqlx::query(
        "UPDATE uploads SET delete_at = NULL
         WHERE id IN (SELECT upload_id FROM job_inputs WHERE job_id = $1) AND is_due_by_job = 0",
    )
    .bind(id.as_str())
    .execute(write.connection())
    .await?;
    let row = row(write.connection(), &order.account, &id).await?;
    let row = row.ok_or(StoreError::Database(sqlx::Error::RowNotFound))?;
    let job = whole(write.connection(), &row).await?;
    write.changes.push(JobChange { job: id, state: StateName::Queued });
    write.new_work += 1;
    Ok(Enqueued::New(job))
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
) -> Result<()> {
    let mut rows = Vec::with_capacity(inputs.len() + references.len());
    for (position, input) in (0_i64..).zip(inputs) {
        let settings = (!input.settings.is_empty()).then(|| json_text(&input.settings)).transpose()?;
        rows.push((INPUT, position, &input.upload, input.title.as_str(), settings));
    }
    for (position, upload) in (0_i64..).zip(references) {
        rows.push((REFERENCE, position, upload, "", None));
    }
    for (part, position, upload, title, settings) in rows {
        sqlx::query(
            "INSERT INTO job_inputs (job_id, part, position, upload_id, title, settings)
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

pub(super) async fn insert_first_event(write: &mut Write<'_>, job: &JobId, now: Timestamp) -> Result<()> {
    insert_event(write, job.as_str(), now).await
}

/// Adds a line to a job's history: where its row is now.
pub(super) async fn insert_event(write: &mut Write<'_>, job: &str, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO job_events (job_id, seq, at, state, stage, progress)
         SELECT id, (SELECT coalesce(max(seq), 0) + 1 FROM job_events WHERE job_id = $1), $2,
                state, stage, progress
         FROM jobs WHERE id = $1",
    )
    .bind(job)
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Moves a job. Everything that follows from the move is written with it.
pub(super) async fn move_job(
    write: &mut Write<'_>,
    row: &JobRow,
    event: Event,
    now: Timestamp,
) -> Result<StateName> {
    move_job_by_engine(write, row, event, now, None).await
}

/// The same, and which version of the engine did it: the only writer of a state.
pub(super) async fn move_job_by_engine(
    write: &mut Write<'_>,
    row: &JobRow,
    event: Event,
    now: Timestamp,
    engine_version: Option<&str>,
) -> Result<StateName> {
    let before = row.state()?;
    let (attempt, fails, crashes) = counts_after(row, &event);
    let after = before.clone().after(event, now)?;
    let (mut not_before, mut lease) = (None, None);
    match &after {
        JobState::Queued { not_before: time } => not_before = Some(*time),
        JobState::Running { lease: running } => lease = Some(running.clone()),
        _ => {}
    }
    let goes_at = after.finished_at().map(|at| row.goes_at(&write.store.retention, at));
    let done = sqlx::query(
        "UPDATE jobs SET state = $4, not_before = $5, worker = $6, lease_until = $7, fence = $8, attempt = $9,
                fail_count = $10, crash_count = $11, stage = NULL, progress = $12, problem = $13,
                finished_at = $14, delete_at = $15, engine_version = $16, started_at = coalesce(started_at, $17),
                leased_at = coalesce($17, leased_at), problem_code = $18, problem_stage = $19, problem_fault = $20,
                money = $21
         WHERE id = $1 AND fence = $2 AND state = $3",
    )
    .bind(&row.id)
    .bind(row.fence)
    .bind(before.name().as_str())
    .bind(after.name().as_str())
    .bind(not_before.map(Timestamp::micros))
    .bind(lease.as_ref().map(|lease| lease.worker.0.as_str()))
    .bind(lease.as_ref().map(|lease| lease.until.micros()))
    .bind(lease.as_ref().map_or(row.fence, |lease| lease.fence))
    .bind(attempt)
    .bind(fails)
    .bind(crashes)
    .bind(if after.name() == StateName::Succeeded { 1.0 } else { 0.0 })
    .bind(after.problem().map(json_text).transpose()?)
    .bind(after.finished_at().map(Timestamp::micros))
    .bind(goes_at.map(Timestamp::micros))
    .bind(engine_version)
    .bind(lease.as_ref().map(|_| now.micros()))
    .bind(after.problem().map(|problem| problem.code.as_str()))
    .bind(after.problem().and_then(|problem| problem.stage).map(Stage::as_str))
    .bind(after.problem().map(|problem| problem.fault.as_str()))
    .bind(row.money()?.when_job_is(after.name()).as_str())
    .execute(write.connection())
    .await?;
    if done.rows_affected() != 1 {
        return Err(StoreError::LeaseLost);
    }
    insert_event(write, &row.id, now).await?;
    let keeps_its_blobs = matches!(after.name(), StateName::Running | StateName::Succeeded);
    if before.name() == StateName::Running && !keeps_its_blobs {
        artifacts::doom(write.connection(), &BlobPrefix::attempt(&row.lease_id()?), now).await?;
    }
    if after.finished_at().is_some() {
        settle(write, row, after.problem(), now).await?;
        ledger::settle(write, row, after.name(), now).await?;
    }
    if after.name() == StateName::Queued {
        write.new_work += 1;
    }
    write.changes.push(JobChange { job: row.id()?, state: after.name() });
    Ok(after.name())
}

/// Attempts, failures that were ours, and deaths of the process.
fn counts_after(row: &JobRow, event: &Event) -> (i64, i64, i64) {
    let (attempt, fails, crashes) = (row.attempt, row.fail_count, row.crash_count);
    match event {
        Event::Leased(_) => (attempt + 1, fails, crashes),
        Event::Released { .. } => (attempt - 1, fails, crashes),
        Event::Hindered { failures, .. } => (attempt, i64::from(*failures), crashes),
        Event::ProcessDied { deaths, .. } | Event::LeaseExpired { deaths } => {
            (attempt, fails, i64::from(*deaths))
        }
        _ => (attempt, fails, crashes),
    }
}

/// What the end of a job means for its inputs.
async fn settle(
    write: &mut Write<'_>,
    row: &JobRow,
    problem: Option<&Problem>,
    now: Timestamp,
) -> Result<()> {
    if row.is_check() {
        // A check that could not be done leaves an upload that cannot be used.
        return match problem {
            Some(problem) => uploads::reject(write.connection(), row, problem).await,
            None => Ok(()),
        };
    }
    if row.is_preview() {
        return previews::settle(write, row, now).await;
    }
    let due: Vec<(String, Option<i64>)> = sqlx::query_as(held!(
        "SELECT id, CASE WHEN is_due_by_job = 1 THEN delete_at END FROM uploads
         WHERE id IN (SELECT upload_id FROM job_inputs WHERE job_id = $1) ORDER BY id"
    ))
    .bind(&row.id)
    .fetch_all(write.connection())
    .await?;
    for (upload, before) in due {
        let delete_at = write.store.retention.of_used_upload(before.map(Timestamp::from_micros), now);
        sqlx::query("UPDATE uploads SET delete_at = $2, is_due_by_job = 1 WHERE id = $1")
            .bind(upload)
            .bind(delete_at.micros())
            .execute(write.connection())
            .await?;
    }
    Ok(())
}

pub(crate) async fn job(store: &Db, account: &AccountId, id: &JobId) -> Result<Option<Job>> {
    let mut reader = store.reader.acquire().await?;
    match row(&mut reader, account, id).await? {
        Some(row) => Ok(Some(whole(&mut reader, &row).await?)),
        None => Ok(None),
    }
}

/// A job's row, unless it is internal or somebody else's.
pub(super) async fn row(
    connection: &mut Connection,
    account: &AccountId,
    id: &JobId,
) -> Result<Option<JobRow>> {
    let row = sqlx::query_as("SELECT * FROM jobs WHERE id = $1 AND account_id = $2 AND kind <> 'check'")
        .bind(id.as_str())
        .bind(account.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(row)
}

/// The same, and until the transaction ends nobody else changes it.
pub(super) async fn held_row(
    connection: &mut Connection,
    account: &AccountId,
    id: &JobId,
) -> Result<Option<JobRow>> {
    let row =
        sqlx::query_as(held!("SELECT * FROM jobs WHERE id = $1 AND account_id = $2 AND kind <> 'check'"))
            .bind(id.as_str())
            .bind(account.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(row)
}

/// A job with what lies in other tables.
pub(super) async fn whole(connection: &mut Connection, row: &JobRow) -> Result<Job> {
    let mut job = whole_but_for_its_place(connection, row).await?;
    if job.state.name() == StateName::Queued {
        let (ahead, own): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(CASE WHEN account_id = $3 THEN 1 END) FROM jobs
             WHERE state = 'queued' AND kind <> 'check' AND (created_at, id) < ($1, $2)",
        )
        .bind(job.created_at.micros())
        .bind(&row.id)
        .bind(&row.account_id)
        .fetch_one(connection)
        .await?;
        (job.queue_position, job.own_ahead) = (u64::try_from(ahead).ok(), u64::try_from(own).ok());
    }
    Ok(job)
}

pub(super) async fn whole_but_for_its_place(connection: &mut Connection, row: &JobRow) -> Result<Job> {
    let mut job = row.read()?;
    (job.inputs, job.references) = inputs(&mut *connection, row).await?;
    if job.state.name() != StateName::Succeeded {
        return Ok(job); // only a success lists any
    }
    let artifacts: Vec<ArtifactRow> =
        sqlx::query_as("SELECT * FROM artifacts WHERE job_id = $1 ORDER BY position")
            .bind(&row.id)
            .fetch_all(connection)
            .await?;
    job.artifacts = artifacts.into_iter().map(ArtifactRow::read).collect::<Result<_>>()?;
    Ok(job)
}

/// What a job is made from, and what it is to sound like.
pub(super) async fn inputs(connection: &mut Connection, row: &JobRow) -> Result<(Vec<Input>, Vec<UploadId>)> {
    let rows: Vec<(String, String, String, Option<String>)> = sqlx::query_as(
        "SELECT part, upload_id, title, settings FROM job_inputs WHERE job_id = $1 ORDER BY part, position",
    )
    .bind(&row.id)
    .fetch_all(connection)
    .await?;
    let (mut inputs, mut references) = (Vec::new(), Vec::new());
    for (part, upload, title, settings) in rows {
        let upload = parse("job_inputs", &row.id, &upload, UploadId::parse)?;
        match part.as_str() {
            REFERENCE => references.push(upload),
            _ => {
                let read = |text: &str| parse("job_inputs", &row.id, text, |text| serde_json::from_str(text));
                let settings = settings.as_deref().map(read).transpose()?.unwrap_or_default();
                inputs.push(Input { upload, title, settings });
            }
        }
    }
    Ok((inputs, references))
}

/// As the table tells one from the other.
const INPUT: &str = "input";
const REFERENCE: &str = "reference";

pub(crate) async fn cancel(
    store: &Db,
    account: &AccountId,
    id: &JobId,
    now: Timestamp,
) -> Result<Option<Job>> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let cancelled = cancel_in(&mut write, account, id, now).await?;
    write.commit().await?;
    Ok(cancelled.map(|(job, _)| job))
}

/// The same in a transaction that does more; tells whether the job ended by it.
pub(super) async fn cancel_in(
    write: &mut Write<'_>,
    account: &AccountId,
    id: &JobId,
    now: Timestamp,
) -> Result<Option<(Job, bool)>> {
    let Some(before) = held_row(write.connection(), account, id).await? else { return Ok(None) };
    let ends = before.state()?.finished_at().is_none();
    if ends {
        move_job(write, &before, Event::CancelRequested, now).await?;
    }
    match row(write.connection(), account, id).await? {
        Some(after) => Ok(Some((whole(write.connection(), &after).await?, ends))),
        None => Ok(None),
    }
}

pub(crate) async fn delete_job(
    store: &Db,
    account: &AccountId,
    id: &JobId,
    now: Timestamp,
) -> Result<Removal> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let Some(before) = held_row(write.connection(), account, id).await? else { return Ok(Removal::Unknown) };
    if before.state()?.finished_at().is_none() {
        // Through the same door as every end, so that its inputs learn when they go.
        move_job(&mut write, &before, Event::CancelRequested, now).await?;
    }
    reaping::remove_job(&mut write, &before, Cause::Erasure, now).await?;
    write.commit().await?;
    Ok(Removal::Removed)
}

pub(crate) async fn job_events(
    store: &Db,
    account: &AccountId,
    job: &JobId,
    after_seq: i64,
    limit: u32,
) -> Result<Vec<JobEvent>> {
    let rows: Vec<JobEventRow> = sqlx::query_as(
        "SELECT job_events.* FROM job_events JOIN jobs ON jobs.id = job_events.job_id
         WHERE jobs.id = $1 AND jobs.account_id = $2 AND jobs.kind <> 'check' AND job_events.seq > $3
         ORDER BY job_events.seq LIMIT $4",
    )
    .bind(job.as_str())
    .bind(account.as_str())
    .bind(after_seq)
    .bind(i64::from(limit))
    .fetch_all(&store.reader)
    .await?;
    rows.into_iter().map(JobEventRow::read).collect()
}
