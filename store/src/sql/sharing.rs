//! The same file twice in one account: its bytes lie here once.
//!
//! They lie at the place of the upload that was first, for as long as any upload has them. Only whole files that were
//! checked are compared, and never those of two accounts. An upload of which metadata lie beside its bytes shares
//! nothing: what somebody wrote there must go with it.

use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use domain::ids::UploadId;

use super::{Write, artifacts};
use crate::error::Result;
use crate::outcome::Twin;
use crate::rows::{digest, parse};

/// A usable upload of the account with the same bytes as this one: the oldest that is not due, with its place.
pub(super) async fn twin(
    write: &mut Write<'_>,
    upload: &UploadId,
    at: Option<&UploadId>,
    now: Timestamp,
) -> Result<Option<Twin>> {
    let own: Option<(String, Vec<u8>, i64)> = sqlx::query_as(
        "SELECT account_id, sha256, size_bytes FROM uploads
         WHERE id = $1 AND sha256 IS NOT NULL AND metadata <> 2",
    )
    .bind(upload.as_str())
    .fetch_optional(write.connection())
    .await?;
    let Some((account, sha256, size_bytes)) = own else { return Ok(None) };
    // Whoever removes it waits until this transaction ends, and then finds that its place is shared.
    let place: Option<String> = sqlx::query_scalar(held!(
        "SELECT coalesce(bytes_of, id) FROM uploads
         WHERE account_id = $1 AND sha256 = $2 AND size_bytes = $3 AND state = 'ready' AND id <> $4
           AND metadata <> 2 AND ($5 IS NULL OR coalesce(bytes_of, id) = $5) AND (delete_at IS NULL OR delete_at > $6)
         ORDER BY created_at, id LIMIT 1"
    ))
    .bind(account)
    .bind(&sha256)
    .bind(size_bytes)
    .bind(upload.as_str())
    .bind(at.map(UploadId::as_str))
    .bind(now.micros())
    .fetch_optional(write.connection())
    .await?;
    let Some(place) = place else { return Ok(None) };
    let sha256 = digest("uploads", &place, &sha256)?;
    Ok(Some(Twin { place: parse("uploads", &place, &place, UploadId::parse)?, sha256 }))
}

/// Gives an upload that is usable now the bytes at that place, and its own up; unless no upload has them there any
/// more.
pub(super) async fn share(
    write: &mut Write<'_>,
    upload: &UploadId,
    place: &UploadId,
    now: Timestamp,
) -> Result<()> {
    if twin(write, upload, Some(place), now).await?.is_none() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO shared_places (upload_id, uploads) VALUES ($1, 2)
         ON CONFLICT (upload_id) DO UPDATE SET uploads = shared_places.uploads + 1",
    )
    .bind(place.as_str())
    .execute(write.connection())
    .await?;
    sqlx::query("UPDATE uploads SET bytes_of = $2 WHERE id = $1")
        .bind(upload.as_str())
        .bind(place.as_str())
        .execute(write.connection())
        .await?;
    artifacts::doom(write.connection(), &BlobPrefix::upload(upload), now).await
}

/// Whether nobody needs a place any more, now that one of its uploads is gone. Of two that go at the same time one
/// waits here for the other.
pub(super) async fn is_left(write: &mut Write<'_>, place: &UploadId) -> Result<bool> {
    let others =
        sqlx::query("UPDATE shared_places SET uploads = uploads - 1 WHERE upload_id = $1 AND uploads > 1")
            .bind(place.as_str())
            .execute(write.connection())
            .await?;
    if others.rows_affected() > 0 {
        return Ok(false);
    }
    sqlx::query("DELETE FROM shared_places WHERE upload_id = $1")
        .bind(place.as_str())
        .execute(write.connection())
        .await?;
    Ok(true)
}
