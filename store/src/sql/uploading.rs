//! The right to send an upload, and uploads that are made of others.

use domain::clock::Timestamp;
use domain::ids::{AccountId, UploadId};
use domain::removal::Cause;
use domain::upload::{Concat, Upload, UploadState};

use super::uploads::{insert, row, signed};
use super::{Connection, Db, Write, reaping, texts};
use crate::error::Result;
use crate::outcome::NewUpload;
use crate::rows::{UploadRow, parse};
use crate::uploading::{JoinRefusal, Joined, LEASE, Renewed, Taken, UploadLock};

pub(crate) async fn take_lock(store: &Db, upload: &UploadId, now: Timestamp) -> Result<Taken> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let fence: Option<i64> = sqlx::query_scalar(
        "UPDATE uploads SET lock_fence = lock_fence + 1, lock_until = $3, lock_asked = 0
         WHERE id = $1 AND (lock_until IS NULL OR lock_until <= $2)
         RETURNING lock_fence",
    )
    .bind(upload.as_str())
    .bind(now.micros())
    .bind((now + LEASE).micros())
    .fetch_optional(write.connection())
    .await?;
    if let Some(fence) = fence {
        write.commit().await?;
        let fence = u64::try_from(fence).unwrap_or(0);
        return Ok(Taken::Taken(UploadLock { upload: upload.clone(), fence }));
    }
    let asked: Option<i64> = sqlx::query_scalar("SELECT lock_asked FROM uploads WHERE id = $1")
        .bind(upload.as_str())
        .fetch_optional(write.connection())
        .await?;
    if asked == Some(0) {
        sqlx::query("UPDATE uploads SET lock_asked = 1 WHERE id = $1 AND lock_until IS NOT NULL")
            .bind(upload.as_str())
            .execute(write.connection())
            .await?;
        write.commit().await?;
    }
    Ok(asked.map_or(Taken::Unknown, |_| Taken::Held))
}

pub(crate) async fn renew_lock(store: &Db, lock: &UploadLock, now: Timestamp) -> Result<Renewed> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    // One that lapsed is as good as ever while nobody has taken it.
    let asked: Option<i64> = sqlx::query_scalar(
        "UPDATE uploads SET lock_until = $3 WHERE id = $1 AND lock_fence = $2 AND lock_until IS NOT NULL
         RETURNING lock_asked",
    )
    .bind(lock.upload.as_str())
    .bind(signed(lock.fence))
    .bind((now + LEASE).micros())
    .fetch_optional(write.connection())
    .await?;
    write.commit().await?;
    Ok(asked.map_or(Renewed::Lost, |asked| Renewed::Kept { asked: asked == 1 }))
}

pub(crate) async fn release_lock(store: &Db, lock: &UploadLock) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("UPDATE uploads SET lock_until = NULL, lock_asked = 0 WHERE id = $1 AND lock_fence = $2")
        .bind(lock.upload.as_str())
        .bind(signed(lock.fence))
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn release_locks(store: &Db) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("UPDATE uploads SET lock_until = NULL, lock_asked = 0 WHERE lock_until IS NOT NULL")
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn join(
    store: &Db,
    new: &NewUpload,
    parts: &[UploadId],
    bytes_max: u64,
    now: Timestamp,
) -> Result<Joined> {
    let mut write = store.write().await?;
    // Of those who join the same parts at the same time, one comes first.
    let now = write.hold_account(&new.account, now).await?;
    if let Some(before) = joined_before(store, write.connection(), new, now).await? {
        return Ok(Joined::Before(before));
    }
    let mut size_bytes = 0_u64;
    for id in parts {
        match part(&mut write, &new.account, id, now).await? {
            Ok(bytes) => size_bytes = size_bytes.saturating_add(bytes),
            Err(refusal) => return Ok(Joined::Refused(refusal)),
        }
    }
    if size_bytes > bytes_max {
        return Ok(Joined::Refused(JoinRefusal::TooLarge(size_bytes)));
    }
    let new = NewUpload { size_bytes: Some(size_bytes), ..new.clone() };
    let upload = insert(&mut write, &new, size_bytes, now).await?;
    for id in parts {
        // They live as long as what needs them, and end with it.
        sqlx::query("UPDATE uploads SET part_of = $2, delete_at = $3 WHERE id = $1")
            .bind(id.as_str())
            .bind(new.id.as_str())
            .bind(new.expires_at.micros())
            .execute(write.connection())
            .await?;
    }
    write.commit().await?;
    Ok(Joined::New(upload))
}

/// What the same wish has made before.
async fn joined_before(
    store: &Db,
    connection: &mut Connection,
    new: &NewUpload,
    now: Timestamp,
) -> Result<Option<Upload>> {
    let Concat::Final { header } = &new.concat else { return Ok(None) };
    let before: Option<UploadRow> = sqlx::query_as(
        "SELECT * FROM uploads WHERE account_id = $1 AND concat = $2 AND (delete_at IS NULL OR delete_at > $3)
         ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(new.account.as_str())
    .bind(header)
    .bind(now.micros())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(before) = before else { return Ok(None) };
    let cipher = texts::cipher(store, connection, new.account.as_str()).await?;
    before.read(&cipher).map(Some)
}

/// The length of a part that can be joined.
async fn part(
    write: &mut Write<'_>,
    account: &AccountId,
    id: &UploadId,
    now: Timestamp,
) -> Result<std::result::Result<u64, JoinRefusal>> {
    let taken: Option<Option<String>> =
        sqlx::query_scalar(held!("SELECT part_of FROM uploads WHERE id = $1 AND account_id = $2"))
            .bind(id.as_str())
            .bind(account.as_str())
            .fetch_optional(write.connection())
            .await?;
    let Some(upload) = row(write.connection(), account, id).await? else {
        return Ok(Err(JoinRefusal::Unknown(id.clone())));
    };
    let cipher = texts::cipher(write.store, write.connection(), account.as_str()).await?;
    let upload = upload.read(&cipher)?;
    if upload.delete_at.is_none_or(|end| end <= now) && upload.concat == Concat::Partial {
        return Ok(Err(JoinRefusal::Unknown(id.clone())));
    }
    if upload.concat != Concat::Partial || upload.state != UploadState::Receiving {
        return Ok(Err(JoinRefusal::NotPartial(id.clone())));
    }
    if taken.flatten().is_some() {
        return Ok(Err(JoinRefusal::Taken(id.clone())));
    }
    match upload.size_bytes {
        Some(size) if size == upload.received_bytes => Ok(Ok(size)),
        _ => Ok(Err(JoinRefusal::Unfinished(id.clone()))),
    }
}

pub(crate) async fn part_sizes(
    store: &Db,
    account: &AccountId,
    parts: &[UploadId],
) -> Result<Vec<Option<u64>>> {
    let mut reader = store.reader.acquire().await?;
    let cipher = texts::cipher(store, &mut reader, account.as_str()).await?;
    let mut sizes = Vec::with_capacity(parts.len());
    for id in parts {
        let upload = row(&mut reader, account, id).await?.map(|row| row.read(&cipher)).transpose()?;
        sizes.push(upload.filter(|upload| upload.concat == Concat::Partial).map(|part| part.received_bytes));
    }
    Ok(sizes)
}

/// Whether the upload is a part of another that is not finished.
pub(super) async fn is_being_joined(write: &mut Write<'_>, id: &UploadId) -> Result<bool> {
    let whole: Option<Option<String>> = sqlx::query_scalar("SELECT part_of FROM uploads WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(write.connection())
        .await?;
    Ok(whole.flatten().is_some())
}

/// What an upload was made of goes: it has the bytes itself now, or nobody needs them.
pub(super) async fn remove_parts(
    write: &mut Write<'_>,
    whole: &UploadId,
    cause: Cause,
    now: Timestamp,
) -> Result<()> {
    let parts: Vec<String> =
        sqlx::query_scalar(held!("SELECT id FROM uploads WHERE part_of = $1 ORDER BY id"))
            .bind(whole.as_str())
            .fetch_all(write.connection())
            .await?;
    for id in &parts {
        let part = parse("uploads", id, id, UploadId::parse)?;
        reaping::remove_upload(write, &part, cause, now).await?;
    }
    Ok(())
}
