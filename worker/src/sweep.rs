//! Ends what is overdue. Each sweep can be run at any time, by any number of workers.

use std::sync::Arc;
use std::time::Duration;

use domain::lease::SWEEP;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::reaper::{places, removal_log};
use crate::{Worker, figures};

/// How often abandoned writes are looked for. The first time is when a worker starts.
const LOOK_FOR_ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Sweeps until `shutdown`: every second what others wait for, every hour what only takes room. None waits for another:
/// a bucket may take minutes to be emptied, and a lease that lapsed meanwhile is a job that nobody renders.
pub(crate) async fn run(worker: Arc<Worker>, shutdown: CancellationToken) {
    let sweeping = async {
        tokio::join!(
            again_and_again(SWEEP, &worker, expired_leases),
            again_and_again(SWEEP, &worker, doomed_blobs),
            again_and_again(LOOK_FOR_ABANDONED, &worker, abandoned_writes),
        )
    };
    // Each can be cut off anywhere, as a crash would.
    tokio::select! {
        () = shutdown.cancelled() => {}
        _ = sweeping => {}
    }
}

async fn again_and_again<Sweep: Future<Output = ()>>(
    pause: Duration,
    worker: &Arc<Worker>,
    sweep: impl Fn(Arc<Worker>) -> Sweep,
) {
    let mut timer = tokio::time::interval(pause);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        sweep(worker.clone()).await;
    }
}

/// Removes what processes left that died in the middle of a write.
async fn abandoned_writes(worker: Arc<Worker>) {
    match worker.blobs.remove_abandoned().await {
        Ok(0) => {}
        Ok(count) => tracing::warn!(count, "abandoned writes were removed"),
        Err(error) => tracing::error!(%error, "abandoned writes cannot be removed"),
    }
}

/// Puts the jobs of silent workers back into the queue.
async fn expired_leases(worker: Arc<Worker>) {
    match worker.store.sweep_expired_leases(worker.clock.now()).await {
        Ok(expired) => {
            for one in expired {
                figures::died(figures::Death::Silent, one.state);
                let (job, state) = (one.lease.job, one.state.as_str());
                tracing::warn!(job.id = %job, state, "a lease expired");
            }
        }
        Err(error) => tracing::error!(%error, "expired leases cannot be swept"),
    }
}

/// Writes down what was removed, and empties what attempts left behind, and what the reaper has given up: whoever
/// comes first.
async fn doomed_blobs(worker: Arc<Worker>) {
    let Worker { store, blobs, clock, .. } = &*worker;
    if let Err(error) = removal_log::write_down(store, blobs, clock.now()).await {
        tracing::error!(%error, "removals cannot be written down beside the bytes");
    }
    if let Err(error) = places::empty_all(&worker.store, &worker.blobs, worker.clock.now()).await {
        tracing::error!(%error, "doomed places cannot be listed");
    }
}
