//! A blob is what was stored, or an error.

use std::io::Error as IoError;
use std::pin::Pin;
use std::task::{Context, Poll};

use domain::blob::BlobKey;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::world::{World, attempt, master, part, sha256, song, upload};
use crate::blobs::BlobError;
use crate::sealing::segments::{HEADER_BYTES, SEALED_SEGMENT_BYTES, SEGMENT_BYTES, TAG_BYTES};

pub(super) async fn a_blob_reads_back_whole_with_its_hash(world: World) {
    let around_a_segment = [SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 2 * SEGMENT_BYTES];
    for length in [0, 1, 700_000].into_iter().chain(around_a_segment) {
        let bytes = song(length);
        world.put(&master(), &bytes).await;
        let stored = world.blobs.measure(&master()).await.unwrap().unwrap();
        assert_eq!((stored.size_bytes, stored.sha256), (length as u64, sha256(&bytes)));
        assert_eq!(world.whole(&master()).await.unwrap(), Some(bytes), "{length} bytes");
    }
}

pub(super) async fn any_part_of_a_blob_reads_back(world: World) {
    const SEGMENT: u64 = SEGMENT_BYTES as u64;
    let bytes = song(3 * SEGMENT_BYTES + 100);
    let all = bytes.len() as u64;
    world.put(&master(), &bytes).await;
    let edges =
        [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT, all - 1, all, all + SEGMENT];
    for from in edges {
        for length in [0, 1, 10, SEGMENT, SEGMENT + 1, all, u64::MAX] {
            let read = world.blobs.read(&master(), from, length).await.unwrap().unwrap();
            assert_eq!(read.size_bytes, all);
            let end = from.saturating_add(length).min(all);
            let expected = &bytes[from.min(end) as usize..end as usize];
            let found = part(&world.blobs, &master(), from, length).await.unwrap().unwrap();
            assert!(found == expected, "{length} bytes from {from}");
        }
    }
}

pub(super) async fn mx_17_what_is_stored_tells_nothing_of_what_was_given(world: World) {
    let silence = vec![0; 200_000];
    let other = BlobKey::artifact(&attempt(1), "1-master.wav").unwrap();
    world.put(&master(), &silence).await;
    world.put(&other, &silence).await;
    let (one, two) = (world.raw(&master()).await, world.raw(&other).await);
    assert_eq!(one.len(), HEADER_BYTES + 200_000 + 4 * TAG_BYTES);
    let body = &one[HEADER_BYTES..];
    assert!(!body.windows(16).any(|bytes| bytes == [0; 16]), "nothing of it is there");
    assert!(
        body.chunks(16).zip(two[HEADER_BYTES..].chunks(16)).all(|(one, two)| one != two),
        "another key each"
    );
    world.put(&master(), &silence).await;
    let again = world.raw(&master()).await;
    assert!(
        body.chunks(16).zip(again[HEADER_BYTES..].chunks(16)).all(|(one, two)| one != two),
        "and each time"
    );
}

pub(super) async fn a_flipped_bit_is_found_wherever_it_is(world: World) {
    world.put(&master(), &song(2 * SEGMENT_BYTES + 1000)).await;
    let sound = world.raw(&master()).await;
    // The magic, the version, the size of segments, zeros, the seal; first and last byte of segments and tags.
    let second = HEADER_BYTES + SEALED_SEGMENT_BYTES;
    let first = [0, 3, 4, 5, 6, 7, 8, 23, HEADER_BYTES, HEADER_BYTES + SEGMENT_BYTES, second - 1];
    let others = [second, second + SEGMENT_BYTES, sound.len() - 17, sound.len() - 1];
    for place in first.into_iter().chain(others) {
        let mut flipped = sound.clone();
        flipped[place] ^= 0x10;
        world.put_raw(&master(), &flipped).await;
        assert!(world.is_damaged(&master()).await, "byte {place}");
    }
    world.put_raw(&master(), &sound).await;
    assert!(world.whole(&master()).await.unwrap().is_some(), "it was these bits");
}

pub(super) async fn a_blob_that_lost_or_gained_bytes_is_found(world: World) {
    world.put(&master(), &song(2 * SEGMENT_BYTES)).await;
    let sound = world.raw(&master()).await;
    let one_segment = HEADER_BYTES + SEALED_SEGMENT_BYTES;
    assert_eq!(sound.len(), one_segment + SEALED_SEGMENT_BYTES, "the case must be real");
    for length in [0, 10, HEADER_BYTES, HEADER_BYTES + 20, one_segment - 1, one_segment, sound.len() - 1] {
        world.put_raw(&master(), &sound[..length]).await;
        assert!(world.is_damaged(&master()).await, "{length} of {} bytes", sound.len());
    }
    let twice = [&sound, &sound[one_segment..]].concat();
    let swapped = [&sound[..HEADER_BYTES], &sound[one_segment..], &sound[HEADER_BYTES..one_segment]].concat();
    let more = [&sound[..], &[0; 100]].concat();
    for (changed, how) in [(twice, "its end twice"), (swapped, "segments swapped"), (more, "zeros behind")] {
        world.put_raw(&master(), &changed).await;
        assert!(world.is_damaged(&master()).await, "{how}");
    }
}

pub(super) async fn a_blob_in_the_place_of_another_is_found(world: World) {
    let (one, other) = (master(), BlobKey::upload_source(&upload()));
    world.put(&one, b"one").await;
    world.put(&other, b"two").await;
    let (first, second) = (world.raw(&one).await, world.raw(&other).await);
    world.put_raw(&one, &second).await;
    world.put_raw(&other, &first).await;
    assert!(world.is_damaged(&one).await && world.is_damaged(&other).await);
}

pub(super) async fn a_part_before_the_damage_reads_and_the_whole_does_not(world: World) {
    let bytes = song(3 * SEGMENT_BYTES);
    world.put(&master(), &bytes).await;
    let mut raw = world.raw(&master()).await;
    *raw.last_mut().unwrap() ^= 1;
    world.put_raw(&master(), &raw).await;
    let first = part(&world.blobs, &master(), 0, 1000).await.unwrap().unwrap();
    assert_eq!(first, bytes[..1000]);
    let mut whole = world.blobs.read(&master(), 0, u64::MAX).await.unwrap().expect("its beginning is sound");
    let mut read = Vec::new();
    let error = whole.reader.read_to_end(&mut read).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{error}");
    assert_eq!(read, bytes[..2 * SEGMENT_BYTES], "not a byte of the damaged segment");
    assert!(world.is_damaged(&master()).await && world.blobs.measure(&master()).await.is_err());
    let at_once = world.blobs.read(&master(), 2 * SEGMENT_BYTES as u64, 1).await;
    assert!(matches!(at_once, Err(BlobError::Damaged { .. })), "before anything is given out: {at_once:?}");
}

pub(super) async fn a_blob_whose_bytes_are_gone_is_not_there(world: World) {
    assert_eq!(world.whole(&master()).await.unwrap(), None);
    world.put(&master(), b"bytes").await;
    world.lose(&master()).await;
    assert_eq!(world.whole(&master()).await.unwrap(), None);
    assert_eq!(world.blobs.measure(&master()).await.unwrap(), None);
}

/// Gives `left` bytes, then an error.
pub(super) struct Broken {
    pub(super) left: usize,
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let count = self.left.min(buffer.remaining());
        if count == 0 {
            return Poll::Ready(Err(IoError::other("gone")));
        }
        buffer.put_slice(&vec![7; count]);
        self.left -= count;
        Poll::Ready(Ok(()))
    }
}

pub(super) async fn a_source_that_breaks_off_leaves_no_blob_and_no_part_of_one(world: World) {
    // In the first segment; with segments that were written already; with parts that were sent already.
    for left in [4, 2_000_000, 20_000_000] {
        assert!(world.blobs.put(&master(), Broken { left }).await.is_err());
        assert_eq!(world.whole(&master()).await.unwrap(), None);
        assert_eq!(world.names().await, Vec::<String>::new());
    }
    assert_eq!(world.store.blob_keys(&master()).await.unwrap(), [], "no key stays");
}

pub(super) async fn a_blob_that_is_written_again_has_the_new_bytes_under_a_new_key(world: World) {
    world.put(&master(), b"first").await;
    let first = world.raw(&master()).await;
    assert!(world.blobs.put(&master(), Broken { left: 100_000 }).await.is_err());
    assert_eq!(
        world.whole(&master()).await.unwrap().as_deref(),
        Some(&b"first"[..]),
        "a failed write changes nothing"
    );
    world.put(&master(), b"second").await;
    assert_ne!(world.raw(&master()).await[8..HEADER_BYTES], first[8..HEADER_BYTES], "the seal");
    assert_eq!(world.whole(&master()).await.unwrap().as_deref(), Some(&b"second"[..]));
}

pub(super) async fn of_two_who_write_one_blob_one_wins_whole(world: World) {
    let master = master();
    for round in 0..10 {
        let (one, two) = (song(300_000 + round), vec![9; 200_000]);
        let (first, second) =
            tokio::join!(world.blobs.put(&master, &one[..]), world.blobs.put(&master, &two[..]));
        first.unwrap();
        second.unwrap();
        let found = world.whole(&master).await.unwrap().unwrap();
        assert!(found == one || found == two, "round {round}");
    }
}
