//! What the upload protocol refuses, with which status, and that nothing changes by it.

use std::time::Duration;

use api::{Limits, Site};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::harness::Service;

async fn refused(request: RequestBuilder, status: u16, code: &str) -> Value {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["tus-resumable"], "1.0.0", "every answer names the version");
    assert_eq!(answer.status().as_u16(), status, "{code}");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], code, "{problem}");
    problem
}

#[tokio::test]
async fn another_version_or_none_is_412_and_ours_is_named() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(10).await;
    for (method, path) in [
        (Method::POST, "/v1/uploads"),
        (Method::HEAD, &path),
        (Method::PATCH, &path),
        (Method::DELETE, &path),
    ] {
        for version in [None, Some("0.2.2"), Some("1.0.1")] {
            let mut request = anna.ask(method.clone(), path);
            if let Some(version) = version {
                request = request.header("Tus-Resumable", version);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::PRECONDITION_FAILED, "{method} {version:?}");
            assert_eq!(answer.headers()["tus-version"], "1.0.0");
        }
    }
}

#[tokio::test]
async fn a_creation_that_cannot_be_understood_or_fitted_makes_nothing() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let create = |pairs: &[(&str, &str)]| {
        let request = anna.tus(Method::POST, "/v1/uploads");
        pairs.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    let long = "a".repeat(5000);
    let stream = ("Content-Type", "application/offset+octet-stream");
    refused(create(&[]), 400, "malformed_request").await;
    refused(create(&[("Upload-Length", "-1")]), 400, "malformed_request").await;
    refused(create(&[("Upload-Length", "1e30")]), 400, "malformed_request").await;
    refused(create(&[("Upload-Length", "5"), ("Upload-Defer-Length", "1")]), 400, "malformed_request").await;
    refused(create(&[("Upload-Length", "5"), ("Upload-Length", "6")]), 400, "malformed_request").await;
    refused(create(&[("Upload-Length", "5"), ("Upload-Concat", "part")]), 400, "malformed_request").await;
    let large = refused(create(&[("Upload-Length", "2147483649")]), 413, "file_too_large").await;
    assert!(large["detail"].as_str().unwrap().contains("2147483648"), "it names the limit: {large}");
    for metadata in ["filename !!", "filename YQ==,filename YQ==", long.as_str()] {
        refused(create(&[("Upload-Length", "5"), ("Upload-Metadata", metadata)]), 400, "metadata_invalid")
            .await;
    }
    refused(create(&[("Upload-Length", "5"), stream]).body("too long"), 413, "beyond_length").await;
    refused(
        create(&[("Upload-Length", "5"), ("Content-Type", "audio/wav")]).body("RIFF!"),
        415,
        "wrong_content_type",
    )
    .await;
    let unknown = ("Upload-Checksum", "md5 AAAA");
    refused(create(&[("Upload-Length", "5"), stream, unknown]).body("RIFF!"), 400, "malformed_request").await;
    let endless =
        reqwest::Body::wrap_stream(futures_util::stream::iter(vec![Ok::<_, std::io::Error>("too long")]));
    refused(create(&[("Upload-Length", "5"), stream]).body(endless), 413, "beyond_length").await;
    assert_eq!(anna.json("/v1/uploads").await["data"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn bytes_that_do_not_fit_leave_the_offset_where_it_was() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(10).await;
    assert_eq!(anna.send(&path, 0, "hello").await.status(), StatusCode::NO_CONTENT);
    refused(anna.patch(&path, 0).body("hello"), 409, "offset_mismatch").await;
    refused(anna.patch(&path, 6).body("hell"), 409, "offset_mismatch").await;
    refused(anna.patch(&path, 5).body("beyond"), 413, "beyond_length").await;
    let endless = futures_util::stream::iter(vec![Ok::<_, std::io::Error>("world"), Ok("more")]);
    let endless = anna.patch(&path, 5).body(reqwest::Body::wrap_stream(endless));
    refused(endless, 413, "beyond_length").await;
    let without_offset =
        anna.tus(Method::PATCH, &path).header("Content-Type", "application/offset+octet-stream");
    refused(without_offset.body("world"), 400, "malformed_request").await;
    let json =
        anna.tus(Method::PATCH, &path).header("Upload-Offset", 5).header("Content-Type", "application/json");
    refused(json.body("{}"), 415, "wrong_content_type").await;
    let untyped = anna.tus(Method::PATCH, &path).header("Upload-Offset", 5);
    refused(untyped.body("world"), 415, "wrong_content_type").await;
    refused(anna.patch(&path, 5).header("Upload-Checksum", "sha1 x").body("world"), 400, "malformed_request")
        .await;
    refused(anna.patch(&path, 5).header("Upload-Length", 11).body("world!"), 409, "length_mismatch").await;
    assert_eq!(anna.offset(&path).await, 5);
    assert_eq!(anna.send(&path, 5, "world").await.status(), StatusCode::NO_CONTENT);
    refused(anna.patch(&path, 10).body("more"), 403, "upload_finished").await;
    assert_eq!(anna.send(&path, 10, "").await.status(), StatusCode::NO_CONTENT, "the end, said again");
}

#[tokio::test]
async fn a_deferred_length_cannot_grow_beyond_the_limit() {
    let limits = Limits { upload_bytes: 8, ..Limits::default() };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let answer = anna.tus(Method::POST, "/v1/uploads").header("Upload-Defer-Length", 1).send().await.unwrap();
    let path = answer.headers()["location"].to_str().unwrap().to_owned();
    refused(anna.patch(&path, 0).body("nine bytes"), 413, "file_too_large").await;
    let chunked = futures_util::stream::iter(vec![Ok::<_, std::io::Error>("nine"), Ok(" bytes")]);
    refused(anna.patch(&path, 0).body(reqwest::Body::wrap_stream(chunked)), 413, "file_too_large").await;
    refused(anna.patch(&path, 0).header("Upload-Length", 9).body("nine"), 413, "file_too_large").await;
    assert_eq!(anna.offset(&path).await, 0);
}

#[tokio::test]
async fn an_upload_that_was_not_finished_in_a_day_is_410() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(10).await;
    service.clock.advance(Duration::from_secs(86_399));
    assert_eq!(anna.send(&path, 0, "hello").await.status(), StatusCode::NO_CONTENT);
    service.clock.advance(Duration::from_secs(1));
    let head = anna.tus(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::GONE);
    refused(anna.patch(&path, 5).body("world"), 410, "upload_expired").await;
}

#[tokio::test]
async fn a_terminated_upload_is_gone_and_one_that_a_job_needs_is_not() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(10).await;
    let end = anna.tus(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(end.status(), StatusCode::NO_CONTENT);
    for method in [Method::HEAD, Method::DELETE] {
        let after = anna.tus(method, &path).send().await.unwrap();
        assert_eq!(after.status(), StatusCode::NOT_FOUND);
    }
    refused(anna.patch(&path, 0).body("hello"), 404, "not_found").await;
    let job = anna.order().await;
    let upload =
        anna.json(&format!("/v1/jobs/{job}")).await["inputs"][0]["upload"].as_str().unwrap().to_owned();
    refused(anna.tus(Method::DELETE, &format!("/v1/uploads/{upload}")), 409, "upload_in_use").await;
}

#[tokio::test]
async fn mx_5_an_account_has_room_for_so_much_and_what_goes_makes_room() {
    let limits = Limits { account_bytes: 100, upload_bytes: 60, ..Limits::default() };
    let service = Service::start_with(limits, Site::Loopback).await;
    let anna = service.producer("anna").await;
    let create =
        |length: &str| anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", length.to_owned());
    let path = anna.begin(50).await;
    let full = refused(create("51"), 413, "account_full").await;
    assert!(full["detail"].as_str().unwrap().contains("GiB that an account has"), "{full}");
    let endless = || anna.tus(Method::POST, "/v1/uploads").header("Upload-Defer-Length", "1");
    refused(endless(), 413, "account_full").await;
    assert_eq!(create("50").send().await.unwrap().status(), StatusCode::CREATED, "as much as there is");
    assert_eq!(anna.tus(Method::DELETE, &path).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    refused(endless(), 413, "account_full").await;
    assert_eq!(create("50").send().await.unwrap().status(), StatusCode::CREATED);
    let ben = service.producer("ben").await;
    ben.begin(60).await;
}
