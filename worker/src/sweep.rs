//! Ends what is overdue. Each sweep can be run at any time, by any number of workers.

use std::sync::Arc;
use std::time::Duration;

use domain::lease::SWEEP;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::Worker;

/// So many prefixes are deleted in one sweep.
const PREFIXES_PER_SWEEP: u32 = 100;

/// How often abandoned writes are looked for. The first time is when a worker starts.
const LOOK_FOR_ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Sweeps until `shutdown`: every second what others wait for, every hour what only takes room.
pub(crate) async fn run(worker: Arc<Worker>, shutdown: CancellationToken) {
    tokio::join!(often(&worker, &shutdown), seldom(&worker, &shutdown));
}

async fn often(worker: &Worker, shutdown: &CancellationToken) {
    let mut timer = every(SWEEP);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = timer.tick() => {}
        }
        expired_leases(worker).await;
        doomed_blobs(worker).await;
    }
}

async fn seldom(worker: &Worker, shutdown: &CancellationToken) {
    let mut timer = every(LOOK_FOR_ABANDONED);
    let sweeping = async {
        loop {
            timer.tick().await;
            abandoned_writes(worker).await;
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = sweeping => {}
    }
}

fn every(pause: Duration) -> Interval {
    let mut timer = tokio::time::interval(pause);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

/// Removes what processes left that died in the middle of a write.
async fn abandoned_writes(worker: &Worker) {
    match worker.blobs.remove_abandoned().await {
        Ok(0) => {}
        Ok(count) => tracing::warn!(count, "abandoned writes were removed"),
        Err(error) => tracing::error!(%error, "abandoned writes cannot be removed"),
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
