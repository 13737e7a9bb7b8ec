//! What operators look at.

use std::time::Duration;

use domain::job::Stage;
use domain::lease::WorkerName;
use domain::problem::{Fault, Problem};
use domain::sandbox::Sandbox;
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::operating::SignOfLife;

use crate::harness::{Person, Service};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn failures_come_in_groups_with_a_sample_and_without_a_name() {
    let service = Service::start().await;
    let (anna, operator) = (service.producer("anna").await, service.operator().await);
    let upload = anna.ready_upload().await;
    let problem = Problem {
        stage: Some(Stage::Decode),
        fault: Fault::Input,
        ..Problem::ours("audio_silent", "The file is silent", "Song.wav is silent")
    };
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(anna.order_of(&upload).await.to_string());
        let lease = service.lease().await.lease;
        service.store.fail(&lease, &problem, service.now()).await.unwrap();
    }
    let failures = operator.json("/v1/ops/failures").await;
    let group = &failures["groups"][0];
    assert_eq!((&group["code"], &group["stage"]), (&json!("audio_silent"), &json!("decode")));
    assert_eq!(
        (&group["fault"], &group["kind"], &group["count"]),
        (&json!("input"), &json!("master"), &json!(3))
    );
    assert!(jobs.iter().any(|job| group["sample"] == **job), "{group}");
    assert!(!failures.to_string().contains("Song"), "the case: its detail names the file. {failures}");
    service.clock.advance(2 * DAY);
    assert_eq!(operator.json("/v1/ops/failures?days=1").await["jobs"], 0);
    assert_eq!(operator.json("/v1/ops/failures?days=3").await["jobs"], 3);
    for days in ["0", "121", "x", "-1"] {
        let refused = operator.get(&format!("/v1/ops/failures?days={days}")).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{days}");
    }
}

#[tokio::test]
async fn workers_come_with_what_they_run_and_say_when_they_fell_silent() {
    let service = Service::start().await;
    let (anna, operator) = (service.producer("anna").await, service.operator().await);
    anna.order().await;
    let sign = SignOfLife {
        name: WorkerName("test".into()),
        slots: 2,
        version: "9.1.0".into(),
        sandbox: Sandbox::Full,
    };
    service.store.worker_seen(&sign, service.now()).await.unwrap();
    let job = service.lease().await.lease.job;
    let workers = operator.json("/v1/ops/workers").await;
    let worker = &workers["data"][0];
    assert_eq!(
        (&worker["name"], &worker["version"], &worker["slots"]),
        (&json!("test"), &json!("9.1.0"), &json!(2))
    );
    assert_eq!((&worker["is_silent"], &worker["running"][0]["id"]), (&json!(false), &json!(job)));
    service.clock.advance(Duration::from_secs(15));
    assert_eq!(operator.json("/v1/ops/workers").await["data"][0]["is_silent"], true);
    assert_eq!(operator.json("/v1/ops/queue").await["workers"], json!([]), "here only who is alive");
}

#[tokio::test]
async fn the_queue_tells_how_long_jobs_waited_and_ran() {
    let service = Service::start().await;
    let (anna, operator) = (service.producer("anna").await, service.operator().await);
    let upload = anna.ready_upload().await;
    assert_eq!(operator.json("/v1/ops/queue").await["wait"], Value::Null);
    for wait in [2, 4] {
        anna.order_of(&upload).await;
        service.clock.advance(Duration::from_secs(wait));
        service.take(Duration::from_secs(3)).await;
    }
    anna.order_of(&upload).await;
    let queue = operator.json("/v1/ops/queue").await;
    assert_eq!(
        (&queue["wait"], &queue["run"]),
        (&json!({"p50_s": 2.0, "p95_s": 4.0}), &json!({"p50_s": 3.0, "p95_s": 3.0}))
    );
    assert_eq!((&queue["ordered_per_minute"], &queue["ended_per_minute"]), (&json!(0.6), &json!(0.4)));
    assert_eq!(queue["waiting_by_kind"], json!([{"kind": "master", "waiting": 1}]));
}

#[tokio::test]
async fn what_is_to_go_is_told_by_the_rows() {
    let service = Service::start().await;
    let (anna, operator) = (service.producer("anna").await, service.operator().await);
    anna.mastered().await;
    let told = async || operator.json("/v1/ops/retention").await;
    assert_eq!(told().await["jobs_overdue"], json!({"count": 0, "has_more": false, "earliest": null}));
    service.clock.advance(120 * DAY);
    let key = service.key(&operator.account, domain::scope::Scopes::all()).await;
    let later = Person { service: &service, account: operator.account.clone(), key };
    let late = later.json("/v1/ops/retention").await;
    assert_eq!((&late["jobs_overdue"]["count"], &late["uploads_overdue"]["count"]), (&json!(2), &json!(1)));
    assert_eq!(late["jobs_due_within_a_day"]["count"], 0);
    assert_eq!(late["reaper"]["ticked_at"], Value::Null, "none has looked");
    service.store.freeze("the clock was set", service.now()).await.unwrap();
    service.store.ticked(service.now()).await.unwrap();
    let reaper = later.json("/v1/ops/retention").await["reaper"].clone();
    assert_eq!(
        (&reaper["frozen_because"], &reaper["places_stuck"]),
        (&json!("the clock was set"), &json!(0))
    );
    assert_eq!(reaper["frozen_since"], "2027-05-15T08:00:00Z");
    assert_eq!(reaper["ticked_at"], reaper["frozen_since"]);
}

#[tokio::test]
async fn whatever_an_operator_does_is_told_with_who_and_why() {
    let service = Service::start().await;
    let (anna, operator) = (service.producer("anna").await, service.operator().await);
    let job = anna.order().await;
    let act = async |path: String, why: &str| {
        let done = operator.post(&format!("/v1/ops/{path}"), json!({"reason": why})).await;
        assert_eq!(done.status(), StatusCode::OK, "{path}");
    };
    act("pause".into(), "a new disk").await;
    act("resume".into(), "it is in").await;
    act(format!("jobs/{job}/retry"), "it hurries").await;
    act(format!("jobs/{job}/cancel"), "its owner asks").await;
    for path in
        ["pause".to_owned(), "resume".to_owned(), format!("jobs/{job}/retry"), format!("jobs/{job}/cancel")]
    {
        for body in
            [json!({}), json!({"reason": " "}), json!({"reason": "x".repeat(201)}), json!({"reason": "a\nb"})]
        {
            let refused = operator.post(&format!("/v1/ops/{path}"), body.clone()).await;
            assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path} {body}");
        }
    }
    let audit = operator.json("/v1/ops/audit").await;
    let rows = audit["data"].as_array().unwrap();
    let told: Vec<_> = rows.iter().map(|row| (&row["action"], &row["reason"], &row["job"])).collect();
    let (retry, cancel) = (json!("retry"), json!("cancel"));
    assert_eq!(told.len(), 4, "what was refused leaves none: {audit}");
    assert_eq!(told[0], (&cancel, &json!("its owner asks"), &json!(job)));
    assert_eq!(told[1], (&retry, &json!("it hurries"), &json!(job)));
    assert!(rows.iter().all(|row| row["actor"] == operator.account.id.as_str()), "{audit}");
    let page = operator.json("/v1/ops/audit?limit=3").await;
    let next = operator.json(page["next"].as_str().unwrap()).await;
    assert_eq!((&next["data"][0]["action"], &next["data"].as_array().unwrap().len()), (&json!("pause"), &1));
    assert_eq!(next["next"], Value::Null);
}
