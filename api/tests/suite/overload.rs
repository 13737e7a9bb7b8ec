//! Too much at once: what does not fit is told so, and the service still says how it is.

use std::time::Duration;

use api::listening::Doors;
use api::{Limits, Site};
use domain::attempt::Room;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Person, Service, eventually};

const PLACES: usize = 4;

/// An order whose body does not come to its end: it takes a place for as long as it lasts.
async fn stuck_order(person: &Person<'_>) -> TcpStream {
    let mut stream = TcpStream::connect(&person.service.address).await.unwrap();
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{{",
        person.service.address, person.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

fn says_when_to_come_back(response: &Response) -> bool {
    let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    response.status() == StatusCode::SERVICE_UNAVAILABLE
        && after.is_some_and(|seconds| seconds.parse::<u32>().is_ok())
}

#[tokio::test]
async fn ten_times_what_fits_is_turned_away_at_once_and_health_still_answers() {
    let limits = Limits { requests_at_once: PLACES, ..Limits::default() };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let mut stuck = Vec::new();
    for _ in 0..PLACES {
        stuck.push(stuck_order(&anna).await);
    }
    eventually("all places are taken", async || says_when_to_come_back(&anna.get("/v1/jobs").await)).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..10 * PLACES {
        let request = anna.ask(Method::GET, "/v1/account");
        crowd.spawn(async move { request.send().await.unwrap() });
    }
    let answers = crowd.join_all().await;
    assert!(answers.iter().all(says_when_to_come_back), "{answers:?}");
    let problem: Value = anna.get("/v1/jobs").await.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["retryable"]), (&json!("overloaded"), &json!(true)));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(service.ask(Method::GET, path).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
    let operator = service.operator().await;
    assert_eq!(operator.get("/metrics").await.status(), StatusCode::OK);
    assert_eq!(
        anna.begin(5).await.split('/').next_back().map(|id| &id[..4]),
        Some("upl_"),
        "uploads have places of their own"
    );
    drop(stuck);
    eventually("there is room again", async || anna.get("/v1/jobs").await.status() == StatusCode::OK).await;
}

#[tokio::test]
async fn uploads_have_places_of_their_own() {
    let limits = Limits { uploads_at_once: 1, ..Limits::default() };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let (held, other) = (anna.begin(5).await, anna.begin(5).await);
    let (sender, body) = tokio::sync::mpsc::channel::<Result<&'static str, std::io::Error>>(1);
    let body =
        futures_util::stream::unfold(body, async |mut body| body.recv().await.map(|bytes| (bytes, body)));
    let patch = anna.patch(&held, 0).body(reqwest::Body::wrap_stream(body));
    let sending = tokio::spawn(async move { patch.send().await.unwrap().status() });
    sender.send(Ok("RI")).await.unwrap();
    eventually("the place is taken", async || says_when_to_come_back(&anna.send(&other, 0, "RIFF!").await))
        .await;
    assert_eq!(anna.get("/v1/jobs").await.status(), StatusCode::OK, "others are not concerned");
    sender.send(Ok("FF!")).await.unwrap();
    drop(sender);
    assert_eq!(sending.await.unwrap(), StatusCode::NO_CONTENT);
    assert_eq!(anna.send(&other, 0, "RIFF!").await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended_and_told_so() {
    let limits = Limits { answer_within: Duration::from_millis(100), ..Limits::default() };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let answer = read_to_end(stuck_order(&anna).await).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("too_slow") && answer.contains("retry-after: 5"), "{answer}");
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_its_connection() {
    let doors = Doors { head_within: Duration::from_millis(100), ..Doors::default() };
    let service = Service::start_behind(doors, Limits::default(), Site::Loopback).await;
    for begun in ["", "GET /healthz HTTP/1.1\r\nHost: local"] {
        let mut stream = TcpStream::connect(&service.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        read_to_end(stream).await;
    }
}

#[tokio::test]
async fn connections_beyond_the_last_place_hear_that_and_how_the_service_is() {
    let doors = Doors { connections: 2, connections_turned_away: 1, ..Doors::default() };
    let service = Service::start_behind(doors, Limits::default(), Site::Loopback).await;
    let idle = [
        TcpStream::connect(&service.address).await.unwrap(),
        TcpStream::connect(&service.address).await.unwrap(),
    ];
    let ask = async |path: &str| service.ask(Method::GET, path).send().await;
    eventually("both places are taken", async || {
        ask("/v1/presets").await.is_ok_and(|answer| says_when_to_come_back(&answer))
    })
    .await;
    eventually("health is told", async || {
        ask("/healthz").await.is_ok_and(|answer| answer.status() == StatusCode::OK)
    })
    .await;
    // The one place at the threshold is taken too: the next connection is closed without a word.
    let _waiting = TcpStream::connect(&service.address).await.unwrap();
    eventually("nobody is heard", async || ask("/healthz").await.is_err()).await;
    drop(idle);
    eventually("there is room again", async || {
        ask("/v1/presets").await.is_ok_and(|answer| answer.status() != StatusCode::SERVICE_UNAVAILABLE)
    })
    .await;
}

#[tokio::test]
async fn a_full_queue_is_told_to_its_owner_and_to_others_differently() {
    let limits = Limits { room: Room { per_account: 2, for_all: 3 }, ..Limits::default() };
    let service = Service::start_with(limits, Site::Loopback).await;
    let (anna, ben) = (service.producer("anna").await, service.producer("ben").await);
    let (annas, bens) = (anna.ready_upload().await, ben.ready_upload().await);
    let order = async |person: &Person<'_>, upload: &_| {
        let body = json!({"kind": "master", "title": "Song", "inputs": [{"upload": upload}]});
        person.post("/v1/jobs", body).await
    };
    for _ in 0..2 {
        assert_eq!(order(&anna, &annas).await.status(), StatusCode::CREATED);
    }
    let full = order(&anna, &annas).await;
    assert_eq!(
        (full.status(), full.headers()["retry-after"].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "60")
    );
    assert!(full.text().await.unwrap().contains("2 of your jobs are waiting already"));
    assert_eq!(order(&ben, &bens).await.status(), StatusCode::CREATED);
    let full = order(&ben, &bens).await;
    assert!(says_when_to_come_back(&full), "{full:?}");
    service.work().await;
    assert_eq!(order(&ben, &bens).await.status(), StatusCode::CREATED);
}

async fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    read.expect("the connection is ended").unwrap();
    String::from_utf8(answer).unwrap()
}
