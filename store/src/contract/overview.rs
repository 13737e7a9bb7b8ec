//! What operators look at.

use std::time::Duration;

use domain::attempt::Room;
use domain::job::{JobKind, Stage, StateName};
use domain::lease::WorkerName;
use domain::problem::{Fault, Problem};
use domain::sandbox::Sandbox;

use super::world::{DAY, SECOND, World, digest, input_problem, made, our_problem};
use crate::operating::SignOfLife;
use crate::outcome::Enqueued;
use crate::overview::{Counted, Spread};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) async fn a_queue_tells_how_long_jobs_waited_and_ran(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let order = world.order(&anna.id, &upload);
    let pace = async || world.store.queue(world.now()).await.unwrap().pace;
    assert_eq!((pace().await.wait, pace().await.jobs), (None, 0), "the look at the upload is none");
    // Twenty jobs: the n-th waits n seconds, and runs two.
    for wait in 1..=20 {
        world.enqueue(&order).await;
        world.clock.advance(seconds(wait));
        let mut lease = world.lease("w1").await.unwrap().lease;
        if wait == 20 {
            // Its first run comes to nothing. It has not waited any longer, and its run is the last one.
            world.clock.advance(seconds(7));
            world.store.release(&lease, world.now()).await.unwrap();
            lease = world.lease("w1").await.unwrap().lease;
        }
        world.clock.advance(seconds(2));
        world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    }
    let told = pace().await;
    assert_eq!(told.jobs, 20);
    assert_eq!(told.wait, Some(Spread { p50: seconds(10), p95: seconds(19) }));
    assert_eq!(told.run, Some(Spread { p50: seconds(2), p95: seconds(2) }));
    // All of it took 257 s: each of the twenty was ordered and ended within the last five minutes.
    assert_eq!((told.ordered_per_minute, told.ended_per_minute), (4.0, 4.0));
    let waiting = world.enqueue(&order).await;
    world.clock.advance(seconds(299));
    let state = world.store.queue(world.now()).await.unwrap();
    assert_eq!((state.pace.ordered_per_minute, state.pace.ended_per_minute), (0.2, 0.2));
    assert_eq!(state.waiting_by_kind, [(JobKind::Master, 1)]);
    assert_eq!(state.oldest_waiting_since, Some(waiting.created_at));
    world.clock.advance(seconds(3600));
    assert_eq!(pace().await.wait, None, "an hour later it is no news");
}

pub(super) async fn failures_are_grouped_by_what_went_wrong_and_where(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let order = world.order(&anna.id, &upload);
    let began = world.now();
    let fail = async |problem: Problem| {
        let job = world.enqueue(&order).await;
        let lease = world.lease("w1").await.unwrap().lease;
        world.clock.advance(SECOND);
        world.store.fail(&lease, &problem, world.now()).await.unwrap();
        job.id
    };
    let decoding = Problem { stage: Some(Stage::Decode), ..input_problem() };
    let mut silent = vec![fail(decoding.clone()).await];
    fail(Problem { stage: Some(Stage::Encode), ..our_problem() }).await;
    silent.push(fail(decoding).await);
    fail(input_problem()).await;
    let failures = world.store.failures(began).await.unwrap();
    assert_eq!(failures.jobs, 4);
    let told: Vec<_> =
        failures.groups.iter().map(|one| (one.code.as_str(), one.stage, one.fault, one.count)).collect();
    let (input, ours) = (Some(Fault::Input), Some(Fault::Ours));
    let expected = [
        ("audio_silent", Some(Stage::Decode), input, 2),
        ("audio_silent", None, input, 1),
        ("disk_full", Some(Stage::Encode), ours, 1),
    ];
    assert_eq!(told, expected, "the largest first, then the latest");
    let largest = &failures.groups[0];
    assert_eq!((largest.first_at, largest.last_at), (began + SECOND, began + 3 * SECOND));
    assert!(silent.contains(&largest.sample) && largest.kind == Some(JobKind::Master), "{largest:?}");
    let lately = world.store.failures(began + 3 * SECOND).await.unwrap();
    assert_eq!((lately.jobs, lately.groups.len()), (1, 1));
}

pub(super) async fn workers_are_told_with_what_they_run_and_silent_ones_too(world: World) {
    let sign = async |name: &str, slots| {
        let sign = SignOfLife {
            name: WorkerName(name.into()),
            slots,
            version: "9.1.0".into(),
            sandbox: Sandbox::Full,
        };
        world.store.worker_seen(&sign, world.now()).await.unwrap();
    };
    sign("silent", 1).await;
    world.clock.advance(seconds(60));
    sign("busy", 2).await;
    let job = world.queued_job().await;
    let lease = world.lease("busy").await.unwrap().lease;
    let workers = world.store.workers(9).await.unwrap();
    let told: Vec<_> = workers
        .iter()
        .map(|worker| (worker.name.0.as_str(), worker.slots, worker.version.as_str(), worker.running.len()))
        .collect();
    assert_eq!(told, [("busy", 2, "9.1.0", 1), ("silent", 1, "9.1.0", 0)]);
    let running = &workers[0].running[0];
    assert_eq!((&running.id, running.kind, running.attempt), (&job.id, Some(JobKind::Master), 1));
    assert_eq!(running.since, Some(world.now()));
    assert_eq!(world.store.queue(world.now()).await.unwrap().workers.len(), 1, "one is alive");
    assert_eq!(world.store.workers(1).await.unwrap().len(), 1);
    world.store.release(&lease, world.now()).await.unwrap();
}

pub(super) async fn what_is_to_go_is_told_and_what_should_have_gone(world: World) {
    let job = world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let ended = world.now();
    let told = async || world.store.retention_state(world.now()).await.unwrap();
    let (none, some) =
        (Counted { count: 0, earliest: None }, |count, at| Counted { count, earliest: Some(at) });
    assert_eq!((told().await.jobs_due, told().await.uploads_due), (none, none));
    world.clock.advance(119 * DAY + SECOND);
    let due = ended + 120 * DAY;
    let soon = told().await; // the job, and the look at its upload
    assert_eq!((soon.jobs_due, soon.uploads_due, soon.jobs_overdue), (some(2, due), some(1, due), none));
    world.clock.advance(DAY);
    let late = told().await;
    assert_eq!((late.jobs_overdue, late.uploads_overdue, late.jobs_due), (some(2, due), some(1, due), none));
    assert_eq!(late.doomed_blobs, none);
    world.store.delete_job(&job.account, &job.id, world.now()).await.unwrap();
    let gone = told().await;
    assert_eq!((gone.jobs_overdue, gone.doomed_blobs), (some(1, due), some(1, world.now())));
    assert!(!gone.doomed_blobs.has_more());
}

pub(super) async fn a_full_queue_takes_no_more_and_still_knows_what_it_took(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let upload = world.ready_upload(&anna.id).await;
    let bens = world.ready_upload(&ben.id).await;
    let room = Room { per_account: 2, for_all: 3 };
    let order = async |order: &_| world.store.admit(order, room, None, world.now()).await.unwrap();
    let mut first = world.order(&anna.id, &upload);
    (first.idempotency_key, first.body_hash) = (Some("first".into()), digest(1));
    let other = world.order(&anna.id, &upload);
    let Enqueued::New(job) = order(&first).await else { panic!("there is room") };
    assert!(matches!(order(&other).await, Enqueued::New(_)));
    assert_eq!(order(&other).await, Enqueued::AccountFull);
    let Enqueued::Existing(again) = order(&first).await else { panic!("said again, it is no second job") };
    assert_eq!(again.id, job.id);
    assert!(matches!(order(&world.order(&ben.id, &bens)).await, Enqueued::New(_)));
    assert_eq!(order(&world.order(&ben.id, &bens)).await, Enqueued::QueueFull);
    world.lease("w1").await.unwrap();
    assert!(matches!(order(&world.order(&ben.id, &bens)).await, Enqueued::New(_)), "what runs takes no room");
    let all = world.store.everyones_jobs(Some(StateName::Queued), None, 9).await.unwrap();
    assert_eq!(all.len(), 3);
}
