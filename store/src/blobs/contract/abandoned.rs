//! Writes that nobody goes on with.

use std::time::Duration;

use domain::blob::{BlobKey, BlobPrefix};

use super::world::{World, attempt, master};
use crate::blobs::ABANDONED_AFTER;

pub(super) async fn what_a_write_left_goes_after_a_day_by_our_own_record(world: World) {
    let other = BlobKey::artifact(&attempt(2), "0-master.wav").unwrap();
    let job = BlobPrefix::job(&attempt(1).job);
    world.break_off_a_write(&master()).await;
    assert!(!world.blobs.is_empty(&job).await.unwrap(), "the case must be real");
    world.clock.advance(ABANDONED_AFTER - Duration::from_secs(1));
    world.break_off_a_write(&other).await;
    assert_eq!(world.blobs.remove_abandoned().await.unwrap(), 0, "whoever writes that may still be at it");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.blobs.remove_abandoned().await.unwrap(), 1);
    assert!(world.blobs.is_empty(&BlobPrefix::attempt(&attempt(1))).await.unwrap());
    assert!(!world.blobs.is_empty(&BlobPrefix::attempt(&attempt(2))).await.unwrap());
    // Of a blob that was deleted meanwhile nobody goes on writing.
    world.store.shred_blob(&other).await.unwrap();
    assert_eq!(world.blobs.remove_abandoned().await.unwrap(), 1);
    assert!(world.blobs.is_empty(&job).await.unwrap());
}
