//! The same file twice in one account lies once in the folder, and serves as long as one upload has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::producer::Producer;
use crate::harness::{Service, mixrunners, song};

/// The files of the uploads that are here.
fn sources(data: &Path) -> Vec<PathBuf> {
    let uploads = fs::read_dir(data.join("blobs/u")).into_iter().flatten().flatten();
    uploads.map(|upload| upload.path().join("source")).filter(|source| source.exists()).collect()
}

async fn sent(anna: &Producer, bytes: &[u8]) -> Value {
    let upload = anna.upload("song.wav", bytes).await;
    let upload = anna.checked(&upload).await;
    assert_eq!(upload["state"], "ready", "{upload}");
    upload
}

async fn deleted(anna: &Producer, upload: &Value) {
    let delete = anna.http.delete(anna.url(&format!("/v1/uploads/{}", upload["id"].as_str().unwrap())));
    let answer = delete.bearer_auth(&anna.secret).header("Tus-Resumable", "1.0.0").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

/// Waits until so many sources are left.
async fn left(data: &Path, count: usize) {
    for _ in 0..300 {
        if sources(data).len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", sources(data));
}

#[tokio::test(flavor = "multi_thread")]
async fn mx_5_a_file_that_is_sent_twice_lies_here_once_and_a_damaged_one_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let mut create = mixrunners(&["api-key", "create", "--email", "ben@example.org", "--scopes"]);
    create.arg("uploads:write,jobs:read,jobs:write").arg("--data").arg(&data);
    let secret = String::from_utf8(create.output().unwrap().stdout).unwrap();
    let ben = Producer::known(&service.base, secret.trim());
    let wav = folder.path().join("song.wav");
    song::wav24(&wav, 6.0);
    let bytes = fs::read(&wav).unwrap();

    let first = sent(&anna, &bytes).await;
    let second = sent(&anna, &bytes).await;
    sent(&ben, &bytes).await;
    left(&data, 2).await;
    let peaks = async |upload: &Value| {
        anna.get_json(&format!("/v1/uploads/{}/peaks", upload["id"].as_str().unwrap())).await
    };
    assert_eq!(peaks(&first).await, peaks(&second).await);
    deleted(&anna, &first).await;
    let order = anna.order(second["id"].as_str().unwrap(), json!({"deliver": ["wav24"]})).await;
    let job = anna.finished(&order).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    deleted(&anna, &second).await;
    left(&data, 1).await;

    // Ben's lies damaged: what he sends again keeps its own bytes.
    let source = sources(&data).remove(0);
    let mut sealed = fs::read(&source).unwrap();
    let middle = sealed.len() / 2;
    sealed[middle] ^= 1;
    fs::write(&source, sealed).unwrap();
    let again = sent(&ben, &bytes).await;
    assert_eq!(sources(&data).len(), 2);
    let order = ben.order(again["id"].as_str().unwrap(), json!({"deliver": ["wav24"]})).await;
    assert_eq!(ben.finished(&order).await["state"], "succeeded");
}
