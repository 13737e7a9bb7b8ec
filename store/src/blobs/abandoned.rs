//! Writes that nobody goes on with: a process died in the middle of them. What they left is no blob and no listing of
//! blobs shows it, but it takes room.

use std::time::Duration;

use domain::blob::BlobKey;
use futures_util::FutureExt;

use super::folder::{Folder, blob_of_part};
use super::{BlobError, Blobs, Kind, Result};

/// No write of ours takes as long.
pub const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

impl Blobs {
    /// Removes what is left of writes that began a day ago or earlier; tells how many there were. By our own record of
    /// when they began: what a bucket says of that cannot be relied on.
    pub async fn remove_abandoned(&self) -> Result<u64> {
        match &self.place.0 {
            Kind::Folder(folder) => self.remove_parts(folder).await,
            Kind::Bucket(bucket) => {
                let mut count = 0;
                for write in bucket.unfinished().boxed().await? {
                    if self.is_abandoned(&write.blob).await? {
                        bucket.give_up(&write).boxed().await?;
                        count += 1;
                    }
                }
                Ok(count)
            }
        }
    }

    async fn remove_parts(&self, folder: &Folder) -> Result<u64> {
        let (mut listing, mut count) = (self.list(None), 0);
        while let Some(page) = listing.next().await? {
            for part in page {
                let Some(blob) = blob_of_part(&part.name) else { continue };
                if self.is_abandoned(&blob).await? {
                    folder.delete_part(&part.name).await.map_err(BlobError::io(&part.name, "deleted"))?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    /// A write has a key from before its first byte on: without one its blob was deleted meanwhile.
    async fn is_abandoned(&self, blob: &BlobKey) -> Result<bool> {
        let began = self.vault.store.blob_written_at(blob).await?;
        let now = self.vault.clock.now();
        Ok(began.is_none_or(|began| now.since(began) >= ABANDONED_AFTER))
    }
}
