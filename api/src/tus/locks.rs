//! One sender at a time for each upload, whichever process it reaches.

use std::time::Duration;

use domain::ids::UploadId;
use store::uploading::{Renewed, Taken, UploadLock};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Between two tries to get an upload that somebody else has.
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The right to send one upload, until it is released: a lease in the store, which this keeps alive.
pub(crate) struct Lock {
    app: App,
    held: UploadLock,
    news: watch::Receiver<News>,
    keeper: AbortHandle,
    is_released: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    None,
    /// Somebody else asks for the upload.
    Asked,
    /// Somebody else has it.
    Lost,
}

impl Lock {
    /// The right to send. Whoever has it is asked to stop if it has stalled, which is how a client gets past its own
    /// dead connection; 423 if that does not help soon.
    pub(crate) async fn take(app: &App, upload: &UploadId) -> ApiResult<Self> {
        let end = Instant::now() + app.limits.upload_lock_wait;
        loop {
            if let Some(lock) = Self::take_at_once(app, upload).await? {
                return Ok(lock);
            }
            if Instant::now() >= end {
                return Err(ApiError::UploadLocked);
            }
            tokio::select! {
                () = app.closing.cancelled() => return Err(ApiError::Closing),
                () = tokio::time::sleep(BETWEEN_TRIES) => {}
            }
        }
    }

    /// The same without waiting; `None` if somebody else has it.
    pub(crate) async fn take_at_once(app: &App, upload: &UploadId) -> ApiResult<Option<Self>> {
        match app.store.take_upload_lock(upload, app.now()).await? {
            Taken::Taken(held) => Ok(Some(Self::keep(app, held))),
            Taken::Held => Ok(None),
            Taken::Unknown => Err(ApiError::NotFound),
        }
    }

    fn keep(app: &App, held: UploadLock) -> Self {
        let (tell, news) = watch::channel(News::None);
        let keeper = tokio::spawn(keep_alive(app.clone(), held.clone(), tell)).abort_handle();
        Self { app: app.clone(), held, news, keeper, is_released: false }
    }

    /// As the store knows it.
    pub(crate) fn held(&self) -> &UploadLock {
        &self.held
    }

    /// Returns once somebody else has asked for the upload, and at once from then on.
    pub(crate) async fn asked(&self) {
        self.heard(|news| news != News::None).await;
    }

    /// Returns once somebody else has the upload.
    pub(crate) async fn lost(&self) {
        self.heard(|news| news == News::Lost).await;
    }

    async fn heard(&self, expected: impl Fn(News) -> bool) {
        let mut news = self.news.clone();
        if news.wait_for(|news| expected(*news)).await.is_err() {
            std::future::pending::<()>().await; // nobody is left to tell
        }
    }

    /// Gives it back. Wait for this before the answer goes out: the next request may come with it.
    pub(crate) async fn release(mut self) {
        self.is_released = true;
        release(&self.app, &self.held).await;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.keeper.abort();
        // The request was given up. Without this the lease would lapse a little later.
        if !self.is_released
            && let Ok(runtime) = Handle::try_current()
        {
            let (app, held) = (self.app.clone(), self.held.clone());
            runtime.spawn(async move { release(&app, &held).await });
        }
    }
}

async fn keep_alive(app: App, held: UploadLock, tell: watch::Sender<News>) {
    loop {
        tokio::time::sleep(app.limits.upload_lock_renewal).await;
        match app.store.renew_upload_lock(&held, app.now()).await {
            Ok(Renewed::Kept { asked: false }) => {}
            Ok(Renewed::Kept { asked: true }) => {
                tell.send_replace(News::Asked);
            }
            Ok(Renewed::Lost) => {
                tell.send_replace(News::Lost);
                return;
            }
            // Whether it was lost shows when bytes are to be acknowledged.
            Err(error) => {
                tracing::warn!(upload.id = %held.upload, %error, "an upload's lock was not renewed")
            }
        }
    }
}

async fn release(app: &App, held: &UploadLock) {
    if let Err(error) = app.store.release_upload_lock(held).await {
        tracing::warn!(upload.id = %held.upload, %error, "an upload's lock was not given back; it will lapse");
    }
}
