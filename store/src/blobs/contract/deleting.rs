//! What is deleted is gone, and whatever comes back of it is noise.

use domain::blob::{BlobKey, BlobPrefix};
use tokio::io::AsyncWriteExt;

use super::world::{World, attempt, master, song, upload};
use crate::blobs::BlobError;

pub(super) async fn deleting_an_attempt_leaves_the_other_attempts_of_its_job(world: World) {
    let keys = [1, 2, 10].map(|fence| BlobKey::artifact(&attempt(fence), "master.wav").unwrap());
    for key in &keys {
        world.put(key, b"bytes").await;
    }
    let job = BlobPrefix::job(&attempt(1).job);
    world.blobs.delete_prefix(&BlobPrefix::attempt(&attempt(1))).await.unwrap();
    assert_eq!(world.whole(&keys[0]).await.unwrap(), None);
    assert!(world.blobs.is_empty(&BlobPrefix::attempt(&attempt(1))).await.unwrap());
    assert!(world.whole(&keys[1]).await.unwrap().is_some() && world.whole(&keys[2]).await.unwrap().is_some());
    assert!(!world.blobs.is_empty(&job).await.unwrap());
    for fence in [2, 10, 2] {
        world.blobs.delete_prefix(&BlobPrefix::attempt(&attempt(fence))).await.expect("twice is no error");
    }
    assert!(world.blobs.is_empty(&job).await.unwrap());
    assert_eq!(world.names().await, Vec::<String>::new());
    assert!(!world.has_folder(&job), "an empty folder would stay for ever");
}

pub(super) async fn deleting_one_blob_leaves_those_whose_names_begin_alike(world: World) {
    let [one, other] = ["master", "master.peaks"].map(|name| BlobKey::artifact(&attempt(1), name).unwrap());
    world.put(&one, b"one").await;
    world.put(&other, b"other").await;
    world.blobs.delete(&one).await.unwrap();
    world.blobs.delete(&one).await.expect("twice is no error");
    assert_eq!(world.whole(&one).await.unwrap(), None);
    assert_eq!(world.whole(&other).await.unwrap().as_deref(), Some(&b"other"[..]));
    assert_eq!(world.names().await, [other.as_str()]);
}

pub(super) async fn mx_17_bytes_that_come_back_after_a_deletion_stay_unreadable(world: World) {
    for by_prefix in [BlobPrefix::attempt(&attempt(1)), BlobPrefix::job(&attempt(1).job)] {
        world.put(&master(), b"secret").await;
        let backup = world.raw(&master()).await;
        world.put_raw(&master(), &backup).await;
        assert!(world.whole(&master()).await.unwrap().is_some(), "the case must be real");
        world.blobs.delete_prefix(&by_prefix).await.unwrap();
        world.put_raw(&master(), &backup).await;
        assert_eq!(world.whole(&master()).await.unwrap(), None);
        assert!(
            !world.blobs.is_empty(&by_prefix).await.unwrap(),
            "and yet it is told that something is there"
        );
    }
    world.put(&master(), b"other").await;
    let backup = world.raw(&master()).await;
    world.blobs.delete(&master()).await.unwrap();
    world.put_raw(&master(), &backup).await;
    assert_eq!(world.whole(&master()).await.unwrap(), None);
}

pub(super) async fn a_blob_that_is_deleted_while_it_is_written_does_not_stay(world: World) {
    let (mut sender, receiver) = tokio::io::duplex(1024 * 1024);
    let blobs = world.blobs.clone();
    let writing = tokio::spawn(async move { blobs.put(&master(), receiver).await });
    sender.write_all(&song(900_000)).await.unwrap();
    while world.store.blob_keys(&master()).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    world.blobs.delete_prefix(&BlobPrefix::job(&attempt(1).job)).await.unwrap();
    sender.write_all(&song(900_000)).await.unwrap();
    drop(sender);
    let written = writing.await.unwrap();
    // On a disk its folder may have gone under it.
    assert!(matches!(written, Err(BlobError::Deleted { .. } | BlobError::Io { .. })), "{written:?}");
    assert_eq!(world.whole(&master()).await.unwrap(), None);
    assert_eq!(world.names().await, Vec::<String>::new());
}

pub(super) async fn all_that_lies_below_a_prefix_is_listed_with_name_and_size(world: World) {
    let mut expected = Vec::new();
    for fence in [1, 2] {
        for name in ["0-master.wav", "1-report.json"] {
            let key = BlobKey::artifact(&attempt(fence), name).unwrap();
            world.put(&key, &song(1000)).await;
            expected.push((key.to_string(), 1040));
        }
    }
    let source = BlobKey::upload_source(&upload());
    world.put(&source, b"").await;
    let (mut listing, mut found) = (world.blobs.list(None), Vec::new());
    while let Some(page) = listing.next().await.unwrap() {
        assert!(
            page.iter().all(|one| one.modified.micros() > 1_700_000_000_000_000),
            "the clock of the place"
        );
        found.extend(page.into_iter().map(|one| (one.name, one.size_bytes)));
    }
    found.sort();
    let all = [&expected[..], &[(source.to_string(), 40)]].concat();
    assert_eq!(found, all);
    let below = world.names_below(Some(&BlobPrefix::attempt(&attempt(2)))).await;
    assert_eq!(below, expected[2..].iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
}
