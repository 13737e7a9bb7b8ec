//! What operators see and do.

use std::time::Duration;

use domain::lease::WorkerName;
use domain::sandbox::Sandbox;
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::operating::SignOfLife;

use crate::harness::Service;

#[tokio::test]
async fn a_producer_does_not_come_in_with_any_key() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let paths =
        ["queue", "jobs", "workers", "failures", "retention", "audit"].map(|name| format!("/v1/ops/{name}"));
    for path in paths {
        assert_eq!(anna.get(&path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let paused = anna.post("/v1/ops/pause", json!({"reason": "mischief"})).await;
    assert_eq!(paused.status(), StatusCode::FORBIDDEN);
    assert_eq!(service.operator().await.json("/v1/ops/queue").await["pause"], Value::Null);
}

#[tokio::test]
async fn an_operator_sees_all_jobs_and_nothing_of_what_they_are_called() {
    let service = Service::start().await;
    let (anna, ben) = (service.producer("anna").await, service.producer("ben").await);
    let operator = service.operator().await;
    anna.mastered().await;
    let waiting = ben.order().await;
    let all = operator.json("/v1/ops/jobs").await;
    assert_eq!(all["data"].as_array().unwrap().len(), 2, "{all}");
    assert!(!all.to_string().contains("Song"), "the case: each is called Song. {all}");
    let queued = operator.json("/v1/ops/jobs?state=queued").await;
    assert_eq!((&queued["data"][0]["id"], queued["data"].as_array().unwrap().len()), (&json!(waiting), 1));
    let page = operator.json("/v1/ops/jobs?limit=1").await;
    let next = operator.json(page["next"].as_str().unwrap()).await;
    assert_ne!(page["data"][0]["id"], next["data"][0]["id"]);
    let queue = operator.json("/v1/ops/queue").await;
    assert_eq!((&queue["waiting"], &queue["running"], &queue["workers"]), (&json!(1), &json!(0), &json!([])));
}

#[tokio::test]
async fn an_operator_pauses_the_queue_and_must_say_why() {
    let service = Service::start().await;
    let operator = service.operator().await;
    for (body, code) in [(json!({}), "required"), (json!({"reason": ""}), "too_short")] {
        let refused = operator.post("/v1/ops/pause", body).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
    }
    let paused: Value =
        operator.post("/v1/ops/pause", json!({"reason": "new disk"})).await.json().await.unwrap();
    assert_eq!(paused["pause"]["reason"], "new disk");
    let worker = WorkerName("w".into());
    let anna = service.producer("anna").await;
    let path = anna.begin(5).await;
    anna.send(&path, 0, "RIFF!").await;
    assert!(service.store.lease_next(&worker, service.now()).await.unwrap().is_none());
    let resumed: Value =
        operator.post("/v1/ops/resume", json!({"reason": "done"})).await.json().await.unwrap();
    assert_eq!(resumed["pause"], Value::Null);
    assert!(service.store.lease_next(&worker, service.now()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_operator_cancels_and_retries_the_job_of_another() {
    let service = Service::start().await;
    let (anna, operator) = (service.producer("anna").await, service.operator().await);
    let job = anna.order().await;
    let why = json!({"reason": "asked by its owner"});
    let retry = async || {
        let answer = operator.post(&format!("/v1/ops/jobs/{job}/retry"), why.clone()).await;
        answer.json::<Value>().await.unwrap()
    };
    assert_eq!(retry().await["outcome"], "hastened");
    let cancelled = operator.post(&format!("/v1/ops/jobs/{job}/cancel"), why.clone()).await;
    assert_eq!(cancelled.json::<Value>().await.unwrap()["state"], "cancelled");
    assert_eq!(retry().await["outcome"], "unchanged");
    assert_eq!(anna.json(&format!("/v1/jobs/{job}")).await["state"], "cancelled");
    let unknown = operator.post(&format!("/v1/ops/jobs/job_{}/cancel", "0".repeat(26)), why.clone()).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_wait_is_told_once_it_is_more_than_a_guess() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let alive = async || {
        let worker = WorkerName("test".into());
        let sign = SignOfLife { name: worker, slots: 1, version: "0.1.0".into(), sandbox: Sandbox::Full };
        service.store.worker_seen(&sign, service.now()).await.unwrap();
    };
    for _ in 0..5 {
        let job = anna.order_of(&upload).await;
        assert_eq!(anna.json(&format!("/v1/jobs/{job}")).await["wait_s_estimate"], Value::Null);
        service.take(Duration::from_secs(20)).await;
        alive().await;
    }
    let first = anna.order_of(&upload).await;
    service.clock.advance(Duration::from_secs(1));
    let second = anna.order_of(&upload).await;
    service.lease().await;
    let job = async |id| anna.json(&format!("/v1/jobs/{id}")).await["wait_s_estimate"].clone();
    assert_eq!((job(&first).await, job(&second).await), (Value::Null, json!(10)), "half of the run of now");
    let listed = anna.json("/v1/jobs?state=queued").await;
    assert_eq!(listed["data"][0]["wait_s_estimate"], 10);
}
