//! What operators look at. Each question is a text of its own, so that a test can see which index answers it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::JobId;
use domain::job::{JobKind, Stage};
use domain::lease::WorkerName;
use domain::problem::Fault;
use domain::sandbox::Sandbox;
use domain::upload::AudioFacts;

use super::operators::{count, paused, typical_run};
use super::{Connection, Db};
use crate::error::Result;
use crate::operating::SILENT;
use crate::overview::{
    COUNTED_MAX, Counted, FAILURES_MAX, FailureGroup, Failures, PACE_JOBS_MAX, PACE_WINDOW, Pace, QueueState,
    RATE_WINDOW, RetentionState, RunningJob, Spread, WorkerSeen,
};
use crate::rows::parse;

/// How soon is soon, for what is to go.
const DAY: Duration = Duration::from_secs(86_400);

const WAITING: &str = "SELECT kind, count(*), count(CASE WHEN not_before > $1 THEN 1 END), min(created_at)
     FROM jobs WHERE state = 'queued' GROUP BY kind";
const ORDERED: &str = "SELECT count(*) FROM jobs WHERE kind <> 'check' AND created_at > $1";
const ENDED: &str = "SELECT count(*) FROM jobs WHERE kind <> 'check' AND finished_at > $1";
const PACE: &str = "SELECT started_at - created_at, finished_at - leased_at FROM jobs
     WHERE state = 'succeeded' AND kind <> 'check' AND finished_at > $1 AND leased_at IS NOT NULL
     ORDER BY finished_at DESC LIMIT $2";
const RUNNING: &str = "SELECT id, kind, stage, progress, attempt, leased_at, worker FROM jobs
     WHERE state = 'running'";
const FAILURES: &str =
    "SELECT problem_code, problem_stage, problem_fault, kind, count(*), min(finished_at), max(finished_at), max(id)
     FROM (SELECT problem_code, problem_stage, problem_fault, kind, finished_at, id FROM jobs
           WHERE state = 'failed' AND finished_at > $1 ORDER BY finished_at DESC LIMIT $2) AS newest
     GROUP BY problem_code, problem_stage, problem_fault, kind";
const JOBS_OVERDUE: &str =
    "SELECT count(*), min(delete_at) FROM (SELECT delete_at FROM jobs WHERE delete_at <= $1
     ORDER BY delete_at LIMIT $2) AS counted";
const JOBS_DUE: &str = "SELECT count(*), min(delete_at) FROM (SELECT delete_at FROM jobs
     WHERE delete_at > $1 AND delete_at <= $3 ORDER BY delete_at LIMIT $2) AS counted";
const UPLOADS_OVERDUE: &str =
    "SELECT count(*), min(delete_at) FROM (SELECT delete_at FROM uploads WHERE delete_at <= $1
     ORDER BY delete_at LIMIT $2) AS counted";
const UPLOADS_DUE: &str = "SELECT count(*), min(delete_at) FROM (SELECT delete_at FROM uploads
     WHERE delete_at > $1 AND delete_at <= $3 ORDER BY delete_at LIMIT $2) AS counted";
const DOOMED: &str = "SELECT count(*), min(doomed_at) FROM (SELECT doomed_at FROM doomed_blobs
     ORDER BY doomed_at, prefix LIMIT $1) AS counted";

/// All of them, for the test that looks at their plans.
#[cfg(test)]
pub(crate) const QUESTIONS: [&str; 11] = [
    WAITING,
    ORDERED,
    ENDED,
    PACE,
    RUNNING,
    FAILURES,
    JOBS_OVERDUE,
    JOBS_DUE,
    UPLOADS_OVERDUE,
    UPLOADS_DUE,
    DOOMED,
];

pub(crate) async fn queue(store: &Db, now: Timestamp) -> Result<QueueState> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let mut state = QueueState {
        pause: paused(&mut reader).await?,
        waiting: 0,
        waiting_by_kind: Vec::new(),
        backing_off: 0,
        checks_waiting: 0,
        running: 0,
        oldest_waiting_since: None,
        typical_run: typical_run(&mut reader).await?,
        pace: pace(&mut reader, now).await?,
        workers: Vec::new(),
    };
    let waiting: Vec<(String, i64, i64, Option<i64>)> =
        sqlx::query_as(WAITING).bind(now.micros()).fetch_all(&mut *reader).await?;
    for (kind, waiting, backing_off, oldest) in waiting {
        let Some(kind) = JobKind::parse(&kind) else {
            state.checks_waiting += count(waiting);
            continue;
        };
        state.waiting += count(waiting);
        state.backing_off += count(backing_off);
        state.waiting_by_kind.push((kind, count(waiting)));
        let oldest = oldest.map(Timestamp::from_micros);
        state.oldest_waiting_since = [state.oldest_waiting_since, oldest].into_iter().flatten().min();
    }
    state.waiting_by_kind.sort_unstable();
    let mut running = running(&mut reader).await?;
    state.running = running.values().map(|jobs| jobs.len() as u64).sum();
    let sql = "SELECT name, version, slots, sandbox, started_at, seen_at FROM workers WHERE seen_at > $1 ORDER BY name";
    let rows: Vec<WorkerRow> =
        sqlx::query_as(sql).bind((now - SILENT).micros()).fetch_all(&mut *reader).await?;
    state.workers = rows.into_iter().map(|row| row.read(&mut running)).collect();
    Ok(state)
}

async fn pace(connection: &mut Connection, now: Timestamp) -> Result<Pace> {
    let lately = (now - RATE_WINDOW).micros();
    let ordered: i64 = sqlx::query_scalar(ORDERED).bind(lately).fetch_one(&mut *connection).await?;
    let ended: i64 = sqlx::query_scalar(ENDED).bind(lately).fetch_one(&mut *connection).await?;
    let times: Vec<(i64, i64)> = sqlx::query_as(PACE)
        .bind((now - PACE_WINDOW).micros())
        .bind(i64::from(PACE_JOBS_MAX))
        .fetch_all(connection)
        .await?;
    let minutes = RATE_WINDOW.as_secs_f64() / 60.0;
    Ok(Pace {
        ordered_per_minute: count(ordered) as f64 / minutes,
        ended_per_minute: count(ended) as f64 / minutes,
        jobs: times.len() as u64,
        wait: spread(times.iter().map(|(wait, _)| *wait).collect()),
        run: spread(times.iter().map(|(_, run)| *run).collect()),
    })
}

fn spread(mut micros: Vec<i64>) -> Option<Spread> {
    micros.sort_unstable();
    let rank = |percent: usize| (micros.len() * percent).div_ceil(100).checked_sub(1);
    let at = |percent| rank(percent).and_then(|rank| micros.get(rank)).map(|micros| count(*micros));
    Some(Spread { p50: Duration::from_micros(at(50)?), p95: Duration::from_micros(at(95)?) })
}

/// What runs, by worker. As many as there are slots, or a few more while leases run out.
async fn running(connection: &mut Connection) -> Result<BTreeMap<String, Vec<RunningJob>>> {
    type Row = (String, String, Option<String>, f64, i64, Option<i64>, String);
    let rows: Vec<Row> = sqlx::query_as(RUNNING).fetch_all(connection).await?;
    let mut running: BTreeMap<String, Vec<RunningJob>> = BTreeMap::new();
    for (id, kind, stage, progress, attempt, since, worker) in rows {
        running.entry(worker).or_default().push(RunningJob {
            id: parse("jobs", &id, &id, JobId::parse)?,
            kind: JobKind::parse(&kind),
            stage: stage.as_deref().and_then(Stage::parse),
            progress,
            attempt: u32::try_from(attempt).unwrap_or(0),
            since: since.map(Timestamp::from_micros),
        });
    }
    running.values_mut().for_each(|jobs| jobs.sort_by(|a, b| a.id.cmp(&b.id)));
    Ok(running)
}

#[derive(sqlx::FromRow)]
struct WorkerRow {
    name: String,
    version: String,
    slots: i64,
    sandbox: String,
    started_at: i64,
    seen_at: i64,
}

impl WorkerRow {
    fn read(self, running: &mut BTreeMap<String, Vec<RunningJob>>) -> WorkerSeen {
        WorkerSeen {
            running: running.remove(&self.name).unwrap_or_default(),
            name: WorkerName(self.name),
            version: self.version,
            slots: u32::try_from(self.slots).unwrap_or(u32::MAX),
            sandbox: Sandbox::parse(&self.sandbox).unwrap_or(Sandbox::Weak),
            started_at: Timestamp::from_micros(self.started_at),
            seen_at: Timestamp::from_micros(self.seen_at),
        }
    }
}

pub(crate) async fn workers(store: &Db, limit: u32) -> Result<Vec<WorkerSeen>> {
    let mut reader = store.reader.acquire().await?;
    let mut running = running(&mut reader).await?;
    let sql = "SELECT name, version, slots, sandbox, started_at, seen_at FROM workers
               ORDER BY seen_at DESC, name LIMIT $1";
    let rows: Vec<WorkerRow> = sqlx::query_as(sql).bind(i64::from(limit)).fetch_all(&mut *reader).await?;
    Ok(rows.into_iter().map(|row| row.read(&mut running)).collect())
}

pub(crate) async fn failures(store: &Db, since: Timestamp) -> Result<Failures> {
    type Row = (Option<String>, Option<String>, Option<String>, String, i64, i64, i64, String);
    let rows: Vec<Row> = sqlx::query_as(FAILURES)
        .bind(since.micros())
        .bind(i64::from(FAILURES_MAX))
        .fetch_all(&store.reader)
        .await?;
    let mut groups = Vec::with_capacity(rows.len());
    for (code, stage, fault, kind, number, first_at, last_at, sample) in rows {
        groups.push(FailureGroup {
            code: code.unwrap_or_else(|| "unknown".to_owned()),
            stage: stage.as_deref().and_then(Stage::parse),
            fault: fault.as_deref().and_then(Fault::parse),
            kind: JobKind::parse(&kind),
            count: count(number),
            first_at: Timestamp::from_micros(first_at),
            last_at: Timestamp::from_micros(last_at),
            sample: parse("jobs", &sample, &sample, JobId::parse)?,
        });
    }
    groups
        .sort_by(|a, b| (b.count, b.last_at, &a.code, a.stage).cmp(&(a.count, a.last_at, &b.code, b.stage)));
    Ok(Failures { jobs: groups.iter().map(|group| group.count).sum(), groups })
}

pub(crate) async fn input_audio(store: &Db, job: &JobId) -> Result<Duration> {
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT uploads.id, uploads.audio FROM job_inputs JOIN uploads ON uploads.id = job_inputs.upload_id
         WHERE job_inputs.job_id = $1 AND job_inputs.part = 'input'",
    )
    .bind(job.as_str())
    .fetch_all(&store.reader)
    .await?;
    let mut seconds = 0.0;
    for (upload, audio) in rows {
        let Some(audio) = audio else { continue };
        let facts: AudioFacts = parse("uploads", &upload, &audio, |text| serde_json::from_str(text))?;
        seconds += facts.duration_s;
    }
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

pub(crate) async fn retention(store: &Db, now: Timestamp) -> Result<RetentionState> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let (times, soon) = ([now.micros(), i64::from(COUNTED_MAX)], (now + DAY).micros());
    let overdue = times.as_slice();
    let due = [times[0], times[1], soon];
    Ok(RetentionState {
        jobs_overdue: counted(&mut reader, JOBS_OVERDUE, overdue).await?,
        jobs_due: counted(&mut reader, JOBS_DUE, &due).await?,
        uploads_overdue: counted(&mut reader, UPLOADS_OVERDUE, overdue).await?,
        uploads_due: counted(&mut reader, UPLOADS_DUE, &due).await?,
        doomed_blobs: counted(&mut reader, DOOMED, &times[1..]).await?,
    })
}

async fn counted(connection: &mut Connection, sql: &'static str, numbers: &[i64]) -> Result<Counted> {
    let mut query = sqlx::query_as(sql);
    for number in numbers {
        query = query.bind(*number);
    }
    let (number, earliest): (i64, Option<i64>) = query.fetch_one(connection).await?;
    Ok(Counted { count: count(number), earliest: earliest.map(Timestamp::from_micros) })
}
