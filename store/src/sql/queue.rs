//! The queue as workers see it.

use domain::artifact::ArtifactFormat;
use domain::attempt::backoff;
use domain::blob::BlobKey;
use domain::clock::Timestamp;
use domain::ids::ArtifactId;
use domain::job::{Event, StateName};
use domain::lease::{LEASE, Lease, LeaseId, WorkerName};
use domain::problem::Problem;
use domain::recipe::Recipe;
use domain::task::Task;

use super::claim::{self, Claimed};
use super::jobs::{self, insert_event, move_job, move_job_by_engine};
use super::{Db, Write, texts};
use crate::error::{Result, StoreError};
use crate::outcome::{Completion, Expired, JobChange, Leased, Progress};
use crate::rows::{JobRow, JobTexts};

pub(crate) async fn lease_next(store: &Db, worker: &WorkerName, now: Timestamp) -> Result<Option<Leased>> {
    let Some(claimed) = claim::next(store, now).await? else { return Ok(None) };
    let Claimed { mut write, row, now } = claimed;
    let fence = row.fence + 1;
    let until = now + LEASE;
    let lease = Lease { worker: worker.clone(), fence, until };
    move_job(&mut write, &row, Event::Leased(lease), now).await?;
    sqlx::query("UPDATE accounts SET last_turn = 1 + (SELECT max(last_turn) FROM accounts) WHERE id = $1")
        .bind(&row.account_id)
        .execute(write.connection())
        .await?;
    let task = task(&mut write, &row).await?;
    write.commit().await?;
    let attempt = u32::try_from(row.attempt + 1).unwrap_or(u32::MAX);
    let lease = LeaseId { job: row.id()?, fence };
    Ok(Some(Leased { lease, account: row.account()?, task, attempt, until }))
}

/// How many rows are looked at to find one that this program can read.
pub(super) const LOOKED_AT: usize = 8;

/// A row that a newer program or a broken disk wrote must not stop the rows behind it: it is left as it is,
/// and told to the operator.
pub(super) fn readable(row: &JobRow) -> Result<()> {
    let recipe = || if row.is_check() { Ok(()) } else { row.recipe().and(row.kind()).map(drop) };
    let read = row.id().and_then(|_| row.account()).and_then(|_| row.state()).and_then(|_| recipe());
    read.inspect_err(|error| {
        tracing::error!(job.id = row.id, %error, "a queued job cannot be read; it is skipped");
    })
}

async fn task(write: &mut Write<'_>, row: &JobRow) -> Result<Task> {
    if !row.is_check() {
        let store = write.store;
        let cipher = texts::cipher(store, write.connection(), &row.account_id).await?;
        let (inputs, references) = jobs::inputs(write.connection(), row, Some(&cipher)).await?;
        let JobTexts { title, tags } = row.texts(Some(&cipher))?;
        let (kind, recipe) = (row.kind()?, Box::new(Recipe { tags, ..row.recipe()? }));
        return Ok(Task::Render { kind, inputs, references, recipe, title });
    }
    let (inputs, _) = jobs::inputs(write.connection(), row, None).await?;
    let input = inputs.into_iter().next();
    input
        .map(|input| Task::Check { upload: input.upload })
        .ok_or_else(|| StoreError::unreadable("jobs", &row.id, "a check of nothing"))
}

/// A row, and when it was read.
#[derive(sqlx::FromRow)]
struct Seen {
    #[sqlx(flatten)]
    row: JobRow,
    server_time: Option<i64>,
}

/// The row that a worker writes back to, if it still may, and the time that decides.
pub(super) async fn leased_row(
    write: &mut Write<'_>,
    lease: &LeaseId,
    callers: Timestamp,
) -> Result<(JobRow, Timestamp)> {
    let seen: Option<Seen> = sqlx::query_as(held!(concat!(
        "SELECT *, ",
        server_time!(),
        " AS server_time FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'"
    )))
    .bind(lease.job.as_str())
    .bind(lease.fence)
    .fetch_optional(write.connection())
    .await?;
    let Seen { row, server_time } = seen.ok_or(StoreError::LeaseLost)?;
    let now = write.time_told(server_time, callers);
    Ok((row, now))
}

pub(crate) async fn heartbeat(
    store: &Db,
    lease: &LeaseId,
    progress: Option<Progress>,
    now: Timestamp,
) -> Result<()> {
    let mut write = store.write().await?;
    let (row, now) = leased_row(&mut write, lease, now).await?;
    let until = now + LEASE;
    row.state()?.after(Event::Renewed { fence: lease.fence, until }, now)?;
    let (stage, fraction) = match progress {
        Some(Progress { stage, fraction }) => (Some(stage), fraction.clamp(0.0, 1.0)),
        None => (row.stage()?, row.progress),
    };
    sqlx::query(
        "UPDATE jobs SET lease_until = $3, stage = $4, progress = $5
         WHERE id = $1 AND fence = $2 AND state = 'running'",
    )
    .bind(&row.id)
    .bind(lease.fence)
    .bind(until.micros())
    .bind(stage.map(|stage| stage.as_str()))
    .bind(fraction)
    .execute(write.connection())
    .await?;
    if stage != row.stage()? || fraction != row.progress {
        insert_event(&mut write, &row.id, now).await?;
        write.changes.push(JobChange { job: lease.job.clone(), state: StateName::Running });
    }
    write.commit().await
}

pub(crate) async fn complete(
    store: &Db,
    lease: &LeaseId,
    completion: &Completion,
    now: Timestamp,
) -> Result<()> {
    let mut write = store.write().await?;
    let (row, now) = leased_row(&mut write, lease, now).await?;
    let event = Event::Completed { fence: lease.fence };
    let cipher = texts::cipher(store, write.connection(), &row.account_id).await?;
    move_job_by_engine(&mut write, &row, event, now, Some(&completion.engine_version)).await?;
    let goes_at = row.goes_at(&store.retention, now);
    for (position, made) in (0_i64..).zip(&completion.artifacts) {
        let id = ArtifactId::new(&*store.entropy);
        sqlx::query(
            "INSERT INTO artifacts (id, job_id, position, kind, name, sealed, format, size_bytes, sha256, blob, peaks,
                                    created_at, delete_at, track)
             VALUES ($1, $2, $3, $4, '', $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(id.as_str())
        .bind(&row.id)
        .bind(position)
        .bind(made.kind.as_str())
        .bind(cipher.seal("artifacts", id.as_str(), &made.name, &*store.entropy))
        .bind(ArtifactFormat::as_str(made.format))
        .bind(i64::try_from(made.size_bytes).unwrap_or(i64::MAX))
        .bind(made.sha256.as_bytes().as_slice())
        .bind(made.blob.as_str())
        .bind(made.peaks.as_ref().map(BlobKey::as_str))
        .bind(now.micros())
        .bind(goes_at.micros())
        .bind(made.track.map(i64::from))
        .execute(write.connection())
        .await?;
    }
    write.commit().await
}

pub(crate) async fn fail(store: &Db, lease: &LeaseId, problem: &Problem, now: Timestamp) -> Result<()> {
    let event = Event::Failed { fence: lease.fence, problem: problem.clone() };
    write_back(store, lease, now, |_| event).await?;
    Ok(())
}

pub(crate) async fn retry_later(
    store: &Db,
    lease: &LeaseId,
    problem: &Problem,
    now: Timestamp,
) -> Result<StateName> {
    write_back(store, lease, now, |row| {
        let failures = one_more(row.fail_count);
        let wait = backoff(failures, &*store.entropy);
        Event::Hindered { fence: lease.fence, failures, wait, problem: problem.clone() }
    })
    .await
}

pub(crate) async fn process_died(store: &Db, lease: &LeaseId, now: Timestamp) -> Result<StateName> {
    write_back(store, lease, now, |row| Event::ProcessDied {
        fence: lease.fence,
        deaths: one_more(row.crash_count),
    })
    .await
}

pub(crate) async fn release(store: &Db, lease: &LeaseId, now: Timestamp) -> Result<()> {
    write_back(store, lease, now, |_| Event::Released { fence: lease.fence }).await?;
    Ok(())
}

async fn write_back(
    store: &Db,
    lease: &LeaseId,
    now: Timestamp,
    event: impl FnOnce(&JobRow) -> Event,
) -> Result<StateName> {
    let mut write = store.write().await?;
    let (row, now) = leased_row(&mut write, lease, now).await?;
    let state = move_job(&mut write, &row, event(&row), now).await?;
    write.commit().await?;
    Ok(state)
}

fn one_more(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(0).saturating_add(1)
}

pub(crate) async fn sweep_expired_leases(store: &Db, now: Timestamp) -> Result<Vec<Expired>> {
    if claim::none_is_overdue(store, now).await? {
        return Ok(Vec::new());
    }
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    // Whoever holds a row is about to change it: a worker that came back just in time, or another sweep.
    let rows: Vec<JobRow> = sqlx::query_as(held_unless_busy!(
        "SELECT * FROM jobs WHERE state = 'running' AND lease_until <= $1 ORDER BY lease_until"
    ))
    .bind(now.micros())
    .fetch_all(write.connection())
    .await?;
    let mut expired = Vec::with_capacity(rows.len());
    for row in rows {
        let event = Event::LeaseExpired { deaths: one_more(row.crash_count) };
        let state = move_job(&mut write, &row, event, now).await?;
        expired.push(Expired { lease: row.lease_id()?, state });
    }
    write.commit().await?;
    Ok(expired)
}
