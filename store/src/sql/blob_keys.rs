//! The wrapped keys of blobs.

use domain::blob::{BlobKey, BlobPrefix};
use domain::clock::Timestamp;

use super::Db;
use crate::blob_keys::WrappedKey;
use crate::error::Result;
use crate::rows::{WrappedKeyRow, parse, word};
use crate::sealing::{KekId, SealId};

pub(crate) async fn keks_in_use(store: &Db) -> Result<Vec<KekId>> {
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT kek FROM blob_keys UNION SELECT kek FROM account_keys UNION SELECT kek FROM lookup_key ORDER BY kek",
    )
    .fetch_all(&store.reader)
    .await?;
    let read = |text: String| word("blob_keys", &text, &text, KekId::parse);
    rows.into_iter().map(read).collect()
}

pub(crate) async fn keep_blob_key(
    store: &Db,
    blob: &BlobKey,
    key: &WrappedKey,
    now: Timestamp,
) -> Result<()> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    sqlx::query("INSERT INTO blob_keys (blob, seal, kek, wrapped, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(blob.as_str())
        .bind(key.seal.0.as_slice())
        .bind(key.kek.to_string())
        .bind(key.wrapped.as_slice())
        .bind(now.micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn blob_keys(store: &Db, blob: &BlobKey) -> Result<Vec<WrappedKey>> {
    let rows: Vec<WrappedKeyRow> =
        sqlx::query_as("SELECT blob, seal, kek, wrapped FROM blob_keys WHERE blob = $1 ORDER BY seal")
            .bind(blob.as_str())
            .fetch_all(&store.reader)
            .await?;
    rows.into_iter().map(|row| row.read().map(|(_, key)| key)).collect()
}

pub(crate) async fn forget_blob_key(store: &Db, blob: &BlobKey, seal: SealId) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("DELETE FROM blob_keys WHERE blob = $1 AND seal = $2")
        .bind(blob.as_str())
        .bind(seal.0.as_slice())
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn shred_blob(store: &Db, blob: &BlobKey) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("DELETE FROM blob_keys WHERE blob = $1")
        .bind(blob.as_str())
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn shred_blobs(store: &Db, prefix: &BlobPrefix) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("DELETE FROM blob_keys WHERE blob >= $1 AND blob < $2")
        .bind(prefix.as_str())
        .bind(prefix.end())
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn blobs_with_keys(store: &Db, prefix: &BlobPrefix) -> Result<Vec<BlobKey>> {
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT blob FROM blob_keys WHERE blob >= $1 AND blob < $2 ORDER BY blob",
    )
    .bind(prefix.as_str())
    .bind(prefix.end())
    .fetch_all(&store.reader)
    .await?;
    rows.into_iter().map(|text| parse("blob_keys", &text, &text, BlobKey::parse)).collect()
}

pub(crate) async fn blob_written_at(store: &Db, blob: &BlobKey) -> Result<Option<Timestamp>> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(created_at) FROM blob_keys WHERE blob = $1")
        .bind(blob.as_str())
        .fetch_one(&store.reader)
        .await?;
    Ok(newest.map(Timestamp::from_micros))
}

pub(crate) async fn blob_keys_under(
    store: &Db,
    kek: KekId,
    limit: u32,
) -> Result<Vec<(BlobKey, WrappedKey)>> {
    let rows: Vec<WrappedKeyRow> =
        sqlx::query_as("SELECT blob, seal, kek, wrapped FROM blob_keys WHERE kek = $1 LIMIT $2")
            .bind(kek.to_string())
            .bind(i64::from(limit))
            .fetch_all(&store.reader)
            .await?;
    rows.into_iter().map(WrappedKeyRow::read).collect()
}

pub(crate) async fn replace_blob_keys(store: &Db, anew: &[(BlobKey, WrappedKey)]) -> Result<()> {
    let mut write = store.write().await?;
    for (blob, key) in anew {
        sqlx::query("UPDATE blob_keys SET kek = $3, wrapped = $4 WHERE blob = $1 AND seal = $2")
            .bind(blob.as_str())
            .bind(key.seal.0.as_slice())
            .bind(key.kek.to_string())
            .bind(key.wrapped.as_slice())
            .execute(write.connection())
            .await?;
    }
    write.commit().await
}
