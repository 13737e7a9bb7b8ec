//! Files that lie, on the command line and through the service: a clear error with a stable code, and on it goes.

use std::fs;

use fixtures::Expect;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::producer::Producer;
use crate::harness::{Service, mixrunners, song};

/// The command line takes what a service refuses only for its length; every other expectation is the same.
#[test]
fn every_hostile_file_ends_in_a_clear_error_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut refused = 0;
    for hostile in fixtures::hostile() {
        let path = folder.path().join(&hostile.name);
        fs::write(&path, &hostile.bytes).unwrap();
        let done = mixrunners(&["analyze", "--json"]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(matches!(done.status.code(), Some(0 | 3)), "{}: {:?} {said}", hostile.name, done.status);
        assert!(!said.contains("panicked"), "{}: {said}", hostile.name);
        if done.status.code() == Some(3) {
            refused += 1;
            let code = said.rsplit('(').next().unwrap_or_default().trim().trim_end_matches(')');
            assert!(code.len() > 5 && code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{said}");
        }
        fs::remove_file(&path).unwrap();
    }
    assert!(refused > 30, "the set is hostile: {refused} were refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_upload_ends_in_a_verdict_and_the_worker_lives() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let mut refused = 0;
    let mut last_refused = String::new();
    for hostile in fixtures::hostile() {
        if hostile.bytes.is_empty() {
            continue; // tus: an upload of no bytes is answered below
        }
        let upload = anna.upload(&hostile.name, &hostile.bytes).await;
        let checked = anna.checked(&upload).await;
        if checked["state"] == "rejected" {
            refused += 1;
            last_refused.clone_from(&upload);
            let problem = &checked["problem"];
            assert!(
                problem["code"].as_str().is_some_and(|c| c != "job_quarantined"),
                "{}: {checked}",
                hostile.name
            );
            assert!(problem["detail"].as_str().is_some_and(|d| d.len() > 10), "{}: {checked}", hostile.name);
        }
        match hostile.expect {
            Expect::Refused(code) => {
                assert_eq!(checked["problem"]["code"], code, "{}: {checked}", hostile.name)
            }
            Expect::Accepted | Expect::AcceptedWith(_) => {
                assert_eq!(checked["state"], "ready", "{}: {checked}", hostile.name);
            }
        }
    }
    assert!(refused > 30, "the set is hostile: {refused} were refused");
    assert!(memory_high_water_mib(service.id()) < 512, "{} MiB", memory_high_water_mib(service.id()));

    let answer = anna
        .http
        .post(anna.url("/v1/jobs"))
        .bearer_auth(&anna.secret)
        .json(&json!({"kind": "master", "inputs": [{"upload": last_refused}]}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["retryable"]), (&json!("input_rejected"), &json!(false)));

    let wav = folder.path().join("song.wav");
    song::wav24(&wav, 3.0);
    let upload = anna.upload("song.wav", &fs::read(&wav).unwrap()).await;
    assert_eq!(anna.checked(&upload).await["state"], "ready", "the worker still works");
    assert_eq!(anna.get("/healthz").await.status(), StatusCode::OK);
}

/// The most memory the process ever had, by the kernel.
fn memory_high_water_mib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(u64::MAX) / 1024
}
