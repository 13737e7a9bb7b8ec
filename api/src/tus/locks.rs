//! One sender at a time for each upload.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::UploadId;
use tokio::sync::watch;

use crate::error::{ApiError, ApiResult};

/// The uploads that are being sent through this process. One process owns a folder of blobs, so this is
/// enough there; the recorded offset is compared and set in the database besides.
#[derive(Clone, Default)]
pub(crate) struct Locks(Arc<Mutex<HashMap<UploadId, watch::Sender<bool>>>>);

/// The right to send one upload, until it is dropped.
pub(crate) struct Lock {
    locks: Locks,
    upload: UploadId,
    asked: watch::Receiver<bool>,
}

impl Locks {
    /// The right to send, or 423 when somebody else has it: then that one is asked to stop if it has stalled,
    /// which is how a client gets past its own dead connection.
    pub(crate) fn take(&self, upload: &UploadId) -> ApiResult<Lock> {
        let mut held = self.held();
        if let Some(holder) = held.get(upload) {
            holder.send_replace(true);
            return Err(ApiError::UploadLocked);
        }
        let (ask, asked) = watch::channel(false);
        held.insert(upload.clone(), ask);
        Ok(Lock { locks: self.clone(), upload: upload.clone(), asked })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<UploadId, watch::Sender<bool>>> {
        // The map is whole between any two statements that hold it, so a panic elsewhere cannot have broken
        // it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lock {
    /// Returns once somebody else has asked for the upload, and at once from then on.
    pub(crate) async fn asked(&self) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await; // nobody is left to ask
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.locks.held().remove(&self.upload);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::ids::SeededEntropy;

    use super::*;

    #[tokio::test]
    async fn a_second_sender_waits_outside_and_the_first_hears_of_it() {
        let locks = Locks::default();
        let upload = UploadId::new(&SeededEntropy::new(1));
        let first = locks.take(&upload).unwrap();
        assert!(matches!(locks.take(&upload), Err(ApiError::UploadLocked)));
        let heard = tokio::time::timeout(Duration::from_secs(1), first.asked()).await;
        assert!(heard.is_ok(), "the second asked before");
        drop(first);
        assert!(locks.take(&upload).is_ok());
    }
}
