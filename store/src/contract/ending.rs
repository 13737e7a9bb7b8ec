//! How a job ends: once, and for good.

use domain::job::{Job, JobState, StateName};
use domain::lease::{LEASE, LeaseId};
use domain::removal::BETWEEN_LOOKS;

use super::world::{DAY, SECOND, World, input_problem, made, our_problem};
use crate::StoreError;
use crate::reaping::Look;

pub(super) async fn a_queued_job_that_is_cancelled_is_never_leased(world: World) {
    let job = world.queued_job().await;
    let cancelled = world.store.cancel(&job.account, &job.id, world.now()).await.unwrap().unwrap();
    assert_eq!(cancelled.state, JobState::Cancelled { at: world.now() });
    assert!(world.lease("w1").await.is_none());
}

pub(super) async fn a_running_job_that_is_cancelled_takes_the_lease_from_its_worker(world: World) {
    let job = world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.heartbeat(&lease, None, world.now()).await.expect("the case must be real");
    let mut changes = world.store.changes();
    world.store.cancel(&job.account, &job.id, world.now()).await.unwrap();
    assert_eq!(changes.recv().await.unwrap().state, StateName::Cancelled, "a worker hears of it");
    let beat = world.store.heartbeat(&lease, None, world.now()).await;
    assert!(matches!(beat, Err(StoreError::LeaseLost)), "{beat:?}");
    let late = world.store.complete(&lease, &made(&lease), world.now()).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    let job = world.again(&job).await;
    assert_eq!((job.state.name(), job.artifacts.len()), (StateName::Cancelled, 0));
}

pub(super) async fn a_job_that_is_over_cannot_be_cancelled(world: World) {
    let job = world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let before = world.again(&job).await;
    world.clock.advance(SECOND);
    let answer = world.store.cancel(&job.account, &job.id, world.now()).await.unwrap();
    assert_eq!(answer, Some(before));
}

/// 600 random events over a few jobs, half of them by workers whose lease may be long gone.
pub(super) async fn whatever_happens_a_job_ends_exactly_once(world: World) {
    let mut jobs: Vec<Job> = Vec::new();
    let mut leases: Vec<LeaseId> = Vec::new();
    let (mut stale, mut commits) = (0, 0);
    let names = ["anna", "ben", "cleo"];
    let mut uploads = Vec::new();
    for name in names {
        let account = world.account(name).await;
        uploads.push((account.id.clone(), world.ready_upload(&account.id).await));
    }
    for _ in 0..600 {
        let now = world.clock.advance(SECOND * u32::try_from(world.pick(4)).unwrap());
        match world.pick(8) {
            0 if jobs.len() < 40 => {
                let (account, upload) = &uploads[world.pick(3) as usize];
                jobs.push(world.enqueue(&world.order(account, upload)).await);
            }
            0 | 1 => leases.extend(world.lease("w").await.map(|leased| leased.lease)),
            2 => drop(world.store.sweep_expired_leases(now).await.unwrap()),
            3 if !jobs.is_empty() && world.pick(4) == 0 => {
                let job = &jobs[world.pick(jobs.len() as u64) as usize];
                world.store.cancel(&job.account, &job.id, now).await.unwrap();
            }
            _ if !leases.is_empty() => {
                // The newest half of the time, else any: most of those are long gone.
                let newest = leases.len() - 1;
                let which =
                    if world.pick(2) == 0 { newest } else { world.pick(leases.len() as u64) as usize };
                let lease = &leases[which];
                match write_back(&world, lease).await {
                    Ok(()) => commits += 1,
                    Err(StoreError::LeaseLost) => stale += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            _ => {}
        }
    }
    assert!(stale > 50 && commits > 50, "the case must be real: {stale} stale, {commits} committed");
    finish_all(&world).await;
    for job in &jobs {
        let history = world.history(&job.account, &job.id).await;
        let ends = history.iter().filter(|state| is_end(**state)).count();
        assert_eq!(ends, 1, "{history:?}");
        assert!(is_end(*history.last().unwrap()), "{history:?}");
        let job = world.again(job).await;
        let masters = usize::from(job.state.name() == StateName::Succeeded);
        assert_eq!(job.artifacts.len(), masters, "a master set if and only if it succeeded");
    }
}

fn is_end(state: StateName) -> bool {
    matches!(state, StateName::Succeeded | StateName::Failed | StateName::Cancelled)
}

async fn write_back(world: &World, lease: &LeaseId) -> Result<(), StoreError> {
    let (store, now) = (&world.store, world.now());
    match world.pick(8) {
        0 => store.complete(lease, &made(lease), now).await,
        1 => store.fail(lease, &input_problem(), now).await,
        2 => store.retry_later(lease, &our_problem(), now).await.map(drop),
        3 => store.process_died(lease, now).await.map(drop),
        4 => store.release(lease, now).await,
        _ => store.heartbeat(lease, None, now).await,
    }
}

async fn finish_all(world: &World) {
    loop {
        let now = world.clock.advance(SECOND * 400); // longer than any backoff and any lease
        world.store.sweep_expired_leases(now).await.unwrap();
        let Some(leased) = world.lease("w").await else { return };
        world.store.complete(&leased.lease, &made(&leased.lease), now).await.unwrap();
    }
}

pub(super) async fn an_abandoned_attempt_dooms_its_blobs_and_a_completed_one_does_not(world: World) {
    let job = world.queued_job().await;
    let silent = world.lease("w1").await.unwrap().lease;
    world.store.sweep_expired_leases(world.clock.advance(LEASE)).await.unwrap();
    let released = world.lease("w1").await.unwrap().lease;
    world.store.release(&released, world.now()).await.unwrap();
    let died = world.lease("w1").await.unwrap().lease;
    world.store.process_died(&died, world.now()).await.unwrap();
    let completed = world.lease("w1").await.unwrap().lease;
    world.store.complete(&completed, &made(&completed), world.now()).await.unwrap();
    let mut doomed = world.doomed().await;
    doomed.sort();
    let expected = [silent, released, died].map(|lease| format!("j/{}/{}/", job.id, lease.fence));
    assert_eq!(doomed, expected);
}

pub(super) async fn discarding_dooms_what_was_lost_and_never_what_was_committed(world: World) {
    let job = world.queued_job().await;
    let lost = world.lease("w1").await.unwrap().lease;
    world.store.sweep_expired_leases(world.clock.advance(LEASE)).await.unwrap();
    world.emptied(0).await;
    let kept = world.lease("w2").await.unwrap().lease;
    world.store.discard(&lost, world.now()).await.unwrap(); // it stored something after the sweep
    let listed = world.doomed_places().await.remove(0);
    world.store.looked(&listed, Look::Empty { deleted: 1 }, world.now()).await.unwrap();
    world.store.discard(&lost, world.now()).await.unwrap(); // and once more, between the two looks
    let ended = world.store.looked(&listed, Look::Empty { deleted: 0 }, world.now() + BETWEEN_LOOKS).await;
    assert!(!ended.unwrap());
    world.store.discard(&kept, world.now()).await.unwrap(); // at work
    world.store.complete(&kept, &made(&kept), world.now()).await.unwrap();
    world.store.discard(&kept, world.now()).await.unwrap(); // the answer to its commit was lost
    assert_eq!(world.doomed().await, [format!("j/{}/{}/", job.id, lost.fence)]);
}

pub(super) async fn every_end_is_followed_by_deletion_120_days_later(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    for end in [StateName::Succeeded, StateName::Failed, StateName::Cancelled] {
        let job = world.enqueue(&world.order(&anna.id, &upload)).await;
        assert_eq!(job.delete_at, None);
        let lease = world.lease("w1").await.unwrap().lease;
        let now = world.clock.advance(SECOND);
        match end {
            StateName::Succeeded => world.store.complete(&lease, &made(&lease), now).await.unwrap(),
            StateName::Failed => world.store.fail(&lease, &input_problem(), now).await.unwrap(),
            _ => drop(world.store.cancel(&anna.id, &job.id, now).await.unwrap()),
        }
        let job = world.again(&job).await;
        assert_eq!((job.state.name(), job.delete_at), (end, Some(now + DAY * 120)));
        assert!(job.artifacts.iter().all(|artifact| Some(artifact.delete_at) == job.delete_at));
    }
}
