//! Children that do what they should not, and disks that do what they should not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::job::{Job, JobKind, JobState, StateName};
use domain::problem::Fault;
use domain::upload::UploadState;
use worker::Worker;

use crate::service::{KEEP_FREE, Service, until_dead};

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_dies_or_breaks_the_protocol_three_times_quarantines_its_job() {
    let service = Service::new().await;
    let running = service.start();
    for title in [
        "dies", "hungry", "exits", "silent", "garbage", "endless", "chatty", "links", "climbs", "other",
        "floods",
    ] {
        let job = service.ended(&service.job(title).await).await;
        let problem = job.state.problem().unwrap_or_else(|| panic!("{title}: {:?}", job.state)).clone();
        assert_eq!((problem.code.as_str(), job.attempt), ("job_quarantined", 3), "{title}");
        assert_eq!(problem.fault, Fault::Ours, "{title}");
        service.swept().await;
        assert_eq!(service.blobs_of(&job), Vec::<String>::new(), "{title}");
    }
    // And the worker still works.
    assert_eq!(service.ended(&service.job("song").await).await.state.name(), StateName::Succeeded);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_takes_more_memory_than_any_song_is_refused_at_once_and_others_go_on() {
    let service = Service::new().await;
    let running = service.start();
    let anna = service.account("anna").await;
    let bomb = service.upload(&anna, b"bomb").await;
    let song = service.job("song").await;
    let bomb = service.checked(&anna, &bomb).await;
    assert_eq!(bomb.state, UploadState::Rejected);
    let problem = bomb.problem.unwrap();
    assert_eq!((problem.code.as_str(), problem.fault), ("decode_resource_limit", Fault::Input));
    assert!(problem.detail.contains("512 MiB") && !problem.retryable, "{problem:?}");
    assert_eq!(service.ended(&song).await.state.name(), StateName::Succeeded);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_failures_wait_and_are_tried_again() {
    let service = Service::new().await;
    let running = service.start();
    for title in ["ours", "lies"] {
        let job = service.job(title).await;
        let waits = |job: &domain::job::Job| match job.state {
            JobState::Queued { not_before } => job.attempt == 1 && not_before > job.created_at,
            _ => false,
        };
        service.when(&job, "the job is in backoff", waits).await;
        service
            .store
            .cancel(&job.account, &job.id, domain::clock::Clock::now(&*service.clock))
            .await
            .unwrap();
        service.swept().await;
        assert_eq!(service.blobs_of(&job), Vec::<String>::new(), "{title}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renderer_that_is_not_there_is_our_failure() {
    let service = Service::new().await;
    let checker = service.start();
    let job = service.job("hangs").await;
    service.hanging(&job).await;
    checker.stop().await;
    let running = service.start_worker(Worker { program: service.path("nobody"), ..service.worker() });
    let waits = |job: &domain::job::Job| job.attempt == 1 && job.state.name() == StateName::Queued;
    service.when(&job, "the job is in backoff", waits).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_claims_and_costs_no_job_an_attempt() {
    let service = Service::new().await;
    let running = service.start();
    let begun = service.job("fills").await;
    service.hanging(&begun).await;
    service.disk.0.store(KEEP_FREE - 1, Ordering::Relaxed);
    service.let_it_go_on();
    let is_untouched = |job: &Job| job.state.name() == StateName::Queued && job.attempt == 0;
    service.when(&begun, "the job that met the wall is back", is_untouched).await;
    let inputs = begun.inputs.clone();
    let waiting = service.order(&begun.account, JobKind::Master, "song", inputs, Vec::new()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for job in [&begun, &waiting] {
        let job = service.when(job, "it is there", |_| true).await;
        assert!(is_untouched(&job), "{job:?}");
    }
    service.disk.0.store(1 << 40, Ordering::Relaxed);
    let song = service.ended(&waiting).await;
    assert_eq!((song.state.name(), song.attempt), (StateName::Succeeded, 1));
    let is_hindered = |job: &Job| job.state.name() == StateName::Queued && job.attempt == 1;
    service.when(&begun, "with room, the same is a failure", is_hindered).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_sleeps_or_talks_forever_is_killed_when_its_time_is_over() {
    let service = Service::new().await;
    let running = service.start_worker(Worker { attempt_max: Duration::from_secs(2), ..service.worker() });
    for title in ["hangs", "chatters"] {
        let job = service.job(title).await;
        until_dead(service.hanging(&job).await).await;
        let job = service.ended(&job).await;
        let code = job.state.problem().map(|problem| problem.code.as_str());
        assert_eq!((code, job.attempt), (Some("job_quarantined"), 3), "{title}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_whose_bytes_are_gone_is_our_failure() {
    let service = Service::new().await;
    let checker = service.start();
    let job = service.job("hangs").await;
    service.hanging(&job).await;
    checker.stop().await;
    let key = domain::blob::BlobKey::upload_source(&job.inputs[0].upload);
    service.blobs.delete(&key).await.unwrap();
    let running = service.start();
    let waits = |job: &domain::job::Job| job.attempt == 1 && job.state.name() == StateName::Queued;
    service.when(&job, "the job is in backoff", waits).await;
    running.stop().await;
}
