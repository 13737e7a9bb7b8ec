//! The keys that wrap the keys of blobs.

use super::world::{World, attempt, master, part};
use crate::blobs::BlobError;
use crate::sealing::{Keyring, KeyringError, rewrap};
use domain::blob::BlobKey;

pub(super) async fn mx_17_without_the_key_that_wrapped_nothing_opens(world: World) {
    let another = Keyring::fleeting(&*world.entropy);
    world.put(&master(), b"bytes").await;
    let refused = world.beside(another).await.unwrap_err();
    let needed = world.keyring.ids()[0];
    assert!(
        matches!(&refused, BlobError::Keyring(KeyringError::Missing { needed: n, .. }) if *n == needed),
        "{refused}"
    );
    assert!(refused.to_string().contains(&needed.to_string()));
    let again = world.beside(Keyring::of_folder(&world.keys()).unwrap()).await.unwrap();
    assert_eq!(part(&again, &master(), 0, 9).await.unwrap().unwrap(), b"bytes");
}

pub(super) async fn mx_17_blobs_stay_readable_while_their_keys_are_wrapped_anew(world: World) {
    let keys: Vec<_> =
        (0..20).map(|n| BlobKey::artifact(&attempt(1), &format!("{n}-master.wav")).unwrap()).collect();
    for key in &keys {
        world.put(key, key.as_str().as_bytes()).await;
    }
    let raw = world.raw(&keys[0]).await;
    let first = world.keyring.ids()[0];
    let second = Keyring::rotate(&world.keys(), &*world.entropy).unwrap();
    let rotated = Keyring::of_folder(&world.keys()).unwrap();
    let beside = world.beside(rotated.clone()).await.unwrap();
    beside.put(&keys[7], &b"newer"[..]).await.unwrap();
    assert_eq!(world.store.keks_in_use().await.unwrap(), [first, second]);
    assert_eq!(world.whole(&keys[7]).await.unwrap().unwrap(), b"newer", "who runs on reads it too");
    assert_eq!(
        rewrap(&world.store, &rotated, &*world.entropy).await.unwrap(),
        21,
        "theirs, and that of the tags"
    );
    assert_eq!(world.store.keks_in_use().await.unwrap(), [second]);
    assert_eq!(rewrap(&world.store, &rotated, &*world.entropy).await.unwrap(), 0);
    assert_eq!(world.raw(&keys[0]).await, raw, "blobs are not touched");
    std::fs::remove_file(world.keys().join(format!("{first}.kek"))).unwrap();
    let without_the_first = world.beside(Keyring::of_folder(&world.keys()).unwrap()).await.unwrap();
    for key in keys.iter().filter(|key| **key != keys[7]) {
        assert_eq!(part(&without_the_first, key, 0, 99).await.unwrap().unwrap(), key.as_str().as_bytes());
    }
}
