//! Whose turn it is. Only one transaction writes at a time, so what is read here stays true until the commit.

use domain::attempt::RUNNING_PER_ACCOUNT_MAX;
use domain::clock::Timestamp;

use super::queue::{LOOKED_AT, readable};
use super::{Sqlite, Write};
use crate::error::Result;
use crate::rows::JobRow;

/// The next job, and the transaction that has it.
pub(super) struct Claimed<'s> {
    pub(super) write: Write<'s>,
    pub(super) row: JobRow,
    pub(super) now: Timestamp,
}

pub(super) async fn next(store: &Sqlite, now: Timestamp) -> Result<Option<Claimed<'_>>> {
    let none_waits = sqlx::query("SELECT 1 FROM jobs WHERE state = 'queued' AND not_before <= $1 LIMIT 1")
        .bind(now.micros())
        .fetch_optional(&store.reader)
        .await?
        .is_none();
    if none_waits {
        // An idle worker asks several times a second; it must not keep writers waiting.
        return Ok(None);
    }
    let mut write = store.write().await?;
    // Fewest running alone is not fair: with one slot every account has none running when it falls free, and
    // the oldest job would always win. So accounts take turns, and age decides within one.
    let rows: Vec<JobRow> = sqlx::query_as(
        "WITH next AS (
             SELECT jobs.id, coalesce(busy.running, 0) AS running, accounts.last_turn
             FROM jobs
             JOIN accounts ON accounts.id = jobs.account_id
             LEFT JOIN (SELECT account_id, count(*) AS running FROM jobs
                        WHERE state = 'running' GROUP BY account_id) AS busy
                       ON busy.account_id = jobs.account_id
             WHERE jobs.state = 'queued' AND jobs.not_before <= $1 AND coalesce(busy.running, 0) < $2
               AND NOT EXISTS (SELECT 1 FROM queue_pause)
             ORDER BY running, accounts.last_turn, jobs.created_at, jobs.id
             LIMIT $3
         )
         SELECT jobs.* FROM next JOIN jobs ON jobs.id = next.id
         ORDER BY next.running, next.last_turn, jobs.created_at, jobs.id",
    )
    .bind(now.micros())
    .bind(RUNNING_PER_ACCOUNT_MAX)
    .bind(i64::try_from(LOOKED_AT).unwrap_or(i64::MAX))
    .fetch_all(write.connection())
    .await?;
    let mut unreadable = None;
    for row in rows {
        match readable(&row) {
            Ok(()) => return Ok(Some(Claimed { write, row, now })),
            Err(error) => unreadable = Some(error),
        }
    }
    unreadable.map_or(Ok(None), Err)
}

/// The usual case must not queue behind writers every second.
pub(super) async fn none_is_overdue(store: &Sqlite, now: Timestamp) -> Result<bool> {
    let overdue = sqlx::query("SELECT 1 FROM jobs WHERE state = 'running' AND lease_until <= $1 LIMIT 1")
        .bind(now.micros())
        .fetch_optional(&store.reader)
        .await?;
    Ok(overdue.is_none())
}
