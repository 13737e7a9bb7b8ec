//! What happens when all goes well, and when the audio is at fault.

use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::blob::BlobKey;
use domain::job::StateName;
use domain::problem::Fault;
use domain::upload::UploadState;

use crate::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn a_song_is_checked_mastered_and_delivered() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.ended(&service.job("song").await).await;
    assert_eq!((job.state.name(), job.attempt), (StateName::Succeeded, 1));
    assert_eq!(job.engine_version.as_deref(), Some("0.2.0"));
    let [master, report] = job.artifacts.as_slice() else { panic!("{:?}", job.artifacts) };
    assert_eq!((master.kind, master.format), (ArtifactKind::Master, ArtifactFormat::Wav24));
    assert_eq!(master.name, "song (master).wav");
    assert_eq!(service.text(&master.blob).await, "mastered\nsong");
    assert_eq!(service.text(master.peaks.as_ref().unwrap()).await.trim(), "{\"columns\":1}");
    let stored = service.blobs.measure(&master.blob).await.unwrap().unwrap();
    assert_eq!((stored.sha256, stored.size_bytes), (master.sha256, master.size_bytes));
    assert_eq!(report.kind, ArtifactKind::Report);
    assert!(service.text(&report.blob).await.contains("\"loudness_lufs\":-14.0"), "the recipe was sent");
    let upload = service.checked(&job.account, &job.inputs[0]).await;
    assert_eq!((upload.audio.unwrap().frames, upload.findings[0].code.as_str()), (441, "quiet"));
    let peaks = service.text(&BlobKey::upload_peaks(&job.inputs[0])).await;
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
