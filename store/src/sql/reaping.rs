//! The end of everything: what is due, what is emptied, what is remembered.

use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::UploadId;
use domain::job::Event;
use domain::removal::{
    BETWEEN_LOOKS, Cause, Day, ORPHAN_AGE, RECEIPTS, Receipt, Removed, again_after, subject,
};

use super::jobs::move_job;
use super::{Connection, Db, Write, abuse, artifacts, erasure, sharing};
use crate::error::{Result, StoreError};
use crate::outcome::Doomed;
use crate::reaping::{Due, Look, Place};
use crate::rows::{JobRow, parse};

pub(crate) async fn due(store: &Db, at: Timestamp, limit: u32) -> Result<Vec<Due>> {
    let mut due = Vec::new();
    for (removed, sql) in [
        (
            Removed::Job,
            "SELECT id, delete_at FROM jobs WHERE delete_at <= $1 AND kind <> 'check' ORDER BY delete_at, id LIMIT $2",
        ),
        (
            Removed::Upload,
            "SELECT id, delete_at FROM uploads WHERE delete_at <= $1 ORDER BY delete_at, id LIMIT $2",
        ),
    ] {
        let rows: Vec<(String, i64)> =
            sqlx::query_as(sql).bind(at.micros()).bind(i64::from(limit)).fetch_all(&store.reader).await?;
        due.extend(rows.into_iter().map(|(id, since)| Due {
            removed,
            id,
            since: Timestamp::from_micros(since),
        }));
    }
    Ok(due)
}

pub(crate) async fn remove_due(store: &Db, now: Timestamp, limit: u32) -> Result<u64> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let jobs: Vec<JobRow> = sqlx::query_as(held_unless_busy!(
        "SELECT * FROM jobs WHERE delete_at <= $1 ORDER BY delete_at, id LIMIT $2"
    ))
    .bind(now.micros())
    .bind(i64::from(limit))
    .fetch_all(write.connection())
    .await?;
    for job in &jobs {
        remove_job(&mut write, job, Cause::Retention, now).await?;
    }
    let uploads: Vec<(String, i64)> = sqlx::query_as(held_unless_busy!(
        "SELECT id, is_due_by_job FROM uploads WHERE delete_at <= $1 ORDER BY delete_at, id LIMIT $2"
    ))
    .bind(now.micros())
    .bind(i64::from(limit))
    .fetch_all(write.connection())
    .await?;
    for (id, is_due_by_job) in &uploads {
        let upload = parse("uploads", id, id, UploadId::parse)?;
        let cause = if *is_due_by_job == 1 { Cause::Retention } else { Cause::Expiry };
        remove_upload(&mut write, &upload, cause, now).await?;
    }
    write.commit().await?;
    Ok((jobs.len() + uploads.len()) as u64)
}

/// A job that is over, and everything it made.
pub(super) async fn remove_job(
    write: &mut Write<'_>,
    row: &JobRow,
    cause: Cause,
    now: Timestamp,
) -> Result<()> {
    let id = row.id()?;
    let root = subject(id.as_str());
    if !row.is_check() {
        let made: Vec<String> = sqlx::query_scalar("SELECT id FROM artifacts WHERE job_id = $1")
            .bind(id.as_str())
            .fetch_all(write.connection())
            .await?;
        let due_on = row.delete_at().filter(|due| *due <= now);
        bury(write, Removed::Job, &root, &root, cause, due_on, now).await?;
        for artifact in made {
            bury(write, Removed::Artifact, &subject(&artifact), &root, cause, due_on, now).await?;
        }
    }
    sqlx::query("DELETE FROM jobs WHERE id = $1").bind(id.as_str()).execute(write.connection()).await?;
    artifacts::doom_for(write.connection(), &BlobPrefix::job(&id), Some(&root), now).await
}

/// An upload, and all that was derived from it. A look at it that is not over ends. Gives the place that is to be
/// emptied; none where its bytes are those of another upload too.
pub(super) async fn remove_upload(
    write: &mut Write<'_>,
    upload: &UploadId,
    cause: Cause,
    now: Timestamp,
) -> Result<Option<BlobPrefix>> {
    let checks: Vec<JobRow> = sqlx::query_as(held!(
        "SELECT * FROM jobs WHERE id IN (SELECT job_id FROM job_inputs WHERE upload_id = $1)
           AND finished_at IS NULL AND kind = 'check' ORDER BY id"
    ))
    .bind(upload.as_str())
    .fetch_all(write.connection())
    .await?;
    for check in &checks {
        move_job(write, check, Event::CancelRequested, now).await?;
    }
    let row: Option<(Option<i64>, Option<String>)> =
        sqlx::query_as("DELETE FROM uploads WHERE id = $1 RETURNING delete_at, bytes_of")
            .bind(upload.as_str())
            .fetch_optional(write.connection())
            .await?;
    let (due, bytes_of) = row.unwrap_or_default();
    let due_on = due.map(Timestamp::from_micros).filter(|due| *due <= now);
    let root = subject(upload.as_str());
    bury(write, Removed::Upload, &root, &root, cause, due_on, now).await?;
    let place = match bytes_of {
        Some(id) => parse("uploads", upload.as_str(), &id, UploadId::parse)?,
        None => upload.clone(),
    };
    if !sharing::is_left(write, &place).await? {
        sqlx::query("UPDATE tombstones SET verified_on = removed_on WHERE subject = $1")
            .bind(root.as_bytes().as_slice())
            .execute(write.connection())
            .await?;
        return Ok(None);
    }
    let place = BlobPrefix::upload(&place);
    artifacts::doom_for(write.connection(), &place, Some(&root), now).await?;
    Ok(Some(place))
}

pub(super) async fn bury(
    write: &mut Write<'_>,
    removed: Removed,
    subject: &Digest,
    root: &Digest,
    cause: Cause,
    due: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO tombstones (subject, root, removed, cause, due_on, removed_on) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (subject) DO NOTHING",
    )
    .bind(subject.as_bytes().as_slice())
    .bind(root.as_bytes().as_slice())
    .bind(removed.as_str())
    .bind(cause.as_str())
    .bind(due.map(|due| Day::of(due).number()))
    .bind(Day::of(now).number())
    .execute(write.connection())
    .await?;
    Ok(())
}

pub(crate) async fn remove_stale(store: &Db, now: Timestamp) -> Result<u64> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let mut removed = 0;
    for sql in
        ["DELETE FROM sessions WHERE expires_at <= $1", "DELETE FROM sign_in_links WHERE expires_at <= $1"]
    {
        removed += sqlx::query(sql).bind(now.micros()).execute(write.connection()).await?.rows_affected();
    }
    removed += sqlx::query("DELETE FROM tombstones WHERE removed_on < $1 AND verified_on IS NOT NULL")
        .bind(Day::of(now - RECEIPTS).number())
        .execute(write.connection())
        .await?
        .rows_affected();
    removed += abuse::expire_in(&mut write, Day::of(now)).await?;
    write.commit().await?;
    Ok(removed)
}

pub(crate) async fn doomed_blobs(store: &Db, now: Timestamp, limit: u32) -> Result<Vec<Doomed>> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT prefix, doomed_at FROM doomed_blobs WHERE look_at <= $1 ORDER BY look_at, prefix LIMIT $2",
    )
    .bind(now.micros())
    .bind(i64::from(limit))
    .fetch_all(&mut *reader)
    .await?;
    let read = |(text, since): (String, i64)| {
        let prefix = parse("doomed_blobs", &text, &text, BlobPrefix::parse)?;
        Ok(Doomed { prefix, since: Timestamp::from_micros(since) })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn looked(store: &Db, doomed: &Doomed, look: Look, now: Timestamp) -> Result<bool> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let row: Option<DoomedRow> = sqlx::query_as(held!(
        "SELECT subject, account, files, failures, empty_at FROM doomed_blobs WHERE prefix = $1 AND doomed_at = $2"
    ))
    .bind(doomed.prefix.as_str())
    .bind(doomed.since.micros())
    .fetch_optional(write.connection())
    .await?;
    let Some(mut row) = row else { return Ok(false) };
    let wait = match look {
        Look::Refused => {
            row.failures += 1;
            again_after(u32::try_from(row.failures).unwrap_or(u32::MAX))
        }
        Look::Empty { deleted } => {
            // What came after the first look begins the wait anew.
            let first = row.empty_at.filter(|_| deleted == 0).map(Timestamp::from_micros);
            (row.files, row.failures) = (row.files + i64::try_from(deleted).unwrap_or(i64::MAX), 0);
            row.empty_at = Some(first.unwrap_or(now).micros());
            if first.is_some_and(|first| now.since(first) >= BETWEEN_LOOKS) {
                gone(&mut write, doomed, &row, now).await?;
                write.commit().await?;
                return Ok(true);
            }
            BETWEEN_LOOKS
        }
    };
    sqlx::query(
        "UPDATE doomed_blobs SET files = $2, failures = $3, empty_at = $4, look_at = $5 WHERE prefix = $1",
    )
    .bind(doomed.prefix.as_str())
    .bind(row.files)
    .bind(row.failures)
    .bind(row.empty_at)
    .bind((now + wait).micros())
    .execute(write.connection())
    .await?;
    write.commit().await?;
    Ok(false)
}

#[derive(sqlx::FromRow)]
struct DoomedRow {
    subject: Option<Vec<u8>>,
    account: Option<Vec<u8>>,
    files: i64,
    failures: i64,
    empty_at: Option<i64>,
}

/// A place was found empty twice.
async fn gone(write: &mut Write<'_>, doomed: &Doomed, row: &DoomedRow, now: Timestamp) -> Result<()> {
    if let Some(account) = &row.account {
        erasure::hold_receipt(write, account).await?;
    }
    sqlx::query("DELETE FROM doomed_blobs WHERE prefix = $1")
        .bind(doomed.prefix.as_str())
        .execute(write.connection())
        .await?;
    if let Some(account) = &row.account {
        erasure::place_is_empty(write, account, row.files, now).await?;
    }
    sqlx::query("UPDATE tombstones SET verified_on = $2, files = $3 WHERE root = $1")
        .bind(&row.subject)
        .bind(Day::of(now).number())
        .bind(row.files)
        .execute(write.connection())
        .await?;
    Ok(())
}

pub(crate) async fn knows(store: &Db, prefix: &BlobPrefix) -> Result<bool> {
    let mut reader = store.reader.acquire().await?;
    let doomed =
        sqlx::query("SELECT 1 FROM doomed_blobs WHERE substr($1, 1, length(prefix)) = prefix LIMIT 1")
            .bind(prefix.as_str())
            .fetch_optional(&mut *reader)
            .await?;
    if doomed.is_some() {
        return Ok(true);
    }
    let known = match Place::of(prefix) {
        Some(Place::Attempt(job, fence)) => {
            sqlx::query(
                "SELECT 1 FROM jobs WHERE id = $1 AND fence = $2 AND state IN ('running', 'succeeded')",
            )
            .bind(job.as_str().to_owned())
            .bind(fence)
            .fetch_optional(&mut *reader)
            .await?
        }
        Some(Place::Upload(upload)) => {
            sqlx::query("SELECT 1 FROM uploads WHERE (id = $1 AND bytes_of IS NULL) OR bytes_of = $1")
                .bind(upload.as_str().to_owned())
                .fetch_optional(&mut *reader)
                .await?
        }
        None => None,
    };
    Ok(known.is_some())
}

pub(crate) async fn places_in_use(
    store: &Db,
    after: Option<&BlobPrefix>,
    limit: u32,
) -> Result<Vec<BlobPrefix>> {
    let places: Vec<String> = sqlx::query_scalar(
        "SELECT place FROM (
             SELECT DISTINCT 'u/' || coalesce(bytes_of, id) || '/' AS place FROM uploads WHERE state <> 'receiving'
             UNION ALL
             SELECT 'j/' || jobs.id || '/' || CAST(jobs.fence AS TEXT) || '/' FROM jobs
             WHERE state = 'succeeded' AND EXISTS (SELECT 1 FROM artifacts WHERE artifacts.job_id = jobs.id)
         ) AS places
         WHERE place > $1 ORDER BY place LIMIT $2",
    )
    .bind(after.map_or("", BlobPrefix::as_str))
    .bind(i64::from(limit))
    .fetch_all(&store.reader)
    .await?;
    places.iter().map(|place| parse("jobs or uploads", place, place, BlobPrefix::parse)).collect()
}

pub(crate) async fn orphan(
    store: &Db,
    place: &BlobPrefix,
    seen_before: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let first: i64 = sqlx::query_scalar(
        "INSERT INTO orphans (prefix, seen_at) VALUES ($1, $2)
         ON CONFLICT (prefix) DO UPDATE SET prefix = excluded.prefix RETURNING seen_at",
    )
    .bind(place.as_str())
    .bind(now.micros())
    .fetch_one(write.connection())
    .await?;
    let is_old = first <= seen_before.micros();
    if is_old {
        artifacts::doom(write.connection(), place, now).await?;
        forget_orphan(write.connection(), place).await?;
    }
    write.commit().await?;
    Ok(is_old)
}

async fn forget_orphan(connection: &mut Connection, place: &BlobPrefix) -> Result<()> {
    sqlx::query("DELETE FROM orphans WHERE prefix = $1").bind(place.as_str()).execute(connection).await?;
    Ok(())
}

pub(crate) async fn orphans_swept(store: &Db, now: Timestamp) -> Result<()> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    // Older than any sweep takes, and not doomed: it is known by now, or gone.
    sqlx::query("DELETE FROM orphans WHERE seen_at < $1")
        .bind((now - 3 * ORPHAN_AGE).micros())
        .execute(write.connection())
        .await?;
    sqlx::query("UPDATE reaper SET swept_at = $1").bind(now.micros()).execute(write.connection()).await?;
    super::put_abuse_tags_in_order(write.connection()).await?;
    write.commit().await
}

pub(crate) async fn receipt(store: &Db, subject: &Digest) -> Result<Option<Receipt>> {
    let row: Option<TombstoneRow> = sqlx::query_as(
        "SELECT removed, cause, due_on, removed_on, verified_on, files FROM tombstones WHERE subject = $1",
    )
    .bind(subject.as_bytes().as_slice())
    .fetch_optional(&store.reader)
    .await?;
    row.map(TombstoneRow::read).transpose()
}

#[derive(sqlx::FromRow)]
struct TombstoneRow {
    removed: String,
    cause: String,
    due_on: Option<i64>,
    removed_on: i64,
    verified_on: Option<i64>,
    files: i64,
}

impl TombstoneRow {
    fn read(self) -> Result<Receipt> {
        let unreadable =
            |word: &str| StoreError::unreadable("tombstones", "of a receipt", format!("{word:?}"));
        Ok(Receipt {
            removed: Removed::parse(&self.removed).ok_or_else(|| unreadable(&self.removed))?,
            cause: Cause::parse(&self.cause).ok_or_else(|| unreadable(&self.cause))?,
            due_on: self.due_on.map(Day::from_number),
            removed_on: Day::from_number(self.removed_on),
            verified_on: self.verified_on.map(Day::from_number),
            files: u64::try_from(self.files).unwrap_or(0),
        })
    }
}
