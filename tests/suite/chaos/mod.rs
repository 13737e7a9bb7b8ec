//! Everything dies at random while jobs are ordered, and every job that was accepted comes out once.
//!
//! A short run is part of `make test`; `make chaos` runs 300 jobs with at least 100 faults on each database. Seed,
//! faults and the slowest recovery are printed; the same seed draws the same faults, though not at the same moments.

mod arena;
pub mod dice;
mod orders;
mod recovery;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fixtures::postgres::{Durability, Postgres};

use self::arena::Arena;
use self::orders::Orders;
use self::recovery::Recoveries;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Plan {
    seed: u64,
    jobs: usize,
    /// At least so many; injecting goes on until the last job is over.
    faults: usize,
}

impl Plan {
    /// `MIXRUNNERS_CHAOS="SEED JOBS FAULTS"`, or a short one.
    #[expect(clippy::disallowed_methods, reason = "`make chaos` asks for a longer run than `make test`")]
    fn new() -> Self {
        let Ok(asked) = std::env::var("MIXRUNNERS_CHAOS") else {
            return Self { seed: 1, jobs: 24, faults: 10 };
        };
        let numbers: Vec<u64> =
            asked.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let [seed, jobs, faults] = numbers[..] else { panic!("SEED JOBS FAULTS, not {asked:?}") };
        Self { seed, jobs: jobs as usize, faults: faults as usize }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_on_a_database_server_costs_nobody_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(Durability::Durable);
    let database = server.database();
    chaos(Arena::open(folder.path(), database, Some(server))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_on_one_host_costs_nobody_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("rows").display());
    chaos(Arena::open(folder.path(), database, None)).await;
}

async fn chaos(arena: Arena) {
    let plan = Plan::new();
    let orders = Arc::new(Orders::prepare(&arena, plan.jobs).await);
    let recoveries = Arc::new(Recoveries::new(orders.producer()));
    let is_over = Arc::new(AtomicBool::new(false));
    let injecting = tokio::task::spawn_blocking({
        let (is_over, recoveries, now) =
            (is_over.clone(), recoveries.clone(), tokio::runtime::Handle::current());
        move || arena.torment(plan, &is_over, &recoveries, &now)
    });
    let accepted = orders.give_all().await;
    let ended = orders.wait_for(&accepted).await;
    is_over.store(true, Ordering::Relaxed);
    let arena = injecting.await.expect("the injector does not fail");
    let hits = recoveries.hits();
    let recoveries = recoveries.all().await;
    println!(
        "chaos: {} seed {}, {} jobs, faults {:?}, {}",
        arena.database_kind(),
        plan.seed,
        ended.len(),
        arena.injected(),
        recovery::summary(&recoveries)
    );
    assert!(arena.injected().total() >= plan.faults, "a run without its faults proves nothing");
    verdict::judge(&arena, &orders, &ended, &recoveries, &hits).await;
}
