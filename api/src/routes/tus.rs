//! `/v1/uploads`, the protocol tus: how files come.

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::UploadId;
use domain::retention::Retention;
use domain::scope::Scope;
use domain::upload::{Concat, Upload, UploadState};
use store::outcome::{Admitted, NewUpload, Removal, UploadRoom};

use super::uploads::{alive, finished_if_complete};
use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult, Retry};
use crate::extract::Id;
use crate::file_name;
use crate::tus::{self, Checksum, Length, Metadata, Sender, TusVersion, Wish};

/// What this service offers of tus.
#[utoipa::path(options, path = "/v1/uploads", tag = "uploads", responses((status = 204)))]
pub(crate) async fn offer(State(app): State<App>) -> Response {
    let headers = [
        ("tus-version", tus::VERSION.to_owned()),
        ("tus-extension", tus::EXTENSIONS.to_owned()),
        ("tus-checksum-algorithm", tus::ALGORITHMS.to_owned()),
        ("tus-max-size", app.limits.upload_bytes.to_string()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Begins an upload. With a body of `application/offset+octet-stream`, its first bytes come along.
#[utoipa::path(
    post, path = "/v1/uploads", tag = "uploads",
    security(("key" = ["uploads:write"]), ("session" = [])),
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Length" = Option<u64>, Header, description = "Or `Upload-Defer-Length: 1`."),
        ("Upload-Metadata" = Option<String>, Header, description = "`filename BASE64,filetype BASE64`"),
        ("Upload-Concat" = Option<String>, Header, description = "`partial`, or `final;URL URL …` of parts."),
    ),
    responses((status = 201, description = "`Location` is where to send."), ApiError)
)]
pub(crate) async fn create(
    State(app): State<App>,
    _: TusVersion,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<Response> {
    caller.must(Scope::UploadsWrite)?;
    let sender = Sender(&headers);
    let metadata = metadata(&sender)?;
    let name = file_name::shown(metadata.filename.as_deref().unwrap_or_default());
    let now = app.now();
    let new = NewUpload {
        id: UploadId::new(app.entropy.as_ref()),
        account: caller.account.id.clone(),
        metadata: metadata.kept(&name),
        name,
        filetype: metadata.filetype.clone(),
        concat: Concat::Whole,
        size_bytes: None,
        expires_at: Retention::POLICY.of_new_upload(now),
    };
    let upload = match sender.concat()? {
        Some((header, Wish::Final { parts })) => {
            let concat = Concat::Final { header: header.to_owned() };
            tus::join(&app, NewUpload { concat, ..new }, &parts, &metadata).await?
        }
        Some((_, Wish::Partial)) => {
            let new = NewUpload { concat: Concat::Partial, ..new };
            begin(&app, new, &metadata, &sender, body).await?
        }
        None => begin(&app, new, &metadata, &sender, body).await?,
    };
    let location = HeaderValue::try_from(format!("/v1/uploads/{}", upload.id)).map_err(ApiError::internal)?;
    let mut answer = progress(StatusCode::CREATED, &upload);
    answer.headers_mut().insert(header::LOCATION, location);
    add_concat(&mut answer, &upload.concat);
    Ok(answer)
}

/// Begins an upload that brings its bytes itself.
async fn begin(
    app: &App,
    new: NewUpload,
    metadata: &Metadata,
    sender: &Sender<'_>,
    body: Body,
) -> ApiResult<Upload> {
    let size_bytes = match sender.length(app.limits.upload_bytes)? {
        Length::Known(size) => Some(size),
        Length::Deferred => None,
    };
    let new = NewUpload { size_bytes, ..new };
    let brings_bytes = sender.brings_bytes()?;
    let checksum = checksum(sender)?;
    check_room(sender, 0, size_bytes, app)?;
    let upload = admitted(app, &new).await?;
    let received = async {
        tus::keep_metadata(app, &new, metadata).await?;
        if !brings_bytes && size_bytes != Some(0) {
            return Ok(0);
        }
        let lock = tus::Lock::take(app, &upload.id).await?;
        let body = if brings_bytes { body } else { Body::empty() };
        tus::receive(app.clone(), lock, upload.clone(), body, checksum).await
    };
    match received.await {
        Ok(received_bytes) => Ok(Upload { received_bytes, ..upload }),
        Err(error) => {
            // The client has not heard the id yet and can never use it.
            app.store.delete_upload(&upload.account, &upload.id, app.now()).await?;
            Err(error)
        }
    }
}

/// The upload, if its account has room for it.
async fn admitted(app: &App, new: &NewUpload) -> ApiResult<Upload> {
    let room = UploadRoom { account_bytes: app.limits.account_bytes, longest_bytes: app.limits.upload_bytes };
    match app.store.admit_upload(new, &room, app.now()).await? {
        Admitted::New(upload) => Ok(*upload),
        Admitted::Full { taken_bytes } => {
            let needed = new.size_bytes.unwrap_or(room.longest_bytes);
            Err(tus::account_full(needed, taken_bytes, room.account_bytes))
        }
    }
}

/// How far an upload has come.
#[utoipa::path(
    head, path = "/v1/uploads/{id}", tag = "uploads",
    security(("key" = ["uploads:write"]), ("session" = [])),
    params(
        ("id" = String, Path, description = "An upload's id."),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
    ),
    responses((status = 200, description = "`Upload-Offset` bytes are on disk."), ApiError)
)]
pub(crate) async fn offset(
    State(app): State<App>,
    _: TusVersion,
    caller: Caller,
    Id(id): Id<UploadId>,
) -> ApiResult<Response> {
    caller.must(Scope::UploadsWrite)?;
    let upload = finished_if_complete(&app, alive(&app, &caller, &id).await?).await?;
    let mut answer = progress(StatusCode::OK, &upload);
    let headers = answer.headers_mut();
    match upload.size_bytes {
        Some(size) => headers.insert("upload-length", HeaderValue::from(size)),
        None => headers.insert("upload-defer-length", HeaderValue::from_static("1")),
    };
    let metadata = tus::metadata_of(&app, &upload).await?;
    if let Some(metadata) = metadata.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert("upload-metadata", metadata);
    }
    add_concat(&mut answer, &upload.concat);
    Ok(answer)
}

/// Sends bytes from `Upload-Offset` on.
#[utoipa::path(
    patch, path = "/v1/uploads/{id}", tag = "uploads",
    security(("key" = ["uploads:write"]), ("session" = [])),
    params(
        ("id" = String, Path, description = "An upload's id."),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Offset" = u64, Header, description = "Where the body begins."),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1`, `sha256`, `crc32c`; base64."),
    ),
    request_body(content_type = "application/offset+octet-stream", content = String),
    responses((status = 204, description = "`Upload-Offset` bytes are on disk."), ApiError)
)]
pub(crate) async fn send(
    State(app): State<App>,
    _: TusVersion,
    caller: Caller,
    Id(id): Id<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<Response> {
    caller.must(Scope::UploadsWrite)?;
    let sender = Sender(&headers);
    if !sender.brings_bytes()? {
        return Err(ApiError::WrongContentType { expected: tus::OFFSET_STREAM });
    }
    let offset = sender.offset()?;
    let checksum = checksum(&sender)?;
    let total = sender.total(app.limits.upload_bytes)?;
    // Before the lock, so that a stranger learns nothing from it.
    if matches!(alive(&app, &caller, &id).await?.concat, Concat::Final { .. }) {
        return Err(ApiError::FinalUpload);
    }
    let lock = tus::Lock::take(&app, &id).await?;
    let wish = Wanted { sender: &sender, offset, total };
    let upload = match ready(&app, &caller, &lock, &wish).await {
        Ok(upload) if upload.state == UploadState::Receiving => upload,
        other => {
            lock.release().await;
            return repeated(&other?, offset, &body);
        }
    };
    let offset = tus::receive(app, lock, upload.clone(), body, checksum).await?;
    Ok(progress(StatusCode::NO_CONTENT, &Upload { received_bytes: offset, ..upload }))
}

/// What a request to send says of itself.
struct Wanted<'a> {
    sender: &'a Sender<'a>,
    offset: u64,
    total: Option<u64>,
}

/// The upload as it stands while it is locked, if what is sent fits.
async fn ready(app: &App, caller: &Caller, lock: &tus::Lock, wanted: &Wanted<'_>) -> ApiResult<Upload> {
    let mut upload = alive(app, caller, &lock.held().upload).await?;
    if upload.state != UploadState::Receiving {
        return Ok(upload);
    }
    if let Some(total) = wanted.total {
        settle_length(app, lock, &mut upload, total).await?;
    }
    if wanted.offset != upload.received_bytes {
        return Err(tus::offset_moved());
    }
    check_room(wanted.sender, wanted.offset, upload.size_bytes, app)?;
    Ok(upload)
}

/// Ends an upload and deletes its bytes.
#[utoipa::path(
    delete, path = "/v1/uploads/{id}", tag = "uploads",
    security(("key" = ["uploads:write"]), ("session" = [])),
    params(
        ("id" = String, Path, description = "An upload's id."),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
    ),
    responses((status = 204), ApiError)
)]
pub(crate) async fn terminate(
    State(app): State<App>,
    _: TusVersion,
    caller: Caller,
    Id(id): Id<UploadId>,
) -> ApiResult<StatusCode> {
    caller.must(Scope::UploadsWrite)?;
    app.store.upload(&caller.account.id, &id).await?.ok_or(ApiError::NotFound)?;
    let lock = tus::Lock::take(&app, &id).await?;
    let removal = app.store.delete_upload(&caller.account.id, &id, app.now()).await;
    lock.release().await;
    match removal? {
        Removal::Removed => Ok(StatusCode::NO_CONTENT), // the reaper takes the bytes, within seconds
        Removal::InUse => Err(in_use()),
        Removal::Unknown => Err(ApiError::NotFound),
    }
}

/// A request for a finished upload: fine when it repeats the end, whose answer may have been lost.
fn repeated(upload: &Upload, offset: u64, body: &Body) -> ApiResult<Response> {
    if offset == upload.received_bytes && body.is_end_stream() {
        return Ok(progress(StatusCode::NO_CONTENT, upload));
    }
    Err(ApiError::UploadFinished)
}

/// Fixes a length that was deferred. Said again, it must be the same.
async fn settle_length(app: &App, lock: &tus::Lock, upload: &mut Upload, total: u64) -> ApiResult<()> {
    if !app.store.declare_upload_size(lock.held(), total).await? && upload.size_bytes != Some(total) {
        let detail = format!("`Upload-Length` is {total}, which is not what was said or sent before.");
        return Err(ApiError::Conflict { code: "length_mismatch", detail, retry: Retry::Never });
    }
    upload.size_bytes = Some(total);
    Ok(())
}

/// Refuses a body that says itself that it does not fit, before a byte of it is read.
fn check_room(sender: &Sender<'_>, offset: u64, size: Option<u64>, app: &App) -> ApiResult<()> {
    let end = offset.saturating_add(sender.content_length().unwrap_or(0));
    let max = app.limits.upload_bytes;
    match size {
        Some(size) if end > size => Err(tus::beyond_length(size)),
        None if end > max => Err(tus::file_too_large(end, max)),
        _ => Ok(()),
    }
}

fn metadata(sender: &Sender<'_>) -> ApiResult<Metadata> {
    let Some(text) = sender.text("upload-metadata")? else { return Ok(Metadata::default()) };
    Metadata::parse(text).map_err(|why| ApiError::MetadataInvalid(format!("`Upload-Metadata`: {why}.")))
}

fn checksum(sender: &Sender<'_>) -> ApiResult<Option<Checksum>> {
    let Some(text) = sender.text("upload-checksum")? else { return Ok(None) };
    let checksum = Checksum::parse(text);
    checksum.map(Some).map_err(|why| ApiError::MalformedRequest(format!("`Upload-Checksum`: {why}.")))
}

/// The headers that tell where an upload stands.
fn progress(status: StatusCode, upload: &Upload) -> Response {
    let mut answer = status.into_response();
    let headers = answer.headers_mut();
    let is_receiving = upload.state == UploadState::Receiving;
    let is_final = matches!(upload.concat, Concat::Final { .. });
    if !(is_final && is_receiving) {
        headers.insert("upload-offset", HeaderValue::from(upload.received_bytes));
    }
    // A part is never complete by itself.
    let has_all = upload.size_bytes == Some(upload.received_bytes) && upload.concat != Concat::Partial;
    let is_open = is_receiving && !has_all;
    let expires = upload.delete_at.filter(|_| is_open).and_then(tus::http_date);
    if let Some(expires) = expires.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(HeaderName::from_static("upload-expires"), expires);
    }
    answer
}

/// Whether an upload is a part or made of parts, as it was told.
fn add_concat(answer: &mut Response, concat: &Concat) {
    let text = match concat {
        Concat::Whole => return,
        Concat::Partial => "partial",
        Concat::Final { header } => header,
    };
    if let Ok(text) = HeaderValue::try_from(text) {
        answer.headers_mut().insert("upload-concat", text);
    }
}

fn in_use() -> ApiError {
    let detail = "A job that is not over needs this upload, or an upload that it is a part of.".to_owned();
    ApiError::Conflict { code: "upload_in_use", detail, retry: Retry::Later }
}
