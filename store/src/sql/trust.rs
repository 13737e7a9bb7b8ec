//! Whether anything may be removed now: the clock, the freeze, and how much is due.

use std::time::Duration;

use domain::breaker::{ALWAYS, Load};
use domain::clock::Timestamp;
use domain::clock_trust::Reading;
use domain::removal::Day;

use super::Db;
use crate::error::Result;
use crate::reaping::ReaperState;

const WEEK_DAYS: i64 = 7;

pub(crate) async fn time(store: &Db, callers: Timestamp) -> Result<Timestamp> {
    let mut reader = store.reader.acquire().await?;
    super::reading_time(store, &mut reader, callers).await
}

pub(crate) async fn clock_mark(store: &Db, boot: &str) -> Result<Option<Reading>> {
    let row: Option<(String, i64, i64)> = sqlx::query_as(
        "SELECT boot, wall, up FROM clock_marks ORDER BY CASE WHEN boot = $1 THEN 0 ELSE 1 END, wall DESC LIMIT 1",
    )
    .bind(boot)
    .fetch_optional(&store.reader)
    .await?;
    Ok(row.map(|(boot, wall, up)| Reading {
        wall: Timestamp::from_micros(wall),
        up: Duration::from_micros(u64::try_from(up).unwrap_or(0)),
        boot,
    }))
}

pub(crate) async fn latest_mark(store: &Db) -> Result<Option<Timestamp>> {
    let wall: Option<i64> =
        sqlx::query_scalar("SELECT max(wall) FROM clock_marks").fetch_one(&store.reader).await?;
    Ok(wall.map(Timestamp::from_micros))
}

pub(crate) async fn believe(store: &Db, reading: &Reading) -> Result<()> {
    let mut write = store.write().await?;
    // Of starts that are over the latest is enough.
    sqlx::query("DELETE FROM clock_marks WHERE boot <> $1 AND wall < (SELECT max(wall) FROM clock_marks)")
        .bind(&reading.boot)
        .execute(write.connection())
        .await?;
    sqlx::query(
        "INSERT INTO clock_marks (boot, wall, up) VALUES ($1, $2, $3)
         ON CONFLICT (boot) DO UPDATE SET wall = excluded.wall, up = excluded.up",
    )
    .bind(&reading.boot)
    .bind(reading.wall.micros())
    .bind(i64::try_from(reading.up.as_micros()).unwrap_or(i64::MAX))
    .execute(write.connection())
    .await?;
    write.commit().await
}

pub(crate) async fn freeze(store: &Db, why: &str, now: Timestamp) -> Result<bool> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let done = sqlx::query("UPDATE reaper SET frozen_since = $1, frozen_why = $2 WHERE frozen_since IS NULL")
        .bind(now.micros())
        .bind(why)
        .execute(write.connection())
        .await?;
    write.commit().await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn thaw(store: &Db, approved: u64) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("UPDATE reaper SET frozen_since = NULL, frozen_why = NULL, approved = $1")
        .bind(i64::try_from(approved).unwrap_or(i64::MAX))
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn reaper_state(store: &Db, now: Timestamp) -> Result<ReaperState> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let row: ReaperRow = sqlx::query_as(
        "SELECT frozen_since, frozen_why, approved, ticked_at, swept_at,
                (SELECT count(*) FROM jobs WHERE delete_at <= $1 AND kind <> 'check') AS due,
                (SELECT count(*) FROM tombstones
                 WHERE removed = 'job' AND cause = 'retention' AND removed_on > $2) AS gone_lately,
                (SELECT min(delete_at) FROM jobs WHERE delete_at <= $1) AS oldest_due,
                (SELECT count(*) FROM doomed_blobs) AS emptying,
                (SELECT count(*) FROM doomed_blobs WHERE failures > 0) AS stuck
         FROM reaper",
    )
    .bind(now.micros())
    .bind(Day::of(now).number() - WEEK_DAYS)
    .fetch_one(&mut *reader)
    .await?;
    // All jobs are counted only where that decides something: there may be very many.
    let jobs = match count(row.due) {
        few if few <= ALWAYS => few,
        _ => count(sqlx::query_scalar(JOBS).fetch_one(&mut *reader).await?),
    };
    Ok(row.read(jobs))
}

const JOBS: &str = "SELECT count(*) FROM jobs WHERE kind <> 'check'";

#[derive(sqlx::FromRow)]
struct ReaperRow {
    frozen_since: Option<i64>,
    frozen_why: Option<String>,
    approved: i64,
    ticked_at: Option<i64>,
    swept_at: Option<i64>,
    due: i64,
    gone_lately: i64,
    oldest_due: Option<i64>,
    emptying: i64,
    stuck: i64,
}

impl ReaperRow {
    fn read(self, jobs: u64) -> ReaperState {
        let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        ReaperState {
            frozen: time(self.frozen_since).zip(self.frozen_why),
            ticked_at: time(self.ticked_at),
            swept_at: time(self.swept_at),
            load: Load {
                due: count(self.due),
                jobs,
                gone_lately: count(self.gone_lately),
                approved: count(self.approved),
            },
            oldest_due: time(self.oldest_due),
            emptying: count(self.emptying),
            stuck: count(self.stuck),
        }
    }
}

pub(crate) async fn ticked(store: &Db, now: Timestamp) -> Result<()> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    // An approval is for what is due now, not for all time.
    sqlx::query(
        "UPDATE reaper SET ticked_at = $1, approved =
             CASE WHEN EXISTS (SELECT 1 FROM jobs WHERE delete_at <= $1) THEN approved ELSE 0 END",
    )
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    write.commit().await
}

/// The tables keep negative numbers out.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
