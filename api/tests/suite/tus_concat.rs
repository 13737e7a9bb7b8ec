//! The concatenation of tus 1.0.0: one check for each thing the extension demands, on both places for bytes.

use domain::ids::UploadId;
use domain::retention::Retention;
use domain::upload::{Concat, MetadataKept};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use store::outcome::NewUpload;
use store::uploading::{Joined, Taken};

use crate::harness::{Person, Service, sha256};

macro_rules! stories {
    ($($story:ident)*) => {
        mod folder {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(super::Service::start().await).await;
            })*
        }
        mod bucket {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                if let Some(service) = super::Service::start_on_bucket().await {
                    super::$story(service).await;
                }
            })*
        }
    };
}

stories! {
    parts_become_one_upload_in_the_order_of_the_list_which_has_their_length
    a_final_upload_takes_no_bytes_and_neither_it_nor_its_parts_change
    head_tells_of_parts_and_wholes_what_was_said_at_their_creation
    metadata_of_parts_is_not_passed_on
    a_final_upload_with_a_length_or_bytes_of_its_own_is_refused
    parts_that_are_not_finished_are_refused_since_we_do_not_offer_that
    parts_of_others_are_as_unknown_as_parts_that_never_were
    the_same_wish_gets_the_same_upload_and_the_parts_go
    a_join_that_was_interrupted_is_finished_by_the_next_question
    a_part_is_no_file_and_can_be_ended
    parts_together_are_no_longer_than_a_file_may_be
}

/// A finished part; gives its path.
async fn part(anna: &Person<'_>, bytes: &str) -> String {
    let create = anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", bytes.len());
    let created = create.header("Upload-Concat", "partial").send().await.unwrap();
    assert_eq!(created.headers()["upload-concat"], "partial");
    let path = location(&created);
    let sent = anna.send(&path, 0, bytes.to_owned()).await;
    assert_eq!(sent.status(), StatusCode::NO_CONTENT);
    assert_eq!(sent.headers()["upload-offset"], bytes.len().to_string());
    assert!(sent.headers().contains_key("upload-expires"), "a part that nobody joins goes");
    path
}

fn location(created: &Response) -> String {
    assert_eq!(created.status(), StatusCode::CREATED);
    created.headers()["location"].to_str().unwrap().to_owned()
}

fn join(anna: &Person<'_>, list: &str) -> RequestBuilder {
    anna.tus(Method::POST, "/v1/uploads").header("Upload-Concat", format!("final;{list}"))
}

async fn refused(request: RequestBuilder, status: u16, code: &str) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), status, "{code}");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], code, "{problem}");
}

async fn head(anna: &Person<'_>, path: &str) -> Response {
    anna.tus(Method::HEAD, path).send().await.unwrap()
}

async fn parts_become_one_upload_in_the_order_of_the_list_which_has_their_length(service: Service) {
    let anna = service.producer("anna").await;
    let (world, hello) = (part(&anna, " world").await, part(&anna, "hello").await);
    let absolute = service.url(&world);
    let path = location(&join(&anna, &format!("{hello} {absolute}")).send().await.unwrap());
    let upload = anna.json(&path).await;
    assert_eq!((&upload["state"], &upload["size_bytes"]), (&json!("checking"), &json!(11)));
    assert_eq!(upload["sha256"], sha256(b"hello world").to_string());
    service.work().await;
    assert_eq!(anna.json(&path).await["state"], "ready");
    let listed = anna.json("/v1/uploads").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "it counts once: {listed}");
}

async fn a_final_upload_takes_no_bytes_and_neither_it_nor_its_parts_change(service: Service) {
    let anna = service.producer("anna").await;
    let hello = part(&anna, "hello").await;
    refused(anna.patch(&hello, 5).body("!"), 413, "beyond_length").await;
    assert_eq!(anna.offset(&hello).await, 5);
    let path = location(&join(&anna, &hello).send().await.unwrap());
    for (offset, body) in [(5, "!"), (0, "HELLO"), (5, "")] {
        refused(anna.patch(&path, offset).body(body), 403, "final_upload").await;
    }
    assert_eq!(anna.json(&path).await["sha256"], sha256(b"hello").to_string());
}

async fn head_tells_of_parts_and_wholes_what_was_said_at_their_creation(service: Service) {
    let anna = service.producer("anna").await;
    let create = anna.tus(Method::POST, "/v1/uploads").header("Upload-Defer-Length", 1);
    let open = location(&create.header("Upload-Concat", "partial").send().await.unwrap());
    let seen = head(&anna, &open).await;
    assert_eq!(seen.headers()["upload-concat"], "partial");
    assert_eq!(seen.headers()["upload-offset"], "0");
    assert_eq!(seen.headers()["upload-defer-length"], "1");
    let hello = part(&anna, "hello").await;
    let seen = head(&anna, &hello).await;
    assert_eq!(
        (&seen.headers()["upload-offset"], &seen.headers()["upload-length"]),
        (&"5".parse().unwrap(), &"5".parse().unwrap())
    );
    let list = format!("https://mix.example{hello}");
    let whole = head(&anna, &location(&join(&anna, &list).send().await.unwrap())).await;
    assert_eq!(whole.headers()["upload-concat"], format!("final;{list}"), "as it came");
    assert_eq!(whole.headers()["upload-offset"], "5");
    assert_eq!(whole.headers()["upload-length"], "5");
    assert_eq!(whole.headers()["cache-control"], "no-store");
}

async fn metadata_of_parts_is_not_passed_on(service: Service) {
    let anna = service.producer("anna").await;
    let create = anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", 0);
    let create = create.header("Upload-Concat", "partial").header("Upload-Metadata", "filename cGFydC53YXY=");
    let part = location(&create.send().await.unwrap());
    assert_eq!(head(&anna, &part).await.headers()["upload-metadata"], "filename cGFydC53YXY=");
    let path = location(&join(&anna, &part).send().await.unwrap());
    assert!(!head(&anna, &path).await.headers().contains_key("upload-metadata"));
    let named = crate::tus_concat::part(&anna, "hello").await;
    let metadata = "take Mw==,filename d2hvbGUud2F2,draft";
    let named = join(&anna, &named).header("Upload-Metadata", metadata).send().await.unwrap();
    let named = location(&named);
    assert_eq!(head(&anna, &named).await.headers()["upload-metadata"], metadata);
    assert_eq!(anna.json(&named).await["name"], "whole.wav");
}

async fn a_final_upload_with_a_length_or_bytes_of_its_own_is_refused(service: Service) {
    let anna = service.producer("anna").await;
    let hello = part(&anna, "hello").await;
    refused(join(&anna, &hello).header("Upload-Length", 5), 400, "malformed_request").await;
    refused(join(&anna, &hello).header("Upload-Defer-Length", 1), 400, "malformed_request").await;
    let stream = join(&anna, &hello).header("Content-Type", "application/offset+octet-stream");
    refused(stream.body("hello"), 400, "malformed_request").await;
    for list in ["", "/v1/jobs/1", "hello"] {
        refused(join(&anna, list), 400, "malformed_request").await;
    }
    assert_eq!(anna.json("/v1/uploads").await["data"], json!([]), "nothing was made");
    assert_eq!(anna.offset(&hello).await, 5);
}

async fn parts_that_are_not_finished_are_refused_since_we_do_not_offer_that(service: Service) {
    let anna = service.producer("anna").await;
    let offer = service.ask(Method::OPTIONS, "/v1/uploads").send().await.unwrap();
    let offered: Vec<_> = offer.headers()["tus-extension"].to_str().unwrap().split(',').collect();
    assert!(
        offered.contains(&"concatenation") && !offered.contains(&"concatenation-unfinished"),
        "{offered:?}"
    );
    let create = anna.tus(Method::POST, "/v1/uploads").header("Upload-Length", 5);
    let open = location(&create.header("Upload-Concat", "partial").send().await.unwrap());
    refused(join(&anna, &open), 409, "part_unfinished").await;
    anna.send(&open, 0, "hello").await;
    location(&join(&anna, &open).send().await.unwrap());
    let whole = anna.begin(0).await;
    refused(join(&anna, &whole), 409, "not_partial").await;
}

async fn parts_of_others_are_as_unknown_as_parts_that_never_were(service: Service) {
    let (anna, boris) = (service.producer("anna").await, service.producer("boris").await);
    let (mine, foreign) = (part(&anna, "mine").await, part(&boris, "hello").await);
    refused(join(&anna, &format!("{mine} {foreign}")), 404, "not_found").await;
    let nobody = format!("/v1/uploads/upl_{}", "0".repeat(26));
    refused(join(&anna, &format!("{mine} {nobody}")), 404, "not_found").await;
    assert_eq!(boris.offset(&foreign).await, 5, "and nothing happened to it");
    assert_eq!(anna.offset(&mine).await, 4);
}

async fn the_same_wish_gets_the_same_upload_and_the_parts_go(service: Service) {
    let anna = service.producer("anna").await;
    let (hello, world) = (part(&anna, "hello").await, part(&anna, " world").await);
    let list = format!("{hello} {world}");
    let first = location(&join(&anna, &list).send().await.unwrap());
    assert_eq!(location(&join(&anna, &list).send().await.unwrap()), first, "its answer may have been lost");
    for gone in [&hello, &world] {
        assert_eq!(head(&anna, gone).await.status(), StatusCode::GONE);
    }
    let upload = anna.json(&first).await;
    assert_eq!(upload["sha256"], sha256(b"hello world").to_string());
    assert_eq!(anna.tus(Method::DELETE, &first).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let again = join(&anna, &list).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_FOUND, "nothing is left to make it of");
}

async fn a_join_that_was_interrupted_is_finished_by_the_next_question(service: Service) {
    let anna = service.producer("anna").await;
    for way in ["by a question", "by the same wish"] {
        let list = format!("{} {}", part(&anna, "hello").await, part(&anna, " world").await);
        let parts: Vec<_> = list.split(' ').map(id_of).collect();
        let new = NewUpload {
            id: UploadId::new(&*service.entropy),
            account: anna.account.id.clone(),
            name: "song.wav".to_owned(),
            filetype: None,
            concat: Concat::Final { header: format!("final;{list}") },
            metadata: MetadataKept::None,
            size_bytes: None,
            expires_at: Retention::POLICY.of_new_upload(service.now()),
        };
        // The process died after this.
        let joined = service.store.join_uploads(&new, &parts, 1000, service.now()).await.unwrap();
        assert!(matches!(joined, Joined::New(_)), "the case must be real: {joined:?}");
        let path = format!("/v1/uploads/{}", new.id);
        let Taken::Taken(lock) = service.store.take_upload_lock(&new.id, service.now()).await.unwrap() else {
            panic!("nobody else has it");
        };
        let early = head(&anna, &path).await;
        assert_eq!(early.headers()["upload-length"], "11", "it can be told");
        assert!(!early.headers().contains_key("upload-offset"), "it is not made yet");
        service.store.release_upload_lock(&lock).await.unwrap();
        if way == "by a question" {
            assert_eq!(head(&anna, &path).await.headers()["upload-offset"], "11");
        } else {
            assert_eq!(location(&join(&anna, &list).send().await.unwrap()), path);
        }
        assert_eq!(anna.json(&path).await["sha256"], sha256(b"hello world").to_string(), "{way}");
    }
}

fn id_of(path: &str) -> UploadId {
    UploadId::parse(path.rsplit('/').next().unwrap()).unwrap()
}

async fn a_part_is_no_file_and_can_be_ended(service: Service) {
    let anna = service.producer("anna").await;
    let hello = part(&anna, "hello").await;
    let id = hello.rsplit('/').next().unwrap();
    let order = json!({"kind": "master", "title": "Song", "inputs": [{"upload": id}]});
    let answer = anna.post("/v1/jobs", order).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "input_not_ready");
    assert_eq!(anna.json(&hello).await["state"], "receiving");
    assert_eq!(anna.get(&format!("{hello}/peaks")).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(anna.tus(Method::DELETE, &hello).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(head(&anna, &hello).await.status(), StatusCode::NOT_FOUND);
    refused(join(&anna, &hello), 404, "not_found").await;
}

async fn parts_together_are_no_longer_than_a_file_may_be(service: Service) {
    let anna = service.producer("anna").await;
    let hello = part(&anna, "hello").await;
    // The same part may be named more than once.
    let twice = location(&join(&anna, &format!("{hello} {hello}")).send().await.unwrap());
    assert_eq!(anna.json(&twice).await["sha256"], sha256(b"hellohello").to_string());
    let limits = api::Limits { upload_bytes: 8, ..api::Limits::default() };
    let small = Service::start_with(limits, api::Site::Loopback).await;
    let boris = small.producer("boris").await;
    let list = format!("{} {}", part(&boris, "hello").await, part(&boris, "worl").await);
    refused(join(&boris, &list), 413, "file_too_large").await;
}
