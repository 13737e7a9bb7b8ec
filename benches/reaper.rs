//! How long it takes until ten thousand jobs that are due at once are gone: rows, keys, bytes, looked at twice. SQLite
//! and a folder, as in `serve`; the clock is told, so that nobody waits 120 days, or the minute between two looks.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench reads the clock and fails loudly"
)]

mod nothing;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::clock::{Clock, Timestamp};
use domain::clock_trust::{Reading, Readings};
use domain::ids::SeededEntropy;
use domain::removal::BETWEEN_LOOKS;
use store::blobs::Blobs;
use store::blobs::Place as Shelf;
use store::{Place, Store};
use worker::reaper::Reaper;

use self::nothing::{complete, keyring, lease, now, open, orders};

const JOBS: usize = 10_000;
const LIFE: Duration = Duration::from_secs(121 * 86_400);
/// A job leaves a master, a preview and two reports.
const FILES: [&str; 4] = ["0-master.wav", "1-preview.flac", "2-report.json", "3-report.html"];

struct Told(Mutex<Reading>);

impl Told {
    fn advance(&self, by: Duration) {
        let mut reading = self.0.lock().unwrap();
        (reading.wall, reading.up) = (reading.wall + by, reading.up + by);
    }
}

impl Readings for Told {
    fn reading(&self) -> Reading {
        self.0.lock().unwrap().clone()
    }
}

impl Clock for Told {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().wall
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only wants to know that it builds
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(reap());
}

async fn reap() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(Place::Folder(folder.path()), 1).await;
    let shelf = folder.path().join("blobs");
    finished_jobs(&store, &shelf).await;
    let readings = Arc::new(Told(Mutex::new(Reading { wall: now(), up: LIFE, boot: "only".into() })));
    let entropy = Arc::new(SeededEntropy::new(2));
    let blobs =
        Blobs::open(Shelf::folder(&shelf).unwrap(), store.clone(), keyring(), readings.clone(), entropy);
    let reaper = Reaper { store: store.clone(), blobs: blobs.await.unwrap(), readings: readings.clone() };
    reaper.tick().await.unwrap();
    readings.advance(LIFE);
    // So much at once is what a reaper asks about first.
    store.thaw(JOBS as u64 * 2).await.unwrap();

    let began = Instant::now();
    let removed = reaper.tick().await.unwrap().removed;
    let unreadable = began.elapsed();
    readings.advance(BETWEEN_LOOKS);
    let emptied = reaper.tick().await.unwrap().emptied;
    println!("{removed} jobs and uploads removed, bytes deleted and looked at once after {unreadable:.1?}");
    println!("{emptied} places found empty twice after {:.1?}", began.elapsed());
    store.close().await;
}

async fn finished_jobs(store: &Store, shelf: &Path) {
    let orders = orders(store, 3).await;
    for number in 0..JOBS {
        store.enqueue(&orders[number % orders.len()], now()).await.unwrap();
        let leased = lease(store).await.unwrap();
        let place = shelf.join(format!("j/{}/{}", leased.lease.job, leased.lease.fence));
        std::fs::create_dir_all(&place).unwrap();
        for file in FILES {
            std::fs::write(place.join(file), [7; 4096]).unwrap();
        }
        complete(store, &leased).await;
    }
}
