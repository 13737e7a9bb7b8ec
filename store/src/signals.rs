//! What listeners in this process are told after a commit. A signal may be missed; the rows are the truth.

use tokio::sync::{Notify, broadcast};

use crate::outcome::JobChange;

/// How many changes a listener may be behind before it skips some.
const CHANGES_KEPT: usize = 1024;

pub(crate) struct Signals {
    pub(crate) wake: Notify,
    pub(crate) changes: broadcast::Sender<JobChange>,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self { wake: Notify::new(), changes: broadcast::channel(CHANGES_KEPT).0 }
    }

    pub(crate) fn tell(&self, changes: Vec<JobChange>, new_work: usize) {
        for change in changes {
            // No listener is no error.
            let _ = self.changes.send(change);
        }
        for _ in 0..new_work {
            self.wake.notify_one();
        }
    }
}
