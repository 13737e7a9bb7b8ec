//! The concatenation extension: a file is made of parts that came side by side.

use domain::ids::UploadId;
use domain::upload::{Upload, UploadState};
use store::outcome::NewUpload;
use store::uploading::{JoinRefusal, Joined};

use super::headers::file_too_large;
use super::locks::Lock;
use super::metadata::{Metadata, forget_metadata, keep_metadata};
use super::receive::finish_if_complete;
use crate::app::App;
use crate::error::{ApiError, ApiResult, Retry};

/// Makes an upload of finished parts, and does not answer before it has all their bytes itself. The same wish, told
/// again because its answer was lost, gets the same upload.
pub(crate) async fn join(
    app: &App,
    new: NewUpload,
    parts: &[UploadId],
    metadata: &Metadata,
) -> ApiResult<Upload> {
    keep_metadata(app, &new, metadata).await?;
    let joined = app.store.join_uploads(&new, parts, app.limits.upload_bytes, app.now()).await;
    let upload = match joined {
        Ok(Joined::New(upload)) => upload,
        Ok(Joined::Before(upload)) => {
            forget_metadata(app, &new).await;
            upload
        }
        Ok(Joined::Refused(refusal)) => {
            forget_metadata(app, &new).await;
            return Err(refused(refusal, app.limits.upload_bytes));
        }
        Err(error) => return Err(error.into()),
    };
    finished(app, upload).await
}

/// The upload with all its bytes, which are here, in their place.
async fn finished(app: &App, upload: Upload) -> ApiResult<Upload> {
    if upload.state != UploadState::Receiving {
        return Ok(upload);
    }
    let lock = Lock::take(app, &upload.id).await?;
    let app = app.clone();
    // To its end even when the client is gone, as with any body.
    let task = tokio::spawn(async move {
        let finished = finish_if_complete(&app, &upload, &lock).await;
        lock.release().await;
        finished?;
        app.store.upload(&upload.account, &upload.id).await?.ok_or(ApiError::NotFound)
    });
    task.await.map_err(ApiError::internal)?
}

fn refused(refusal: JoinRefusal, bytes_max: u64) -> ApiError {
    let conflict = |code, detail, retry| ApiError::Conflict { code, detail, retry };
    match refusal {
        JoinRefusal::Unknown(_) => ApiError::NotFound,
        JoinRefusal::NotPartial(id) => {
            let detail = format!("{id} is a file by itself; only `Upload-Concat: partial` makes a part.");
            conflict("not_partial", detail, Retry::Never)
        }
        JoinRefusal::Unfinished(id) => {
            conflict("part_unfinished", format!("Bytes of {id} are still missing."), Retry::Later)
        }
        JoinRefusal::Taken(id) => {
            conflict("part_taken", format!("{id} is a part of another upload already."), Retry::Never)
        }
        JoinRefusal::TooLarge(bytes) => file_too_large(bytes, bytes_max),
    }
}
