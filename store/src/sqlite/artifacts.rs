//! Artifacts, and blobs that no row knows any more.

use domain::artifact::Artifact;
use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use domain::ids::{AccountId, ArtifactId};
use sqlx::SqliteConnection;

use super::Sqlite;
use super::rows::{ArtifactRow, parse};
use crate::error::Result;

pub(crate) async fn artifact(
    store: &Sqlite,
    account: &AccountId,
    id: &ArtifactId,
) -> Result<Option<Artifact>> {
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

/// Remembers blobs that are to go, in the transaction that makes them useless.
pub(super) async fn doom(
    connection: &mut SqliteConnection,
    prefix: &BlobPrefix,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO doomed_blobs (prefix, doomed_at) VALUES ($1, $2) ON CONFLICT (prefix) DO NOTHING",
    )
    .bind(prefix.as_str())
    .bind(now.micros())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn doomed_blobs(store: &Sqlite, limit: u32) -> Result<Vec<BlobPrefix>> {
    let prefixes: Vec<String> =
        sqlx::query_scalar("SELECT prefix FROM doomed_blobs ORDER BY doomed_at, prefix LIMIT $1")
            .bind(limit)
            .fetch_all(&store.reader)
            .await?;
    prefixes.iter().map(|text| parse("doomed_blobs", text, text, BlobPrefix::parse)).collect()
}

pub(crate) async fn blobs_removed(store: &Sqlite, prefix: &BlobPrefix) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("DELETE FROM doomed_blobs WHERE prefix = $1")
        .bind(prefix.as_str())
        .execute(write.connection())
        .await?;
    write.commit().await
}
