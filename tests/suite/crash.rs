//! The power goes, at the worst moment; then it comes back.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::producer::{Producer, artifact};
use crate::harness::{Service, song};

/// Long enough that a render can be caught at work.
const SONG_SECONDS: f64 = 150.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_render_killed_in_the_middle_is_finished_once_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("song.wav");
    song::wav24(&wav, SONG_SECONDS);
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let mut anna = Producer::with_key(&service, &data);
    let upload = anna.upload("song.wav", &fs::read(&wav).unwrap()).await;
    assert_eq!(anna.checked(&upload).await["state"], "ready");

    let recipe = json!({"loudness_lufs": -12.0, "deliver": ["wav24"]});
    let undisturbed = anna.finished(&anna.order(&upload, recipe.clone()).await).await;
    let disturbed = anna.order(&upload, json!({"loudness_lufs": -12.0, "deliver": ["wav24", "wav16"]})).await;
    let path = format!("/v1/jobs/{}", disturbed["id"].as_str().unwrap());
    anna.until(&path, |job| job["state"] == "running" && job["stage"] != "fetch" && !job["stage"].is_null())
        .await;
    let data = service.kill();

    let service = Service::start(&data);
    anna.base = service.base.clone();
    let job = anna.finished(&disturbed).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    assert!(job["attempt"].as_u64() >= Some(2), "the kill must have hit the render: {job}");
    let sha256 = |job: &Value| artifact(job, "master", "wav24")["sha256"].clone();
    assert_eq!(sha256(&job), sha256(&undisturbed), "the same bits as undisturbed");
    assert_eq!(times_succeeded(&anna, &job).await, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(attempts_on_disk(&data, &job), 1, "what the killed attempt left is gone");
}

/// How often the job's own history says that it succeeded.
async fn times_succeeded(anna: &Producer, job: &Value) -> usize {
    let path = format!("/v1/jobs/{}/events", job["id"].as_str().unwrap());
    let answer = anna.get(&path).await;
    let text = tokio::time::timeout(Duration::from_secs(10), answer.text()).await;
    let text = text.expect("the stream of a finished job ends").unwrap();
    text.lines().filter(|l| l.starts_with("data:") && l.contains("\"succeeded\"")).count()
}

/// Folders of attempts below the job's blobs.
fn attempts_on_disk(data: &Path, job: &Value) -> usize {
    fn find(folder: &Path, id: &str, found: &mut usize) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && entry.file_name().to_str() == Some(id) {
                *found += fs::read_dir(&path).unwrap().count();
            } else if path.is_dir() {
                find(&path, id, found);
            }
        }
    }
    let mut found = 0;
    find(data, job["id"].as_str().unwrap(), &mut found);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_at_the_last_durable_byte_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("song.wav");
    song::wav24(&wav, 30.0);
    let bytes = fs::read(&wav).unwrap();
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let mut anna = Producer::with_key(&service, &data);
    let location = anna.create_upload("song.wav", bytes.len()).await;
    let half = bytes.len() / 2;
    anna.patch(&location, 0, &bytes[..half]).await.expect("an answer");
    let acknowledged = anna.offset(&location).await;
    assert_eq!(acknowledged, half);
    let data = service.kill();

    let service = Service::start(&data);
    anna.base = service.base.clone();
    let offset = anna.offset(&location).await;
    assert!(offset >= acknowledged, "an acknowledged byte was lost: {offset} < {acknowledged}");
    anna.patch(&location, offset, &bytes[offset..]).await.expect("an answer");
    let upload = location.rsplit('/').next().unwrap();
    let checked = anna.checked(upload).await;
    assert_eq!(checked["state"], "ready", "{checked}");
    use sha2::{Digest, Sha256};
    assert_eq!(checked["sha256"], crate::service::hex(&Sha256::digest(&bytes)));
}
