//! The queue without any music in it: how many no-op jobs go through it in a second, and how long a job waits for an
//! idle worker. On both databases, both durable; and on PostgreSQL without waiting for the disk, which tells what the
//! rest costs.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench reads the clock and fails loudly"
)]

mod nothing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::order::Order;
use fixtures::postgres::{Durability, Postgres};
use store::{Place, Store};

use self::nothing::{ACCOUNTS, complete, lease, now, open, orders};

const BUSY_FOR: Duration = Duration::from_secs(10);
const HANDS: usize = 16;
const ORDERS: usize = 1000;
const BETWEEN_ORDERS: Duration = Duration::from_millis(10);
/// As a worker polls.
const POLL: Duration = Duration::from_millis(250);

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only wants to know that it builds
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    println!("| database | waiting at first | cycles/s | order to start, p50 | p99 | longest |");
    println!("|---|---|---|---|---|---|");
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(row("SQLite, one process", Place::Folder(folder.path())));
    for (name, durability) in
        [("PostgreSQL, two", Durability::Durable), ("the same, not waiting for the disk", Durability::Hasty)]
    {
        let server = Postgres::start(durability);
        runtime.block_on(row(name, Place::Server(&server.database())));
    }
}

async fn row(name: &str, place: Place<'_>) {
    // SQLite is for one process. On the server two have a store each, as an API and a worker would.
    let first = open(place, 1).await;
    let second = if matches!(place, Place::Folder(_)) { first.clone() } else { open(place, 2).await };
    let orders = Arc::new(orders(&first, 3).await);
    let mut waits = waits(&first, &second, &orders).await;
    waits.sort_unstable();
    for waiting in [0, 2000] {
        for number in 0..waiting {
            first.enqueue(&orders[number % ACCOUNTS], now()).await.unwrap();
        }
        let cycles = cycles([first.clone(), second.clone()], &orders).await;
        let part = |of: usize| format!("{:.1} ms", waits[(waits.len() - 1) * of / 100].as_secs_f64() * 1e3);
        println!("| {name} | {waiting} | {cycles:.0} | {} | {} | {} |", part(50), part(99), part(100));
    }
    first.close().await;
    second.close().await;
}

/// Hands that each order, lease and complete, over and over: whole cycles in a second.
async fn cycles(stores: [Store; 2], orders: &Arc<Vec<Order>>) -> f64 {
    let (began, done) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let hands: Vec<_> = (0..HANDS)
        .map(|hand| {
            let (store, orders, done) = (stores[hand % 2].clone(), orders.clone(), done.clone());
            tokio::spawn(async move {
                let mut turn = hand;
                while began.elapsed() < BUSY_FOR {
                    store.enqueue(&orders[turn % ACCOUNTS], now()).await.unwrap();
                    turn += HANDS;
                    if let Some(leased) = lease(&store).await {
                        complete(&store, &leased).await;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for hand in hands {
        hand.await.unwrap();
    }
    let per_second = done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    while let Some(leased) = lease(&stores[0]).await {
        complete(&stores[0], &leased).await;
    }
    per_second
}

/// From before an order is given in one process until an idle worker in the other has it.
async fn waits(api: &Store, worker: &Store, orders: &Arc<Vec<Order>>) -> Vec<Duration> {
    let (sender, mut started) = tokio::sync::mpsc::unbounded_channel();
    let idle = {
        let store = worker.clone();
        tokio::spawn(async move {
            loop {
                match lease(&store).await {
                    Some(leased) => {
                        sender.send((leased.lease.job.clone(), Instant::now())).unwrap();
                        complete(&store, &leased).await;
                    }
                    None => drop(tokio::time::timeout(POLL, store.wake().notified()).await),
                }
            }
        })
    };
    let mut waits = Vec::new();
    for number in 0..ORDERS {
        tokio::time::sleep(BETWEEN_ORDERS).await;
        let ordered = Instant::now();
        api.enqueue(&orders[number % ACCOUNTS], now()).await.unwrap();
        let (_, at) = started.recv().await.unwrap();
        waits.push(at - ordered);
    }
    idle.abort();
    let _ = idle.await;
    waits
}
