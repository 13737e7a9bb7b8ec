//! Artifacts, and blobs that no row knows any more.

use domain::artifact::Artifact;
use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use domain::ids::{AccountId, ArtifactId, UploadId};
use domain::lease::LeaseId;

use super::{Connection, Db};
use crate::error::Result;
use crate::outcome::Doomed;
use crate::rows::{ArtifactRow, parse};

pub(crate) async fn artifact(store: &Db, account: &AccountId, id: &ArtifactId) -> Result<Option<Artifact>> {
    let row: Option<ArtifactRow> = sqlx::query_as(
        "SELECT artifacts.* FROM artifacts JOIN jobs ON jobs.id = artifacts.job_id
         WHERE artifacts.id = $1 AND jobs.account_id = $2",
    )
    .bind(id.as_str())
    .bind(account.as_str())
    .fetch_optional(&store.reader)
    .await?;
    row.map(ArtifactRow::read).transpose()
}

/// Remembers blobs that are to go, in the transaction that makes them useless. Dooming again makes it later:
/// what came in between must not be taken for removed.
pub(super) async fn doom(connection: &mut Connection, prefix: &BlobPrefix, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO doomed_blobs (prefix, doomed_at) VALUES ($1, $2)
         ON CONFLICT (prefix) DO UPDATE
         SET doomed_at = CASE WHEN excluded.doomed_at > doomed_blobs.doomed_at THEN excluded.doomed_at
                              ELSE doomed_blobs.doomed_at + 1 END",
    )
    .bind(prefix.as_str())
    .bind(now.micros())
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
           AND NOT EXISTS (SELECT 1 FROM uploads WHERE uploads.id = job_inputs.upload_id)",
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

pub(crate) async fn doomed_blobs(store: &Db, limit: u32) -> Result<Vec<Doomed>> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT prefix, doomed_at FROM doomed_blobs ORDER BY doomed_at, prefix LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(&store.reader)
            .await?;
    let read = |(text, since): (String, i64)| {
        let prefix = parse("doomed_blobs", &text, &text, BlobPrefix::parse)?;
        Ok(Doomed { prefix, since: Timestamp::from_micros(since) })
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn blobs_removed(store: &Db, doomed: &Doomed) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("DELETE FROM doomed_blobs WHERE prefix = $1 AND doomed_at = $2")
        .bind(doomed.prefix.as_str())
        .bind(doomed.since.micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}
