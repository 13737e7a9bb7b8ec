//! The queue as operators see it, and as an estimate sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::attempt::Room;
use domain::audit::{Act, Action, Outcome};
use domain::clock::Timestamp;
use domain::ids::{AccountId, JobId};
use domain::job::{Event, Job, StateName};
use domain::lease::WorkerName;
use domain::order::Order;
use domain::outlook::Outlook;

use super::jobs::{self, move_job};
use super::texts::cipher_if_unlocked;
use super::{Connection, Db, Write, audit, orders};
use crate::error::{Result, StoreError};
use crate::operating::{Pause, Retried, SILENT, SignOfLife};
use crate::outcome::Enqueued;
use crate::rows::{JobRow, parse};
use crate::sealing::texts::AccountCipher;

/// Nobody asks after a worker that was silent for so long.
const FORGOTTEN: Duration = Duration::from_secs(86_400);
/// Fewer runs tell nothing.
const RUNS_MIN: usize = 5;
const RUNS_LOOKED_AT: i64 = 20;

pub(crate) async fn pause(store: &Db, act: &Act, now: Timestamp) -> Result<Pause> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    sqlx::query(
        "INSERT INTO queue_pause (only_one, since, reason, actor) VALUES (1, $1, $2, $3)
         ON CONFLICT (only_one) DO UPDATE SET reason = excluded.reason, actor = excluded.actor",
    )
    .bind(now.micros())
    .bind(act.reason.as_str())
    .bind(act.actor.to_string())
    .execute(write.connection())
    .await?;
    let paused = paused(write.connection()).await?;
    audit::record(&mut write, act, Action::Pause, None, Outcome::Done, now).await?;
    write.commit().await?;
    paused.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

pub(crate) async fn resume(store: &Db, act: &Act, now: Timestamp) -> Result<bool> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let done = sqlx::query("DELETE FROM queue_pause").execute(write.connection()).await?;
    let was_paused = done.rows_affected() == 1;
    let outcome = if was_paused { Outcome::Done } else { Outcome::Unchanged };
    audit::record(&mut write, act, Action::Resume, None, outcome, now).await?;
    write.new_work += 1; // what waits is as good as new
    write.commit().await?;
    Ok(was_paused)
}

pub(super) async fn paused(connection: &mut Connection) -> Result<Option<Pause>> {
    let row: Option<(i64, String, String)> =
        sqlx::query_as("SELECT since, reason, actor FROM queue_pause").fetch_optional(connection).await?;
    Ok(row.map(|(since, reason, by)| Pause { since: Timestamp::from_micros(since), by, reason }))
}

pub(crate) async fn worker_seen(store: &Db, sign: &SignOfLife, now: Timestamp) -> Result<()> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    sqlx::query(
        "INSERT INTO workers (name, slots, started_at, seen_at, version, sandbox) VALUES ($1, $2, $3, $3, $4, $5)
         ON CONFLICT (name) DO UPDATE
         SET slots = excluded.slots, seen_at = excluded.seen_at, version = excluded.version,
             sandbox = excluded.sandbox",
    )
    .bind(&sign.name.0)
    .bind(i64::from(sign.slots))
    .bind(now.micros())
    .bind(&sign.version)
    .bind(sign.sandbox.as_str())
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

/// How many slots all workers have that gave a sign of life lately.
async fn slots(connection: &mut Connection, now: Timestamp) -> Result<u32> {
    let slots: i64 =
        sqlx::query_scalar("SELECT CAST(coalesce(sum(slots), 0) AS BIGINT) FROM workers WHERE seen_at > $1")
            .bind((now - SILENT).micros())
            .fetch_one(connection)
            .await?;
    Ok(u32::try_from(slots).unwrap_or(u32::MAX))
}

/// From the last lease of a job to its end, of the jobs that succeeded last: the median.
pub(super) async fn typical_run(connection: &mut Connection) -> Result<Option<Duration>> {
    let mut runs: Vec<i64> =
        sqlx::query_scalar(TYPICAL_RUN).bind(RUNS_LOOKED_AT).fetch_all(connection).await?;
    runs.sort_unstable();
    let median = runs.get(runs.len() / 2).filter(|_| runs.len() >= RUNS_MIN);
    Ok(median.map(|micros| Duration::from_micros(count(*micros))))
}

const TYPICAL_RUN: &str = "SELECT finished_at - leased_at FROM jobs
     WHERE state = 'succeeded' AND kind <> 'check' AND finished_at IS NOT NULL
     ORDER BY finished_at DESC LIMIT $1";

pub(crate) async fn outlook(store: &Db, now: Timestamp) -> Result<Option<Outlook>> {
    let mut reader = store.reader.acquire().await?;
    if paused(&mut reader).await?.is_some() {
        return Ok(None);
    }
    let now = super::reading_time(store, &mut reader, now).await?;
    let slots = slots(&mut reader, now).await?;
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
    // The place is looked up first: compared with a subselect, an index would be of no use.
    let newest = Some((i64::MAX, String::new()));
    let place: Option<(i64, String)> = match after {
        None => newest,
        Some(id) => {
            sqlx::query_as("SELECT created_at, id FROM jobs WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&mut *reader)
                .await?
        }
    };
    let Some((created_at, id)) = place else { return Ok(Vec::new()) };
    let rows: Vec<JobRow> = match state {
        None => sqlx::query_as(NEWEST).bind(created_at).bind(id).bind(i64::from(limit)),
        Some(state) => sqlx::query_as(NEWEST_IN_STATE)
            .bind(created_at)
            .bind(id)
            .bind(i64::from(limit))
            .bind(state.as_str()),
    }
    .fetch_all(&mut *reader)
    .await?;
    let mut jobs = Vec::with_capacity(rows.len());
    let mut ciphers: BTreeMap<&str, Option<AccountCipher>> = BTreeMap::new();
    for row in &rows {
        if !ciphers.contains_key(row.account_id.as_str()) {
            let cipher = cipher_if_unlocked(store, &mut reader, &row.account_id).await?;
            ciphers.insert(&row.account_id, cipher);
        }
        let cipher = ciphers.get(row.account_id.as_str()).and_then(Option::as_ref);
        jobs.push(jobs::whole_but_for_its_place(&mut reader, row, cipher).await?);
    }
    Ok(jobs)
}

const NEWEST: &str = "SELECT * FROM jobs WHERE kind <> 'check' AND (created_at, id) < ($1, $2)
     ORDER BY created_at DESC, id DESC LIMIT $3";
const NEWEST_IN_STATE: &str =
    "SELECT * FROM jobs WHERE kind <> 'check' AND state = $4 AND (created_at, id) < ($1, $2)
     ORDER BY created_at DESC, id DESC LIMIT $3";

/// Those that could walk all jobs, for the test that looks at their plans.
#[cfg(test)]
pub(crate) const QUESTIONS: [&str; 3] = [TYPICAL_RUN, NEWEST, NEWEST_IN_STATE];

/// Whose job it is.
pub(crate) async fn owner(store: &Db, id: &JobId) -> Result<Option<AccountId>> {
    let owner: Option<String> =
        sqlx::query_scalar("SELECT account_id FROM jobs WHERE id = $1 AND kind <> 'check'")
            .bind(id.as_str())
            .fetch_optional(&store.reader)
            .await?;
    owner.map(|owner| parse("jobs", id.as_str(), &owner, AccountId::parse)).transpose()
}

/// The same in a transaction, which holds the owner from then on.
async fn held_owner(
    write: &mut Write<'_>,
    id: &JobId,
    callers: Timestamp,
) -> Result<Option<(AccountId, Timestamp)>> {
    let owner: Option<String> =
        sqlx::query_scalar("SELECT account_id FROM jobs WHERE id = $1 AND kind <> 'check'")
            .bind(id.as_str())
            .fetch_optional(write.connection())
            .await?;
    let Some(owner) = owner else { return Ok(None) };
    let owner = parse("jobs", id.as_str(), &owner, AccountId::parse)?;
    let now = write.hold_account(&owner, callers).await?;
    Ok(Some((owner, now)))
}

pub(crate) async fn cancel(store: &Db, id: &JobId, act: &Act, now: Timestamp) -> Result<Option<Job>> {
    let mut write = store.write().await?;
    let Some((owner, now)) = held_owner(&mut write, id, now).await? else { return Ok(None) };
    let Some((job, ended)) = jobs::cancel_in(&mut write, &owner, id, now).await? else { return Ok(None) };
    let outcome = if ended { Outcome::Done } else { Outcome::Unchanged };
    audit::record(&mut write, act, Action::Cancel, Some(id), outcome, now).await?;
    write.commit().await?;
    Ok(Some(job))
}

pub(crate) async fn retry(store: &Db, id: &JobId, act: &Act, now: Timestamp) -> Result<Retried> {
    let mut write = store.write().await?;
    let Some((owner, now)) = held_owner(&mut write, id, now).await? else { return Ok(Retried::Unknown) };
    let Some(row) = jobs::held_row(write.connection(), &owner, id).await? else {
        return Ok(Retried::Unknown);
    };
    let job = jobs::whole(store, write.connection(), &row).await?;
    let retried = match row.state_name()? {
        StateName::Queued => {
            move_job(&mut write, &row, Event::Hastened, now).await?;
            let row = jobs::row(write.connection(), &owner, id).await?.unwrap_or(row);
            Retried::Hastened(jobs::whole(store, write.connection(), &row).await?)
        }
        StateName::Failed => {
            // It costs nothing: the credits went back when it failed.
            match orders::enqueue_in(&mut write, &Order::again(&job), Room::ENDLESS, None, now).await? {
                Enqueued::New(again) | Enqueued::Existing(again) => Retried::Again(again),
                Enqueued::Refused(errors) => Retried::Refused(errors),
                Enqueued::Conflict
                | Enqueued::AccountFull
                | Enqueued::QueueFull
                | Enqueued::Insufficient { .. }
                | Enqueued::PreviewsUsed { .. }
                | Enqueued::Frozen => Retried::Unchanged(job),
            }
        }
        _ => Retried::Unchanged(job),
    };
    let outcome = match &retried {
        Retried::Hastened(_) => Outcome::Hastened,
        Retried::Again(_) => Outcome::Again,
        Retried::Unchanged(_) | Retried::Unknown => Outcome::Unchanged,
        Retried::Refused(_) => Outcome::Refused,
    };
    audit::record(&mut write, act, Action::Retry, Some(id), outcome, now).await?;
    write.commit().await?;
    Ok(retried)
}

pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
