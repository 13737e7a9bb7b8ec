//! Places that no row knows: emptied, looked at twice, and found in the first place.

use std::collections::BTreeSet;

use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use store::blobs::{BlobError, Blobs};
use store::outcome::Doomed;
use store::reaping::Look;
use store::{Store, StoreError};
use tokio::task::{JoinError, JoinSet};

/// So many are taken from the list at once.
const AT_A_TIME: u32 = 100;
/// So many are emptied side by side: a bucket answers slowly, but many at a time.
const SIDE_BY_SIDE: usize = 8;
/// So many rows are read at once.
const PAGE: u32 = 10_000;

/// Empties doomed places until none is due; a crash in between repeats the deletion. Gives how many were found empty
/// for the second time, and how many could not be emptied.
pub(crate) async fn empty_all(
    store: &Store,
    blobs: &Blobs,
    now: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let mut looks = JoinSet::new();
    let mut counts = (0, 0);
    loop {
        // Each look puts the next one off, so that the list comes to its end.
        let batch = store.doomed_blobs(now, AT_A_TIME).await?;
        let is_last = batch.len() < AT_A_TIME as usize;
        for doomed in batch {
            if looks.len() >= SIDE_BY_SIDE {
                count(&mut counts, looks.join_next().await)?;
            }
            looks.spawn(empty_one(store.clone(), blobs.clone(), doomed, now));
        }
        while let Some(looked) = looks.join_next().await {
            count(&mut counts, Some(looked))?;
        }
        if is_last {
            return Ok(counts);
        }
    }
}

/// Whether a place was found empty for the second time, and whether it could not be emptied.
async fn empty_one(
    store: Store,
    blobs: Blobs,
    doomed: Doomed,
    now: Timestamp,
) -> Result<(bool, bool), StoreError> {
    let look = look_at(&blobs, &doomed).await;
    Ok((store.looked(&doomed, look, now).await?, look == Look::Refused))
}

/// What became of one place; nothing if looking at it panicked.
type Looked = Result<Result<(bool, bool), StoreError>, JoinError>;

fn count((emptied, refused): &mut (u64, u64), looked: Option<Looked>) -> Result<(), StoreError> {
    // One that panicked has told so itself, and is looked at again.
    if let Some(Ok(looked)) = looked {
        let (is_gone, is_refused) = looked?;
        *emptied += u64::from(is_gone);
        *refused += u64::from(is_refused);
    }
    Ok(())
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

/// What a comparison of all places with the rows showed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Compared {
    /// Places that no row knows.
    pub(crate) orphans: u64,
    /// Places of which rows say that something lies there, and nothing does.
    pub(crate) hollow: u64,
}

/// Compares all places with the rows. One that no row knows is told of, and doomed if it was told of before
/// `seen_before`. One where bytes are missing is told of as an error: somebody lost them, and not by us.
pub(crate) async fn compare(
    store: &Store,
    blobs: &Blobs,
    seen_before: Timestamp,
    now: Timestamp,
) -> Result<Compared, StoreError> {
    // Rows are read first: bytes are there before their row is, and go after it.
    let in_use = in_use(store).await?;
    let (places, is_all) = listed(blobs).await;
    let mut compared = Compared::default();
    for place in store.unknown_places(&places.iter().cloned().collect::<Vec<_>>()).await? {
        compared.orphans += 1;
        let doomed = store.orphan(&place, seen_before, now).await?;
        tracing::warn!(prefix = %place, doomed, "bytes that no row knows");
    }
    if is_all {
        let missing: Vec<BlobPrefix> = in_use.difference(&places).cloned().collect();
        // What is unknown or doomed by now was removed meanwhile.
        let still = in_use_of(store, &missing).await?;
        for place in &still {
            tracing::error!(prefix = %place, "a row says that bytes lie here, and none do");
        }
        compared.hollow = still.len() as u64;
    }
    store.orphans_swept(now).await?;
    Ok(compared)
}

async fn in_use(store: &Store) -> Result<BTreeSet<BlobPrefix>, StoreError> {
    let mut all = BTreeSet::new();
    loop {
        let page = store.places_in_use(all.last(), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// Those of these places that rows still name.
async fn in_use_of(store: &Store, places: &[BlobPrefix]) -> Result<Vec<BlobPrefix>, StoreError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let now = in_use(store).await?;
    Ok(places.iter().filter(|place| now.contains(place)).cloned().collect())
}

/// All places where something lies, and whether they could all be listed.
async fn listed(blobs: &Blobs) -> (BTreeSet<BlobPrefix>, bool) {
    let mut places = BTreeSet::new();
    let mut listing = blobs.list(None);
    loop {
        match listing.next().await {
            Ok(Some(page)) => {
                places.extend(page.iter().filter_map(|listed| BlobPrefix::of_place(&listed.name)));
            }
            Ok(None) => return (places, true),
            Err(error) => {
                // What was seen so far is true all the same; the rest comes with the next sweep.
                tracing::error!(%error, "the places cannot all be listed");
                return (places, false);
            }
        }
    }
}
