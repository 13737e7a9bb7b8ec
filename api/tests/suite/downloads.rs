//! Artifacts: whole, in parts, unchanged, and gone.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{PEAKS, Person, REPORT, Service, master, sha256};

async fn content_path(anna: &Person<'_>) -> String {
    let job = anna.mastered().await;
    let artifacts = job["artifacts"].as_array().unwrap();
    let master = artifacts.iter().find(|artifact| artifact["kind"] == "master").unwrap();
    assert_eq!(master["size_bytes"], crate::harness::master().len());
    format!("/v1/artifacts/{}/content", master["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_master_comes_whole_with_its_name_its_type_and_its_hash() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = content_path(&anna).await;
    let answer = anna.get(&path).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers().clone();
    let tag = format!("\"{}\"", sha256(&master()));
    assert_eq!(headers["etag"], tag.as_str());
    assert_eq!(headers["content-type"], "audio/wav");
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["cache-control"], "private, no-cache");
    assert_eq!(headers["content-length"], master().len().to_string());
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"D_j_ (master).wav\"; filename*=UTF-8''D%C3%A9j%C3%A0%20%28master%29.wav"
    );
    assert_eq!(answer.bytes().await.unwrap(), master());
    let head = anna.ask(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    for name in ["etag", "content-type", "content-length", "content-disposition", "accept-ranges"] {
        assert_eq!(head.headers()[name], headers[name], "{name}");
    }
}

#[tokio::test]
async fn a_range_gives_exactly_these_bytes() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = content_path(&anna).await;
    let all = master();
    let size = all.len();
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=1000-1999", 1000, 1999),
        ("bytes=399990-", 399_990, size - 1),
        ("bytes=-10", size - 10, size - 1),
        ("bytes=399990-999999", 399_990, size - 1),
    ] {
        let answer = anna.ask(Method::GET, &path).header("Range", range).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(answer.headers()["content-range"], format!("bytes {first}-{last}/{size}"));
        assert_eq!(answer.headers()["content-length"], (last - first + 1).to_string());
        assert_eq!(answer.bytes().await.unwrap(), &all[first..=last], "{range}");
    }
    for range in ["bytes=400000-", "bytes=9-1", "bytes=-0"] {
        let answer = anna.ask(Method::GET, &path).header("Range", range).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE, "{range}");
        assert_eq!(answer.headers()["content-range"], "bytes */400000");
    }
    let several = anna.ask(Method::GET, &path).header("Range", "bytes=0-1,5-6").send().await.unwrap();
    assert_eq!(several.status(), StatusCode::OK, "several ranges at once are not served");
}

#[tokio::test]
async fn a_part_of_something_else_is_answered_with_the_whole() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = content_path(&anna).await;
    let tag = format!("\"{}\"", sha256(&master()));
    let other = format!("\"{}\"", sha256(b"other"));
    let weak = format!("W/{tag}");
    for (tag, status) in [
        (&tag, StatusCode::PARTIAL_CONTENT),
        (&other, StatusCode::OK),
        (&weak, StatusCode::OK),
        (&"Fri, 15 Jan 2027 08:00:00 GMT".to_owned(), StatusCode::OK),
    ] {
        let request = anna.ask(Method::GET, &path).header("Range", "bytes=0-9").header("If-Range", tag);
        assert_eq!(request.send().await.unwrap().status(), status, "{tag}");
    }
}

#[tokio::test]
async fn who_has_it_is_told_so() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = content_path(&anna).await;
    let tag = format!("\"{}\"", sha256(&master()));
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let answer = anna.ask(Method::GET, &path).header("If-None-Match", &known).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(answer.headers()["etag"], tag.as_str());
    }
    let other = anna.ask(Method::GET, &path).header("If-None-Match", "\"x\"").send().await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn peaks_and_report_are_what_the_worker_stored() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    let master = job["artifacts"][0]["id"].as_str().unwrap();
    let upload = job["inputs"][0]["upload"].as_str().unwrap();
    let expected: Value = serde_json::from_slice(PEAKS).unwrap();
    assert_eq!(anna.json(&format!("/v1/artifacts/{master}/peaks")).await, expected);
    assert_eq!(anna.json(&format!("/v1/uploads/{upload}/peaks")).await, expected);
    let report: Value = serde_json::from_slice(REPORT).unwrap();
    assert_eq!(anna.json(&format!("/v1/jobs/{}/report", job["id"].as_str().unwrap())).await, report);
    let without = job["artifacts"][1]["id"].as_str().unwrap();
    let none = anna.get(&format!("/v1/artifacts/{without}/peaks")).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND, "a report has no waveform");
}

#[tokio::test]
async fn the_report_as_a_page_is_a_download_that_could_run_nothing() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    let pages = job["artifacts"].as_array().unwrap().iter().filter(|artifact| artifact["format"] == "html");
    let [page] = pages.collect::<Vec<_>>()[..] else { panic!("one page: {job}") };
    let answer = anna.get(&format!("/v1/artifacts/{}/content", page["id"].as_str().unwrap())).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers();
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; "));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let policies: Vec<_> = headers.get_all("content-security-policy").iter().collect();
    assert_eq!(policies.len(), 1);
    let policy = policies[0].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("'self'"), "{policy}");
    assert_eq!(answer.bytes().await.unwrap(), crate::harness::REPORT_PAGE);
}

#[tokio::test]
async fn after_120_days_it_is_gone_and_says_since_when() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = content_path(&anna).await;
    service.clock.advance(Duration::from_secs(120 * 86_400 - 1));
    assert_eq!(anna.get(&path).await.status(), StatusCode::OK, "not a second early");
    service.clock.advance(Duration::from_secs(1));
    let answer = anna.get(&path).await;
    assert_eq!(answer.status(), StatusCode::GONE);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "gone_retention");
    assert_eq!(problem["deleted_at"], "2027-05-15T08:00:00Z");
}

#[tokio::test]
async fn a_master_that_was_damaged_on_the_disk_is_not_served() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = content_path(&anna).await;
    let (mut listing, mut all) = (service.blobs.list(None), Vec::new());
    while let Some(page) = listing.next().await.unwrap() {
        all.extend(page);
    }
    let sealed = all.into_iter().max_by_key(|one| one.size_bytes).unwrap();
    let file = service.folder.path().join("blobs").join(&sealed.name);
    let sound = std::fs::read(&file).unwrap();
    assert!(sound.len() > master().len(), "the case must be real");
    let damage = |place: usize| {
        let mut damaged = sound.clone();
        damaged[place] ^= 1;
        std::fs::write(&file, damaged).unwrap();
    };
    damage(1000);
    let answer = anna.get(&path).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["retryable"]), (&"object_corrupt".into(), &false.into()));
    damage(sound.len() - 1);
    // By then the status may have been sent: the body breaks off, or the connection does.
    if let Ok(answer) = anna.ask(Method::GET, &path).send().await {
        assert!(answer.bytes().await.is_err(), "it does not end as a whole answer does");
    }
    std::fs::write(&file, &sound).unwrap();
    assert_eq!(anna.get(&path).await.bytes().await.unwrap(), master());
}
