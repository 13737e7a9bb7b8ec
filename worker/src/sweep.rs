//! Ends what is overdue. Each sweep can be run at any time, by any number of workers.

use std::sync::Arc;

use domain::lease::SWEEP;
use tokio_util::sync::CancellationToken;

use crate::{Worker, figures};

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
                figures::died(figures::Death::Silent, one.state);
                let (job, state) = (one.lease.job, one.state.as_str());
                tracing::warn!(job.id = %job, state, "a lease expired");
            }
        }
        Err(error) => tracing::error!(%error, "expired leases cannot be swept"),
    }
}

/// Deletes the bytes that no row knows any more; a crash in between repeats the deletion.
async fn doomed_blobs(worker: &Worker) {
    let doomed = match worker.store.doomed_blobs(PREFIXES_PER_SWEEP).await {
        Ok(doomed) => doomed,
        Err(error) => return tracing::error!(%error, "doomed blobs cannot be listed"),
    };
    for one in doomed {
        let deleted = async {
            worker.blobs.delete_prefix(&one.prefix).await.map_err(|error| error.to_string())?;
            worker.store.blobs_removed(&one).await.map_err(|error| error.to_string())
        };
        if let Err(error) = deleted.await {
            tracing::error!(prefix = %one.prefix, error, "doomed blobs cannot be deleted");
        }
    }
}
