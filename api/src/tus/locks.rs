//! One sender at a time for each upload.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::UploadId;
use tokio::sync::Notify;

use crate::error::{ApiError, ApiResult};

/// The uploads that are being sent through this process. One process owns a folder of blobs, so this is enough
/// there; the recorded offset is compared and set in the database besides.
#[derive(Clone, Default)]
pub(crate) struct Locks(Arc<Mutex<HashMap<UploadId, Arc<Notify>>>>);

/// The right to send one upload, until it is dropped.
pub(crate) struct Lock {
    locks: Locks,
    upload: UploadId,
    asked: Arc<Notify>,
}

impl Locks {
    /// The right to send, or 423 when somebody else has it: then that one is asked to stop if it has stalled, which
    /// is how a client gets past its own dead connection.
    pub(crate) fn take(&self, upload: &UploadId) -> ApiResult<Lock> {
        let mut held = self.held();
        if let Some(holder) = held.get(upload) {
            holder.notify_one();
            return Err(ApiError::UploadLocked);
        }
        let asked = Arc::new(Notify::new());
        held.insert(upload.clone(), Arc::clone(&asked));
        Ok(Lock { locks: self.clone(), upload: upload.clone(), asked })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<UploadId, Arc<Notify>>> {
        // The map is whole between any two statements that hold it, so a panic elsewhere cannot have broken it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lock {
    /// Returns when somebody else asked for the upload.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.locks.held().remove(&self.upload);
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::SeededEntropy;

    use super::*;

    #[tokio::test]
    async fn a_second_sender_waits_outside_and_the_first_hears_of_it() {
        let locks = Locks::default();
        let upload = UploadId::new(&SeededEntropy::new(1));
        let first = locks.take(&upload).unwrap();
        assert!(matches!(locks.take(&upload), Err(ApiError::UploadLocked)));
        first.asked().await; // returns because the second asked before
        drop(first);
        assert!(locks.take(&upload).is_ok());
    }
}
