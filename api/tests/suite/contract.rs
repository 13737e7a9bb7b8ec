//! What all answers have in common.

use api::{Limits, Site};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::Service;

async fn problem(answer: Response, status: u16, code: &str) -> Value {
    assert_eq!(answer.status().as_u16(), status, "{code}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["request_id"], id.as_str());
    problem
}

#[tokio::test]
async fn a_problem_has_the_members_of_rfc_9457_and_ours() {
    let service = Service::start().await;
    let answer = service.ask(Method::GET, "/v1/nothing").header("X-Request-Id", "mine").send().await.unwrap();
    let problem = problem(answer, 404, "not_found").await;
    let id = problem["request_id"].as_str().unwrap();
    assert!(id.starts_with("req_") && id.len() == 28, "{id}");
    let expected = json!({
        "type": "urn:problem-type:mixrunners:not_found", "title": "Not found", "status": 404,
        "detail": "There is nothing here, or it is not yours.", "instance": "/v1/nothing",
        "code": "not_found", "request_id": id, "retryable": false, "errors": []
    });
    assert_eq!(problem, expected);
}

#[tokio::test]
async fn every_kind_of_broken_request_is_a_problem() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let ask = async |method: Method, path: &str| anna.ask(method, path).send().await.unwrap();
    problem(ask(Method::GET, "/nothing").await, 404, "not_found").await;
    problem(ask(Method::POST, "/nothing").await, 404, "not_found").await;
    problem(ask(Method::GET, "/v1/jobs/%FF").await, 404, "not_found").await;
    problem(ask(Method::GET, "/v1/jobs/%00").await, 404, "not_found").await;
    problem(ask(Method::GET, "//v1/jobs").await, 404, "not_found").await;
    problem(ask(Method::PUT, "/v1/jobs").await, 405, "method_not_allowed").await;
    problem(ask(Method::TRACE, "/v1/jobs").await, 405, "method_not_allowed").await;
    let long = format!("/v1/jobs?after={}", "x".repeat(5000));
    problem(ask(Method::GET, &long).await, 414, "address_too_long").await;
    let many = anna.ask(Method::GET, "/v1/jobs").header("X-Large", "x".repeat(17_000)).send().await.unwrap();
    problem(many, 431, "headers_too_large").await;

    let post = async |kind: &str, body: &str| {
        let request = anna.ask(Method::POST, "/v1/jobs").header("Content-Type", kind);
        request.body(body.to_owned()).send().await.unwrap()
    };
    problem(post("text/plain", "{}").await, 415, "wrong_content_type").await;
    problem(post("application/json", "{").await, 400, "malformed_json").await;
    problem(post("application/json", "{\"kind\":\"master\",\"kind\":\"mix\"}").await, 400, "malformed_json")
        .await;
    problem(post("application/json", &"[".repeat(1000)).await, 400, "malformed_json").await;
    problem(post("application/json", "[]").await, 422, "invalid").await;
    problem(post("application/json; charset=utf-8", "{}").await, 422, "invalid").await;
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(70_000));
    problem(post("application/json", &large).await, 413, "body_too_large").await;
}

#[tokio::test]
async fn a_cause_inside_is_never_shown() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    std::fs::remove_dir_all(service.folder.path().join("blobs")).unwrap();
    let path = format!("/v1/artifacts/{}/content", job["artifacts"][0]["id"].as_str().unwrap());
    let problem = problem(anna.get(&path).await, 500, "internal").await;
    let told = problem.to_string();
    for secret in ["blob", "No such file", service.folder.path().to_str().unwrap()] {
        assert!(!told.contains(secret), "{told}");
    }
}

const COMMON: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
         media-src 'self' blob:; connect-src 'self'; form-action 'self' https://checkout.stripe.com; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
         microphone=(), midi=(), payment=(), usb=()",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// Headers that differ from answer to answer.
const VARYING: [&str; 3] = ["x-request-id", "date", "content-length"];

#[tokio::test]
async fn every_answer_carries_exactly_these_headers() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let problem = ("content-type", "application/problem+json");
    let json = ("content-type", "application/json");
    let private = ("cache-control", "no-store");
    for (path, own) in [
        ("/v1/account", vec![json, private]),
        ("/v1/presets", vec![json, private]),
        ("/v1/uploads", vec![json, private, ("tus-resumable", "1.0.0")]),
        ("/healthz", vec![json, private]),
        ("/openapi.json", vec![json, private]),
        ("/v1/nothing", vec![problem, private]),
    ] {
        let answer = anna.get(path).await;
        let mut told: Vec<(&str, &str)> = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .filter(|(name, _)| !VARYING.contains(name))
            .collect();
        let mut expected = [&COMMON[..], &own[..]].concat();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected, "{path}");
    }
}

#[tokio::test]
async fn on_loopback_only_names_of_this_machine_are_answered() {
    let service = Service::start().await;
    let ask =
        async |host: &str| service.ask(Method::GET, "/healthz").header("Host", host).send().await.unwrap();
    assert_eq!(ask("localhost:8080").await.status(), StatusCode::OK);
    problem(ask("evil.example").await, 421, "host_unknown").await;
    let site = Site::Public { origin: "https://mix.example".to_owned() };
    let public = Service::start_with(Limits::default(), site).await;
    let answer = public.ask(Method::GET, "/healthz").header("Host", "mix.example").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn health_presets_and_capabilities_are_told_to_anybody() {
    let service = Service::start().await;
    let get = async |path: &str| {
        service.ask(Method::GET, path).send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert_eq!(get("/healthz").await["status"], "ok");
    assert_eq!(get("/readyz").await["status"], "ok");
    let presets = get("/v1/presets").await;
    let streaming = json!({
        "id": "streaming", "name": "Streaming", "version": 1, "loudness_lufs": -14.0, "ceiling_dbtp": -1.0,
        "purpose": "At the level that Spotify, YouTube and Tidal play at.",
        "intensity": 0.5, "tone": 0.7, "dynamics": 0.5, "width": 0.5
    });
    assert_eq!(presets["data"][0], streaming);
    let ids: Vec<_> = presets["data"].as_array().unwrap().iter().map(|preset| &preset["id"]).collect();
    assert_eq!(ids, ["streaming", "loud", "club", "acoustic", "classical", "podcast"]);
    let capabilities = get("/v1/capabilities").await;
    assert_eq!(capabilities["kinds"], json!(["master", "album", "mix", "mix_and_master"]));
    let formats = json!(["wav24", "wav16", "wav32f", "flac24", "mp3_320", "mp3_v0", "vorbis_q8"]);
    assert_eq!(capabilities["formats"], formats);
    assert_eq!(capabilities["sample_rates_hz"], json!([44_100, 48_000, 88_200, 96_000]));
    assert_eq!(capabilities["tone"], json!({"min": 0.0, "max": 1.0, "default": 0.7}));
    assert_eq!(capabilities["references_max"], 5);
    assert_eq!(capabilities["album_tracks"], json!({"min": 2, "max": 30}));
    assert_eq!(capabilities["loudness_lufs"], json!({"min": -36.0, "max": -5.0, "default": -14.0}));
    assert_eq!(capabilities["upload_bytes_max"], 2_u64 << 30);
    assert_eq!(capabilities["account_bytes_max"], 100_u64 << 30);
}

#[tokio::test]
async fn a_service_without_its_database_lives_but_is_not_ready() {
    let service = Service::start().await;
    service.store.close().await;
    let ask = async |path: &str| service.ask(Method::GET, path).send().await.unwrap();
    assert_eq!(ask("/healthz").await.status(), StatusCode::OK);
    let answer = ask("/readyz").await;
    assert_eq!(answer.headers()["retry-after"], "5");
    problem(answer, 503, "not_ready").await;
}

#[tokio::test]
async fn every_schema_that_the_document_names_is_in_it() {
    let service = Service::start().await;
    let document = service.ask(Method::GET, "/openapi.json").send().await.unwrap();
    let document: Value = document.json().await.unwrap();
    assert_eq!(document["info"]["title"], "mixrunners");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    let named: Vec<&str> =
        text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(named.len() > 30, "the case is real: {}", named.len());
    for name in named {
        assert!(schemas.contains_key(name), "{name} is missing from {:?}", schemas.keys());
    }
}

#[tokio::test]
async fn the_start_is_a_page_whether_it_was_built_or_not() {
    let service = Service::start().await;
    for path in ["/", "/sign-in", "/album", "/jobs/job_1", "/credits?order=ord_1"] {
        let answer = service.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers()["content-security-policy"], COMMON[0].1);
        assert!(answer.text().await.unwrap().starts_with("<!doctype html>"));
    }
}
