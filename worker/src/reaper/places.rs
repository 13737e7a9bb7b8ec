//! Places that no row knows: emptied, looked at twice, and found in the first place.

use std::collections::BTreeSet;

use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use store::blobs::{BlobError, Blobs};
use store::outcome::Doomed;
use store::reaping::Look;
use store::{Store, StoreError};

/// So many are emptied before the rest waits for the next sweep.
const AT_A_TIME: u32 = 100;

/// Empties doomed places, one after the other; a crash in between repeats the deletion. Gives how many were found empty
/// for the second time, and how many could not be emptied.
pub(crate) async fn empty_all(
    store: &Store,
    blobs: &Blobs,
    now: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let (mut emptied, mut refused) = (0, 0);
    for doomed in store.doomed_blobs(now, AT_A_TIME).await? {
        let look = look_at(blobs, &doomed).await;
        refused += u64::from(look == Look::Refused);
        emptied += u64::from(store.looked(&doomed, look, now).await?);
    }
    Ok((emptied, refused))
}

async fn look_at(blobs: &Blobs, doomed: &Doomed) -> Look {
    match empty(blobs, &doomed.prefix).await {
        Ok(deleted) => Look::Empty { deleted },
        Err(error) => {
            tracing::error!(prefix = %doomed.prefix, %error, "a place cannot be emptied");
            Look::Refused
        }
    }
}

/// Deletes what lies there, and gives how many files that were. A listing afterwards has the last word: that a deletion
/// was answered with success proves nothing.
async fn empty(blobs: &Blobs, place: &BlobPrefix) -> Result<u64, BlobError> {
    let mut files = 0;
    let mut listing = blobs.list(Some(place));
    while let Some(page) = listing.next().await? {
        files += page.len() as u64;
    }
    blobs.delete_prefix(place).await?;
    if blobs.is_empty(place).await? {
        return Ok(files);
    }
    let cause = std::io::Error::other("something still lies there after its deletion");
    Err(BlobError::Io { blob: place.to_string(), action: "deleted", cause })
}

/// Compares all places with the rows. One that no row knows is told of, and doomed if it was told of before
/// `seen_before`. Gives how many no row knows.
pub(crate) async fn orphans(
    store: &Store,
    blobs: &Blobs,
    seen_before: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut orphans = 0;
    for place in unknown(store, blobs).await? {
        orphans += 1;
        let doomed = store.orphan(&place, seen_before, now).await?;
        tracing::warn!(prefix = %place, doomed, "bytes that no row knows");
    }
    store.orphans_swept(now).await?;
    Ok(orphans)
}

async fn unknown(store: &Store, blobs: &Blobs) -> Result<Vec<BlobPrefix>, StoreError> {
    let mut places = BTreeSet::new();
    let mut listing = blobs.list(None);
    loop {
        match listing.next().await {
            Ok(Some(page)) => {
                places.extend(page.iter().filter_map(|listed| BlobPrefix::of_place(&listed.name)))
            }
            Ok(None) => break,
            Err(error) => {
                // What was seen so far is true all the same; the rest comes with the next sweep.
                tracing::error!(%error, "the places cannot all be listed");
                break;
            }
        }
    }
    store.unknown_places(&places.into_iter().collect::<Vec<_>>()).await
}
