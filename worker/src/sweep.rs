//! Ends what is overdue. Each sweep can be run at any time, by any number of workers.

use std::sync::Arc;

use domain::lease::SWEEP;
use store::reaping::Look;
use tokio_util::sync::CancellationToken;

use crate::Worker;

/// So many prefixes are deleted in one sweep.
const PREFIXES_PER_SWEEP: u32 = 100;

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

/// Deletes the bytes that no row knows any more, and looks a second time later; a crash in between repeats the deletion.
async fn doomed_blobs(worker: &Worker) {
    let now = worker.clock.now();
    let doomed = match worker.store.doomed_blobs(now, PREFIXES_PER_SWEEP).await {
        Ok(doomed) => doomed,
        Err(error) => return tracing::error!(%error, "doomed blobs cannot be listed"),
    };
    for one in doomed {
        let look = match worker.blobs.delete_prefix(&one.prefix).await {
            Ok(()) => Look::Empty { deleted: 0 },
            Err(error) => {
                tracing::error!(prefix = %one.prefix, %error, "doomed blobs cannot be deleted");
                Look::Refused
            }
        };
        if let Err(error) = worker.store.looked(&one, look, worker.clock.now()).await {
            tracing::error!(prefix = %one.prefix, %error, "what became of doomed blobs cannot be written down");
        }
    }
}
