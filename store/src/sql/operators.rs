//! The queue as operators see it, and as an estimate sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::{AccountId, JobId};
use domain::job::{Event, Job, StateName};
use domain::lease::WorkerName;
use domain::outlook::Outlook;
use domain::sandbox::Sandbox;

use super::jobs::{self, move_job};
use super::{Connection, Db};
use crate::error::{Result, StoreError};
use crate::operating::{Pause, QueueState, WorkerSeen};
use crate::rows::{JobRow, parse};

/// A worker that was silent for so long does not count.
const SILENT: Duration = Duration::from_secs(15);
/// Nobody asks after a worker that was silent for so long.
const FORGOTTEN: Duration = Duration::from_secs(86_400);
/// Fewer runs tell nothing.
const RUNS_MIN: usize = 5;
const RUNS_LOOKED_AT: i64 = 20;

pub(crate) async fn pause(store: &Db, reason: &str, now: Timestamp) -> Result<Pause> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    sqlx::query(
        "INSERT INTO queue_pause (only_one, since, reason) VALUES (1, $1, $2)
         ON CONFLICT (only_one) DO UPDATE SET reason = excluded.reason",
    )
    .bind(now.micros())
    .bind(reason)
    .execute(write.connection())
    .await?;
    let paused = paused(write.connection()).await?;
    write.commit().await?;
    paused.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

pub(crate) async fn resume(store: &Db) -> Result<bool> {
    let mut write = store.write().await?;
    let done = sqlx::query("DELETE FROM queue_pause").execute(write.connection()).await?;
    write.new_work += 1; // what waits is as good as new
    write.commit().await?;
    Ok(done.rows_affected() == 1)
}

async fn paused(connection: &mut Connection) -> Result<Option<Pause>> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT since, reason FROM queue_pause").fetch_optional(connection).await?;
    Ok(row.map(|(since, reason)| Pause { since: Timestamp::from_micros(since), reason }))
}

pub(crate) async fn worker_seen(
    store: &Db,
    name: &WorkerName,
    slots: u32,
    sandbox: Sandbox,
    now: Timestamp,
) -> Result<()> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    sqlx::query(
        "INSERT INTO workers (name, slots, sandbox, started_at, seen_at) VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (name) DO UPDATE
         SET slots = excluded.slots, sandbox = excluded.sandbox, seen_at = excluded.seen_at",
    )
    .bind(&name.0)
    .bind(i64::from(slots))
    .bind(sandbox.as_str())
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    sqlx::query("DELETE FROM workers WHERE seen_at < $1")
        .bind((now - FORGOTTEN).micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn worker_left(store: &Db, name: &WorkerName) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("DELETE FROM workers WHERE name = $1").bind(&name.0).execute(write.connection()).await?;
    write.commit().await
}

pub(crate) async fn queue(store: &Db, now: Timestamp) -> Result<QueueState> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let (waiting, backing_off, checks_waiting, oldest): (i64, i64, i64, Option<i64>) = sqlx::query_as(
        "SELECT count(CASE WHEN kind <> 'check' THEN 1 END),
                count(CASE WHEN kind <> 'check' AND not_before > $1 THEN 1 END),
                count(CASE WHEN kind = 'check' THEN 1 END),
                min(CASE WHEN kind <> 'check' THEN created_at END)
         FROM jobs WHERE state = 'queued'",
    )
    .bind(now.micros())
    .fetch_one(&mut *reader)
    .await?;
    let workers = workers(&mut reader, now).await?;
    let running: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE state = 'running'")
        .fetch_one(&mut *reader)
        .await?;
    Ok(QueueState {
        pause: paused(&mut reader).await?,
        waiting: count(waiting),
        backing_off: count(backing_off),
        checks_waiting: count(checks_waiting),
        running: count(running),
        oldest_waiting_since: oldest.map(Timestamp::from_micros),
        typical_run: typical_run(&mut reader).await?,
        workers,
    })
}

async fn workers(connection: &mut Connection, now: Timestamp) -> Result<Vec<WorkerSeen>> {
    let rows: Vec<(String, i64, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT name, slots, sandbox, started_at, seen_at,
                (SELECT count(*) FROM jobs WHERE state = 'running' AND worker = workers.name)
         FROM workers WHERE seen_at > $1 ORDER BY name",
    )
    .bind((now - SILENT).micros())
    .fetch_all(connection)
    .await?;
    let read = |(name, slots, sandbox, started_at, seen_at, running): (_, _, String, _, _, _)| WorkerSeen {
        name: WorkerName(name),
        slots: u32::try_from(slots).unwrap_or(u32::MAX),
        sandbox: Sandbox::parse(&sandbox).unwrap_or(Sandbox::Weak),
        running: count(running),
        started_at: Timestamp::from_micros(started_at),
        seen_at: Timestamp::from_micros(seen_at),
    };
    Ok(rows.into_iter().map(read).collect())
}

pub(crate) async fn sandbox(store: &Db, now: Timestamp) -> Result<Option<Sandbox>> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let words: Vec<String> = sqlx::query_scalar("SELECT DISTINCT sandbox FROM workers WHERE seen_at > $1")
        .bind((now - SILENT).micros())
        .fetch_all(&mut *reader)
        .await?;
    // The words are ordered from strong to weak, as the enum is.
    Ok(words.iter().map(|word| Sandbox::parse(word).unwrap_or(Sandbox::Weak)).max())
}

/// From the last lease of a job to its end: the median.
async fn typical_run(connection: &mut Connection) -> Result<Option<Duration>> {
    let mut runs: Vec<i64> = sqlx::query_scalar(
        "SELECT finished_at - (SELECT max(at) FROM job_events
                               WHERE job_id = jobs.id AND job_events.state = 'running' AND job_events.stage IS NULL)
         FROM jobs WHERE state = 'succeeded' AND kind <> 'check' ORDER BY finished_at DESC LIMIT $1",
    )
    .bind(RUNS_LOOKED_AT)
    .fetch_all(connection)
    .await?;
    runs.sort_unstable();
    let median = runs.get(runs.len() / 2).filter(|_| runs.len() >= RUNS_MIN);
    Ok(median.map(|micros| Duration::from_micros(count(*micros))))
}

pub(crate) async fn outlook(store: &Db, now: Timestamp) -> Result<Option<Outlook>> {
    let mut reader = store.reader.acquire().await?;
    if paused(&mut reader).await?.is_some() {
        return Ok(None);
    }
    let now = super::reading_time(store, &mut reader, now).await?;
    let slots: u32 = workers(&mut reader, now).await?.iter().map(|worker| worker.slots).sum();
    let Some(typical_run) = typical_run(&mut reader).await?.filter(|_| slots > 0) else { return Ok(None) };
    let waiting = "SELECT account_id, count(*) FROM jobs WHERE state = 'queued' AND kind <> 'check'
                   GROUP BY account_id";
    let running = "SELECT account_id, count(*) FROM jobs WHERE state = 'running' GROUP BY account_id";
    let waiting = of_accounts(&mut reader, waiting).await?;
    let running = of_accounts(&mut reader, running).await?;
    Ok(Some(Outlook { slots, typical_run, waiting, running }))
}

async fn of_accounts(connection: &mut Connection, sql: &'static str) -> Result<BTreeMap<AccountId, u64>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(connection).await?;
    let read = |(account, number): (String, i64)| {
        Ok((parse("jobs", &account, &account, AccountId::parse)?, count(number)))
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn everyones_jobs(
    store: &Db,
    state: Option<StateName>,
    after: Option<&JobId>,
    limit: u32,
) -> Result<Vec<Job>> {
    let mut reader = store.reader.acquire().await?;
    let rows: Vec<JobRow> = sqlx::query_as(
        "SELECT * FROM jobs
         WHERE kind <> 'check' AND ($1 IS NULL OR state = $1)
           AND ($2 IS NULL OR (created_at, id) < (SELECT created_at, id FROM jobs WHERE id = $2))
         ORDER BY created_at DESC, id DESC
         LIMIT $3",
    )
    .bind(state.map(StateName::as_str))
    .bind(after.map(JobId::as_str))
    .bind(i64::from(limit))
    .fetch_all(&mut *reader)
    .await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in &rows {
        jobs.push(jobs::whole_but_for_its_place(&mut reader, row).await?);
    }
    Ok(jobs)
}

/// Whose job it is.
pub(crate) async fn owner(store: &Db, id: &JobId) -> Result<Option<AccountId>> {
    let owner: Option<String> =
        sqlx::query_scalar("SELECT account_id FROM jobs WHERE id = $1 AND kind <> 'check'")
            .bind(id.as_str())
            .fetch_optional(&store.reader)
            .await?;
    owner.map(|owner| parse("jobs", id.as_str(), &owner, AccountId::parse)).transpose()
}

/// Ends a backoff; tells whether there was one.
pub(crate) async fn hasten(store: &Db, account: &AccountId, id: &JobId, now: Timestamp) -> Result<bool> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let Some(row) = jobs::held_row(write.connection(), account, id).await? else { return Ok(false) };
    if row.state_name()? != StateName::Queued {
        return Ok(false);
    }
    move_job(&mut write, &row, Event::Hastened, now).await?;
    write.commit().await?;
    Ok(true)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
