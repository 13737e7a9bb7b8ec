//! What networks and busy servers do to a bucket, and what becomes of our blobs then.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_s3::types::ObjectLockMode;
use domain::blob::{BlobKey, BlobPrefix};
use fixtures::moto::Moto;
use fixtures::unreliable::{Asked, Fate, Unreliable};

use super::world::Versions::{self, Kept, Lockable, Lost};
use super::world::{Home, World, attempt, master, part, song};
use crate::blobs::BlobError;

const BUSY: &str = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const DELETED: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 77\r\n\
     Connection: close\r\n\r\n<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></DeleteResult>";

/// A bucket behind a proxy; `None` if there is no server.
async fn behind(
    versions: Versions,
    fate: impl Fn(&Asked<'_>) -> Fate + Send + Sync + 'static,
) -> Option<(World, Unreliable)> {
    let server = Moto::of_this_process()?;
    let name = server.new_name();
    World::new_bucket(&server.endpoint, &name, versions).await;
    let proxy = Unreliable::before(&server.endpoint, fate);
    Some((World::in_bucket(&proxy.endpoint, &name).await, proxy))
}

/// Does `fate` to the first request that `is_meant`, and to no other.
fn once(fate: Fate, is_meant: fn(&Asked<'_>) -> bool) -> impl Fn(&Asked<'_>) -> Fate {
    let count = AtomicUsize::new(0);
    move |asked| match is_meant(asked) && count.fetch_add(1, Ordering::SeqCst) == 0 {
        true => fate,
        false => Fate::Passed,
    }
}

async fn versions_of(world: &World, key: &BlobKey) -> usize {
    world.names().await.iter().filter(|name| *name == key.as_str()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_a_third_of_all_requests_loses_nothing() {
    let fate = |asked: &Asked<'_>| match asked.number % 6 {
        0 => Fate::Answered(BUSY),
        3 => Fate::Answered(BROKEN),
        _ => Fate::Passed,
    };
    let Some((world, proxy)) = behind(Lost, fate).await else { return };
    let large = song(30_000_000);
    world.put(&master(), &large).await;
    assert!(world.whole(&master()).await.unwrap().unwrap() == large);
    for name in ["a", "b", "c", "d"] {
        let key = BlobKey::artifact(&attempt(1), name).unwrap();
        world.put(&key, name.as_bytes()).await;
        assert_eq!(world.whole(&key).await.unwrap().unwrap(), name.as_bytes());
    }
    world.blobs.delete_prefix(&BlobPrefix::job(&attempt(1).job)).await.unwrap();
    assert_eq!(world.names().await, Vec::<String>::new());
    assert!(proxy.count() >= 20, "the case must be real: {} requests", proxy.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_comes_out_once() {
    let is_put = |asked: &Asked<'_>| asked.method == "PUT" && !asked.target.contains("partNumber");
    let Some((world, proxy)) = behind(Lost, once(Fate::Unheard, is_put)).await else { return };
    world.put(&master(), b"bytes").await;
    assert_eq!(world.whole(&master()).await.unwrap().unwrap(), b"bytes");
    assert_eq!(versions_of(&world, &master()).await, 1);
    assert!(proxy.count() >= 3, "it was sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_whose_answer_is_lost_comes_out_once() {
    let is_completion = |asked: &Asked<'_>| asked.method == "POST" && asked.target.contains("uploadId");
    let Some((world, _proxy)) = behind(Kept, once(Fate::Unheard, is_completion)).await else { return };
    let large = song(20_000_000);
    world.put(&master(), &large).await;
    assert!(world.whole(&master()).await.unwrap().unwrap() == large);
    assert_eq!(world.names().await, [master().as_str()], "one version, and no upload that was not completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_done_and_never_answered_is_known_by_its_header() {
    let ends_a_write = |asked: &Asked<'_>| match asked.method {
        "PUT" => !asked.target.contains("partNumber"),
        "POST" => asked.target.contains("uploadId"),
        _ => false,
    };
    for bytes in [song(1000), song(20_000_000)] {
        let first = AtomicUsize::new(0);
        let fate = move |asked: &Asked<'_>| match ends_a_write(asked) {
            true if first.fetch_add(1, Ordering::SeqCst) == 0 => Fate::Unheard,
            true => Fate::Answered(BROKEN),
            false => Fate::Passed,
        };
        let Some((world, _proxy)) = behind(Kept, fate).await else { return };
        world.put(&master(), &bytes).await;
        assert!(world.whole(&master()).await.unwrap().unwrap() == bytes);
        // What another write left in the same place is not taken for ours.
        let error = world.blobs.put(&master(), &bytes[..]).await.unwrap_err();
        assert!(matches!(error, BlobError::Io { action: "written", .. }), "{error}");
        assert!(world.whole(&master()).await.unwrap().unwrap() == bytes, "and it stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_never_arrives_fails_and_leaves_nothing() {
    let fate = |asked: &Asked<'_>| match asked.method == "PUT" {
        true => Fate::Answered(BROKEN),
        false => Fate::Passed,
    };
    let Some((world, _proxy)) = behind(Kept, fate).await else { return };
    for bytes in [song(1000), song(20_000_000)] {
        let error = world.blobs.put(&master(), &bytes[..]).await.unwrap_err();
        assert!(matches!(error, BlobError::Io { action: "written", .. }), "{error}");
        assert_eq!(world.whole(&master()).await.unwrap(), None);
        assert_eq!(world.names().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_off_goes_on_where_it_was() {
    let is_long_get = |asked: &Asked<'_>| asked.method == "GET" && asked.target.contains("master");
    let Some((world, proxy)) = behind(Lost, once(Fate::CutAfter(1_000_000), is_long_get)).await else {
        return;
    };
    let bytes = song(3_000_000);
    world.put(&master(), &bytes).await;
    let before = proxy.count();
    assert!(part(&world.blobs, &master(), 0, u64::MAX).await.unwrap().unwrap() == bytes);
    assert_eq!(proxy.count() - before, 2, "the case must be real");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_whose_answer_is_lost_is_done() {
    let is_deletion = |asked: &Asked<'_>| asked.method == "POST" && asked.target.contains("delete");
    let Some((world, _proxy)) = behind(Kept, once(Fate::Unheard, is_deletion)).await else { return };
    world.put(&master(), b"bytes").await;
    world.blobs.delete_prefix(&BlobPrefix::job(&attempt(1).job)).await.unwrap();
    assert_eq!(world.names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_answered_and_not_done_is_found() {
    let fate = |asked: &Asked<'_>| match asked.method == "POST" && asked.target.contains("delete") {
        true => Fate::Answered(DELETED),
        false => Fate::Passed,
    };
    for versions in [Lost, Kept] {
        let Some((world, _proxy)) = behind(versions, fate).await else { return };
        world.put(&master(), b"bytes").await;
        let prefix = BlobPrefix::job(&attempt(1).job);
        for deleted in [world.blobs.delete_prefix(&prefix).await, world.blobs.delete(&master()).await] {
            assert!(matches!(deleted, Err(BlobError::StillThere { left: 1, .. })), "{deleted:?}");
        }
        assert!(!world.blobs.is_empty(&prefix).await.unwrap());
        assert_eq!(world.whole(&master()).await.unwrap(), None, "its key went first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_head_request_calls_gone_is_deleted_all_the_same() {
    let Some(world) = World::in_a_bucket(Kept).await else { return };
    world.put(&master(), b"first").await;
    world.put(&master(), b"second").await;
    world.lose(&master()).await;
    let Home::Bucket(bucket) = &world.home else { panic!("a bucket") };
    let head = bucket.client.head_object().bucket(bucket.address.name()).key(bucket.object(&master()));
    assert!(head.send().await.is_err(), "the case must be real");
    let prefix = BlobPrefix::job(&attempt(1).job);
    assert_eq!(world.names_below(Some(&prefix)).await.len(), 3, "two versions, and the mark of a deletion");
    assert!(!world.blobs.is_empty(&prefix).await.unwrap());
    world.break_off_a_write(&master()).await;
    let uploads = async || {
        let list = bucket.client.list_multipart_uploads().bucket(bucket.address.name());
        list.send().await.unwrap().uploads().len()
    };
    assert_eq!(uploads().await, 1, "the case must be real");
    world.blobs.delete_prefix(&prefix).await.unwrap();
    assert!(world.blobs.is_empty(&prefix).await.unwrap());
    assert_eq!(uploads().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_locked_is_told_and_nobody_can_read_it() {
    let Some(world) = World::in_a_bucket(Lockable).await else { return };
    let Home::Bucket(bucket) = &world.home else { panic!("a bucket") };
    world.put(&master(), b"bytes").await;
    let locked = bucket.client.put_object().bucket(bucket.address.name()).key(bucket.object(&master()));
    let locked = locked.object_lock_mode(ObjectLockMode::Governance);
    let until = aws_sdk_s3::primitives::DateTime::from_secs(4_000_000_000);
    locked.object_lock_retain_until_date(until).body(b"locked".to_vec().into()).send().await.unwrap();
    let deleted = world.blobs.delete_prefix(&BlobPrefix::job(&attempt(1).job)).await.unwrap_err();
    let BlobError::StillThere { left: 1, detail, .. } = &deleted else { panic!("{deleted}") };
    assert!(detail.contains("AccessDenied"), "{detail}");
    assert_eq!(world.whole(&master()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_versions_go_page_by_page() {
    let Some(world) = World::in_a_bucket(Kept).await else { return };
    let Home::Bucket(bucket) = &world.home else { panic!("a bucket") };
    // One writer a key: the server loses versions of one that come at the same time.
    let keys: Vec<_> =
        (0..25).map(|n| BlobKey::artifact(&attempt(1), &format!("{n}-master.wav")).unwrap()).collect();
    for _ in 0..100 {
        let puts = keys.iter().map(|key| {
            let put = bucket.client.put_object().bucket(bucket.address.name()).key(bucket.object(key));
            put.body(b"bytes".to_vec().into()).send()
        });
        for put in futures_util::future::join_all(puts).await {
            put.unwrap();
        }
    }
    let prefix = BlobPrefix::job(&attempt(1).job);
    assert_eq!(world.names_below(Some(&prefix)).await.len(), 2500, "the case must be real");
    world.blobs.delete_prefix(&prefix).await.unwrap();
    assert!(world.blobs.is_empty(&prefix).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_told_before_anything_is_served() {
    let Some(world) = World::in_a_bucket(Lost).await else { return };
    let Home::Bucket(bucket) = &world.home else { panic!("a bucket") };
    bucket.client.delete_bucket().bucket(bucket.address.name()).send().await.unwrap();
    let refused = world.beside(world.keyring.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("NoSuchBucket") && refused.contains("s3://bucket-"), "{refused}");
}
