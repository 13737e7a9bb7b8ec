//! Uploads that are still arriving.

use domain::blob::{BlobKey, BlobPrefix};
use domain::ids::{SeededEntropy, UploadId};

use super::world::{World, sha256, song, upload};
use crate::blobs::BlobError;
use crate::uploading::UploadLock;

const PIECE: usize = 8 * 1024 * 1024;

/// As it is held for the `fence`-th time.
fn lock(fence: u64) -> UploadLock {
    UploadLock { upload: upload(), fence }
}

fn source() -> BlobKey {
    BlobKey::upload_source(&upload())
}

/// Sends one stretch, and has it acknowledged.
async fn send(world: &World, recorded: u64, bytes: &[u8]) -> u64 {
    let mut append = world.blobs.open_append(&lock(2), recorded).await.unwrap();
    append.write(bytes).await.unwrap();
    append.sync().await.unwrap()
}

pub(super) async fn an_upload_resumes_at_what_was_acknowledged_whatever_lies_beyond(world: World) {
    let mut first = world.blobs.open_append(&lock(1), 0).await.unwrap();
    first.write(b"acknowledged").await.unwrap();
    assert_eq!(first.sync().await.unwrap(), 12);
    assert_eq!(first.sync().await.unwrap(), 12, "nothing came in between");
    first.write(b", then the power went").await.unwrap();
    assert_eq!(first.sync().await.unwrap(), 33);
    assert_eq!(world.names().await.len(), 2, "the case must be real");
    assert_eq!(send(&world, 12, b" twice").await, 18);
    assert_eq!(world.names().await.len(), 2, "what was never acknowledged is gone");
    let stored = world.blobs.assemble(&upload(), 18).await.unwrap();
    assert_eq!(stored.sha256, sha256(b"acknowledged twice"));
    assert_eq!(world.whole(&source()).await.unwrap().unwrap(), b"acknowledged twice");
}

pub(super) async fn an_upload_that_lost_acknowledged_bytes_is_an_error_and_not_padded(world: World) {
    assert_eq!(send(&world, 0, b"1234").await, 4);
    for recorded in [3, 100] {
        let error = world.blobs.open_append(&lock(1), recorded).await.unwrap_err();
        assert!(matches!(error, BlobError::Shorter { recorded: r, .. } if r == recorded), "{error}");
        let error = world.blobs.assemble(&upload(), recorded).await.unwrap_err();
        assert!(matches!(error, BlobError::Shorter { recorded: r, .. } if r == recorded), "{error}");
    }
    assert_eq!(world.blobs.assemble(&upload(), 4).await.unwrap().size_bytes, 4, "nothing of it was touched");
}

pub(super) async fn an_upload_becomes_its_source_and_its_pieces_go(world: World) {
    let bytes = song(20_000_000);
    let mut offset = 0;
    for stretch in bytes.chunks(7_000_003) {
        offset = send(&world, offset, stretch).await;
    }
    assert_eq!(offset, bytes.len() as u64);
    let stored = world.blobs.assemble(&upload(), offset).await.unwrap();
    assert_eq!((stored.size_bytes, stored.sha256), (offset, sha256(&bytes)));
    assert!(world.whole(&source()).await.unwrap().unwrap() == bytes);
    assert_eq!(world.names().await, [source().as_str()]);
    assert!(world.blobs.is_empty(&BlobPrefix::upload_pieces(&upload())).await.unwrap());
}

pub(super) async fn an_upload_of_nothing_has_an_empty_source(world: World) {
    assert_eq!(world.blobs.open_append(&lock(1), 0).await.unwrap().sync().await.unwrap(), 0);
    assert_eq!(world.blobs.assemble(&upload(), 0).await.unwrap().sha256, sha256(b""));
    assert_eq!(world.whole(&source()).await.unwrap().unwrap(), b"");
}

pub(super) async fn an_assembly_goes_on_wherever_it_was_interrupted(world: World) {
    let bytes = song(3000);
    for offset in [0, 1000, 2000] {
        send(&world, offset, &bytes[offset as usize..][..1000]).await;
    }
    let again = async || world.blobs.assemble(&upload(), 3000).await.unwrap().sha256;
    // Before the source was whole.
    world.break_off_a_write(&source()).await;
    let pieces = world.names_below(Some(&BlobPrefix::upload_pieces(&upload()))).await;
    assert_eq!(pieces.len(), 3);
    // After it was whole, with all, some and none of the pieces gone.
    world.put(&source(), &bytes).await;
    world.blobs.delete(&BlobKey::parse(&pieces[1]).unwrap()).await.unwrap();
    assert_eq!(world.blobs.open_append(&lock(1), 3000).await.unwrap().sync().await.unwrap(), 3000);
    assert_eq!(again().await, sha256(&bytes));
    assert!(world.blobs.is_empty(&BlobPrefix::upload_pieces(&upload())).await.unwrap());
    assert_eq!(again().await, sha256(&bytes), "it was complete already");
    assert!(world.whole(&source()).await.unwrap().unwrap() == bytes);
}

pub(super) async fn a_piece_whose_bytes_are_lost_is_found_before_the_upload_is_complete(world: World) {
    send(&world, 0, b"1234").await;
    send(&world, 4, b"5678").await;
    let pieces = world.names().await;
    let second = BlobKey::parse(&pieces[1]).unwrap();
    let raw = world.raw(&second).await;
    world.lose(&second).await;
    assert!(world.blobs.assemble(&upload(), 8).await.is_err());
    let mut flipped = raw.clone();
    flipped[30] ^= 1;
    world.put_raw(&second, &flipped).await;
    assert!(world.blobs.assemble(&upload(), 8).await.is_err());
    assert_eq!(world.whole(&source()).await.unwrap(), None);
    world.put_raw(&second, &raw).await;
    assert_eq!(world.blobs.assemble(&upload(), 8).await.unwrap().sha256, sha256(b"12345678"));
}

pub(super) async fn bytes_beyond_what_memory_holds_become_pieces_before_they_are_acknowledged(world: World) {
    let bytes = song(2 * PIECE + 1000);
    let mut append = world.blobs.open_append(&lock(1), 0).await.unwrap();
    for block in bytes.chunks(100_000) {
        append.write(block).await.unwrap();
    }
    assert_eq!(world.names().await.len(), 2, "what is full");
    drop(append);
    // The checksum did not agree: none of it counts.
    world.blobs.open_append(&lock(2), 0).await.unwrap();
    assert_eq!(world.names().await, Vec::<String>::new());
    assert_eq!(send(&world, 0, &bytes).await, bytes.len() as u64);
    let stored = world.blobs.assemble(&upload(), bytes.len() as u64).await.unwrap();
    assert_eq!(stored.sha256, sha256(&bytes));
}

pub(super) async fn a_sender_that_wakes_after_it_lost_the_lock_harms_nothing(world: World) {
    let mut frozen = world.blobs.open_append(&lock(1), 0).await.unwrap();
    frozen.write(b"of the frozen one").await.unwrap();
    let mut second = world.blobs.open_append(&lock(2), 0).await.unwrap();
    second.write(b"of the second one").await.unwrap();
    assert_eq!(second.sync().await.unwrap(), 17);
    second.acknowledged();
    // It stores a piece of the same span, and another one begins where it believes the upload to stand.
    assert_eq!(frozen.sync().await.unwrap(), 17);
    assert_eq!(world.names().await.len(), 2, "the case must be real");
    world.blobs.open_append(&lock(1), 0).await.unwrap();
    let kept = world.names().await;
    assert_eq!(send(&world, 17, b", which goes on").await, 32);
    assert_eq!(kept.len(), 2, "what a later holder stored is not its to delete");
    frozen.discard().await.unwrap();
    let stored = world.blobs.assemble(&upload(), 32).await.unwrap();
    assert_eq!(stored.sha256, sha256(b"of the second one, which goes on"));
}

pub(super) async fn parts_become_one_source_in_the_order_they_are_named(world: World) {
    let parts: Vec<UploadId> = (50..53).map(|seed| UploadId::new(&SeededEntropy::new(seed))).collect();
    let bytes = song(PIECE + 5000);
    for (part, bytes) in parts.iter().zip([&bytes[..PIECE + 1], &bytes[PIECE + 1..], b""]) {
        let lock = UploadLock { upload: part.clone(), fence: 1 };
        let mut append = world.blobs.open_append(&lock, 0).await.unwrap();
        append.write(bytes).await.unwrap();
        append.sync().await.unwrap();
    }
    let named = [(parts[1].clone(), 4999), (parts[2].clone(), 0), (parts[0].clone(), PIECE as u64 + 1)];
    world.break_off_a_write(&source()).await;
    for _ in 0..2 {
        let stored = world.blobs.join(&upload(), &named).await.unwrap();
        let expected = [&bytes[PIECE + 1..], &bytes[..PIECE + 1]].concat();
        assert_eq!((stored.size_bytes, stored.sha256), (PIECE as u64 + 5000, sha256(&expected)));
        assert!(world.whole(&source()).await.unwrap().unwrap() == expected);
    }
    let longer = [(parts[1].clone(), 5000)];
    let error = world.blobs.join(&upload(), &longer).await.unwrap_err();
    assert!(matches!(error, BlobError::Shorter { found: 4999, .. }), "{error}");
}
