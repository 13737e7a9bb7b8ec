//! The bytes of an upload, on their way from a connection to their place.

use axum::body::{Body, Bytes};
use domain::upload::{Upload, UploadState};
use http_body_util::BodyExt;
use store::blobs::Append;
use tokio::time::Instant;

use super::Checksum;
use super::headers::file_too_large;
use super::locks::Lock;
use super::rate::Rate;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::figures;

/// Takes `body` from the upload's recorded offset on; returns the new one.
///
/// Runs to its end even when the client is gone and nobody waits for the answer: that is when keeping what
/// arrived matters most. `upload` must have been read while `lock` was held.
pub(crate) async fn receive(
    app: App,
    lock: Lock,
    upload: Upload,
    body: Body,
    checksum: Option<Checksum>,
) -> ApiResult<u64> {
    let task =
        tokio::spawn(async move { Receiver::open(&app, &lock, upload, checksum).await?.run(body).await });
    task.await.map_err(ApiError::internal)?
}

/// Completes an upload all of whose bytes are here, if that has not been done: after its last byte, and when
/// a crash came between that byte and this.
pub(crate) async fn finish_if_complete(app: &App, upload: &Upload) -> ApiResult<()> {
    if upload.state != UploadState::Receiving || upload.size_bytes != Some(upload.received_bytes) {
        return Ok(());
    }
    let stored = app.blobs.assemble(&upload.id, upload.received_bytes).await?;
    app.store.finish_upload(&upload.id, &stored.sha256, app.now()).await?;
    Ok(())
}

struct Receiver<'a> {
    app: &'a App,
    lock: &'a Lock,
    upload: Upload,
    file: Append,
    /// Written, perhaps not yet synced.
    written: u64,
    checksum: Option<Checksum>,
}

impl<'a> Receiver<'a> {
    async fn open(
        app: &'a App,
        lock: &'a Lock,
        upload: Upload,
        checksum: Option<Checksum>,
    ) -> ApiResult<Receiver<'a>> {
        let written = upload.received_bytes;
        let file = app.blobs.open_append(&upload.id, written).await?;
        Ok(Self { app, lock, upload, file, written, checksum })
    }

    /// An error of `take_in` keeps nothing but what was recorded on the way; a body that broke off keeps all
    /// that came, unless a checksum was to vouch for it and now cannot.
    async fn run(mut self, body: Body) -> ApiResult<u64> {
        let broken = self.take_in(body).await?;
        if let Some(checksum) = self.checksum.take() {
            if let Some(broken) = broken {
                return Err(broken);
            }
            if !checksum.agrees() {
                return Err(ApiError::ChecksumMismatch);
            }
        }
        self.record().await?;
        finish_if_complete(self.app, &self.upload).await?;
        broken.map_or(Ok(self.upload.received_bytes), Err)
    }

    /// Writes the body; says how it broke off, if it did.
    async fn take_in(&mut self, mut body: Body) -> ApiResult<Option<ApiError>> {
        let limits = &self.app.limits;
        let max = limits.upload_bytes;
        let mut rate = Rate::new(limits.upload_slowest_over, limits.upload_slowest_bytes, Instant::now());
        loop {
            let bytes = match self.next(&mut body).await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(None),
                Err(broken) => return Ok(Some(broken)),
            };
            figures::uploaded(bytes.len() as u64);
            let after = self.written + bytes.len() as u64;
            match self.upload.size_bytes {
                Some(size) if after > size => return Err(beyond_length(size)),
                None if after > max => return Err(file_too_large("more", max)),
                _ => {}
            }
            self.file.write(&bytes).await?;
            self.written = after;
            if let Some(checksum) = &mut self.checksum {
                checksum.add(&bytes);
            } else if self.written - self.upload.received_bytes >= self.app.limits.upload_sync_bytes {
                self.record().await?;
            }
            if let Err(too_slow) = rate.came(bytes.len(), Instant::now()) {
                return Ok(Some(too_slow));
            }
        }
    }

    /// The next bytes, or `None` at the end of the body. A body that falls silent is given up, and sooner
    /// when somebody else waits for the upload.
    async fn next(&self, body: &mut Body) -> ApiResult<Option<Bytes>> {
        let (stall, stall_asked) = (self.app.limits.body_stall, self.app.limits.body_stall_asked);
        let asked_and_silent = async {
            self.lock.asked().await;
            tokio::time::sleep(stall_asked).await;
        };
        let data = async {
            loop {
                match body.frame().await {
                    None => return Ok(None),
                    Some(Err(_)) => {
                        return Err(ApiError::MalformedRequest("The connection broke.".to_owned()));
                    }
                    Some(Ok(frame)) => {
                        if let Ok(bytes) = frame.into_data() {
                            return Ok(Some(bytes)); // what is no data is a trailer: there are none in tus
                        }
                    }
                }
            }
        };
        tokio::select! {
            data = data => data,
            () = self.app.closing.cancelled() => Err(ApiError::Closing),
            () = asked_and_silent => Err(ApiError::BodyStalled(stall_asked)),
            () = tokio::time::sleep(stall) => Err(ApiError::BodyStalled(stall)),
        }
    }

    /// Syncs what was written, then records it: never the other way round.
    async fn record(&mut self) -> ApiResult<()> {
        let recorded = self.upload.received_bytes;
        if self.written > recorded {
            self.file.sync().await?;
            if !self.app.store.advance_upload(&self.upload.id, recorded, self.written).await? {
                return Err(super::headers::offset_moved());
            }
            self.upload.received_bytes = self.written;
        }
        Ok(())
    }
}

/// 413: the body does not fit into what was announced.
pub(crate) fn beyond_length(size: u64) -> ApiError {
    let detail = format!("The body goes beyond the {size} bytes that the upload was announced with.");
    ApiError::TooLarge { code: "beyond_length", detail }
}
