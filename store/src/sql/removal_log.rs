//! Removals, written down elsewhere and done again.

use std::collections::HashMap;

use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::{AccountId, UploadId};
use domain::job::Event;
use domain::removal::{Cause, Day, LoggedRemoval, REMOVALS_LOGGED, Removed, subject};

use super::erasure::{self, Unused};
use super::jobs::move_job;
use super::{Db, reaping, uploading};
use crate::error::Result;
use crate::rows::{self, JobRow, parse};

pub(crate) async fn unlogged(store: &Db, limit: u32, now: Timestamp) -> Result<Vec<LoggedRemoval>> {
    let rows: Vec<(Vec<u8>, String, String, i64)> = sqlx::query_as(
        "SELECT subject, removed, cause, removed_on FROM tombstones
         WHERE is_logged = 0 AND subject = root AND removed_on > $1 ORDER BY removed_on LIMIT $2",
    )
    .bind(Day::of(now - REMOVALS_LOGGED).number())
    .bind(i64::from(limit))
    .fetch_all(&store.reader)
    .await?;
    let read = |(subject, removed, cause, day): (Vec<u8>, String, String, i64)| {
        let what = "of a removal";
        Ok(LoggedRemoval {
            subject: rows::digest("tombstones", what, &subject)?,
            removed: rows::word("tombstones", what, &removed, Removed::parse)?,
            cause: rows::word("tombstones", what, &cause, Cause::parse)?,
            removed_on: Day::from_number(day),
        })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn are_logged(store: &Db, removals: &[LoggedRemoval]) -> Result<()> {
    let mut write = store.write().await?;
    for removal in removals {
        sqlx::query("UPDATE tombstones SET is_logged = 1 WHERE subject = $1")
            .bind(removal.subject.as_bytes().as_slice())
            .execute(write.connection())
            .await?;
    }
    write.commit().await
}

pub(crate) async fn unknown(store: &Db, removals: &[LoggedRemoval]) -> Result<Vec<LoggedRemoval>> {
    let mut reader = store.reader.acquire().await?;
    let mut unknown = Vec::new();
    for removal in removals {
        let known = sqlx::query("SELECT 1 FROM tombstones WHERE subject = $1")
            .bind(removal.subject.as_bytes().as_slice())
            .fetch_optional(&mut *reader)
            .await?;
        if known.is_none() {
            unknown.push(*removal);
        }
    }
    Ok(unknown)
}

/// So many ids are looked at at once.
const PAGE: i64 = 1000;

/// An account goes before what it has, so that its receipt waits for all of it.
const TABLES: [(Removed, &str); 3] = [
    (Removed::Account, "SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT $2"),
    (Removed::Job, "SELECT id FROM jobs WHERE id > $1 AND kind <> 'check' ORDER BY id LIMIT $2"),
    (Removed::Upload, "SELECT id FROM uploads WHERE id > $1 ORDER BY id LIMIT $2"),
];

pub(crate) async fn remove_again(store: &Db, removals: &[LoggedRemoval], now: Timestamp) -> Result<u64> {
    let mut wanted: HashMap<Digest, LoggedRemoval> = HashMap::new();
    wanted.extend(removals.iter().map(|removal| (removal.subject, *removal)));
    let mut there = 0;
    for (removed, sql) in TABLES {
        let mut after = String::new();
        loop {
            // Only a hash was written down, so every id is hashed.
            let ids: Vec<String> =
                sqlx::query_scalar(sql).bind(&after).bind(PAGE).fetch_all(&store.reader).await?;
            let Some(last) = ids.last() else { break };
            after.clone_from(last);
            for id in &ids {
                let Some(removal) = wanted.get(&subject(id)) else { continue };
                match removed {
                    Removed::Account => {
                        let account = parse("accounts", id, id, AccountId::parse)?;
                        erasure::erase(store, &account, Unused::LeftToTheOperator, now).await?;
                    }
                    Removed::Upload => upload(store, id, removal.cause, now).await?,
                    Removed::Job | Removed::Artifact => job(store, id, removal.cause, now).await?,
                }
                there += 1;
            }
        }
    }
    for removal in wanted.values() {
        remember(store, removal).await?;
    }
    Ok(there)
}

/// What was made after the copy has no row here; its receipt is given all the same.
async fn remember(store: &Db, removal: &LoggedRemoval) -> Result<()> {
    let LoggedRemoval { subject, removed, cause, removed_on } = removal;
    let mut write = store.write().await?;
    sqlx::query(
        "INSERT INTO tombstones (subject, root, removed, cause, removed_on, verified_on, is_logged)
         VALUES ($1, $1, $2, $3, $4, $4, 1) ON CONFLICT (subject) DO NOTHING",
    )
    .bind(subject.as_bytes().as_slice())
    .bind(removed.as_str())
    .bind(cause.as_str())
    .bind(removed_on.number())
    .execute(write.connection())
    .await?;
    write.commit().await
}

async fn job(store: &Db, id: &str, cause: Cause, now: Timestamp) -> Result<()> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let row: Option<JobRow> = sqlx::query_as(held!("SELECT * FROM jobs WHERE id = $1"))
        .bind(id)
        .fetch_optional(write.connection())
        .await?;
    let Some(row) = row else { return Ok(()) };
    if row.state()?.finished_at().is_none() {
        move_job(&mut write, &row, Event::CancelRequested, now).await?;
    }
    reaping::remove_job(&mut write, &row, cause, now).await?;
    write.commit().await
}

/// A job of the copy that still waits for the upload had ended when that was removed: it ends again.
async fn upload(store: &Db, id: &str, cause: Cause, now: Timestamp) -> Result<()> {
    let upload = parse("uploads", id, id, UploadId::parse)?;
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let living: Vec<JobRow> = sqlx::query_as(held!(
        "SELECT * FROM jobs
         WHERE id IN (SELECT job_id FROM job_inputs WHERE upload_id = $1) AND finished_at IS NULL ORDER BY id"
    ))
    .bind(id)
    .fetch_all(write.connection())
    .await?;
    for job in &living {
        move_job(&mut write, job, Event::CancelRequested, now).await?;
    }
    uploading::remove_parts(&mut write, &upload, cause, now).await?;
    reaping::remove_upload(&mut write, &upload, cause, now).await?;
    write.commit().await
}
