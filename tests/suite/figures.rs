//! The figures at `/metrics`, read by a parser that is not ours, while a job runs.

use std::fs;
use std::time::Duration;

use fixtures::postgres::Postgres;
use prometheus_parse::{Scrape, Value as Figure};
use serde_json::json;

use crate::harness::fleet::Fleet;
use crate::harness::producer::Producer;
use crate::harness::{Service, mixrunners, song};

const SONG_SECONDS: f64 = 4.0;

struct Figures(Scrape);

impl Figures {
    async fn at(address: &str) -> Self {
        let answer = reqwest::get(address).await.unwrap();
        assert_eq!(
            answer.headers()["content-type"],
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        );
        let text = answer.text().await.unwrap();
        assert!(text.ends_with("\n# EOF\n"), "{text}");
        Self(Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap())
    }

    /// The figure with this name and these labels; `None` if it was not told.
    fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |sample: &&prometheus_parse::Sample| {
            sample.metric == name
                && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(*value))
        };
        self.0.samples.iter().find(fits).and_then(|sample| match sample.value {
            Figure::Counter(figure) | Figure::Gauge(figure) | Figure::Untyped(figure) => Some(figure),
            _ => None,
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_move_as_a_job_waits_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (service, figures) = Service::start_with_figures(&data);
    let anna = Producer::with_key(&service, &data);
    let wav = folder.path().join("song.wav");
    song::wav24(&wav, SONG_SECONDS);
    let bytes = fs::read(&wav).unwrap();
    let upload = anna.upload("song.wav", &bytes).await;
    assert_eq!(anna.checked(&upload).await["state"], "ready");

    let before = Figures::at(&figures).await;
    assert_eq!(before.get("mixrunners_attempts_total", &[("task", "master")]), None);
    assert_eq!(
        before.get("mixrunners_attempts_total", &[("task", "check"), ("ended", "checked")]),
        Some(1.0)
    );
    assert_eq!(before.get("mixrunners_upload_bytes_total", &[]), Some(bytes.len() as f64));
    assert_eq!(before.get("mixrunners_queue_depth", &[("kind", "master")]), Some(0.0));
    assert_eq!(before.get("mixrunners_workers", &[]), Some(1.0));

    mind_the_queue("pause", &data);
    let job = anna.order(&upload, json!({"deliver": ["wav24"]})).await;
    tokio::time::sleep(Duration::from_secs(1)).await; // a look is told for a second
    let waiting = Figures::at(&figures).await;
    assert_eq!(waiting.get("mixrunners_queue_depth", &[("kind", "master")]), Some(1.0));
    assert_eq!(waiting.get("mixrunners_queue_paused", &[]), Some(1.0));
    assert!(waiting.get("mixrunners_queue_oldest_wait_seconds", &[]).unwrap() > 0.0);
    mind_the_queue("resume", &data);
    assert_eq!(anna.finished(&job).await["state"], "succeeded");

    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = Figures::at(&figures).await;
    let one = [
        ("mixrunners_attempts_total", &[("task", "master"), ("ended", "succeeded")][..]),
        ("mixrunners_store_operation_seconds_count", &[("operation", "complete")]),
        ("mixrunners_http_requests_total", &[("method", "POST"), ("route", "/v1/jobs"), ("status", "201")]),
        ("mixrunners_stage_seconds_count", &[("stage", "deliver")]),
    ];
    for (name, labels) in one {
        let expected = if name.contains("stage") { 2.0 } else { 1.0 }; // the look at the upload delivers too
        assert_eq!(after.get(name, labels), Some(expected), "{name} {labels:?}");
    }
    assert!(after.get("mixrunners_stage_seconds_sum", &[("stage", "master")]).unwrap() > 0.0);
    assert!(after.get("mixrunners_blob_operation_seconds_count", &[("operation", "put")]).unwrap() >= 2.0);
    assert_eq!(after.get("mixrunners_rendered_audio_seconds_total", &[]), Some(SONG_SECONDS));
    assert!(after.get("mixrunners_attempts_busy_seconds_total", &[]).unwrap() > 0.0);
    assert_eq!(after.get("mixrunners_queue_depth", &[("kind", "master")]), Some(0.0));
    assert!(
        after.get("mixrunners_wait_seconds", &[("place", "0.95")]).unwrap() > 1.0,
        "it waited in the pause"
    );
    assert_eq!(after.get("mixrunners_process_deaths_total", &[]), None);
    let public = anna.get("/metrics").await;
    assert_eq!(public.status(), 404, "with a listener of their own they are there alone");
}

fn mind_the_queue(action: &str, data: &std::path::Path) {
    let done =
        mixrunners(&["queue", action, "--reason", "to see a job wait", "--data"]).arg(data).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_on_another_machine_tells_its_own_figures() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(folder.path(), Postgres::of_this_process().database());
    let (_worker, figures) = fleet.worker_with_figures("first");
    let told = Figures::at(&figures).await;
    assert_eq!(told.get("mixrunners_database_answers", &[]), Some(1.0));
    assert_eq!(told.get("mixrunners_queue_depth", &[("kind", "mix")]), Some(0.0));
    let about_requests = |sample: &prometheus_parse::Sample| sample.metric.contains("http");
    assert!(!told.0.samples.iter().any(about_requests), "it answers nobody");
    let health: serde_json::Value =
        reqwest::get(figures.replace("/metrics", "/healthz")).await.unwrap().json().await.unwrap();
    assert_eq!(health["status"], "ok");
}
