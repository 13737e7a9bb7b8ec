//! Jobs as their owner sees them, and the one function that moves them.

use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use domain::ids::{AccountId, JobId, UploadId};
use domain::job::{Event, Job, JobEvent, JobState, Stage, StateName};
use domain::order::Input;
use domain::problem::Problem;
use domain::removal::Cause;

use super::texts::{self, cipher_if_unlocked};
use super::{Connection, Db, Write, artifacts, ledger, previews, reaping, uploads};
use crate::error::{Result, StoreError};
use crate::outcome::{JobChange, Removal};
use crate::rows::{ArtifactRow, JobEventRow, JobRow, PROBLEM, json_text, parse};
use crate::sealing::texts::AccountCipher;

/// What the title of an input is bound to.
pub(super) fn input_row(job: &str, position: i64) -> String {
    format!("{job}/{position}")
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
    let (problem, problem_sealed) = sealed_problem(write, row, after.problem()).await?;
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
                money = $21, problem_sealed = $22
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
    .bind(problem)
    .bind(after.finished_at().map(Timestamp::micros))
    .bind(goes_at.map(Timestamp::micros))
    .bind(engine_version)
    .bind(lease.as_ref().map(|_| now.micros()))
    .bind(after.problem().map(|problem| problem.code.as_str()))
    .bind(after.problem().and_then(|problem| problem.stage).map(Stage::as_str))
    .bind(after.problem().map(|problem| problem.fault.as_str()))
    .bind(row.money()?.when_job_is(after.name()).as_str())
    .bind(problem_sealed)
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

/// A problem as the row keeps it. Its detail may name tracks and files, so it is sealed.
async fn sealed_problem(
    write: &mut Write<'_>,
    row: &JobRow,
    problem: Option<&Problem>,
) -> Result<(Option<String>, Option<Vec<u8>>)> {
    let Some(problem) = problem else { return Ok((None, None)) };
    let store = write.store;
    let cipher = texts::cipher(store, write.connection(), &row.account_id).await?;
    let sealed = cipher.seal(PROBLEM, &row.id, &problem.detail, &*store.entropy);
    let rest = Problem { detail: String::new(), ..problem.clone() };
    Ok((Some(json_text(&rest)?), Some(sealed)))
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
        Some(row) => Ok(Some(whole(store, &mut reader, &row).await?)),
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
pub(super) async fn whole(store: &Db, connection: &mut Connection, row: &JobRow) -> Result<Job> {
    let cipher = cipher_if_unlocked(store, connection, &row.account_id).await?;
    let mut job = whole_but_for_its_place(connection, row, cipher.as_ref()).await?;
    find_place(connection, row, &mut job).await?;
    Ok(job)
}

/// Where a job stands in the queue, while it waits.
pub(super) async fn find_place(connection: &mut Connection, row: &JobRow, job: &mut Job) -> Result<()> {
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
    Ok(())
}

pub(super) async fn whole_but_for_its_place(
    connection: &mut Connection,
    row: &JobRow,
    cipher: Option<&AccountCipher>,
) -> Result<Job> {
    let mut job = row.read(cipher)?;
    (job.inputs, job.references) = inputs(&mut *connection, row, cipher).await?;
    if job.state.name() != StateName::Succeeded {
        return Ok(job); // only a success lists any
    }
    let artifacts: Vec<ArtifactRow> =
        sqlx::query_as("SELECT * FROM artifacts WHERE job_id = $1 ORDER BY position")
            .bind(&row.id)
            .fetch_all(connection)
            .await?;
    job.artifacts = artifacts.into_iter().map(|row| row.read(cipher)).collect::<Result<_>>()?;
    Ok(job)
}

/// What a job is made from, and what it is to sound like.
pub(super) async fn inputs(
    connection: &mut Connection,
    row: &JobRow,
    cipher: Option<&AccountCipher>,
) -> Result<(Vec<Input>, Vec<UploadId>)> {
    type Row = (String, i64, String, String, Option<Vec<u8>>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT part, position, upload_id, title, sealed, settings FROM job_inputs
         WHERE job_id = $1 ORDER BY part, position",
    )
    .bind(&row.id)
    .fetch_all(connection)
    .await?;
    let (mut inputs, mut references) = (Vec::new(), Vec::new());
    for (part, position, upload, plain, sealed, settings) in rows {
        let title = match (sealed, cipher) {
            (Some(sealed), Some(cipher)) => {
                cipher.open("job_inputs", &input_row(&row.id, position), &sealed)?
            }
            (Some(_), None) => String::new(),
            (None, _) => plain,
        };
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
pub(super) const INPUT: &str = "input";
pub(super) const REFERENCE: &str = "reference";

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
        Some(after) => {
            let store = write.store;
            Ok(Some((whole(store, write.connection(), &after).await?, ends)))
        }
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
