//! The wrapped keys of blobs.

use domain::blob::{BlobKey, BlobPrefix};
use domain::ids::{JobId, SeededEntropy};
use domain::lease::LeaseId;

use super::world::{DAY, SECOND, World, keyring, made};
use crate::blob_keys::WrappedKey;
use crate::sealing::{KekId, SealId};

fn blob(fence: i64, name: &str) -> BlobKey {
    let lease = LeaseId { job: JobId::new(&SeededEntropy::new(1)), fence };
    BlobKey::artifact(&lease, name).unwrap()
}

fn kek(number: u16) -> KekId {
    KekId::parse(&format!("{number:04}-0123456789abcdef")).unwrap()
}

fn key(seal: u8, number: u16) -> WrappedKey {
    WrappedKey { seal: SealId([seal; 16]), kek: kek(number), wrapped: vec![seal; 60] }
}

pub(super) async fn a_blob_has_a_key_for_each_of_its_writes_until_it_is_shredded(world: World) {
    let (one, other) = (blob(1, "master"), blob(1, "master.peaks"));
    world.store.keep_blob_key(&one, &key(1, 1), world.now()).await.unwrap();
    world.clock.advance(SECOND);
    world.store.keep_blob_key(&one, &key(2, 1), world.now()).await.unwrap();
    world.store.keep_blob_key(&other, &key(3, 1), world.now()).await.unwrap();
    assert!(world.store.keep_blob_key(&one, &key(2, 1), world.now()).await.is_err(), "no seal twice");
    for wrapped in [vec![], vec![1; 59], vec![1; 61]] {
        let halved = WrappedKey { wrapped, ..key(9, 1) };
        assert!(world.store.keep_blob_key(&one, &halved, world.now()).await.is_err(), "the table refuses it");
    }
    assert_eq!(world.store.blob_keys(&one).await.unwrap(), [key(1, 1), key(2, 1)]);
    assert_eq!(world.store.blob_written_at(&one).await.unwrap(), Some(world.now()), "the last write");
    world.store.forget_blob_key(&one, SealId([2; 16])).await.unwrap();
    assert_eq!(world.store.blob_keys(&one).await.unwrap(), [key(1, 1)]);
    world.store.shred_blob(&one).await.unwrap();
    world.store.shred_blob(&one).await.unwrap();
    assert_eq!(world.store.blob_keys(&one).await.unwrap(), []);
    assert_eq!(world.store.blob_written_at(&one).await.unwrap(), None);
    assert_eq!(world.store.blob_keys(&other).await.unwrap(), [key(3, 1)]);
}

pub(super) async fn shredding_a_prefix_takes_all_below_it_and_nothing_beside_it(world: World) {
    let blobs = [blob(1, "a"), blob(1, "z"), blob(10, "a"), blob(2, "a")];
    for blob in &blobs {
        world.store.keep_blob_key(blob, &key(1, 1), world.now()).await.unwrap();
    }
    let lease = |fence| LeaseId { job: JobId::new(&SeededEntropy::new(1)), fence };
    let all = BlobPrefix::job(&lease(1).job);
    assert_eq!(world.store.blobs_with_keys(&all).await.unwrap(), blobs);
    world.store.shred_blobs(&BlobPrefix::attempt(&lease(1))).await.unwrap();
    assert_eq!(world.store.blobs_with_keys(&all).await.unwrap(), blobs[2..]);
    world.store.shred_blobs(&all).await.unwrap();
    assert_eq!(world.store.blobs_with_keys(&all).await.unwrap(), []);
}

pub(super) async fn mx_17_what_removes_a_row_destroys_its_keys_in_the_same_moment(world: World) {
    for way in ["its time", "its owner", "the end of the account"] {
        let anna = world.account("anna").await.id;
        let upload = world.ready_upload(&anna).await;
        let job = world.enqueue(&world.order(&anna, &upload)).await;
        let lease = world.lease("w1").await.unwrap().lease;
        world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
        let blobs = [BlobKey::upload_source(&upload), BlobKey::artifact(&lease, "0-master.wav").unwrap()];
        for (number, blob) in (1..).zip(&blobs) {
            world.store.keep_blob_key(blob, &key(number, 1), world.now()).await.unwrap();
            assert_eq!(world.store.blob_keys(blob).await.unwrap().len(), 1, "the case must be real");
        }
        match way {
            "its time" => {
                world.clock.advance(DAY * 120);
                world.store.remove_due(world.now(), 50).await.unwrap();
            }
            "its owner" => {
                world.store.delete_job(&anna, &job.id, world.now()).await.unwrap();
                world.store.delete_upload(&anna, &upload, world.now()).await.unwrap();
            }
            _ => drop(world.store.erase_account(&anna, world.now()).await.unwrap()),
        }
        for blob in &blobs {
            assert_eq!(world.store.blob_keys(blob).await.unwrap(), [], "{way}: {blob}");
        }
    }
}

pub(super) async fn keys_are_wrapped_anew_unless_they_were_shredded_meanwhile(world: World) {
    // Beside those that wrap the keys of accounts and tags.
    let others = keyring().ids();
    let in_use = async || {
        let mut all = world.store.keks_in_use().await.unwrap();
        all.retain(|kek| !others.contains(kek));
        all
    };
    assert_eq!(in_use().await, []);
    for (name, number) in [("a", 1), ("b", 1), ("c", 2)] {
        world.store.keep_blob_key(&blob(1, name), &key(1, number), world.now()).await.unwrap();
    }
    assert_eq!(in_use().await, [kek(1), kek(2)]);
    assert_eq!(world.store.blob_keys_under(kek(1), 1).await.unwrap().len(), 1, "not all at once");
    let mut old = world.store.blob_keys_under(kek(1), 9).await.unwrap();
    old.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(old, [(blob(1, "a"), key(1, 1)), (blob(1, "b"), key(1, 1))]);
    world.store.shred_blob(&blob(1, "b")).await.unwrap();
    let anew: Vec<_> =
        old.into_iter().map(|(blob, _)| (blob, WrappedKey { wrapped: vec![9; 60], ..key(1, 3) })).collect();
    world.store.replace_blob_keys(&anew).await.unwrap();
    assert_eq!(in_use().await, [kek(2), kek(3)]);
    assert_eq!(world.store.blob_keys(&blob(1, "a")).await.unwrap(), [anew[0].1.clone()]);
    assert_eq!(world.store.blob_keys(&blob(1, "b")).await.unwrap(), [], "what was shredded stays so");
}
