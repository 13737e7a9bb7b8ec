//! Uploads, and the checks that look at them.

use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::{AccountId, JobId, UploadId};
use domain::job::Event;
use domain::lease::LeaseId;
use domain::order::Input;
use domain::problem::Problem;
use domain::removal::Cause;
use domain::upload::{Concat, MetadataKept, Upload};

use super::jobs::{self, move_job};
use super::queue::leased_row;
use super::{Connection, Db, Write, orders, reaping, sharing, texts, uploading};
use crate::error::{Result, StoreError};
use crate::outcome::{Admitted, Checked, NewUpload, Removal, SameBytes, Twin, UploadRoom};
use crate::rows::{JobRow, UploadRow, UploadTexts, json_text, parse};
use crate::uploading::UploadLock;

pub(crate) async fn admit_upload(
    store: &Db,
    new: &NewUpload,
    room: &UploadRoom,
    now: Timestamp,
) -> Result<Admitted> {
    let mut write = store.write().await?;
    let now = write.hold_account(&new.account, now).await?;
    let taken: i64 = sqlx::query_scalar(
        "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM (
             SELECT max(coalesce(size_bytes, $2)) AS bytes FROM uploads
             WHERE account_id = $1 AND (delete_at IS NULL OR delete_at > $3)
             GROUP BY coalesce(bytes_of, id)
         ) AS places",
    )
    .bind(new.account.as_str())
    .bind(signed(room.longest_bytes))
    .bind(now.micros())
    .fetch_one(write.connection())
    .await?;
    let taken_bytes = u64::try_from(taken).unwrap_or(0);
    let needed = new.size_bytes.unwrap_or(room.longest_bytes);
    if taken_bytes.saturating_add(needed) > room.account_bytes {
        return Ok(Admitted::Full { taken_bytes });
    }
    let upload = insert(&mut write, new, 0, now).await?;
    write.commit().await?;
    Ok(Admitted::New(Box::new(upload)))
}

pub(crate) async fn create_upload(store: &Db, new: &NewUpload, now: Timestamp) -> Result<Upload> {
    let mut write = store.write().await?;
    let upload = insert(&mut write, new, 0, now).await?;
    write.commit().await?;
    Ok(upload)
}

pub(super) async fn insert(
    write: &mut Write<'_>,
    new: &NewUpload,
    received_bytes: u64,
    now: Timestamp,
) -> Result<Upload> {
    let cipher = texts::cipher(write.store, write.connection(), new.account.as_str()).await?;
    let said = UploadTexts { name: new.name.clone(), filetype: new.filetype.clone() };
    sqlx::query(
        "INSERT INTO uploads (id, account_id, name, sealed, state, size_bytes, created_at, delete_at,
                              concat, metadata, received_bytes)
         VALUES ($1, $2, '', $3, 'receiving', $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.id.as_str())
    .bind(new.account.as_str())
    .bind(cipher.seal("uploads", new.id.as_str(), &json_text(&said)?, &*write.store.entropy))
    .bind(new.size_bytes.map(signed))
    .bind(now.micros())
    .bind(new.expires_at.micros())
    .bind(concat_text(&new.concat))
    .bind(metadata_number(new.metadata))
    .bind(signed(received_bytes))
    .execute(write.connection())
    .await?;
    let upload = row(write.connection(), &new.account, &new.id).await?;
    upload.ok_or(StoreError::Database(sqlx::Error::RowNotFound))?.read(&cipher)
}

pub(crate) async fn upload(store: &Db, account: &AccountId, id: &UploadId) -> Result<Option<Upload>> {
    let mut reader = store.reader.acquire().await?;
    let Some(row) = row(&mut reader, account, id).await? else { return Ok(None) };
    let cipher = texts::cipher(store, &mut reader, account.as_str()).await?;
    row.read(&cipher).map(Some)
}

pub(super) async fn row(
    connection: &mut Connection,
    account: &AccountId,
    id: &UploadId,
) -> Result<Option<UploadRow>> {
    let row = sqlx::query_as("SELECT * FROM uploads WHERE id = $1 AND account_id = $2")
        .bind(id.as_str())
        .bind(account.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(row)
}

/// Until the transaction ends nobody else changes a job's inputs. In the order of their ids, so that no two
/// transactions wait for each other.
pub(super) async fn hold_inputs(connection: &mut Connection, job: &JobId) -> Result<()> {
    sqlx::query(held!(
        "SELECT 1 FROM uploads WHERE id IN (SELECT upload_id FROM job_inputs WHERE job_id = $1) ORDER BY id"
    ))
    .bind(job.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn list_uploads(
    store: &Db,
    account: &AccountId,
    after: Option<&UploadId>,
    limit: u32,
) -> Result<Vec<Upload>> {
    let mut reader = store.reader.acquire().await?;
    let rows: Vec<UploadRow> = sqlx::query_as(
        "SELECT * FROM uploads
         WHERE account_id = $1 AND (concat IS NULL OR concat <> 'partial')
           AND ($2 IS NULL
                OR (created_at, id) < (SELECT created_at, id FROM uploads WHERE id = $2 AND account_id = $1))
         ORDER BY created_at DESC, id DESC
         LIMIT $3",
    )
    .bind(account.as_str())
    .bind(after.map(UploadId::as_str))
    .bind(i64::from(limit))
    .fetch_all(&mut *reader)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let cipher = texts::cipher(store, &mut reader, account.as_str()).await?;
    rows.into_iter().map(|row| row.read(&cipher)).collect()
}

pub(crate) async fn declare_upload_size(store: &Db, lock: &UploadLock, size_bytes: u64) -> Result<bool> {
    let mut write = store.write().await?;
    let done = sqlx::query(
        "UPDATE uploads SET size_bytes = $2
         WHERE id = $1 AND state = 'receiving' AND received_bytes <= $2
           AND (size_bytes IS NULL OR size_bytes = $2) AND lock_fence = $3",
    )
    .bind(lock.upload.as_str())
    .bind(signed(size_bytes))
    .bind(signed(lock.fence))
    .execute(write.connection())
    .await?;
    write.commit().await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn advance_upload(store: &Db, lock: &UploadLock, from: u64, to: u64) -> Result<bool> {
    let mut write = store.write().await?;
    let done = sqlx::query(
        "UPDATE uploads SET received_bytes = $3
         WHERE id = $1 AND received_bytes = $2 AND $2 <= $3 AND state = 'receiving'
           AND (size_bytes IS NULL OR $3 <= size_bytes) AND lock_fence = $4",
    )
    .bind(lock.upload.as_str())
    .bind(signed(from))
    .bind(signed(to))
    .bind(signed(lock.fence))
    .execute(write.connection())
    .await?;
    write.commit().await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn finish_upload(
    store: &Db,
    lock: &UploadLock,
    sha256: &Digest,
    now: Timestamp,
) -> Result<bool> {
    let id = &lock.upload;
    let mut write = store.write().await?;
    let owner: Option<String> = sqlx::query_scalar("SELECT account_id FROM uploads WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(write.connection())
        .await?;
    let Some(owner) = owner else { return Ok(false) };
    let owner = parse("uploads", id.as_str(), &owner, AccountId::parse)?;
    let now = write.hold_account(&owner, now).await?;
    let done = sqlx::query(
        "UPDATE uploads SET state = 'checking', sha256 = $2, delete_at = $3
         WHERE id = $1 AND state = 'receiving' AND received_bytes = size_bytes AND lock_fence = $4
           AND (concat IS NULL OR concat <> 'partial')",
    )
    .bind(id.as_str())
    .bind(sha256.as_bytes().as_slice())
    .bind(store.retention.of_complete_upload(now).micros())
    .bind(signed(lock.fence))
    .execute(write.connection())
    .await?;
    if done.rows_affected() != 1 {
        return Ok(false);
    }
    uploading::remove_parts(&mut write, id, Cause::Expiry, now).await?;
    let check = JobId::new(&*store.entropy);
    sqlx::query(
        "INSERT INTO jobs (id, account_id, kind, title, state, not_before, created_at)
         VALUES ($1, $2, 'check', '', 'queued', $3, $3)",
    )
    .bind(check.as_str())
    .bind(owner.as_str())
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    orders::insert_inputs(&mut write, &check, &[Input::from(id.clone())], &[], None).await?;
    jobs::insert_first_event(&mut write, &check, now).await?;
    write.new_work += 1;
    write.commit().await?;
    Ok(true)
}

pub(crate) async fn checked_upload(
    store: &Db,
    lease: &LeaseId,
    checked: &Checked,
    same: &SameBytes,
    now: Timestamp,
) -> Result<Option<Twin>> {
    let mut write = store.write().await?;
    let subject: Option<(String, String)> = sqlx::query_as(
        "SELECT jobs.account_id, job_inputs.upload_id FROM jobs JOIN job_inputs ON job_inputs.job_id = jobs.id
         WHERE jobs.id = $1 AND jobs.kind = 'check'",
    )
    .bind(lease.job.as_str())
    .fetch_optional(write.connection())
    .await?;
    let (account, upload) = subject.ok_or(StoreError::LeaseLost)?;
    let account = parse("jobs", lease.job.as_str(), &account, AccountId::parse)?;
    let upload = parse("job_inputs", lease.job.as_str(), &upload, UploadId::parse)?;
    // Of two twins that are checked at the same time the second sees that the first is usable.
    let now = write.hold_account(&account, now).await?;
    let (check, now) = leased_row(&mut write, lease, now).await?;
    if *same == SameBytes::Unknown
        && let Some(twin) = sharing::twin(&mut write, &upload, None, now).await?
    {
        return Ok(Some(twin));
    }
    sqlx::query(
        "UPDATE uploads SET state = 'ready', audio = $2, findings = $3 WHERE id = $1 AND state = 'checking'",
    )
    .bind(upload.as_str())
    .bind(json_text(&checked.audio)?)
    .bind(json_text(&checked.findings)?)
    .execute(write.connection())
    .await?;
    if let SameBytes::At(place) = same {
        sharing::share(&mut write, &upload, place, now).await?;
    }
    move_job(&mut write, &check, Event::Completed { fence: lease.fence }, now).await?;
    write.commit().await?;
    Ok(None)
}

pub(crate) async fn rejected_upload(
    store: &Db,
    lease: &LeaseId,
    problem: &Problem,
    now: Timestamp,
) -> Result<()> {
    let mut write = store.write().await?;
    let (check, now) = leased_row(&mut write, lease, now).await?;
    // The check itself did what it is for: it has succeeded, the upload has not.
    move_job(&mut write, &check, Event::Completed { fence: lease.fence }, now).await?;
    reject(write.connection(), &check, problem).await?;
    write.commit().await
}

/// The upload that a check looked at cannot be used.
pub(super) async fn reject(connection: &mut Connection, check: &JobRow, problem: &Problem) -> Result<()> {
    sqlx::query(
        "UPDATE uploads SET state = 'rejected', problem = $2
         WHERE id = (SELECT upload_id FROM job_inputs WHERE job_id = $1) AND state = 'checking'",
    )
    .bind(&check.id)
    .bind(json_text(problem)?)
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn delete_upload(
    store: &Db,
    account: &AccountId,
    id: &UploadId,
    now: Timestamp,
) -> Result<Removal> {
    let mut write = store.write().await?;
    let now = write.hold_account(account, now).await?;
    if row(write.connection(), account, id).await?.is_none() {
        return Ok(Removal::Unknown);
    }
    let living: Vec<JobRow> = sqlx::query_as(held!(
        "SELECT * FROM jobs
         WHERE id IN (SELECT job_id FROM job_inputs WHERE upload_id = $1) AND finished_at IS NULL
         ORDER BY id"
    ))
    .bind(id.as_str())
    .fetch_all(write.connection())
    .await?;
    if living.iter().any(|job| !job.is_check()) {
        return Ok(Removal::InUse);
    }
    if uploading::is_being_joined(&mut write, id).await? {
        return Ok(Removal::InUse);
    }
    uploading::remove_parts(&mut write, id, Cause::Erasure, now).await?;
    reaping::remove_upload(&mut write, id, Cause::Erasure, now).await?;
    write.commit().await?;
    Ok(Removal::Removed)
}

/// As the table keeps it; no file is as long as where this would end.
pub(super) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn concat_text(concat: &Concat) -> Option<&str> {
    match concat {
        Concat::Whole => None,
        Concat::Partial => Some("partial"),
        Concat::Final { header } => Some(header),
    }
}

fn metadata_number(metadata: MetadataKept) -> i64 {
    match metadata {
        MetadataKept::None => 0,
        MetadataKept::NameAndType => 1,
        MetadataKept::Blob => 2,
    }
}
