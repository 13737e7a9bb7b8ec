//! Whose turn it is, while any number of workers ask at the same time.
//!
//! A claim locks one account, then that account's oldest waiting job, and waits for nobody while it holds
//! anything. Whoever holds an account is the only one who can start a job of it, so its cap is exact; claims of
//! different accounts commit side by side.

use domain::attempt::RUNNING_PER_ACCOUNT_MAX;
use domain::clock::Timestamp;
use sqlx::AssertSqlSafe;

use super::queue::{LOOKED_AT, readable};
use super::{Postgres, Write};
use crate::error::Result;
use crate::rows::JobRow;

/// The next job, and the transaction that has it.
pub(super) struct Claimed<'s> {
    pub(super) write: Write<'s>,
    pub(super) row: JobRow,
    pub(super) now: Timestamp,
}

pub(super) async fn next(store: &Postgres, now: Timestamp) -> Result<Option<Claimed<'_>>> {
    let mut skipped: Vec<String> = Vec::new();
    let mut unreadable = None;
    while skipped.len() < LOOKED_AT {
        let mut write = store.write().await?;
        let (account, now) = match account(&mut write, now, &skipped, SKIP_LOCKED).await? {
            Some(found) => found,
            // Nothing waits, or all that waits is of accounts that others hold just now: then for one of them.
            None => match account(&mut write, now, &skipped, WAIT).await? {
                Some(found) => found,
                None => break,
            },
        };
        let Some(row) = oldest(&mut write, &account, now, &skipped).await? else {
            // Another worker was faster: it has a job that was waiting when we looked. Look again.
            continue;
        };
        match readable(&row) {
            Ok(()) => return Ok(Some(Claimed { write, row, now })),
            Err(error) => {
                skipped.push(row.id);
                unreadable = Some(error);
            }
        }
    }
    unreadable.map_or(Ok(None), Err)
}

const SKIP_LOCKED: &str = "SKIP LOCKED";
const WAIT: &str = "";

/// Locks the account whose turn it is, and tells the time that decides. The queue is walked account by account, not job
/// by job, so that one account's thousands of jobs cost nothing here.
///
/// Fewest running alone is not fair: with one slot every account has none running when it falls free, and the oldest
/// job would always win. So accounts take turns, and age decides within one.
async fn account(
    write: &mut Write<'_>,
    now: Timestamp,
    skipped: &[String],
    when_locked: &'static str,
) -> Result<Option<(String, Timestamp)>> {
    let server_time = server_time!();
    let sql = format!(
        "WITH RECURSIVE waiting AS (
             (SELECT account_id FROM jobs WHERE state = 'queued' ORDER BY account_id LIMIT 1)
             UNION ALL
             SELECT (SELECT jobs.account_id FROM jobs
                     WHERE state = 'queued' AND jobs.account_id > waiting.account_id
                     ORDER BY jobs.account_id LIMIT 1)
             FROM waiting WHERE waiting.account_id IS NOT NULL
         ),
         busy AS (SELECT account_id, count(*) AS running FROM jobs WHERE state = 'running' GROUP BY account_id)
         SELECT accounts.id, {server_time}
         FROM waiting
         JOIN accounts ON accounts.id = waiting.account_id
         LEFT JOIN busy ON busy.account_id = waiting.account_id
         CROSS JOIN LATERAL (
             SELECT jobs.created_at, jobs.id FROM jobs
             WHERE jobs.account_id = waiting.account_id AND state = 'queued'
               AND not_before <= coalesce($1, {server_time})
               AND NOT jobs.id = ANY ($3)
             ORDER BY jobs.created_at, jobs.id LIMIT 1
         ) AS oldest
         WHERE coalesce(busy.running, 0) < $2 AND NOT EXISTS (SELECT 1 FROM queue_pause)
         ORDER BY coalesce(busy.running, 0), accounts.last_turn, oldest.created_at, oldest.id
         LIMIT 1
         FOR NO KEY UPDATE OF accounts {when_locked}"
    );
    let found: Option<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(write.callers_time(now))
        .bind(i64::from(RUNNING_PER_ACCOUNT_MAX))
        .bind(skipped)
        .fetch_optional(write.connection())
        .await?;
    Ok(found.map(|(account, server)| (account, write.time_told(Some(server), now))))
}

/// Locks the oldest waiting job of an account that this transaction holds. Reads anew: what was true before the
/// lock may not be.
async fn oldest(
    write: &mut Write<'_>,
    account: &str,
    now: Timestamp,
    skipped: &[String],
) -> Result<Option<JobRow>> {
    let row = sqlx::query_as(
        "SELECT * FROM jobs
         WHERE account_id = $1 AND state = 'queued' AND not_before <= $2 AND NOT id = ANY ($3)
           AND (SELECT count(*) FROM jobs AS busy WHERE busy.account_id = $1 AND busy.state = 'running') < $4
         ORDER BY created_at, id
         LIMIT 1
         FOR UPDATE OF jobs SKIP LOCKED",
    )
    .bind(account)
    .bind(now.micros())
    .bind(skipped)
    .bind(i64::from(RUNNING_PER_ACCOUNT_MAX))
    .fetch_optional(write.connection())
    .await?;
    Ok(row)
}

/// A sweep here waits for nobody, so it may as well look.
pub(super) async fn none_is_overdue(_store: &Postgres, _now: Timestamp) -> Result<bool> {
    Ok(false)
}
