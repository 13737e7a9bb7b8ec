//! What happens when all goes well, and when the audio is at fault.

use std::path::Path;

use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::blob::BlobKey;
use domain::job::{JobKind, StateName};
use domain::order::Input;
use domain::problem::Fault;
use domain::stem::StemSettings;
use domain::upload::UploadState;

use crate::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn a_song_is_checked_mastered_and_delivered() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.ended(&service.job("song").await).await;
    assert_eq!((job.state.name(), job.attempt), (StateName::Succeeded, 1));
    assert_eq!(job.engine_version.as_deref(), Some("0.1.0"));
    let [master, report] = job.artifacts.as_slice() else { panic!("{:?}", job.artifacts) };
    assert_eq!((master.kind, master.format), (ArtifactKind::Master, ArtifactFormat::Wav24));
    assert_eq!(master.name, "song (master).wav");
    assert_eq!(service.text(&master.blob).await, "mastered\nsong");
    assert_eq!(service.text(master.peaks.as_ref().unwrap()).await.trim(), "{\"columns\":1}");
    let stored = service.blobs.measure(&master.blob).await.unwrap().unwrap();
    assert_eq!((stored.sha256, stored.size_bytes), (master.sha256, master.size_bytes));
    assert_eq!(report.kind, ArtifactKind::Report);
    assert!(service.text(&report.blob).await.contains("\"loudness_lufs\":-14.0"), "the recipe was sent");
    let upload = service.checked(&job.account, &job.inputs[0].upload).await;
    assert_eq!((upload.audio.unwrap().frames, upload.findings[0].code.as_str()), (441, "quiet"));
    let peaks = service.text(&BlobKey::upload_peaks(&job.inputs[0].upload)).await;
    assert_eq!(peaks.trim(), "{\"columns\":0}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_nobody_named_is_called_after_its_file() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.ended(&service.job("").await).await;
    assert_eq!(job.artifacts[0].name, "Untitled take (master).wav");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_that_cannot_be_used_is_said_once_and_not_tried_again() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.ended(&service.job("bad").await).await;
    let problem = job.state.problem().expect("it failed").clone();
    assert_eq!((problem.code.as_str(), problem.fault, job.attempt), ("audio_silent", Fault::Input, 1));
    let anna = service.account("anna").await;
    let upload = service.upload(&anna, b"noise").await;
    let upload = service.checked(&anna, &upload).await;
    assert_eq!(upload.state, UploadState::Rejected);
    assert_eq!(upload.problem.unwrap().code, "audio_silent");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_lines_of_progress_are_a_few_commits() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.ended(&service.job("busy").await).await;
    assert_eq!(job.state.name(), StateName::Succeeded);
    let events = service.store.job_events(&job.account, &job.id, 0, 10_000).await.unwrap();
    assert!(events.len() < 50, "{} lines of history", events.len());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_slots_render_side_by_side() {
    let service = Service::new().await;
    let running = service.start();
    let (anna, ben) = (service.account("anna").await, service.account("ben").await);
    let jobs = [service.job_of(&anna, "hangs").await, service.job_of(&ben, "hangs").await];
    for job in &jobs {
        service.hanging(job).await; // neither ends before both have begun
    }
    service.let_it_go_on();
    for job in &jobs {
        assert_eq!(service.ended(job).await.state.name(), StateName::Succeeded);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_is_made_in_its_order_with_a_name_for_every_track() {
    let service = Service::new().await;
    let running = service.start();
    let anna = service.account("anna").await;
    let mut inputs = Vec::new();
    for (bytes, title) in [(b"one", "Rain"), (b"two", ""), (b"tri", "Sun")] {
        let upload = service.upload(&anna, bytes).await;
        service.checked(&anna, &upload).await;
        inputs.push(Input { upload, title: title.into(), settings: StemSettings::default() });
    }
    let job = service.order(&anna, JobKind::Album, "Sides", inputs, Vec::new()).await;
    let job = service.ended(&job).await;
    assert_eq!(job.state.name(), StateName::Succeeded);
    let [first, second, third, report] = job.artifacts.as_slice() else { panic!("{:?}", job.artifacts) };
    for (artifact, track, name, bytes) in [
        (first, 1, "01 Rain (master).wav", "one"),
        (second, 2, "02 Untitled take (master).wav", "two"),
        (third, 3, "03 Sun (master).wav", "tri"),
    ] {
        assert_eq!((artifact.track, artifact.name.as_str()), (Some(track), name));
        assert_eq!(service.text(&artifact.blob).await, bytes);
    }
    assert_eq!((report.kind, report.track), (ArtifactKind::Report, None));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_finds_the_song_and_its_references_in_its_scratch_folder() {
    let service = Service::new().await;
    let running = service.start();
    let anna = service.account("anna").await;
    let mut uploads = Vec::new();
    for bytes in [b"song", b"ref1", b"ref2"] {
        let upload = service.upload(&anna, bytes).await;
        service.checked(&anna, &upload).await;
        uploads.push(upload);
    }
    let references = uploads.split_off(1);
    let inputs = uploads.into_iter().map(Input::from).collect();
    let job = service.order(&anna, JobKind::Master, "song", inputs, references).await;
    let job = service.ended(&job).await;
    assert_eq!(service.text(&job.artifacts[0].blob).await, "mastered\nsongref1ref2");
    let order = service.text(&job.artifacts[1].blob).await;
    let order: serde_json::Value = serde_json::from_str(&order).unwrap();
    let scratch = service.path("scratch");
    for file in [&order, &order["references"][0], &order["references"][1]] {
        assert!(Path::new(file["input"].as_str().unwrap()).starts_with(&scratch), "{file}");
        assert_eq!(file["extension"], "wav");
    }
    running.stop().await;
}
