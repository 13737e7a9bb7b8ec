//! A job, followed live.

use std::time::Duration;

use domain::job::Stage;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use store::outcome::Progress;

use crate::harness::{Person, Service};

/// Reads a stream line by line.
struct Reader {
    answer: Response,
    text: String,
}

#[derive(Debug, PartialEq)]
struct Told {
    id: i64,
    name: String,
    data: Value,
}

impl Reader {
    async fn open(anna: &Person<'_>, path: &str, last: Option<i64>) -> Self {
        let mut request = anna.ask(reqwest::Method::GET, path);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self { answer, text: String::new() }
    }

    /// The next event, or `None` at the end of the stream.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let told = field("id:").map(|id| Told {
                    id: id.parse().unwrap(),
                    name: field("event:").unwrap().to_owned(),
                    data: serde_json::from_str(field("data:").unwrap()).unwrap(),
                });
                self.text = rest.to_owned();
                if told.is_some() {
                    return told;
                }
                continue;
            }
            let piece = tokio::time::timeout(Duration::from_secs(10), self.answer.chunk()).await;
            let piece = piece.expect("an event within ten seconds").unwrap()?;
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    async fn rest(&mut self) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next().await {
            all.push(told);
        }
        all
    }
}

#[tokio::test]
async fn a_job_is_followed_to_its_end_and_the_stream_ends_with_it() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let id = anna.order().await;
    let mut reader = Reader::open(&anna, &format!("/v1/jobs/{id}/events"), None).await;
    let queued = reader.next().await.unwrap();
    assert_eq!((queued.name.as_str(), &queued.data["state"]), ("state", &"queued".into()));

    let leased = service.lease().await;
    let running = reader.next().await.unwrap();
    assert_eq!((running.name.as_str(), &running.data["state"]), ("state", &"running".into()));
    assert_eq!(running.data["attempt"], 1);

    for (stage, fraction, name) in [(Stage::Decode, 0.0, "stage"), (Stage::Decode, 0.5, "progress")] {
        service.clock.advance(Duration::from_secs(1));
        let progress = Some(Progress { stage, fraction });
        service.store.heartbeat(&leased.lease, progress, service.now()).await.unwrap();
        let told = reader.next().await.unwrap();
        assert_eq!((told.name.as_str(), &told.data["stage"]), (name, &"decode".into()));
        assert_eq!(told.data["progress"], fraction);
    }
    let problem = domain::problem::Problem::ours("disk", "Disk", "The disk failed.");
    service.store.fail(&leased.lease, &problem, service.now()).await.unwrap();
    let last = reader.rest().await;
    assert_eq!(last.len(), 1);
    assert_eq!((last[0].name.as_str(), &last[0].data["state"]), ("state", &"failed".into()));
}

#[tokio::test]
async fn a_stream_resumes_after_the_last_event_that_arrived_and_misses_none() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let id = anna.order().await;
    let leased = service.lease().await;
    for (stage, fraction) in [(Stage::Decode, 0.0), (Stage::Decode, 0.5), (Stage::Master, 0.1)] {
        service.clock.advance(Duration::from_secs(1));
        let progress = Some(Progress { stage, fraction });
        service.store.heartbeat(&leased.lease, progress, service.now()).await.unwrap();
    }
    service.store.cancel(&anna.account.id, &id, service.now()).await.unwrap();
    let path = format!("/v1/jobs/{id}/events");
    let all = Reader::open(&anna, &path, None).await.rest().await;
    let names: Vec<&str> = all.iter().map(|told| told.name.as_str()).collect();
    assert_eq!(names, ["state", "state", "stage", "progress", "stage", "state"], "{all:?}");
    assert!(all.iter().zip(1..).all(|(told, id)| told.id == id), "{all:?}");
    for (index, told) in all[..all.len() - 1].iter().enumerate() {
        let rest = Reader::open(&anna, &path, Some(told.id)).await.rest().await;
        assert_eq!(rest, all[index + 1..], "after {}", told.id);
    }
}

#[tokio::test]
async fn who_has_seen_the_end_is_told_not_to_ask_again() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    let path = format!("/v1/jobs/{}/events", job["id"].as_str().unwrap());
    let last = Reader::open(&anna, &path, None).await.rest().await.last().unwrap().id;
    let ask = async |last: &str| {
        anna.ask(reqwest::Method::GET, &path).header("Last-Event-ID", last).send().await.unwrap().status()
    };
    assert_eq!(ask(&last.to_string()).await, StatusCode::NO_CONTENT);
    assert_eq!(ask("x").await, StatusCode::BAD_REQUEST);
    assert_eq!(ask("-1").await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_erased_job_ends_its_streams() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let id = anna.order().await;
    let mut reader = Reader::open(&anna, &format!("/v1/jobs/{id}/events"), None).await;
    reader.next().await.unwrap();
    anna.ask(reqwest::Method::DELETE, &format!("/v1/jobs/{id}")).send().await.unwrap();
    assert!(reader.rest().await.iter().all(|told| told.data["state"] != "queued"));
}

#[tokio::test]
async fn a_restart_ends_streams_so_that_nobody_waits_for_them() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let id = anna.order().await;
    let mut reader = Reader::open(&anna, &format!("/v1/jobs/{id}/events"), None).await;
    reader.next().await.unwrap();
    service.app.close();
    assert_eq!(reader.rest().await, []);
}
