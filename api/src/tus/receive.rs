//! The bytes of an upload, on their way from a connection to their place.

use axum::body::{Body, Bytes};
use domain::ids::UploadId;
use domain::upload::{Concat, Upload, UploadState};
use http_body_util::BodyExt;
use store::blobs::{Append, BlobError};
use tokio::time::Instant;

use super::Checksum;
use super::concat::Wish;
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
    let task = tokio::spawn(async move {
        let received = match Receiver::open(&app, &lock, upload, checksum).await {
            Ok(receiver) => receiver.run(body).await,
            Err(error) => Err(error),
        };
        lock.release().await;
        received
    });
    task.await.map_err(ApiError::internal)?
}

/// Completes an upload all of whose bytes are here, if that has not been done: after its last byte, and when
/// a crash came between that byte and this. A part stays as it is: it is no file. `upload` must have been read
/// while `lock` was held.
pub(crate) async fn finish_if_complete(app: &App, upload: &Upload, lock: &Lock) -> ApiResult<()> {
    if upload.state != UploadState::Receiving || upload.size_bytes != Some(upload.received_bytes) {
        return Ok(());
    }
    let stored = match &upload.concat {
        Concat::Partial => return Ok(()),
        Concat::Whole => app.blobs.assemble(&upload.id, upload.received_bytes).await?,
        Concat::Final { header } => app.blobs.join(&upload.id, &parts(app, upload, header).await?).await?,
    };
    app.store.finish_upload(lock.held(), &stored.sha256, app.now()).await?;
    Ok(())
}

/// The parts of an upload, with their lengths.
async fn parts(app: &App, upload: &Upload, header: &str) -> ApiResult<Vec<(UploadId, u64)>> {
    let lost = || ApiError::Internal(format!("the parts of {} are not there", upload.id).into());
    let Ok(Wish::Final { parts }) = Wish::parse(header) else { return Err(lost()) };
    let sizes = app.store.part_sizes(&upload.account, &parts).await?;
    parts.into_iter().zip(sizes).map(|(part, size)| Ok((part, size.ok_or_else(lost)?))).collect()
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
        let file = app.blobs.open_append(lock.held(), written).await?;
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
                self.discard().await;
                return Err(ApiError::ChecksumMismatch);
            }
        }
        self.record().await?;
        finish_if_complete(self.app, &self.upload, self.lock).await?;
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
            self.file.write(&bytes).await.map_err(overtaken)?;
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
            () = self.lock.lost() => Err(ApiError::UploadLocked),
            () = asked_and_silent => Err(ApiError::BodyStalled(stall_asked)),
            () = tokio::time::sleep(stall) => Err(ApiError::BodyStalled(stall)),
        }
    }

    /// Syncs what was written, then records it: never the other way round.
    async fn record(&mut self) -> ApiResult<()> {
        let recorded = self.upload.received_bytes;
        if self.written > recorded {
            self.file.sync().await.map_err(overtaken)?;
            if !self.app.store.advance_upload(self.lock.held(), recorded, self.written).await? {
                self.discard().await;
                return Err(super::headers::offset_moved());
            }
            self.file.acknowledged();
            self.upload.received_bytes = self.written;
        }
        Ok(())
    }
}

impl Receiver<'_> {
    /// Leaves nothing that will never count. What stays after all is deleted by the next sender.
    async fn discard(&mut self) {
        if let Err(error) = self.file.discard().await {
            tracing::warn!(upload.id = %self.upload.id, %error, "pieces that do not count were left");
        }
    }
}

/// A piece that was deleted while it was written was so by the next holder of the lock.
fn overtaken(error: BlobError) -> ApiError {
    match error {
        BlobError::Deleted { .. } => super::headers::offset_moved(),
        other => other.into(),
    }
}

/// 413: the body does not fit into what was announced.
pub(crate) fn beyond_length(size: u64) -> ApiError {
    let detail = format!("The body goes beyond the {size} bytes that the upload was announced with.");
    ApiError::TooLarge { code: "beyond_length", detail }
}
