//! How the queue's cost grows with the number of workers. The audio is replaced by a sleep, the queue and the database
//! are real. It says what a worker more costs the database, and where it stops to help.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench reads the clock and fails loudly"
)]

mod nothing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::job::Stage;
use fixtures::postgres::{Durability, Postgres};
use store::outcome::Progress;
use store::{Place, Store};

use self::nothing::{complete, lease, now, open, orders};

/// Far shorter than a master takes, so that the queue is what is measured.
const RENDER: Duration = Duration::from_millis(100);
/// A worker tells where it is so often per job.
const HEARTBEATS: u32 = 3;
const WORKERS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
/// As many workers share a process, and with it a pool of ten connections.
const WORKERS_PER_PROCESS: usize = 8;
const POOL: usize = 10;
const BUSY_FOR: Duration = Duration::from_secs(8);
/// As a worker polls.
const POLL: Duration = Duration::from_millis(250);
/// What USER_HZ is on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only wants to know that it builds
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = Postgres::start(Durability::Durable);
    println!(
        "| workers | connections | jobs/s | of what {RENDER:?} allow | lease p50 | p99 \
         | CPU per job, ours | the server's |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for workers in WORKERS {
        runtime.block_on(row(&server, workers));
    }
}

async fn row(server: &Postgres, workers: usize) {
    let database = server.database();
    let mut stores = Vec::new();
    for process in 0..workers.div_ceil(WORKERS_PER_PROCESS) {
        stores.push(open(Place::Server(&database), process as u64 + 1).await);
    }
    let orders = Arc::new(orders(&stores[0], 99).await);
    // A backlog that cannot run dry.
    for number in 0..workers * (BUSY_FOR.as_millis() / RENDER.as_millis()) as usize + 50 {
        stores[0].enqueue(&orders[number % orders.len()], now()).await.unwrap();
    }
    let (ours, theirs) = (own_cpu(), server.cpu());
    let (began, done) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let hands: Vec<_> = (0..workers)
        .map(|n| tokio::spawn(work(stores[n / WORKERS_PER_PROCESS].clone(), began, done.clone())))
        .collect();
    let mut waits = Vec::new();
    for hand in hands {
        waits.extend(hand.await.unwrap());
    }
    let (took, done) = (began.elapsed().as_secs_f64(), done.load(Ordering::Relaxed) as f64);
    let (ours, theirs) = (own_cpu() - ours, server.cpu() - theirs);
    waits.sort_unstable();
    let part = |of: usize| waits[(waits.len() - 1) * of / 100].as_secs_f64() * 1e3;
    println!(
        "| {workers} | {} | {:.1} | {:.0} % | {:.1} ms | {:.1} ms | {:.2} ms | {:.2} ms |",
        stores.len() * POOL,
        done / took,
        100.0 * done / took * RENDER.as_secs_f64() / workers as f64,
        part(50),
        part(99),
        1e3 * ours / done,
        1e3 * theirs / done,
    );
    for store in &stores {
        store.close().await;
    }
}

/// Leases, pretends to render, tells where it is, completes; gives how long each lease took.
async fn work(store: Store, began: Instant, done: Arc<AtomicU64>) -> Vec<Duration> {
    let mut waits = Vec::new();
    while began.elapsed() < BUSY_FOR {
        let asked = Instant::now();
        let Some(leased) = lease(&store).await else {
            drop(tokio::time::timeout(POLL, store.wake().notified()).await);
            continue;
        };
        waits.push(asked.elapsed());
        for beat in 1..=HEARTBEATS {
            tokio::time::sleep(RENDER / HEARTBEATS).await;
            let progress =
                Progress { stage: Stage::Master, fraction: f64::from(beat) / f64::from(HEARTBEATS) };
            store.heartbeat(&leased.lease, Some(progress), now()).await.unwrap();
        }
        complete(&store, &leased).await;
        done.fetch_add(1, Ordering::Relaxed);
    }
    waits
}

/// What this process has used so far, in seconds.
fn own_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of proc(5), counted from the third, which follows the name.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS_PER_SECOND
}
