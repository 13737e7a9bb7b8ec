//! Ends what is overdue. Each sweep can be run at any time, by any number of workers.

use std::sync::Arc;
use std::time::Duration;

use domain::lease::SWEEP;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::reaper::places;
use crate::{Worker, figures};

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
                figures::died(figures::Death::Silent, one.state);
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
