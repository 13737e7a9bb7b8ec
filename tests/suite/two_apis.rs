//! Two APIs, each a process of its own, on one database server and one folder: whichever a request reaches, it is one
//! service.

use std::fs;
use std::io::Error as IoError;

use fixtures::postgres::Postgres;
use futures_util::stream;
use reqwest::{Body, RequestBuilder, Response, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::harness::fleet::{Fleet, Process};
use crate::harness::producer::Producer;
use crate::harness::song;
use crate::service::hex;

const MIB: usize = 1 << 20;
/// So often an API has acknowledged what came, at least.
const STRIDE: usize = 8 * MIB;

struct Pair {
    _folder: tempfile::TempDir,
    fleet: Fleet,
    apis: [Process; 2],
    /// The same person, at each of the two.
    anna: [Producer; 2],
}

impl Pair {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fleet = Fleet::new(folder.path(), Postgres::of_this_process().database());
        let (first, anna) = fleet.api();
        let (second, also_anna) = fleet.api();
        Self { _folder: folder, fleet, apis: [first, second], anna: [anna, also_anna] }
    }
}

fn bytes(size: usize) -> Vec<u8> {
    (0..size as u64).map(|n| (n * n % 251) as u8).collect()
}

fn patch(at: &Producer, location: &str, offset: usize) -> RequestBuilder {
    let request = at.http.patch(at.url(location)).bearer_auth(&at.secret).header("Tus-Resumable", "1.0.0");
    request.header("Upload-Offset", offset).header("Content-Type", "application/offset+octet-stream")
}

/// A request whose bytes are given one by one.
fn sending(
    at: &Producer,
    location: &str,
    offset: usize,
) -> (UnboundedSender<Vec<u8>>, JoinHandle<reqwest::Result<Response>>) {
    let (give, given) = unbounded_channel::<Vec<u8>>();
    let body = stream::unfold(given, async |mut given| {
        let bytes = given.recv().await?;
        Some((Ok::<_, IoError>(bytes), given))
    });
    (give, tokio::spawn(patch(at, location, offset).body(Body::wrap_stream(body)).send()))
}

async fn acknowledged(at: &Producer, location: &str, offset: usize) {
    at.until(location, |upload| upload["received_bytes"].as_u64() >= Some(offset as u64)).await;
}

async fn arrived_whole(at: &Producer, location: &str, song: &[u8]) {
    let upload = at.get_json(location).await;
    assert_eq!(upload["sha256"], hex(&Sha256::digest(song)), "{upload}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_upload_goes_through_two_apis_by_turns() {
    let pair = Pair::start();
    let song = bytes(5 * MIB);
    let location = pair.anna[0].create_upload("song.wav", song.len()).await;
    for (turn, chunk) in song.chunks(MIB / 4).enumerate() {
        let (at, other) = (&pair.anna[turn % 2], &pair.anna[(turn + 1) % 2]);
        let answer = at.patch(&location, turn * MIB / 4, chunk).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(other.offset(&location).await, turn * MIB / 4 + chunk.len());
    }
    arrived_whole(&pair.anna[1], &location, &song).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_send_through_two_apis_one_is_told_423_and_no_byte_comes_twice() {
    let pair = Pair::start();
    let song = bytes(2 * STRIDE + 5);
    let location = pair.anna[0].create_upload("song.wav", song.len()).await;
    let (give, first) = sending(&pair.anna[0], &location, 0);
    give.send(song[..STRIDE].to_vec()).unwrap();
    acknowledged(&pair.anna[1], &location, STRIDE).await;
    // The first goes on bringing bytes, so that it is not stalled when it is asked to stop.
    let second = pair.anna[1].patch(&location, STRIDE, &song[STRIDE..]);
    tokio::pin!(second);
    let mut at = STRIDE;
    let refused = loop {
        tokio::select! {
            answer = &mut second => break answer.unwrap(),
            () = tokio::time::sleep(std::time::Duration::from_millis(100)) => {
                give.send(song[at..at + 1000].to_vec()).unwrap();
                at += 1000;
            }
        }
    };
    assert_eq!(refused.status(), StatusCode::LOCKED);
    give.send(song[at..].to_vec()).unwrap();
    drop(give);
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::NO_CONTENT);
    arrived_whole(&pair.anna[1], &location, &song).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_race_for_each_stretch_one_moves_the_offset() {
    let pair = Pair::start();
    let song = bytes(3 * MIB);
    let location = pair.anna[0].create_upload("song.wav", song.len()).await;
    for (turn, chunk) in song.chunks(MIB / 4).enumerate() {
        let offset = turn * MIB / 4;
        let (one, other) = tokio::join!(
            pair.anna[0].patch(&location, offset, chunk),
            pair.anna[1].patch(&location, offset, chunk)
        );
        let mut told = [one.unwrap().status().as_u16(), other.unwrap().status().as_u16()];
        told.sort_unstable();
        // The other one waits for the upload and finds it moved, or finished with its last byte.
        assert!([[204, 409], [204, 423], [204, 403]].contains(&told), "{told:?}");
        assert_eq!(pair.anna[1].offset(&location).await, offset + chunk.len());
    }
    arrived_whole(&pair.anna[0], &location, &song).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_killed_in_a_request_is_followed_by_the_other() {
    let pair = Pair::start();
    let song = bytes(2 * STRIDE);
    let location = pair.anna[0].create_upload("song.wav", song.len()).await;
    let (give, first) = sending(&pair.anna[0], &location, 0);
    give.send(song[..STRIDE + 1000].to_vec()).unwrap();
    acknowledged(&pair.anna[1], &location, STRIDE).await;
    let [killed, _other] = pair.apis;
    killed.kill();
    assert!(first.await.unwrap().is_err(), "the case must be real");
    let offset = pair.anna[1].offset(&location).await;
    let rest = pair.anna[1].patch(&location, offset, &song[offset..]).await.unwrap();
    assert_eq!(rest.status(), StatusCode::NO_CONTENT, "it waits until the right of the dead one has lapsed");
    arrived_whole(&pair.anna[1], &location, &song).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_was_frozen_in_a_request_writes_nothing_when_it_wakes() {
    let pair = Pair::start();
    let song = bytes(2 * STRIDE + 1000);
    let location = pair.anna[0].create_upload("song.wav", song.len()).await;
    let (give, first) = sending(&pair.anna[0], &location, 0);
    give.send(song[..STRIDE].to_vec()).unwrap();
    acknowledged(&pair.anna[1], &location, STRIDE).await;
    pair.apis[0].freeze();
    // Other bytes than the file has: if one of them counted, it would show.
    give.send(vec![0xee; STRIDE / 2]).unwrap();
    let middle = pair.anna[1].patch(&location, STRIDE, &song[STRIDE..2 * STRIDE]).await.unwrap();
    assert_eq!(
        middle.status(),
        StatusCode::NO_CONTENT,
        "it waits until the right of the frozen one has lapsed"
    );
    pair.apis[0].thaw();
    let _ = give.send(vec![0xee; STRIDE / 2 + 1000]);
    drop(give);
    let told = first.await.unwrap().map(|answer| answer.status().as_u16());
    assert!(told.as_ref().map_or(true, |status| [409, 423].contains(status)), "{told:?}");
    assert_eq!(pair.anna[0].offset(&location).await, 2 * STRIDE);
    let last = pair.anna[0].patch(&location, 2 * STRIDE, &song[2 * STRIDE..]).await.unwrap();
    assert_eq!(last.status(), StatusCode::NO_CONTENT);
    arrived_whole(&pair.anna[1], &location, &song).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_ordered_at_one_api_is_followed_live_at_the_other() {
    let pair = Pair::start();
    let _worker = pair.fleet.worker("only");
    let wav = pair._folder.path().join("song.wav");
    song::wav24(&wav, 20.0);
    let upload = pair.anna[0].upload("song.wav", &fs::read(&wav).unwrap()).await;
    assert_eq!(pair.anna[1].checked(&upload).await["state"], "ready");
    let job = pair.anna[0].order(&upload, json!({"deliver": ["wav24"]})).await;
    let events = pair.anna[1].get(&format!("/v1/jobs/{}/events", job["id"].as_str().unwrap())).await;
    assert_eq!(events.status(), StatusCode::OK);
    let text = tokio::time::timeout(std::time::Duration::from_secs(60), events.text()).await;
    let text = text.expect("the stream ends with its job").unwrap();
    for state in ["queued", "running", "succeeded"] {
        assert!(text.contains(&format!("\"{state}\"")), "{state}: {text}");
    }
    assert!(text.contains("event: progress") || text.contains("event: stage"), "{text}");
}
