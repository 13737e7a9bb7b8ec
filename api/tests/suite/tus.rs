//! Uploads that go well, and uploads whose connection does not.

use std::time::Duration;

use api::{Limits, Site};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::blob::{BlobKey, BlobPrefix};
use domain::ids::UploadId;
use domain::task::Task;
use futures_util::stream;
use reqwest::{Body, Method, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::uploading::{LEASE, Taken};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Person, Service, eventually, sha256};

const MIB: usize = 1024 * 1024;

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n * 31 % 251) as u8).collect()
}

async fn state(anna: &Person<'_>, path: &str) -> Value {
    anna.json(path).await
}

#[tokio::test]
async fn an_upload_in_three_pieces_arrives_whole_and_is_queued_for_its_check() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let song = bytes(3 * MIB);
    let path = anna.begin(song.len()).await;
    for offset in [0, MIB, 2 * MIB] {
        assert_eq!(anna.offset(&path).await, offset as u64);
        let answer = anna.send(&path, offset, song[offset..offset + MIB].to_vec()).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.headers()["upload-offset"], (offset + MIB).to_string());
        assert_eq!(answer.headers()["tus-resumable"], "1.0.0");
    }
    let upload = state(&anna, &path).await;
    assert_eq!(upload["state"], "checking");
    assert_eq!(upload["received_bytes"], song.len());
    assert_eq!(upload["sha256"], sha256(&song).to_string());
    assert_eq!(upload["name"], "Song.wav");
    assert!(matches!(service.lease().await.task, Task::Check { .. }));
}

#[tokio::test]
async fn the_bytes_may_come_with_the_creation() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let request = anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", 11);
    let request = request.header("Content-Type", "application/offset+octet-stream").body("hello world");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()["upload-offset"], "11");
    let path = answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(state(&anna, &path).await["sha256"], sha256(b"hello world").to_string());
}

#[tokio::test]
async fn a_length_may_be_told_later_and_is_then_fixed() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let answer = anna.tus(Method::POST, "/v1/uploads").header("Upload-Defer-Length", 1).send().await.unwrap();
    let path = answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(anna.send(&path, 0, "hello ").await.status(), StatusCode::NO_CONTENT);
    let head = anna.tus(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(head.headers()["upload-defer-length"], "1");
    assert!(!head.headers().contains_key("upload-length"));
    let last = anna.patch(&path, 6).header("Upload-Length", 11);
    assert_eq!(last.body("world").send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let upload = state(&anna, &path).await;
    assert_eq!((&upload["state"], &upload["size_bytes"]), (&"checking".into(), &11.into()));
    assert_eq!(upload["sha256"], sha256(b"hello world").to_string());
}

#[tokio::test]
async fn an_upload_of_nothing_is_complete_at_once() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(0).await;
    let upload = state(&anna, &path).await;
    assert_eq!(upload["state"], "checking", "the check will say that it holds no audio");
    assert_eq!(upload["sha256"], sha256(b"").to_string());
}

#[tokio::test]
async fn head_tells_length_metadata_and_end_and_is_never_kept() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let metadata = "filename U29uZy53YXY=,filetype YXVkaW8vd2F2";
    let request = anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", 10);
    let created = request.header("Upload-Metadata", metadata).send().await.unwrap();
    let path = created.headers()["location"].to_str().unwrap().to_owned();
    let head = anna.tus(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(head.headers()["upload-length"], "10");
    assert_eq!(head.headers()["upload-metadata"], metadata);
    assert_eq!(head.headers()["cache-control"], "no-store");
    assert_eq!(head.headers()["upload-expires"], "Sat, 16 Jan 2027 08:00:00 GMT", "a day after it began");
    assert_eq!(created.headers()["upload-expires"], head.headers()["upload-expires"]);
}

#[tokio::test]
async fn options_tells_what_is_offered_to_anybody() {
    let service = Service::start().await;
    let answer = service.ask(Method::OPTIONS, "/v1/uploads").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let headers = answer.headers();
    assert_eq!(headers["tus-version"], "1.0.0");
    assert_eq!(headers["tus-resumable"], "1.0.0");
    assert_eq!(headers["tus-max-size"], (2_u64 << 30).to_string());
    assert_eq!(headers["tus-checksum-algorithm"], "sha1,sha256,crc32c");
    for extension in [
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "expiration",
        "checksum",
        "termination",
        "concatenation",
    ] {
        assert!(headers["tus-extension"].to_str().unwrap().split(',').any(|one| one == extension));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_keeps_what_it_brought() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let song = bytes(5 * MIB);
    let path = anna.begin(song.len()).await;
    let mut wire = TcpStream::connect(&service.address).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
        service.address,
        anna.key,
        song.len()
    );
    wire.write_all(head.as_bytes()).await.unwrap();
    wire.write_all(&song[..3 * MIB]).await.unwrap();
    wire.flush().await.unwrap();
    wire.shutdown().await.unwrap();
    drop(wire);
    eventually("all 3 MiB are kept", async || anna.offset(&path).await == 3 * MIB as u64).await;
    let rest = anna.send(&path, 3 * MIB, song[3 * MIB..].to_vec()).await;
    assert_eq!(rest.status(), StatusCode::NO_CONTENT);
    assert_eq!(state(&anna, &path).await["sha256"], sha256(&song).to_string());
}

/// A body that sends `bytes` and then neither more nor an end.
fn stuck(bytes: Vec<u8>) -> Body {
    let chain = stream::unfold(Some(bytes), async |left| match left {
        Some(bytes) => Some((Ok::<_, std::io::Error>(bytes), None)),
        None => std::future::pending().await,
    });
    Body::wrap_stream(chain)
}

fn id_of(path: &str) -> UploadId {
    UploadId::parse(path.rsplit('/').next().unwrap()).unwrap()
}

/// Bytes of the upload that lie on the disk, acknowledged or not.
async fn on_disk(service: &Service, path: &str) -> u64 {
    let (mut pieces, mut end) = (service.blobs.list(Some(&BlobPrefix::upload(&id_of(path)))), 0);
    while let Some(page) = pieces.next().await.unwrap() {
        let ends =
            page.iter().filter_map(|one| BlobKey::parse(&one.name).ok()?.piece_span()).map(|(_, end)| end);
        end = ends.fold(end, u64::max);
    }
    end
}

/// Acknowledges what came every 64 KiB, so that a test sees it come.
fn eager() -> Limits {
    Limits { upload_sync_bytes: 64 * 1024, ..Limits::default() }
}

#[tokio::test]
async fn the_offset_moves_while_bytes_come_and_never_beyond_what_is_on_disk() {
    let limits = Limits { upload_sync_bytes: MIB as u64, ..Limits::default() };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let path = anna.begin(10 * MIB).await;
    let request = anna.patch(&path, 0).body(stuck(bytes(5 * MIB + 1000)));
    let sending = tokio::spawn(request.send());
    eventually("most of it is recorded", async || anna.offset(&path).await > 4 * MIB as u64).await;
    assert!(anna.offset(&path).await <= on_disk(&service, &path).await);
    sending.abort();
    eventually("the rest is kept", async || anna.offset(&path).await == 5 * MIB as u64 + 1000).await;
}

#[tokio::test]
async fn a_second_sender_is_turned_away_until_the_first_has_stalled() {
    let limits = Limits {
        body_stall_asked: Duration::from_millis(200),
        upload_lock_wait: Duration::ZERO,
        upload_lock_renewal: Duration::from_millis(50),
        ..eager()
    };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let song = bytes(2 * MIB);
    let path = anna.begin(song.len()).await;
    let stalled = tokio::spawn(anna.patch(&path, 0).body(stuck(song[..MIB].to_vec())).send());
    eventually("the first is under way", async || anna.offset(&path).await > MIB as u64 / 2).await;
    assert_eq!(anna.send(&path, 0, song.clone()).await.status(), StatusCode::LOCKED);
    eventually("the first was let go", async || anna.offset(&path).await == MIB as u64).await;
    eventually("the second gets through", async || {
        anna.send(&path, MIB, song[MIB..].to_vec()).await.status() == StatusCode::NO_CONTENT
    })
    .await;
    assert_eq!(state(&anna, &path).await["sha256"], sha256(&song).to_string());
    let answer = stalled.await.unwrap();
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == StatusCode::REQUEST_TIMEOUT));
}

#[tokio::test]
async fn a_body_with_a_checksum_is_kept_whole_or_not_at_all() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(10).await;
    let sum = |text: &str| format!("sha256 {}", STANDARD.encode(Sha256::digest(text)));
    let wrong =
        anna.patch(&path, 0).header("Upload-Checksum", sum("jello")).body("hello").send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 460);
    assert_eq!(anna.offset(&path).await, 0);
    let right =
        anna.patch(&path, 0).header("Upload-Checksum", sum("hello")).body("hello").send().await.unwrap();
    assert_eq!(right.status(), StatusCode::NO_CONTENT);
    let last = anna.patch(&path, 5).header("Upload-Checksum", "crc32c vgM5Dg==").body("world");
    let _ = last.send().await.unwrap(); // an arbitrary checksum: whatever it says, the file is never half
    assert!([5, 10].contains(&anna.offset(&path).await));
    assert_eq!(anna.send(&path, 5, "world").await.status(), StatusCode::NO_CONTENT);
    assert_eq!(state(&anna, &path).await["sha256"], sha256(b"helloworld").to_string());
}

#[tokio::test]
async fn an_upload_whose_completion_was_lost_is_completed_by_the_next_question() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(10).await;
    anna.send(&path, 0, "hello").await;
    let id = id_of(&path);
    // The process died between recording the last byte and completing the upload.
    let taken = service.store.take_upload_lock(&id, service.now()).await.unwrap();
    let Taken::Taken(lock) = taken else { panic!("nobody else sends it: {taken:?}") };
    let mut file = service.blobs.open_append(&lock, 5).await.unwrap();
    file.write(b"world").await.unwrap();
    file.sync().await.unwrap();
    assert!(service.store.advance_upload(&lock, 5, 10).await.unwrap());
    service.clock.advance(LEASE);
    assert_eq!(anna.offset(&path).await, 10);
    let upload = state(&anna, &path).await;
    assert_eq!(upload["state"], "checking");
    assert_eq!(upload["sha256"], sha256(b"helloworld").to_string());
}

#[tokio::test]
async fn an_upload_that_a_restart_interrupts_keeps_what_it_brought() {
    let service = Service::start_with(eager(), Site::Loopback).await;
    let anna = service.producer("anna").await;
    let path = anna.begin(2 * MIB).await;
    let sending = tokio::spawn(anna.patch(&path, 0).body(stuck(bytes(MIB))).send());
    eventually("it is under way", async || anna.offset(&path).await > MIB as u64 / 2).await;
    service.app.close();
    let answer = sending.await.unwrap();
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == StatusCode::SERVICE_UNAVAILABLE));
    eventually("what came is kept", async || anna.offset(&path).await == MIB as u64).await;
}

#[tokio::test]
async fn a_sender_waits_a_moment_for_one_that_is_about_to_stop() {
    let limits = Limits {
        body_stall_asked: Duration::from_millis(100),
        upload_lock_renewal: Duration::from_millis(50),
        upload_lock_wait: Duration::from_secs(30),
        ..eager()
    };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let song = bytes(2 * MIB);
    let path = anna.begin(song.len()).await;
    let stalled = tokio::spawn(anna.patch(&path, 0).body(stuck(song[..MIB].to_vec())).send());
    eventually("the first has brought all it has", async || anna.offset(&path).await > MIB as u64 / 2).await;
    let second = anna.send(&path, MIB, song[MIB..].to_vec()).await;
    assert_eq!(second.status(), StatusCode::NO_CONTENT, "the first was asked, stopped, and kept its bytes");
    assert_eq!(state(&anna, &path).await["sha256"], sha256(&song).to_string());
    let _ = stalled.await.unwrap();
}

#[tokio::test]
async fn a_holder_that_lost_its_upload_keeps_nothing_of_what_it_still_brings() {
    let limits = Limits { upload_lock_renewal: Duration::from_secs(3600), ..eager() };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let (begun, block) = (bytes(64 * 1024), 64 * 1024);
    let path = anna.begin(block + 10).await;
    let (more, told) = tokio::sync::mpsc::unbounded_channel::<Vec<u8>>();
    let body = stream::unfold(told, async |mut told| {
        let bytes = told.recv().await?;
        Some((Ok::<_, std::io::Error>(bytes), told))
    });
    let first = tokio::spawn(anna.patch(&path, 0).body(Body::wrap_stream(body)).send());
    more.send(begun.clone()).unwrap();
    eventually("the first has the upload", async || anna.offset(&path).await == block as u64).await;
    service.clock.advance(LEASE);
    assert_eq!(anna.send(&path, block, "HELLO").await.status(), StatusCode::NO_CONTENT);
    more.send(b"hello".to_vec()).unwrap();
    drop(more);
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::CONFLICT, "it has been overtaken");
    let end = block as u64 + 5;
    assert_eq!((anna.offset(&path).await, on_disk(&service, &path).await), (end, end));
    let pieces = service.blobs.list(Some(&BlobPrefix::upload(&id_of(&path)))).next().await.unwrap().unwrap();
    assert_eq!(pieces.len(), 2, "of what came late nothing is left");
    assert_eq!(anna.send(&path, block + 5, "world").await.status(), StatusCode::NO_CONTENT);
    let whole = [begun.as_slice(), b"HELLOworld"].concat();
    assert_eq!(state(&anna, &path).await["sha256"], sha256(&whole).to_string());
}
