//! Keeps a lease alive on a timer of its own, and notices when it is lost.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Clock;
use domain::job::StateName;
use domain::lease::{HEARTBEAT, LEASE, LeaseId};
use store::outcome::{JobChange, Progress};
use store::{Store, StoreError};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::Worker;
use crate::figures::Stages;

/// At most so often is progress written: four times a second is as smooth as a bar needs, and each is a
/// commit.
const TELL_INTERVAL: Duration = Duration::from_millis(250);

/// How long the store may take to answer.
const ANSWER: Duration = Duration::from_secs(3);

/// The heart of one attempt. It stops when this is dropped.
pub(crate) struct Heartbeat {
    progress: watch::Sender<Option<Progress>>,
    stages: Mutex<Stages>,
    lost: CancellationToken,
    beating: JoinHandle<()>,
}

impl Heartbeat {
    pub(crate) fn start(worker: &Worker, lease: &LeaseId) -> Self {
        let (progress, told) = watch::channel(None);
        let lost = CancellationToken::new();
        let heart = Heart {
            store: worker.store.clone(),
            clock: worker.clock.clone(),
            lease: lease.clone(),
            told,
            lost: lost.clone(),
        };
        Self { progress, stages: Mutex::default(), lost, beating: tokio::spawn(heart.beat()) }
    }

    /// Where the attempt is. Only the latest is written, and not more often than a person sees.
    pub(crate) fn tell(&self, progress: Progress) {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner).at(progress.stage);
        self.progress.send_replace(Some(progress));
    }

    /// Returns when the lease is lost.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

struct Heart {
    store: Store,
    clock: Arc<dyn Clock>,
    lease: LeaseId,
    told: watch::Receiver<Option<Progress>>,
    lost: CancellationToken,
}

impl Heart {
    async fn beat(mut self) {
        let mut changes = self.store.changes();
        let mut timer = tokio::time::interval(HEARTBEAT);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut held_since = self.clock.now();
        loop {
            tokio::select! {
                _ = timer.tick() => {}
                Ok(()) = self.told.changed() => {}
                change = changes.recv() => if !self.may_have_lost(&change) { continue },
            }
            let progress = *self.told.borrow_and_update();
            let asked_at = self.clock.now();
            let renewal = self.store.heartbeat(&self.lease, progress, asked_at);
            match tokio::time::timeout(ANSWER, renewal).await {
                Ok(Ok(())) => held_since = asked_at,
                Ok(Err(StoreError::LeaseLost)) => return self.lost.cancel(),
                Ok(Err(error)) => tracing::warn!(job.id = %self.lease.job, %error, "a heartbeat failed"),
                Err(_) => tracing::warn!(job.id = %self.lease.job, "a heartbeat took too long"),
            }
            if self.clock.now().since(held_since) >= LEASE {
                // Nobody answers, and by now the job may be another worker's.
                return self.lost.cancel();
            }
            tokio::time::sleep(TELL_INTERVAL).await;
        }
    }

    /// Whether a change of some job is a reason to ask at once: ours does not run any more, or we cannot
    /// know.
    fn may_have_lost(&self, change: &Result<JobChange, RecvError>) -> bool {
        match change {
            Ok(change) => change.job == self.lease.job && change.state != StateName::Running,
            Err(_) => true,
        }
    }
}
