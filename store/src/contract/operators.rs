//! What operators do to the queue, and what they and their users are told of it.

use std::time::Duration;

use domain::job::{Job, JobState, StateName};
use domain::lease::WorkerName;
use domain::sandbox::Sandbox;

use super::world::{SECOND, World, act, input_problem, made, our_problem};
use crate::operating::{Retried, SignOfLife};

pub(super) async fn a_paused_queue_gives_no_work_until_it_is_resumed(world: World) {
    let job = world.queued_job().await;
    let running = world.lease("w1").await.unwrap();
    let waiting = world.enqueue(&world.order(&job.account, &job.inputs[0].upload)).await;
    let pause = world.store.pause(&act("the disk is being changed"), world.now()).await.unwrap();
    assert_eq!((pause.since, pause.by.as_str()), (world.now(), "terminal"));
    assert_eq!(pause.reason, "the disk is being changed");
    world.clock.advance(SECOND);
    let again = world.store.pause(&act("it takes longer"), world.now()).await.unwrap();
    assert_eq!((again.since, again.reason.as_str()), (pause.since, "it takes longer"));
    assert!(world.lease("w1").await.is_none());
    assert_eq!(world.store.queue(world.now()).await.unwrap().pause, Some(again));
    world
        .store
        .complete(&running.lease, &made(&running.lease), world.now())
        .await
        .expect("what runs goes on");
    assert!(world.store.resume(&act("done"), world.now()).await.unwrap());
    assert!(!world.store.resume(&act("done"), world.now()).await.unwrap(), "once");
    assert_eq!(world.lease("w1").await.unwrap().lease.job, waiting.id);
}

pub(super) async fn a_retry_ends_a_backoff_and_makes_a_new_job_of_one_that_failed(world: World) {
    let job = world.queued_job().await;
    let retry =
        async |job: &Job| world.store.retry_anyones(&job.id, &act("again"), world.now()).await.unwrap();
    let lease = world.lease("w1").await.unwrap().lease;
    let running = world.again(&job).await;
    assert_eq!(retry(&job).await, Retried::Unchanged(running));
    world.store.retry_later(&lease, &our_problem(), world.now()).await.unwrap();
    assert!(world.lease("w1").await.is_none(), "the case must be real: it backs off");
    let Retried::Hastened(hastened) = retry(&job).await else { panic!("it waited") };
    assert_eq!(hastened.state, JobState::Queued { not_before: world.now() });
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.fail(&lease, &input_problem(), world.now()).await.unwrap();
    let failed = world.again(&job).await;
    let Retried::Again(again) = retry(&job).await else { panic!("it had failed") };
    assert_eq!(world.again(&job).await, failed, "what is over stays as it is");
    assert_ne!(again.id, job.id);
    assert_eq!((again.account, again.recipe, again.inputs), (failed.account, failed.recipe, failed.inputs));
    assert_eq!(world.lease("w1").await.unwrap().lease.job, again.id);
    let nobody = domain::ids::JobId::new(&*world.entropy);
    assert_eq!(
        world.store.retry_anyones(&nobody, &act("who?"), world.now()).await.unwrap(),
        Retried::Unknown
    );
}

pub(super) async fn operators_see_and_end_the_jobs_of_all(world: World) {
    let mut jobs = Vec::new();
    for name in ["anna", "ben"] {
        let account = world.account(name).await;
        let upload = world.ready_upload(&account.id).await;
        jobs.push(world.enqueue(&world.order(&account.id, &upload)).await);
        world.clock.advance(SECOND);
    }
    let ids = |jobs: &[Job]| jobs.iter().map(|job| job.id.clone()).collect::<Vec<_>>();
    let all = world.store.everyones_jobs(None, None, 9).await.unwrap();
    assert_eq!(ids(&all), [jobs[1].id.clone(), jobs[0].id.clone()]);
    let older = world.store.everyones_jobs(Some(StateName::Queued), Some(&jobs[1].id), 9).await.unwrap();
    assert_eq!(ids(&older), [jobs[0].id.clone()]);
    assert_eq!(world.store.anyones_job(&jobs[1].id).await.unwrap(), Some(world.again(&jobs[1]).await));
    let cancelled =
        world.store.cancel_anyones(&jobs[0].id, &act("in the way"), world.now()).await.unwrap().unwrap();
    assert_eq!(cancelled.state.name(), StateName::Cancelled);
    let state = world.store.queue(world.now()).await.unwrap();
    assert_eq!((state.waiting, state.running, state.backing_off, state.checks_waiting), (1, 0, 0, 0));
    assert_eq!(state.oldest_waiting_since, Some(jobs[1].created_at));
    world.checking_upload(&jobs[1].account).await;
    world.lease("w1").await.unwrap();
    let state = world.store.queue(world.now()).await.unwrap();
    assert_eq!((state.waiting + state.checks_waiting, state.running), (1, 1));
}

const RUN: Duration = Duration::from_secs(30);

fn sign(worker: &WorkerName) -> SignOfLife {
    SignOfLife { name: worker.clone(), slots: 2, version: "0.1.0".into(), sandbox: Sandbox::Full }
}

pub(super) async fn a_wait_is_estimated_once_there_is_something_to_go_by(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let order = world.order(&anna.id, &upload);
    let outlook = async || world.store.outlook(world.now()).await.unwrap();
    let worker = WorkerName("w1".into());
    for run in 0..5 {
        assert_eq!(outlook().await, None, "{run} runs tell nothing");
        world.store.worker_seen(&sign(&worker), world.now()).await.unwrap();
        world.enqueue(&order).await;
        let lease = world.lease("w1").await.unwrap().lease;
        world.clock.advance(RUN);
        world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    }
    assert_eq!(outlook().await, None, "its worker has been silent for half a minute");
    world.store.worker_seen(&sign(&worker), world.now()).await.unwrap();
    for _ in 0..5 {
        world.enqueue(&order).await;
    }
    world.lease("w1").await.unwrap();
    let seen = world.store.queue(world.now()).await.unwrap();
    assert_eq!((seen.typical_run, seen.workers[0].slots, seen.workers[0].running.len()), (Some(RUN), 2, 1));
    let outlook = outlook().await.expect("there is something to go by");
    assert_eq!((outlook.slots, outlook.typical_run), (2, RUN));
    let listed = world.store.list_jobs(&anna.id, Some(StateName::Queued), None, 9).await.unwrap();
    let waits: Vec<_> =
        listed.iter().rev().map(|job| outlook.wait(&anna.id, job.own_ahead.unwrap())).collect();
    assert_eq!(waits, [0.0, 7.5, 22.5, 37.5].map(Duration::from_secs_f64));
    assert_eq!(world.again(&listed[0]).await.own_ahead, listed[0].own_ahead);
    world.store.pause(&act("nothing is certain"), world.now()).await.unwrap();
    assert_eq!(world.store.outlook(world.now()).await.unwrap(), None);
    world.store.worker_left(&worker).await.unwrap();
    assert_eq!(world.store.queue(world.now()).await.unwrap().workers, []);
}
