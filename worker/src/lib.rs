//! Runs jobs: leases them, has them rendered in a child process, delivers what came out.
//!
//! **Invariants**: never decodes a stranger's bytes in its own process; everything it does may run twice and
//! comes out once; whoever loses a lease drops what it made.
//!
//! | module | what |
//! |---|---|
//! | this page | lease, attempt, repeat |
//! | `attempt` | the main path, from lease to commit |
//! | `fetch` | from a task to a request |
//! | `intake` | inputs come into scratch |
//! | `child` | the process that meets a stranger's file, as seen from outside |
//! | [`cage`] | what that process may do to the machine |
//! | [`protocol`] | what the two say to each other |
//! | [`render`] | the same process from inside, and the path of the command line |
//! | `heartbeat` | keeps a lease alive, and notices when it is lost |
//! | `deliver` | from scratch to blobs |
//! | `scratch` | an attempt's private folder |
//! | [`room`] | whether the disk has room for another attempt |
//! | [`figures`] | how it goes, for operators |
//! | `presence` | tells that the worker is alive |
//! | `sweep` | ends what is overdue |

mod attempt;
pub mod cage;
mod child;
mod deliver;
mod error;
mod fetch;
pub mod figures;
mod heartbeat;
mod intake;
mod presence;
pub mod protocol;
pub mod reaper;
pub mod render;
pub mod room;
mod scratch;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::ids::Entropy;
use domain::lease::WorkerName;
use domain::sandbox::Sandbox;
use room::{Disk, Room};
use store::outcome::Leased;
use store::{Blobs, Store};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A worker, and all it works with.
#[derive(Clone)]
pub struct Worker {
    /// The rows.
    pub store: Store,
    /// The bytes.
    pub blobs: Blobs,
    /// What is started as `PROGRAM render` for each attempt; see [`protocol`].
    pub program: PathBuf,
    /// Where attempts have their private folders. Wiped at the start: no other worker may use it.
    pub scratch: PathBuf,
    /// The time. Leases are measured with it.
    pub clock: Arc<dyn Clock>,
    /// For the worker's label, a new one at each start.
    pub entropy: Arc<dyn Entropy>,
    /// How many attempts run at the same time.
    pub slots: usize,
    /// An attempt that takes longer for each song is hung; [`ATTEMPT_MAX`] but in tests.
    pub attempt_max: Duration,
    /// What tells the room on the disk of `scratch`.
    pub disk: Arc<dyn Disk>,
    /// While less than this is free there, in bytes, nothing is claimed.
    pub keep_free: u64,
    /// How well the processes that decode are caged: `Full` once [`cage::prove`] has shown it.
    pub sandbox: Sandbox,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// Longer than any song takes.
pub const ATTEMPT_MAX: Duration = Duration::from_secs(15 * 60);
/// How often an idle worker looks without having been woken: another process may have enqueued, a backoff may
/// be over.
const POLL: Duration = Duration::from_millis(250);
/// How long it waits after the store failed.
const STORE_FAILED_WAIT: Duration = Duration::from_secs(1);

/// Works until `shutdown`; then gives running jobs back, which spends none of their attempts, and returns.
pub async fn run(worker: Worker, shutdown: CancellationToken) {
    if let Err(error) = scratch::wipe(&worker.scratch) {
        // Each attempt will say so again, and be tried later.
        tracing::error!(%error, "the scratch folder cannot be wiped");
    }
    let worker = Arc::new(worker);
    let name = name(&*worker.entropy);
    tracing::info!(worker = %name, slots = worker.slots, "working");
    let present = tokio::spawn(presence::run(worker.clone(), name.clone(), shutdown.clone()));
    let sweeping = tokio::spawn(sweep::run(worker.clone(), shutdown.clone()));
    let room = Arc::new(Room::new(worker.disk.clone(), &worker.scratch, worker.keep_free));
    let mut attempts = JoinSet::new();
    while !shutdown.is_cancelled() {
        let has_slot = attempts.len() < worker.slots;
        if has_slot
            && room.is_open()
            && let Some(leased) = lease_next(&worker, &name, &shutdown).await
        {
            attempts.spawn(attempt::run(worker.clone(), room.clone(), leased, shutdown.clone()));
            continue;
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            Some(ended) = attempts.join_next() => report_panic(ended),
            () = worker.store.wake().notified(), if has_slot => {}
            () = tokio::time::sleep(POLL), if has_slot => {}
        }
    }
    while let Some(ended) = attempts.join_next().await {
        report_panic(ended);
    }
    // It ends by itself; what it does not reach is done after the next start.
    let _ = sweeping.await;
    let _ = present.await;
    tracing::info!(worker = %name, "stopped");
}

async fn lease_next(worker: &Worker, name: &WorkerName, shutdown: &CancellationToken) -> Option<Leased> {
    match worker.store.lease_next(name, worker.clock.now()).await {
        Ok(leased) => leased,
        Err(error) => {
            tracing::error!(%error, "no work can be leased");
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(STORE_FAILED_WAIT) => {}
            }
            None
        }
    }
}

/// A label that no other start of a worker has.
fn name(entropy: &dyn Entropy) -> WorkerName {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    WorkerName(format!("w-{:08x}", u32::from_be_bytes(bytes)))
}

/// A panic of an attempt ends that attempt alone; its lease runs out.
fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an attempt panicked");
    }
}
