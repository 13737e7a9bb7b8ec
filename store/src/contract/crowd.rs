//! Many at once, in two processes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::ids::{AccountId, Entropy, SeededEntropy, UploadId};
use domain::job::{Job, StateName};
use domain::lease::{LEASE, WorkerName};
use domain::order::Order;
use domain::problem::Problem;
use tokio::task::JoinSet;

use super::world::{SECOND, World, input_problem, made, our_problem};
use crate::outcome::{Enqueued, Leased, Removal};
use crate::{Store, StoreError};

pub(super) async fn the_cap_holds_however_many_processes_ask_at_once(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    for _ in 0..20 {
        world.enqueue(&world.order(&anna.id, &upload)).await;
    }
    let stores = [world.store.clone(), world.beside().await];
    for round in 1..=5 {
        let mut asking = JoinSet::new();
        for store in stores.iter().cycle().take(24) {
            let (store, now) = (store.clone(), world.now());
            asking.spawn(async move { store.lease_next(&WorkerName("w".into()), now).await.unwrap() });
        }
        let leased: Vec<Leased> = asking.join_all().await.into_iter().flatten().collect();
        assert_eq!(leased.len(), 2, "round {round}");
        for one in leased {
            world.store.complete(&one.lease, &made(&one.lease), world.now()).await.unwrap();
        }
    }
}

const PEOPLE: usize = 12;
const ACTS: usize = 60;

/// Twelve people and workers on one account, in two processes, each doing what comes to mind. Nobody may ever meet
/// another error than a lost lease: no deadlock, no constraint.
pub(super) async fn a_crowd_at_one_account_meets_no_error_and_every_job_ends_once(world: World) {
    let anna = world.account("anna").await;
    let mut uploads = Vec::new();
    for _ in 0..3 {
        uploads.push(world.ready_upload(&anna.id).await);
    }
    let stores = [world.store.clone(), world.beside().await];
    let crowd = Arc::new(Crowd { anna: anna.id.clone(), uploads, world, ends: AtomicUsize::new(0) });
    let mut people = JoinSet::new();
    for (number, store) in (0..).zip(stores.into_iter().cycle().take(PEOPLE)) {
        let crowd = crowd.clone();
        people.spawn(async move { crowd.act(&store, &SeededEntropy::new(100 + number)).await });
    }
    people.join_all().await;
    assert!(crowd.ends.load(Ordering::Relaxed) > 20, "the case must be real: {crowd:?}");
    let Crowd { world, anna, .. } = Arc::into_inner(crowd).expect("all have gone");
    loop {
        let now = world.clock.advance(SECOND * 400);
        world.store.sweep_expired_leases(now).await.unwrap();
        let Some(leased) = world.lease("w").await else { break };
        world.store.complete(&leased.lease, &made(&leased.lease), now).await.unwrap();
    }
    let jobs = world.store.list_jobs(&anna, None, None, 10_000).await.unwrap();
    assert!(jobs.len() > 20, "the case must be real: {}", jobs.len());
    let mut ends = BTreeMap::new();
    for job in &jobs {
        let history = world.history(&anna, &job.id).await;
        let end = *history.last().expect("a line");
        *ends.entry(end.as_str()).or_insert(0) += 1;
        assert_eq!(history.iter().filter(|state| **state == end).count(), 1, "{history:?}");
        assert!(job.state.finished_at().is_some(), "{history:?}");
        assert_eq!(job.artifacts.len(), usize::from(end == StateName::Succeeded), "{history:?}");
    }
    assert!(ends.len() == 3, "every way to end was gone: {ends:?}");
}

struct Crowd {
    world: World,
    anna: AccountId,
    uploads: Vec<UploadId>,
    ends: AtomicUsize,
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ended", self.ends.load(Ordering::Relaxed))
    }
}

impl Crowd {
    async fn act(&self, store: &Store, chance: &SeededEntropy) {
        let mut jobs: Vec<Job> = Vec::new();
        for _ in 0..ACTS {
            match pick(chance, 8) {
                0 | 1 => jobs.extend(self.order(store, chance).await),
                2 if !jobs.is_empty() => {
                    let job = &jobs[pick(chance, jobs.len())];
                    store.cancel(&self.anna, &job.id, self.world.now()).await.unwrap();
                }
                3 => {
                    let unused = self.world.checking_upload(&self.anna).await;
                    let removal = store.delete_upload(&self.anna, &unused, self.world.now()).await.unwrap();
                    assert_eq!(removal, Removal::Removed);
                }
                4 => {
                    let now = self.world.clock.advance(LEASE / 20);
                    store.sweep_expired_leases(now).await.unwrap();
                }
                _ => self.work(store, chance).await,
            }
        }
    }

    /// The same three uploads for all, in any order, so that ends of jobs meet at them.
    async fn order(&self, store: &Store, chance: &SeededEntropy) -> Option<Job> {
        let first = pick(chance, self.uploads.len());
        let mut order: Order = self.world.order(&self.anna, &self.uploads[first]);
        order.wish.references = self.uploads.iter().rev().cycle().skip(first).take(2).cloned().collect();
        order.idempotency_key = (pick(chance, 2) == 0).then(|| format!("key-{}", pick(chance, 1000)));
        match store.enqueue(&order, self.world.now()).await.unwrap() {
            Enqueued::New(job) => Some(job),
            Enqueued::Existing(_) => None,
            other => panic!("{other:?}"),
        }
    }

    async fn work(&self, store: &Store, chance: &SeededEntropy) {
        let now = self.world.now();
        let Some(leased) = store.lease_next(&WorkerName("w".into()), now).await.unwrap() else { return };
        let (lease, problem): (_, Problem) = (&leased.lease, our_problem());
        let ended = match pick(chance, 8) {
            0 => store.fail(lease, &input_problem(), now).await,
            1 => store.release(lease, now).await,
            2 => store.process_died(lease, now).await.map(drop),
            3 => store.retry_later(lease, &problem, now).await.map(drop),
            4 => return, // falls silent
            _ => {
                let beat = store.heartbeat(lease, None, now).await;
                beat.and(store.complete(lease, &made(lease), now).await)
            }
        };
        match ended {
            Ok(()) => drop(self.ends.fetch_add(1, Ordering::Relaxed)),
            Err(StoreError::LeaseLost) => store.discard(lease, now).await.unwrap(),
            Err(error) => panic!("{error}"),
        }
    }
}

fn pick(chance: &SeededEntropy, bound: usize) -> usize {
    let mut bytes = [0; 4];
    chance.fill(&mut bytes);
    u32::from_le_bytes(bytes) as usize % bound
}
