//! Artifacts, and blobs that no row knows any more.

use domain::artifact::Artifact;
use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::{AccountId, ArtifactId, UploadId};
use domain::lease::LeaseId;

use super::{Connection, Db, texts};
use crate::error::Result;
use crate::rows::{ArtifactRow, parse};

pub(crate) async fn artifact(store: &Db, account: &AccountId, id: &ArtifactId) -> Result<Option<Artifact>> {
    let mut reader = store.reader.acquire().await?;
    let row: Option<ArtifactRow> = sqlx::query_as(
        "SELECT artifacts.* FROM artifacts JOIN jobs ON jobs.id = artifacts.job_id
         WHERE artifacts.id = $1 AND jobs.account_id = $2",
    )
    .bind(id.as_str())
    .bind(account.as_str())
    .fetch_optional(&mut *reader)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let cipher = texts::cipher(store, &mut reader, account.as_str()).await?;
    row.read(Some(&cipher)).map(Some)
}

/// Remembers blobs that are to go, in the transaction that makes them useless. Dooming again makes it later:
/// what came in between must not be taken for removed.
pub(super) async fn doom(connection: &mut Connection, prefix: &BlobPrefix, now: Timestamp) -> Result<()> {
    doom_for(connection, prefix, None, now).await
}

/// The same, for something of which a tombstone stays. The keys of what lies there go first, in the same transaction:
/// from its commit on nobody can read it, wherever copies of the bytes may be.
pub(super) async fn doom_for(
    connection: &mut Connection,
    prefix: &BlobPrefix,
    subject: Option<&Digest>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM blob_keys WHERE blob >= $1 AND blob < $2")
        .bind(prefix.as_str())
        .bind(prefix.end())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO doomed_blobs (prefix, doomed_at, subject) VALUES ($1, $2, $3)
         ON CONFLICT (prefix) DO UPDATE
         SET doomed_at = CASE WHEN excluded.doomed_at > doomed_blobs.doomed_at THEN excluded.doomed_at
                              ELSE doomed_blobs.doomed_at + 1 END,
             subject = coalesce(excluded.subject, doomed_blobs.subject),
             failures = 0, look_at = 0, empty_at = NULL",
    )
    .bind(prefix.as_str())
    .bind(now.micros())
    .bind(subject.map(|subject| subject.as_bytes().as_slice()))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn discard(store: &Db, lease: &LeaseId, now: Timestamp) -> Result<()> {
    let mut write = store.write().await?;
    let owns_them = sqlx::query(held!(
        "SELECT 1 FROM jobs WHERE id = $1 AND fence = $2 AND state IN ('running', 'succeeded')"
    ))
    .bind(lease.job.as_str())
    .bind(lease.fence)
    .fetch_optional(write.connection())
    .await?
    .is_some();
    if owns_them {
        return Ok(());
    }
    doom(write.connection(), &BlobPrefix::attempt(lease), now).await?;
    let uploads: Vec<String> = sqlx::query_scalar(
        "SELECT job_inputs.upload_id FROM job_inputs JOIN jobs ON jobs.id = job_inputs.job_id
         WHERE jobs.id = $1 AND jobs.kind = 'check'
           AND NOT EXISTS (SELECT 1 FROM uploads
                           WHERE uploads.id = job_inputs.upload_id OR uploads.bytes_of = job_inputs.upload_id)",
    )
    .bind(lease.job.as_str())
    .fetch_all(write.connection())
    .await?;
    for id in uploads {
        let upload = parse("job_inputs", lease.job.as_str(), &id, UploadId::parse)?;
        doom(write.connection(), &BlobPrefix::upload(&upload), now).await?;
    }
    write.commit().await
}
