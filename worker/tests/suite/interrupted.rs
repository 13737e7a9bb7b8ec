//! Attempts that do not get to their end.

use std::path::Path;

use domain::clock::Clock;
use domain::job::StateName;
use domain::lease::LEASE;

use crate::service::{Service, is_alive, until_dead};

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_running_job_kills_its_child_and_leaves_nothing() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.job("hangs").await;
    let child = service.hanging(&job).await;
    assert!(is_alive(child), "the case must be real");
    service.store.cancel(&job.account, &job.id, service.clock.now()).await.unwrap();
    until_dead(child).await;
    service.swept().await;
    running.stop().await;
    let job = service.ended(&job).await;
    assert_eq!((job.state.name(), job.artifacts.len()), (StateName::Cancelled, 0));
    assert_eq!(service.blobs_of(&job), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_job_kills_its_child_too() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.job("hangs").await;
    let child = service.hanging(&job).await;
    service.store.delete_job(&job.account, &job.id, service.clock.now()).await.unwrap();
    until_dead(child).await;
    service.swept().await;
    running.stop().await;
    assert_eq!(service.blobs_of(&job), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_kills_the_child_and_the_next_attempt_finishes() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.job("hangs").await;
    let first = service.hanging(&job).await;
    let expired = service.store.sweep_expired_leases(service.clock.advance(LEASE)).await.unwrap();
    assert_eq!(expired.len(), 1, "the case must be real");
    until_dead(first).await;
    service.hanging(&job).await;
    service.let_it_go_on();
    let job = service.ended(&job).await;
    assert_eq!((job.state.name(), job.attempt), (StateName::Succeeded, 2));
    service.swept().await;
    assert_only_the_last_attempts_blobs(&service, &job).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_worker_gives_its_job_back_and_spends_no_attempt() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.job("hangs").await;
    let child = service.hanging(&job).await;
    running.stop().await;
    assert!(!is_alive(child), "a stopped worker has no children");
    let waiting = service.when(&job, "the job waits", |job| job.state.name() == StateName::Queued).await;
    assert_eq!(waiting.attempt, 0);
    service.let_it_go_on();
    let running = service.start();
    let job = service.ended(&job).await;
    assert_eq!((job.state.name(), job.attempt), (StateName::Succeeded, 1));
    service.swept().await;
    assert_only_the_last_attempts_blobs(&service, &job).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_job_is_finished_once_by_the_next() {
    let service = Service::new().await;
    let running = service.start();
    let job = service.job("hangs").await;
    service.hanging(&job).await;
    running.kill().await;
    // What a killed process leaves behind: scratch, and blobs of an attempt that was being delivered.
    let stray = service.path("blobs/j").join(job.id.as_str()).join("1");
    std::fs::create_dir_all(&stray).unwrap();
    std::fs::write(stray.join("0-master.wav24"), "half").unwrap();
    std::fs::create_dir_all(service.path("scratch/left")).unwrap();
    std::fs::write(service.path("scratch/left/behind"), "samples").unwrap();
    assert!(Path::new(&stray).exists(), "the case must be real");

    service.clock.advance(LEASE);
    service.let_it_go_on();
    let running = service.start();
    let job = service.ended(&job).await;
    assert_eq!((job.state.name(), job.attempt), (StateName::Succeeded, 2));
    use StateName::{Queued, Running, Succeeded};
    assert_eq!(service.history(&job).await, [Queued, Running, Queued, Running, Succeeded]);
    service.swept().await;
    assert_only_the_last_attempts_blobs(&service, &job).await;
    running.stop().await;
}

/// The committed set is there, and no byte of any other attempt.
async fn assert_only_the_last_attempts_blobs(service: &Service, job: &domain::job::Job) {
    let mut committed = Vec::new();
    for artifact in &job.artifacts {
        committed.push(artifact.blob.to_string());
        committed.extend(artifact.peaks.as_ref().map(ToString::to_string));
    }
    committed.sort();
    assert_eq!(committed.len(), 3);
    assert_eq!(service.blobs_of(job), committed);
}
