//! Whose turn it is.

use domain::ids::AccountId;
use domain::job::Job;

use super::world::{SECOND, World, made};

async fn enqueue_many(world: &World, account: &AccountId, count: usize) -> Vec<Job> {
    let upload = world.ready_upload(account).await;
    let order = world.order(account, &upload);
    let mut jobs = Vec::new();
    for _ in 0..count {
        jobs.push(world.enqueue(&order).await);
    }
    jobs
}

pub(super) async fn an_account_runs_two_jobs_at_a_time(world: World) {
    let anna = world.account("anna").await;
    enqueue_many(&world, &anna.id, 3).await;
    let first = world.lease("w1").await.unwrap().lease;
    assert!(world.lease("w1").await.is_some());
    assert!(world.lease("w1").await.is_none(), "a third must wait");
    world.store.complete(&first, &made(&first), world.now()).await.unwrap();
    assert!(world.lease("w1").await.is_some());
}

pub(super) async fn five_hundred_jobs_delay_anothers_single_job_by_one_job_at_most(world: World) {
    for slots in [1, 2] {
        let big = world.account(&format!("big{slots}")).await;
        let small = world.account(&format!("small{slots}")).await;
        // The case is real: hundreds of older jobs wait, and every slot is taken by them.
        let upload = world.ready_upload(&small.id).await;
        enqueue_many(&world, &big.id, 500).await;
        let mut running = Vec::new();
        for _ in 0..slots {
            running.push(world.lease("w1").await.unwrap());
            world.clock.advance(SECOND);
        }
        assert!(running.iter().all(|leased| leased.account == big.id));
        let single = world.enqueue(&world.order(&small.id, &upload)).await;
        assert_eq!(single.queue_position, Some(500 - slots));
        let done = &running[0].lease;
        world.store.complete(done, &made(done), world.now()).await.unwrap();
        let next = world.lease("w1").await.unwrap();
        assert_eq!(next.lease.job, single.id, "with {slots} slots");
        clear(&world, &[&big.id, &small.id]).await;
    }
}

async fn clear(world: &World, accounts: &[&AccountId]) {
    for account in accounts {
        for job in world.store.list_jobs(account, None, None, 1000).await.unwrap() {
            world.store.cancel(account, &job.id, world.now()).await.unwrap();
        }
    }
}

pub(super) async fn accounts_take_turns_on_one_slot(world: World) {
    let mut ids = Vec::new();
    for (name, count) in [("anna", 4), ("ben", 2), ("cleo", 1)] {
        let account = world.account(name).await;
        enqueue_many(&world, &account.id, count).await;
        ids.push((account.id, name));
        world.clock.advance(SECOND);
    }
    let mut turns = Vec::new();
    while let Some(leased) = world.lease("w1").await {
        let (_, name) = ids.iter().find(|(id, _)| *id == leased.account).unwrap();
        turns.push(*name);
        world.clock.advance(SECOND);
        world.store.complete(&leased.lease, &made(&leased.lease), world.now()).await.unwrap();
    }
    // The check of an upload was a turn too: anna's is longest ago.
    assert_eq!(turns, ["anna", "ben", "cleo", "anna", "ben", "anna", "anna"]);
}
