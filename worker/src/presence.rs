//! Tells the store that this worker is alive, for operators and for estimates. No lease depends on it.

use std::sync::Arc;
use std::time::Duration;

use domain::lease::WorkerName;
use store::operating::SignOfLife;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::Worker;

/// Three may be missed before a worker counts as silent.
const SIGN_OF_LIFE: Duration = Duration::from_secs(4);

/// Until `shutdown`.
pub(crate) async fn run(worker: Arc<Worker>, name: WorkerName, shutdown: CancellationToken) {
    let sign = SignOfLife {
        name: name.clone(),
        slots: u32::try_from(worker.slots).unwrap_or(u32::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sandbox: worker.sandbox,
    };
    let mut timer = tokio::time::interval(SIGN_OF_LIFE);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = timer.tick() => {}
        }
        if let Err(error) = worker.store.worker_seen(&sign, worker.clock.now()).await {
            tracing::warn!(%error, "nobody is told that this worker is alive");
        }
    }
    if let Err(error) = worker.store.worker_left(&name).await {
        tracing::warn!(%error, "nobody is told that this worker has ended");
    }
}
