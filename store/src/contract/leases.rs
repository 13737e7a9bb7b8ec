//! Workers, alive and dead.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::job::{Job, JobState, StateName};
use domain::lease::{HEARTBEAT, LEASE, LeaseId};
use domain::problem::Fault;
use domain::task::Task;

use super::world::{SECOND, World, input_problem, made, our_problem};
use crate::StoreError;
use crate::outcome::Expired;

pub(super) async fn a_job_is_leased_worked_on_and_completed(world: World) {
    let job = world.queued_job().await;
    assert_eq!(job.state, JobState::Queued { not_before: world.now() });
    let leased = world.lease("w1").await.unwrap();
    assert_eq!((&leased.lease.job, leased.attempt, leased.until), (&job.id, 1, world.now() + LEASE));
    let expected = Task::Render {
        kind: job.kind,
        inputs: job.inputs.clone(),
        references: Vec::new(),
        recipe: Box::new(job.recipe.clone()),
        title: "Song".into(),
    };
    assert_eq!(leased.task, expected);
    let done_at = world.clock.advance(SECOND);
    world.store.complete(&leased.lease, &made(&leased.lease), done_at).await.unwrap();
    let done = world.again(&job).await;
    assert_eq!(done.state, JobState::Succeeded { at: done_at });
    assert_eq!(done.artifacts[0].blob, made(&leased.lease).artifacts[0].blob);
    let history = world.history(&job.account, &job.id).await;
    assert_eq!(history, [StateName::Queued, StateName::Running, StateName::Succeeded]);
}

pub(super) async fn two_workers_never_get_the_same_task(world: World) {
    let mut expected = BTreeSet::new();
    for number in 0..20 {
        let account = world.account(&format!("a{number}")).await;
        let upload = world.ready_upload(&account.id).await;
        // Two each, which is what an account may run.
        for _ in 0..2 {
            expected.insert(world.enqueue(&world.order(&account.id, &upload)).await.id);
        }
    }
    let leases: Vec<_> = (0..60)
        .map(|number| {
            let (store, now) = (world.store.clone(), world.now());
            let worker = domain::lease::WorkerName(format!("w{number}"));
            tokio::spawn(async move { store.lease_next(&worker, now).await.unwrap() })
        })
        .collect();
    let mut got = Vec::new();
    for lease in leases {
        got.extend(lease.await.unwrap().map(|leased| leased.lease.job));
    }
    assert_eq!(got.len(), 40, "every job once, and 20 workers went empty");
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), expected);
}

pub(super) async fn a_heartbeat_keeps_a_lease_alive(world: World) {
    world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    for _ in 0..20 {
        let now = world.clock.advance(HEARTBEAT);
        assert_eq!(world.store.sweep_expired_leases(now).await.unwrap(), []);
        world.store.heartbeat(&lease, None, now).await.unwrap();
    }
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
}

pub(super) async fn a_silent_workers_job_is_back_after_ten_seconds_with_one_death(world: World) {
    let job = world.queued_job().await;
    let first = world.lease("w1").await.unwrap().lease;
    let early = world.clock.advance(LEASE - Duration::from_micros(1));
    assert_eq!(world.store.sweep_expired_leases(early).await.unwrap(), []);
    let late = world.clock.advance(Duration::from_micros(1));
    let expired = world.store.sweep_expired_leases(late).await.unwrap();
    assert_eq!(expired, [Expired { lease: first.clone(), state: StateName::Queued }]);
    assert_eq!(world.store.sweep_expired_leases(late).await.unwrap(), [], "once");
    let second = world.lease("w2").await.unwrap();
    assert_eq!((second.attempt, second.lease.fence), (2, first.fence + 1));
    world.store.complete(&second.lease, &made(&second.lease), late).await.unwrap();
    let history = world.history(&job.account, &job.id).await;
    use StateName::{Queued, Running, Succeeded};
    assert_eq!(history, [Queued, Running, Queued, Running, Succeeded]);
}

pub(super) async fn a_stale_fence_commits_nothing(world: World) {
    let job = world.queued_job().await;
    let stale = world.lease("w1").await.unwrap().lease;
    let now = world.clock.advance(LEASE);
    world.store.sweep_expired_leases(now).await.unwrap();
    every_write_back_is_lost(&world, &stale, &job).await; // queued again
    let fresh = world.lease("w2").await.unwrap().lease;
    every_write_back_is_lost(&world, &stale, &job).await; // another worker's
    world.store.complete(&fresh, &made(&fresh), now).await.unwrap();
    every_write_back_is_lost(&world, &stale, &job).await; // over
    every_write_back_is_lost(&world, &fresh, &job).await; // over for its winner too
    let artifacts = world.again(&job).await.artifacts;
    let blobs: Vec<_> = artifacts.iter().map(|artifact| artifact.blob.clone()).collect();
    assert_eq!(blobs, [made(&fresh).artifacts[0].blob.clone()]);
}

async fn every_write_back_is_lost(world: &World, lease: &LeaseId, job: &Job) {
    let (store, now) = (&world.store, world.now());
    let before = (world.again(job).await, world.history(&job.account, &job.id).await);
    let answers = [
        ("heartbeat", store.heartbeat(lease, None, now).await),
        ("complete", store.complete(lease, &made(lease), now).await),
        ("fail", store.fail(lease, &input_problem(), now).await),
        ("retry later", store.retry_later(lease, &our_problem(), now).await.map(drop)),
        ("process died", store.process_died(lease, now).await.map(drop)),
        ("release", store.release(lease, now).await),
    ];
    for (name, answer) in answers {
        assert!(matches!(answer, Err(StoreError::LeaseLost)), "{name} gave {answer:?}");
    }
    let after = (world.again(job).await, world.history(&job.account, &job.id).await);
    assert_eq!(after, before, "nothing moved");
}

pub(super) async fn three_deaths_of_the_process_end_as_quarantined(world: World) {
    let job = world.queued_job().await;
    for state in [StateName::Queued, StateName::Queued, StateName::Failed] {
        let lease = world.lease("w1").await.unwrap().lease;
        assert_eq!(world.store.process_died(&lease, world.now()).await.unwrap(), state);
    }
    is_quarantined(&world, &job).await;
}

pub(super) async fn three_silent_workers_end_as_quarantined(world: World) {
    let job = world.queued_job().await;
    for state in [StateName::Queued, StateName::Queued, StateName::Failed] {
        let lease = world.lease("w1").await.unwrap().lease;
        let now = world.clock.advance(LEASE);
        assert_eq!(world.store.sweep_expired_leases(now).await.unwrap(), [Expired { lease, state }]);
    }
    is_quarantined(&world, &job).await;
}

async fn is_quarantined(world: &World, job: &Job) {
    let job = world.again(job).await;
    let problem = job.state.problem().expect("it failed");
    assert_eq!((problem.code.as_str(), problem.fault), ("job_quarantined", Fault::Ours));
    assert_eq!(job.attempt, 3);
    assert!(world.lease("w1").await.is_none(), "nobody tries it again");
}

pub(super) async fn a_release_spends_no_attempt(world: World) {
    let job = world.queued_job().await;
    for _ in 0..10 {
        let leased = world.lease("w1").await.unwrap();
        assert_eq!(leased.attempt, 1);
        world.store.release(&leased.lease, world.now()).await.unwrap();
        assert_eq!(world.again(&job).await.attempt, 0);
    }
}

pub(super) async fn our_failures_back_off_and_the_eighth_is_the_last(world: World) {
    let job = world.queued_job().await;
    let mut waited = Vec::new();
    for number in 1..=8 {
        let lease = world.lease("w1").await.unwrap_or_else(|| panic!("try {number}")).lease;
        let state = world.store.retry_later(&lease, &our_problem(), world.now()).await.unwrap();
        let JobState::Queued { not_before } = world.again(&job).await.state else {
            assert_eq!((state, number), (StateName::Failed, 8));
            continue;
        };
        let wait = not_before.since(world.now());
        world.clock.advance(wait - Duration::from_micros(1));
        assert!(world.lease("w1").await.is_none(), "not before its time");
        world.clock.advance(Duration::from_micros(1));
        waited.push(wait.as_secs_f64());
    }
    for (plain, waited) in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0].iter().zip(&waited) {
        assert!((0.8..=1.2).contains(&(waited / plain)), "{waited} s for {plain} s");
    }
    assert_eq!(waited.len(), 7);
    assert_eq!(world.again(&job).await.state.problem(), Some(&our_problem()));
}

pub(super) async fn a_bad_input_fails_at_once(world: World) {
    let job = world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.fail(&lease, &input_problem(), world.now()).await.unwrap();
    assert_eq!(world.again(&job).await.state.problem(), Some(&input_problem()));
    assert!(world.lease("w1").await.is_none());
}

pub(super) async fn new_work_wakes_a_worker(world: World) {
    let mut changes = world.store.changes();
    let job = world.queued_job().await;
    world.store.wake().notified().await; // a permit was left; otherwise this story never ends
    let mut queued = changes.recv().await.unwrap();
    while queued.job != job.id {
        queued = changes.recv().await.unwrap();
    }
    assert_eq!(queued.state, StateName::Queued);
}
