//! Ends what is overdue. Each sweep can be run at any time, by any number of workers.

use std::sync::Arc;

use domain::lease::SWEEP;
use tokio_util::sync::CancellationToken;

use crate::Worker;
use crate::reaper::places;

/// Sweeps every second until `shutdown`.
pub(crate) async fn run(worker: Arc<Worker>, shutdown: CancellationToken) {
    let mut timer = tokio::time::interval(SWEEP);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = timer.tick() => {}
        }
        expired_leases(&worker).await;
        doomed_blobs(&worker).await;
    }
}

/// Puts the jobs of silent workers back into the queue.
async fn expired_leases(worker: &Worker) {
    match worker.store.sweep_expired_leases(worker.clock.now()).await {
        Ok(expired) => {
            for one in expired {
                let (job, state) = (one.lease.job, one.state.as_str());
                tracing::warn!(job.id = %job, state, "a lease expired");
            }
        }
        Err(error) => tracing::error!(%error, "expired leases cannot be swept"),
    }
}

/// Empties what attempts left behind, and what the reaper has given up: whoever comes first.
async fn doomed_blobs(worker: &Worker) {
    if let Err(error) = places::empty_all(&worker.store, &worker.blobs, worker.clock.now()).await {
        tracing::error!(%error, "doomed places cannot be listed");
    }
}
