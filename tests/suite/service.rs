//! A song through the service, as a program that uses the API sends it.

use std::fs;
use std::process::Command;

use reqwest::StatusCode;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::harness::producer::{Producer, artifact};
use crate::harness::{Service, meter, song};

#[tokio::test(flavor = "multi_thread")]
async fn a_song_goes_from_upload_to_download_and_lands_on_its_target() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("song.wav");
    song::wav24(&wav, 20.0);
    let before = meter::ffmpeg(&wav);
    assert!((before.integrated_lufs + 11.0).abs() > 1.0, "the case must be real: {before:?}");

    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let bytes = fs::read(&wav).unwrap();
    let upload = anna.upload("Night Drive.wav", &bytes).await;
    let checked = anna.checked(&upload).await;
    assert_eq!(checked["state"], "ready", "{checked}");
    assert_eq!(checked["audio"]["frames"], 20 * 44_100);
    assert_eq!(checked["sha256"], hex(&Sha256::digest(&bytes)));
    let peaks = anna.get_json(&format!("/v1/uploads/{upload}/peaks")).await;
    assert_eq!(peaks["channels"].as_array().map(Vec::len), Some(2), "an overview for each channel");

    let recipe = json!({"loudness_lufs": -11.0, "ceiling_dbtp": -1.0, "deliver": ["wav24", "flac24"]});
    let job = anna.finished(&anna.order(&upload, recipe).await).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let master = anna.download(&job, "master", "wav24").await;
    assert_eq!(hex(&Sha256::digest(&master)), artifact(&job, "master", "wav24")["sha256"]);
    let delivered = folder.path().join("master.wav");
    fs::write(&delivered, &master).unwrap();
    let after = meter::ffmpeg(&delivered);
    assert!((after.integrated_lufs + 11.0).abs() <= 0.1, "{after:?}");
    assert!(after.true_peak_dbtp <= -0.95, "{after:?}");
    assert_eq!(meter::samples(&delivered).len(), 2 * 20 * 44_100, "the same number of frames");

    let report = anna.get_json(&format!("/v1/jobs/{}/report", job["id"].as_str().unwrap())).await;
    assert_eq!(report["outcome"]["kind"], "reached", "{report}");
    assert!((report["after"]["integrated_lufs"].as_f64().unwrap() - after.integrated_lufs).abs() <= 0.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_can_be_fetched_in_pieces_and_a_stranger_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("song.wav");
    song::wav24(&wav, 4.0);
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let upload = anna.upload("song.wav", &fs::read(&wav).unwrap()).await;
    anna.checked(&upload).await;
    let job = anna.finished(&anna.order(&upload, json!({})).await).await;
    let whole = anna.download(&job, "master", "wav24").await;
    let path = format!("/v1/artifacts/{}/content", artifact(&job, "master", "wav24")["id"].as_str().unwrap());
    let piece = anna
        .http
        .get(anna.url(&path))
        .bearer_auth(&anna.secret)
        .header("Range", "bytes=100-299")
        .send()
        .await
        .unwrap();
    assert_eq!(piece.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(piece.bytes().await.unwrap(), whole[100..300]);

    let anonymous = anna.http.get(anna.url(&path)).send().await.unwrap();
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_link_works_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    let token = service.sign_in_link.split('#').nth(1).unwrap();
    let http = reqwest::Client::new();
    let redeem = || http.post(format!("{}/v1/sessions", service.base)).json(&json!({"token": token})).send();
    let first = redeem().await.unwrap();
    assert_eq!(first.status(), StatusCode::CREATED);
    let cookie = first.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let second = redeem().await.unwrap();
    assert!(second.status().is_client_error(), "{}", second.status());

    let cookie = cookie.split(';').next().unwrap();
    let account =
        http.get(format!("{}/v1/account", service.base)).header("Cookie", cookie).send().await.unwrap();
    assert_eq!(account.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_goes_through_the_service_as_loud_as_its_reference() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("song.wav");
    song::wav24(&wav, 5.0);
    let quieter = folder.path().join("reference.wav");
    let gain = ["-af", "volume=-5dB", "-c:a", "pcm_s24le"];
    let ffmpeg =
        Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(&wav).args(gain).arg(&quieter).status();
    assert!(ffmpeg.unwrap().success());
    let aim = meter::ffmpeg(&quieter).integrated_lufs;
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let mut uploads = Vec::new();
    for (name, path) in [("01 Rain.wav", &wav), ("Sun.wav", &wav), ("reference.wav", &quieter)] {
        let upload = anna.upload(name, &fs::read(path).unwrap()).await;
        assert_eq!(anna.checked(&upload).await["state"], "ready");
        uploads.push(upload);
    }
    let order = json!({
        "kind": "album", "title": "Sides", "inputs": [{"upload": uploads[0]}, {"upload": uploads[1], "title": "Moon"}],
        "references": [uploads[2]], "recipe": {"intensity": 0, "deliver": ["flac24", "mp3_320"]}
    });
    let job = anna.finished(&anna.order_body("album", order).await).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let masters = job["artifacts"].as_array().unwrap().iter().filter(|artifact| artifact["kind"] == "master");
    let names: Vec<_> = masters.map(|artifact| (artifact["track"].as_u64(), &artifact["name"])).collect();
    assert_eq!(names[0], (Some(1), &json!("01 Rain (master).flac")));
    assert_eq!(names[3], (Some(2), &json!("02 Moon (master).mp3")));
    let report = anna.get_json(&format!("/v1/jobs/{}/report", job["id"].as_str().unwrap())).await;
    assert_eq!(report["schema"], "mixrunners.album/1");
    for track in report["tracks"].as_array().unwrap() {
        let after = track["loudness_after_lufs"].as_f64().unwrap();
        assert!((after - aim).abs() <= 0.15, "{after} beside {aim}");
        assert_eq!(track["report"]["schema"], "mixrunners.report/2");
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
