//! An API and a worker whose bytes lie in a bucket.

use std::fs;

use fixtures::moto::Moto;
use fixtures::postgres::Postgres;
use reqwest::{Client, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::harness::bucket::{keys_of_sound, versioned};
use crate::harness::fleet::Fleet;
use crate::harness::producer::artifact;
use crate::harness::song;
use crate::service::hex;

#[tokio::test(flavor = "multi_thread")]
async fn a_song_goes_through_a_bucket_and_nothing_of_it_stays_there() {
    let Some(server) = Moto::of_this_process() else { return };
    let (folder, bucket, http) = (tempfile::tempdir().unwrap(), versioned(server).await, Client::new());
    let url = format!("{}/{bucket}", server.endpoint);
    let fleet =
        Fleet::on_bucket(folder.path(), Postgres::of_this_process().database(), &server.endpoint, &bucket);
    let (_api, anna) = fleet.api();
    let _worker = fleet.worker("only");

    let wav = folder.path().join("song.wav");
    song::wav24(&wav, 20.0);
    let bytes = fs::read(&wav).unwrap();
    let upload = anna.upload("song.wav", &bytes).await;
    let checked = anna.checked(&upload).await;
    assert_eq!(
        (&checked["state"], &checked["sha256"]),
        (&json!("ready"), &json!(hex(&Sha256::digest(&bytes))))
    );
    let job = anna.finished(&anna.order(&upload, json!({"deliver": ["wav24"]})).await).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let master = anna.download(&job, "master", "wav24").await;
    assert_eq!(artifact(&job, "master", "wav24")["sha256"], hex(&Sha256::digest(&master)));

    // As anybody sees it who may look into the bucket.
    let all = async || http.get(format!("{url}?versions")).send().await.unwrap().text().await.unwrap();
    let id = job["id"].as_str().unwrap();
    let listed = all().await;
    assert!(
        listed.contains(&format!("mix/j/{id}/")) && listed.contains(&format!("mix/u/{upload}/source")),
        "{listed}"
    );
    assert!(!listed.contains("/pieces/"), "an upload that is complete has no pieces: {listed}");
    // The server looks who asks, but not whether it is true.
    let anybody =
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let source = http.get(format!("{url}/mix/u/{upload}/source")).header("Authorization", anybody);
    let source = source.send().await.unwrap().bytes().await.unwrap();
    assert!(source.len() > bytes.len(), "it is there");
    assert!(!source.windows(16).any(|window| window == &bytes[44..60]), "and nobody can read it");

    for path in [format!("/v1/jobs/{id}"), format!("/v1/uploads/{upload}")] {
        let deleted =
            anna.http.delete(anna.url(&path)).bearer_auth(&anna.secret).header("Tus-Resumable", "1.0.0");
        assert_eq!(deleted.send().await.unwrap().status(), StatusCode::NO_CONTENT, "{path}");
    }
    let mut left = String::new();
    for _ in 0..300 {
        left = all().await;
        if keys_of_sound(&left).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it stayed: {left}");
}
