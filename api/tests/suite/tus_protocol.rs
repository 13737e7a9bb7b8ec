//! tus 1.0.0 (2016-03-25), each MUST of a server, and where it is checked.
//!
//! - `Tus-Resumable` in every answer: `every_answer_names_the_version`, and whatever goes through
//!   `tus_refusals::refused`
//! - 412 and `Tus-Version` for another version, and nothing is done:
//!   `another_version_or_none_is_412_and_ours_is_named`
//! - `Tus-Version`, `Tus-Extension` with each extension, `Tus-Max-Size`, `Tus-Checksum-Algorithm`, lists by commas:
//!   `options_tells_what_is_offered_to_anybody`
//! - OPTIONS ignores `Tus-Resumable`: `options_does_not_look_at_the_version`
//! - `X-HTTP-Method-Override` is the method, whatever the request was sent as:
//!   `a_method_that_is_said_in_a_header_counts`
//! - HEAD: `Upload-Offset` always, also 0 and complete; `Upload-Length` if known; `Cache-Control: no-store`:
//!   `head_tells_length_metadata_and_end_and_is_never_kept`, `an_offset_is_told_at_the_beginning_and_at_the_end`
//! - PATCH at another offset: 409, nothing modified: `bytes_that_do_not_fit_leave_the_offset_where_it_was`
//! - PATCH done: 204, and the new offset is the old one and what came:
//!   `an_upload_in_three_pieces_arrives_whole_and_is_queued_for_its_check`
//! - offsets and lengths are non-negative integers: `a_length_is_known_or_deferred_and_nothing_else`,
//!   `a_creation_that_cannot_be_understood_or_fitted_makes_nothing`
//! - creation: 201 and `Location`: all that begin an upload; 413 beyond the maximum:
//!   `a_creation_that_cannot_be_understood_or_fitted_makes_nothing`
//! - `Upload-Defer-Length: 1` in HEAD until the length is known, which then never changes:
//!   `a_length_may_be_told_later_and_is_then_fixed`
//! - `Upload-Metadata`: keys unique, not empty, without blanks and commas; values base64:
//!   `metadata_that_breaks_the_protocol_is_refused_in_words`; HEAD gives it back: `metadata_comes_back_as_it_came`
//! - creation-with-upload: `Upload-Offset` tells what was accepted: `the_bytes_may_come_with_the_creation`
//! - expiration: `Upload-Expires` in the answer to POST and to every PATCH, as HTTP writes a date:
//!   `an_upload_that_will_end_says_so_at_every_step`, `a_date_is_written_as_http_writes_it`
//! - checksum: `sha1` at least, names in lower case; what disagrees or is unknown is discarded, the offset stays:
//!   `a_body_with_a_checksum_is_kept_whole_or_not_at_all`, `a_checksum_by_an_unknown_algorithm_keeps_nothing`
//! - termination: 204: `a_terminated_upload_is_gone_and_one_that_a_job_needs_is_not`
//! - concatenation: `tus_concat`, one test each
//!
//! `concatenation-unfinished`, `checksum-trailer` and `challenge` are not offered.

use reqwest::{Method, StatusCode};

use crate::harness::{Service, sha256};

#[tokio::test]
async fn every_answer_names_the_version() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(10).await;
    let nobody = format!("/v1/uploads/upl_{}", "0".repeat(26));
    let answers = [
        anna.tus(Method::HEAD, &path).send().await,
        anna.patch(&path, 0).body("hello").send().await,
        anna.patch(&path, 0).body("hello").send().await,
        anna.tus(Method::HEAD, &nobody).send().await,
        service.ask(Method::POST, "/v1/uploads").header("Tus-Resumable", "1.0.0").send().await,
        anna.tus(Method::DELETE, &path).send().await,
    ];
    for (answer, status) in answers.into_iter().zip([200, 204, 409, 404, 401, 204]) {
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["tus-resumable"]),
            (status, &"1.0.0".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn options_does_not_look_at_the_version() {
    let service = Service::start().await;
    let offer = service.ask(Method::OPTIONS, "/v1/uploads").header("Tus-Resumable", "0.0.1");
    assert_eq!(offer.send().await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_method_that_is_said_in_a_header_counts() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(5).await;
    let meant = |sent: Method, meant: &str| anna.tus(sent, &path).header("X-HTTP-Method-Override", meant);
    for sent in [Method::POST, Method::DELETE, Method::GET] {
        let head = meant(sent, "HEAD").send().await.unwrap();
        assert_eq!(
            (head.status(), &head.headers()["upload-offset"]),
            (StatusCode::OK, &"0".parse().unwrap())
        );
    }
    let patch = meant(Method::POST, "PATCH").header("Upload-Offset", 0);
    let patch = patch.header("Content-Type", "application/offset+octet-stream").body("hello").send().await;
    assert_eq!(patch.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(meant(Method::POST, "BREW").send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(meant(Method::POST, "a b").send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(meant(Method::POST, "DELETE").send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(anna.get(&path).await.status(), StatusCode::NOT_FOUND);
    // Elsewhere a method is what it is, and another site's page gains nothing by it.
    let sessions = anna.ask(Method::GET, "/v1/jobs").header("X-HTTP-Method-Override", "POST").send().await;
    assert_eq!(sessions.unwrap().status(), StatusCode::OK);
    let tricked = service.ask(Method::GET, &path).header("X-HTTP-Method-Override", "DELETE");
    let tricked = tricked.header("Sec-Fetch-Site", "cross-site").send().await.unwrap();
    assert_eq!(tricked.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_offset_is_told_at_the_beginning_and_at_the_end() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(5).await;
    assert_eq!(anna.offset(&path).await, 0);
    anna.send(&path, 0, "hello").await;
    let head = anna.tus(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(
        (&head.headers()["upload-offset"], &head.headers()["upload-length"]),
        (&"5".parse().unwrap(), &"5".parse().unwrap())
    );
    assert!(
        !head.headers().contains_key("upload-concat") && !head.headers().contains_key("upload-metadata-")
    );
}

#[tokio::test]
async fn metadata_comes_back_as_it_came() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    for metadata in [
        "filename U29uZy53YXY=",
        "filename U29uZy53YXY=,filetype YXVkaW8vd2F2",
        // Another order, other keys, values that are empty or binary, a name that is shown otherwise, a type of two
        // lines, and blanks as the client set them.
        "filetype YXVkaW8vd2F2,filename U29uZy53YXY=",
        "filename U29uZy53YXY=,relativePath Li4vU29uZy53YXY=,draft",
        "draft,empty ,digest AP8Qgw==",
        "filename Li4vLi4vZXRjL3Bhc3N3ZA==",
        "filename ",
        "filetype YXVkaW8vd2F2DQpYLUV2aWw6IDE=",
        "filename U29uZy53YXY= , filetype YXVkaW8vd2F2",
    ] {
        let create = anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", 1);
        let created = create.header("Upload-Metadata", metadata).send().await.unwrap();
        let path = created.headers()["location"].to_str().unwrap();
        let head = anna.tus(Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.headers()["upload-metadata"], metadata.trim_end());
    }
    let none = anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", 1).send().await.unwrap();
    let head = anna.tus(Method::HEAD, none.headers()["location"].to_str().unwrap()).send().await.unwrap();
    assert!(!head.headers().contains_key("upload-metadata"), "there was none");
}

#[tokio::test]
async fn an_upload_that_will_end_says_so_at_every_step() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let create = anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", 10);
    let created = create.send().await.unwrap();
    let path = created.headers()["location"].to_str().unwrap().to_owned();
    let patched = anna.send(&path, 0, "hello").await;
    for answer in [created, patched] {
        assert_eq!(
            answer.headers()["upload-expires"],
            "Sat, 16 Jan 2027 08:00:00 GMT",
            "a day after it began"
        );
    }
}

#[tokio::test]
async fn a_checksum_by_an_unknown_algorithm_keeps_nothing() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let path = anna.begin(5).await;
    let unknown =
        anna.patch(&path, 0).header("Upload-Checksum", "md5 XUFAKrxLKna5cZ2REBfFkg==").body("hello");
    assert_eq!(unknown.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(anna.offset(&path).await, 0);
    let known =
        anna.patch(&path, 0).header("Upload-Checksum", "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=").body("hello");
    assert_eq!(known.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(anna.json(&path).await["sha256"], sha256(b"hello").to_string());
}
