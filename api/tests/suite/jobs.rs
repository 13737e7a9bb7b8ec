//! Orders and what becomes of them.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Person, Service};

async fn order(anna: &Person<'_>, key: &str, body: &Value) -> Response {
    anna.ask(Method::POST, "/v1/jobs").header("Idempotency-Key", key).json(body).send().await.unwrap()
}

#[tokio::test]
async fn an_order_becomes_a_queued_job_with_every_value_filled_in() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let answer = order(&anna, "k", &json!({"kind": "master", "inputs": [{"upload": upload}]})).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let job: Value = answer.json().await.unwrap();
    assert_eq!(location, format!("/v1/jobs/{}", job["id"].as_str().unwrap()));
    let expected = json!({
        "id": job["id"], "kind": "master", "title": "", "state": "queued", "stage": null,
        "progress": 0.0, "queue_position": 0, "wait_s_estimate": null, "attempt": 0,
        "created_at": "2027-01-15T08:00:00Z",
        "finished_at": null, "delete_at": null, "engine_version": null, "inputs": [{"upload": upload}],
        "references": [],
        "recipe": {
            "preset": "streaming", "intensity": 0.5, "tone": 0.7, "dynamics": 0.5, "width": 0.5,
            "loudness_lufs": -14.0, "ceiling_dbtp": -1.0, "deliver": ["wav24"], "sample_rate_hz": null, "tags": {},
            "space": 0.0, "stems": false
        },
        "preview": null,
        "money": "none", "credits": 0, "problem": null, "artifacts": []
    });
    assert_eq!(job, expected);
    assert_eq!(anna.json(&location).await, expected);
}

#[tokio::test]
async fn a_finished_job_lists_what_was_made_and_when_it_goes() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    assert_eq!(job["state"], "succeeded");
    assert_eq!(job["finished_at"], "2027-01-15T08:00:00Z");
    assert_eq!(job["delete_at"], "2027-05-15T08:00:00Z", "120 days of 86 400 s");
    assert_eq!(job["engine_version"], "0.1.0");
    let artifact = &job["artifacts"][0];
    assert_eq!((&artifact["kind"], &artifact["format"]), (&json!("master"), &json!("wav24")));
    assert_eq!(artifact["delete_at"], job["delete_at"]);
}

#[tokio::test]
async fn the_same_key_makes_one_job_and_another_order_under_it_is_a_conflict() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let body = json!({"kind": "master", "title": "One", "inputs": [{"upload": upload}]});
    let first = order(&anna, "k", &body).await;
    assert_eq!(first.headers()["idempotency-replayed"], "false");
    let second = order(&anna, "k", &body).await;
    assert_eq!(
        (second.status(), &second.headers()["idempotency-replayed"]),
        (StatusCode::CREATED, &"true".parse().unwrap())
    );
    let (first, second): (Value, Value) = (first.json().await.unwrap(), second.json().await.unwrap());
    assert_eq!(first["id"], second["id"]);
    let other = json!({"kind": "master", "title": "Two", "inputs": [{"upload": upload}]});
    let conflict = order(&anna, "k", &other).await;
    assert_eq!(conflict.status(), StatusCode::CONFLICT);
    assert_eq!(conflict.json::<Value>().await.unwrap()["code"], "idempotency_conflict");
    assert_eq!(anna.json("/v1/jobs").await["data"].as_array().unwrap().len(), 1);
    let long = order(&anna, &"k".repeat(256), &body).await;
    assert_eq!(long.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_order_that_cannot_be_is_told_every_mistake_with_its_place() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let body = json!({
        "kind": "master", "inputs": [{"upload": upload, "gain_db": 3}], "surprise": 1, "references": ["upl_1", 7],
        "recipe": {
            "preset": "streaming", "loudness_lufs": 3, "ceiling_dbtp": 0.5, "tone": 7, "deliver": ["ogg"],
            "tags": {"isrc": "soon", "mood": "blue"}
        }
    });
    let answer = order(&anna, "k", &body).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    let mut told: Vec<(&str, &str)> = problem["errors"].as_array().unwrap().iter().map(pair).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("/inputs/0/gain_db", "only_for_mixes"),
            ("/recipe/ceiling_dbtp", "out_of_range"),
            ("/recipe/deliver/0", "unknown_value"),
            ("/recipe/loudness_lufs", "out_of_range"),
            ("/recipe/tags/isrc", "unknown_value"),
            ("/recipe/tags/mood", "unknown_field"),
            ("/recipe/tone", "out_of_range"),
            ("/references/0", "unknown_upload"),
            ("/references/1", "wrong_type"),
            ("/surprise", "unknown_field"),
        ]
    );
}

fn pair(error: &Value) -> (&str, &str) {
    (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())
}

#[tokio::test]
async fn an_input_that_is_unknown_foreign_or_not_ready_makes_no_job() {
    let service = Service::start().await;
    let (anna, ben) = (service.producer("anna").await, service.producer("ben").await);
    let foreign = ben.ready_upload().await.to_string();
    let unknown = format!("upl_{}", "0".repeat(26));
    let body = |upload: &str| json!({"kind": "master", "inputs": [{"upload": upload}]});
    let mut answers = Vec::new();
    for upload in [&foreign, &unknown] {
        let answer = order(&anna, "k", &body(upload)).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let mut problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["pointer"], "/inputs/0/upload");
        problem["request_id"] = Value::Null;
        answers.push(problem);
    }
    assert_eq!(answers[0], answers[1], "nobody learns that the foreign one exists");
    let path = anna.begin(10).await;
    let unfinished = order(&anna, "k", &body(path.rsplit('/').next().unwrap())).await;
    assert_eq!(unfinished.status(), StatusCode::CONFLICT);
    let problem: Value = unfinished.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["retryable"]), (&json!("input_not_ready"), &json!(true)));
    assert_eq!(anna.json("/v1/jobs").await["data"], json!([]));
}

#[tokio::test]
async fn a_list_comes_in_stretches_newest_first_and_by_state() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let mut ids = Vec::new();
    let upload = anna.ready_upload().await;
    for _ in 0..3 {
        ids.push(anna.order_of(&upload).await.to_string());
        service.clock.advance(Duration::from_secs(1));
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut next = Some("/v1/jobs?limit=2".to_owned());
    while let Some(path) = next {
        let list = anna.json(&path).await;
        seen.extend(
            list["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()),
        );
        next = list["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ids);
    service.work().await;
    let done = anna.json("/v1/jobs?state=succeeded").await;
    assert_eq!(done["data"].as_array().unwrap().len(), 1);
    for query in ["limit=0", "limit=101", "limit=x", "after=x", "state=lost", "page=2", "limit=1&limit=2"] {
        let answer = anna.get(&format!("/v1/jobs?{query}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
}

#[tokio::test]
async fn a_cancelled_job_is_over_and_stays_so() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let id = anna.order().await;
    for _ in 0..2 {
        let answer = anna.post(&format!("/v1/jobs/{id}/cancel"), json!({})).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.json::<Value>().await.unwrap()["state"], "cancelled");
    }
    let worker = domain::lease::WorkerName("test".to_owned());
    assert_eq!(service.store.lease_next(&worker, service.now()).await.unwrap(), None);
}

#[tokio::test]
async fn an_erased_job_takes_its_artifacts_along() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let content = format!("/v1/artifacts/{}/content", job["artifacts"][0]["id"].as_str().unwrap());
    assert_eq!(anna.get(&content).await.status(), StatusCode::OK);
    let erase = anna.ask(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(erase.status(), StatusCode::NO_CONTENT);
    for gone in [path.as_str(), &format!("{path}/report"), &format!("{path}/events"), &content] {
        assert_eq!(anna.get(gone).await.status(), StatusCode::NOT_FOUND, "{gone}");
    }
}

#[tokio::test]
async fn a_failed_job_says_why_whose_fault_and_what_became_of_the_money() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let id = anna.order().await;
    let lease = service.lease().await.lease;
    let problem = domain::problem::Problem {
        code: "audio_silent".to_owned(),
        title: "No sound".to_owned(),
        detail: "The file holds nothing but silence.".to_owned(),
        stage: Some(domain::job::Stage::Analyse),
        fault: domain::problem::Fault::Input,
        retryable: false,
        money: domain::problem::Money::None,
    };
    service.store.fail(&lease, &problem, service.now()).await.unwrap();
    let job = anna.json(&format!("/v1/jobs/{id}")).await;
    assert_eq!(job["state"], "failed");
    let expected = json!({
        "type": "urn:problem-type:mixrunners:audio_silent", "title": "No sound", "status": 422,
        "detail": "The file holds nothing but silence.", "instance": format!("/v1/jobs/{id}"),
        "code": "audio_silent",
        "retryable": false, "errors": [], "stage": "analyse", "fault": "input", "money": "none"
    });
    assert_eq!(job["problem"], expected);
}

#[tokio::test]
async fn a_job_whose_time_is_up_is_told_of_nowhere() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let upload = format!("/v1/uploads/{}", job["inputs"][0]["upload"].as_str().unwrap());
    service.clock.advance(Duration::from_secs(120 * 86_400 - 1));
    assert_eq!(anna.get(&path).await.status(), StatusCode::OK, "not a second early");
    assert_eq!(anna.get(&upload).await.status(), StatusCode::OK);
    service.clock.advance(Duration::from_secs(1));
    for gone in [path.as_str(), &format!("{path}/report"), &format!("{path}/events"), &upload] {
        let answer = anna.get(gone).await;
        assert_eq!(answer.status(), StatusCode::GONE, "{gone}");
        assert_eq!(answer.json::<Value>().await.unwrap()["deleted_at"], "2027-05-15T08:00:00Z");
    }
    for list in ["/v1/jobs", "/v1/uploads"] {
        assert_eq!(anna.json(list).await["data"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn mr_7g_what_was_removed_still_says_when_and_gives_a_receipt() {
    let service = Service::start().await;
    let (anna, ben) = (service.producer("anna").await, service.producer("ben").await);
    let job = anna.mastered().await;
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let (job, upload, artifact) =
        (id(&job["id"]), id(&job["inputs"][0]["upload"]), id(&job["artifacts"][0]["id"]));
    service.clock.advance(Duration::from_secs(120 * 86_400));
    assert!(service.store.remove_due(service.now(), 50).await.unwrap() > 0, "the case must be real");
    let paths = [
        format!("/v1/jobs/{job}"),
        format!("/v1/jobs/{job}/report"),
        format!("/v1/jobs/{job}/events"),
        format!("/v1/uploads/{upload}"),
        format!("/v1/artifacts/{artifact}/content"),
    ];
    for gone in &paths {
        let answer = anna.get(gone).await;
        assert_eq!(answer.status(), StatusCode::GONE, "{gone}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(
            (&problem["code"], &problem["deleted_at"]),
            (&json!("gone_retention"), &json!("2027-05-15T00:00:00Z"))
        );
    }
    for (removed, id) in [("job", &job), ("artifact", &artifact), ("upload", &upload)] {
        let receipt = anna.json(&format!("/v1/receipts/{id}")).await;
        let expected = json!({
            "id": id, "removed": removed, "cause": "retention", "due_on": "2027-05-15",
            "removed_on": "2027-05-15", "verified_on": null, "files": 0
        });
        assert_eq!(receipt, expected);
    }
    // Nobody is written on it, so whoever knows the id may read it, and nobody finds one that is not there.
    assert_eq!(ben.get(&format!("/v1/receipts/{job}")).await.status(), StatusCode::OK);
    for unknown in [format!("job_{}", "0".repeat(26)), "nonsense".to_owned()] {
        assert_eq!(anna.get(&format!("/v1/receipts/{unknown}")).await.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn mr_13c_a_job_that_is_deleted_by_its_owner_is_gone_at_once_and_names_its_receipt() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let deleted = anna.ask(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(anna.get(&path).await.status(), StatusCode::NOT_FOUND);
    let receipt = anna.json(deleted.headers()["location"].to_str().unwrap()).await;
    assert_eq!((&receipt["cause"], &receipt["due_on"]), (&json!("erasure"), &Value::Null));
}

#[tokio::test]
async fn a_preset_fills_in_what_was_not_asked_for_and_references_leave_the_loudness_open() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let (song, reference) = (anna.ready_upload().await, anna.ready_upload().await);
    let inputs = json!([{"upload": song}]);
    let body = |references: Value, recipe: Value| {
        let mut order = json!({"kind": "master", "inputs": inputs, "references": references});
        order["recipe"] = recipe;
        order
    };
    let recipe = json!({"preset": "club", "intensity": 0, "deliver": ["mp3_v0"], "sample_rate_hz": 48000,
                        "tags": {"artist": "Ada", "isrc": "us-s1z-99-00001"}});
    let job: Value = order(&anna, "1", &body(json!([]), recipe)).await.json().await.unwrap();
    let expected = json!({
        "preset": "club", "intensity": 0.0, "tone": 0.7, "dynamics": 0.5, "width": 0.5, "loudness_lufs": -8.0,
        "ceiling_dbtp": -1.0, "deliver": ["mp3_v0"], "sample_rate_hz": 48000,
        "tags": {"artist": "Ada", "isrc": "USS1Z9900001"}, "space": 0.0, "stems": false
    });
    assert_eq!(job["recipe"], expected);
    let aimed: Value = order(&anna, "2", &body(json!([reference]), json!({}))).await.json().await.unwrap();
    assert_eq!(
        (&aimed["references"], &aimed["recipe"]["loudness_lufs"]),
        (&json!([reference]), &Value::Null)
    );
    let asked = body(json!([reference]), json!({"loudness_lufs": -12}));
    let asked: Value = order(&anna, "3", &asked).await.json().await.unwrap();
    assert_eq!(asked["recipe"]["loudness_lufs"], -12.0);
}

#[tokio::test]
async fn a_reference_is_refused_as_an_input_is_and_stays_while_a_job_needs_it() {
    let service = Service::start().await;
    let (anna, ben) = (service.producer("anna").await, service.producer("ben").await);
    let (song, reference) = (anna.ready_upload().await, anna.ready_upload().await);
    let foreign = ben.ready_upload().await;
    let body = |reference: &Value| json!({"kind": "master", "inputs": [{"upload": song}], "references": [reference]});
    let refused = order(&anna, "1", &body(&json!(foreign))).await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    assert_eq!(refused.json::<Value>().await.unwrap()["errors"][0]["pointer"], "/references/0");
    let unfinished = anna.begin(10).await;
    let refused = order(&anna, "2", &body(&json!(unfinished.rsplit('/').next()))).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(order(&anna, "3", &body(&json!(reference))).await.status(), StatusCode::CREATED);
    let delete =
        async || anna.tus(Method::DELETE, &format!("/v1/uploads/{reference}")).send().await.unwrap().status();
    assert_eq!(delete().await, StatusCode::CONFLICT, "a job needs it");
    service.work().await;
    assert_eq!(delete().await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_album_is_ordered_as_one_job_of_2_to_30_tracks() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let (one, two) = (anna.ready_upload().await, anna.ready_upload().await);
    let album = |inputs: Value| json!({"kind": "album", "title": "Sides", "inputs": inputs});
    let inputs = json!([{"upload": two, "title": "Rain"}, {"upload": one}]);
    let job: Value = order(&anna, "1", &album(inputs.clone())).await.json().await.unwrap();
    assert_eq!((&job["kind"], &job["inputs"]), (&json!("album"), &inputs));
    let alone = order(&anna, "2", &album(json!([{"upload": one}]))).await;
    assert_eq!(alone.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let error = &alone.json::<Value>().await.unwrap()["errors"][0];
    assert_eq!(error["detail"], "an album has 2 to 30 inputs, not 1");
}
