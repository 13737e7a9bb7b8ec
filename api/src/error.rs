//! The one error of this crate, and the only place that knows status codes.
//!
//! An `ApiError` leaves a handler as an empty answer that carries the error; `answer::finish` writes the
//! problem document (RFC 9457), because only there the request's id and path are known.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::clock::Timestamp;
use domain::fields::FieldError;
use domain::money::Credits;
use domain::scope::Scope;
use store::StoreError;
use store::blobs::BlobError;

pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// Why a request was not done. The text is for the caller; causes inside are for the log alone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("Sign in, or send `Authorization: Bearer` with an API key.")]
    Unauthenticated,
    #[error("This sign-in link was used already, has ended, or never was. Ask for a new one.")]
    LinkSpent,
    #[error("This key lacks the scope `{0}`.")]
    ScopeMissing(Scope),
    #[error("The request came from another site ({0}) and was not done.")]
    CrossSite(String),
    #[error("There is nothing here, or it is not yours.")]
    NotFound,
    #[error("{}", first(.0))]
    InputsRefused(Vec<FieldError>),
    #[error("`{method}` is not offered here.")]
    MethodNotAllowed { method: String },
    #[error("{detail}")]
    Conflict { code: &'static str, detail: String, retry: Retry },
    #[error("It was deleted when its time was up, and cannot be brought back.")]
    Gone { deleted_at: Timestamp },
    #[error("The upload was not finished in time and has ended.")]
    UploadExpired,
    #[error("The body is not valid JSON: {0}")]
    MalformedJson(String),
    #[error("{0}")]
    MalformedRequest(String),
    #[error("{0}")]
    MetadataInvalid(String),
    #[error("{} to be corrected; `errors` says which and why.", count(.0.len()))]
    Invalid(Vec<FieldError>),
    #[error("The body must be `{expected}`.")]
    WrongContentType { expected: &'static str },
    #[error("{detail}")]
    TooLarge { code: &'static str, detail: String },
    #[error("The address has {size} bytes; at most {max} are taken.")]
    AddressTooLong { size: usize, max: usize },
    #[error("The headers have {size} bytes; at most {max} are taken.")]
    HeadersTooLarge { size: usize, max: usize },
    #[error("The range lies outside the {size} bytes there are.")]
    RangeNotSatisfiable { size: u64 },
    #[error("This service speaks tus 1.0.0; send `Tus-Resumable: 1.0.0`.")]
    TusVersion,
    #[error("A finished upload takes no more bytes.")]
    UploadFinished,
    #[error("An upload that is made of parts takes no bytes itself.")]
    FinalUpload,
    #[error("Another request is sending this upload. It was asked to stop if it has stalled; try again.")]
    UploadLocked,
    #[error("What arrived is not what the checksum says; none of it was kept.")]
    ChecksumMismatch,
    #[error("No byte came for {} s. What had arrived was kept.", .0.as_secs_f32())]
    BodyStalled(Duration),
    #[error("This service is reached under another name.")]
    HostUnknown,
    #[error("There is no room left to keep this. Try again later.")]
    NoRoom,
    #[error("The file was damaged in our store, so it was not sent. It was logged under this request's id.")]
    ObjectCorrupt,
    #[error("The service is not ready.")]
    NotReady,
    #[error("Too much is asked of the service just now. Nothing was done; try again in a moment.")]
    Overloaded,
    #[error("The service had no answer within {} s. Look whether it was done before you try again.", .0.as_secs())]
    TooSlow(Duration),
    #[error("The service cannot reach its own data just now. Look whether it was done before you try again.")]
    DatabaseAway,
    #[error("{max} of your jobs are waiting already, as many as may. Order again when one has begun.")]
    AccountQueueFull { max: u32 },
    #[error("So many jobs are waiting that no more are taken. Order again in a few minutes.")]
    QueueFull,
    #[error("Fewer than {bytes} bytes came in {} s. What had arrived was kept; go on.", .over.as_secs())]
    BodyTooSlow { bytes: u64, over: Duration },
    #[error("The service is about to restart. What had arrived was kept; go on in a moment.")]
    Closing,
    #[error("This costs {needed}; you have {available}.")]
    InsufficientCredits { needed: Credits, available: i64 },
    #[error(
        "A payment of this account is disputed at its bank. Until that is decided nothing is spent or bought."
    )]
    AccountRestricted,
    #[error(
        "All {per_day} free previews of today are used; there are some again at {again_at}. Masters are made as ever."
    )]
    PreviewsUsed { per_day: u32, again_at: Timestamp, now: Timestamp },
    #[error("Previews cannot be made just now; it was logged. Masters are made as ever.")]
    PreviewsAway,
    #[error("This service takes no payments; everything here is free.")]
    PaymentsOff,
    #[error("This service sends no mail, so nobody signs in by mail. Ask whoever runs it for a way in.")]
    MailOff,
    #[error("Too many links were asked for from your network. Ask again in {} min.", .wait.as_secs().div_ceil(60))]
    TooManyMails { wait: Duration },
    #[error("The payment provider does not answer. Nothing was charged; try again in a moment.")]
    ProviderAway,
    #[error("The event was not signed with this service's secret.")]
    SignatureInvalid,
    #[error("The event was signed too long ago, or ahead of its time.")]
    SignatureStale,
    #[error(
        "The event is of the other mode: test events do nothing to a live service, nor the other way round."
    )]
    WrongMode,
    #[error("Something broke on our side. It was logged under this request's id.")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Whether the same request may succeed when it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Later,
    Never,
}

/// What a client's program tells errors apart by.
pub(crate) struct Kind {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) retry: Retry,
}

impl ApiError {
    /// Something of ours failed: the cause goes to the log, the caller sees the request's id.
    pub(crate) fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(cause))
    }

    /// A row says that there are bytes, and there are none.
    pub(crate) fn missing_blob(of: &dyn std::fmt::Display) -> Self {
        Self::Internal(format!("the blob of {of} is missing").into())
    }

    /// An idempotency key that was used for something else.
    pub(crate) fn key_reused() -> Self {
        let detail =
            "This `Idempotency-Key` was used for another order. Use a new key for a new order.".to_owned();
        Self::Conflict { code: "idempotency_conflict", detail, retry: Retry::Never }
    }

    /// An order that could not be taken: its inputs cannot be used, or a part lies beyond their end.
    pub(crate) fn refused(errors: Vec<FieldError>) -> Self {
        match errors.iter().all(|error| error.code == OUT_OF_RANGE) {
            true => Self::Invalid(errors),
            false => Self::InputsRefused(errors),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        let (status, code, title, retry) = self.row();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Kind { status, code, title, retry }
    }

    #[rustfmt::skip]
    fn row(&self) -> (u16, &'static str, &'static str, Retry) {
        use Retry::{Later, Never};
        match self {
            Self::MalformedJson(_) => (400, "malformed_json", "The body cannot be read", Never),
            Self::MalformedRequest(_) => (400, "malformed_request", "The request cannot be read", Never),
            Self::MetadataInvalid(_) => (400, "metadata_invalid", "The metadata cannot be read", Never),
            Self::SignatureInvalid => (400, "signature_invalid", "The signature does not fit", Never),
            Self::SignatureStale => (400, "signature_stale", "The signature is not of now", Never),
            Self::WrongMode => (400, "wrong_mode", "The event is of another mode", Never),
            Self::Unauthenticated => (401, "unauthenticated", "Who is calling?", Never),
            Self::LinkSpent => (401, "link_spent", "This link no longer works", Never),
            Self::InsufficientCredits { .. } => (402, "insufficient_credits", "Not enough credits", Never),
            Self::ScopeMissing(_) => (403, "scope_missing", "The key may not do this", Never),
            Self::CrossSite(_) => (403, "cross_site", "The request came from another site", Never),
            Self::FinalUpload => (403, "final_upload", "The upload is made of parts", Never),
            Self::UploadFinished => (403, "upload_finished", "The upload is finished", Never),
            Self::NotFound => (404, "not_found", "Not found", Never),
            Self::MethodNotAllowed { .. } => (405, "method_not_allowed", "Not offered here", Never),
            Self::BodyStalled(_) => (408, "body_stalled", "The connection went quiet", Later),
            Self::BodyTooSlow { .. } => (408, "body_too_slow", "The connection is too slow", Later),
            Self::Conflict { code, retry, .. } => (409, code, "Not possible as things stand", *retry),
            Self::MailOff => (409, "mail_off", "No mail is sent here", Never),
            Self::PaymentsOff => (409, "payments_off", "Payments are off", Never),
            Self::InputsRefused(errors) if errors.iter().all(|error| error.code == UNKNOWN_UPLOAD) => {
                (404, "not_found", "Not found", Never)
            }
            Self::InputsRefused(errors) if errors.iter().any(|error| error.code == UPLOAD_REJECTED) => {
                (409, "input_rejected", "An input cannot be used", Never)
            }
            Self::InputsRefused(_) => (409, "input_not_ready", "An input cannot be used yet", Later),
            Self::Gone { .. } => (410, "gone_retention", "Deleted at the end of its time", Never),
            Self::UploadExpired => (410, "upload_expired", "The upload has ended", Never),
            Self::TusVersion => (412, "tus_version", "Another version of tus", Never),
            Self::TooLarge { code, .. } => (413, code, "Too large", Never),
            Self::AddressTooLong { .. } => (414, "address_too_long", "The address is too long", Never),
            Self::WrongContentType { .. } => (415, "wrong_content_type", "Another body is needed", Never),
            Self::RangeNotSatisfiable { .. } => (416, "range_not_satisfiable", "No such range", Never),
            Self::HostUnknown => (421, "host_unknown", "Another name", Never),
            Self::Invalid(_) => (422, "invalid", "Some fields have to be corrected", Never),
            Self::UploadLocked => (423, "upload_locked", "The upload is being sent already", Later),
            Self::AccountRestricted => (423, "account_restricted", "The account is restricted", Never),
            Self::HeadersTooLarge { .. } => (431, "headers_too_large", "The headers are too large", Never),
            Self::ChecksumMismatch => (460, "checksum_mismatch", "The checksum does not agree", Later),
            Self::TooManyMails { .. } => (429, "too_many_mails", "Too many links were asked for", Later),
            Self::AccountQueueFull { .. } => (429, "too_many_queued", "Your jobs fill their places", Later),
            Self::PreviewsUsed { .. } => (429, "previews_used", "No free preview is left today", Later),
            Self::Internal(_) => (500, "internal", "Our fault", Later),
            Self::ObjectCorrupt => (500, "object_corrupt", "Damaged in our store", Never),
            Self::PreviewsAway => (503, "previews_away", "No previews just now", Later),
            Self::Closing => (503, "closing", "About to restart", Later),
            Self::ProviderAway => (503, "payment_provider_away", "The payment provider is away", Later),
            Self::NotReady => (503, "not_ready", "Not ready", Later),
            Self::Overloaded => (503, "overloaded", "Too much at once", Later),
            Self::TooSlow(_) => (503, "too_slow", "No answer in time", Later),
            Self::DatabaseAway => (503, "database_away", "Not just now", Later),
            Self::QueueFull => (503, "queue_full", "The queue is full", Later),
            Self::NoRoom => (507, "no_room", "No room left", Later),
        }
    }

    /// The fields to correct, for `errors`.
    pub(crate) fn field_errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(fields) | Self::InputsRefused(fields) => fields.clone(),
            _ => Vec::new(),
        }
    }

    /// When the thing asked for was deleted, where that is what happened.
    pub(crate) fn deleted_at(&self) -> Option<Timestamp> {
        match self {
            Self::Gone { deleted_at } => Some(*deleted_at),
            _ => None,
        }
    }

    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        match self {
            Self::Unauthenticated => {
                headers.push((
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"mixrunners\""),
                ));
            }
            Self::TusVersion => {
                headers.push((HeaderName::from_static("tus-version"), HeaderValue::from_static("1.0.0")));
            }
            Self::RangeNotSatisfiable { size } => {
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
                    headers.push((header::CONTENT_RANGE, value));
                }
            }
            Self::TooManyMails { wait } => {
                let seconds = wait.as_secs().max(1);
                headers.push((header::RETRY_AFTER, HeaderValue::from(seconds)));
            }
            Self::UploadLocked => headers.push((header::RETRY_AFTER, HeaderValue::from_static("3"))),
            Self::NoRoom => headers.push((header::RETRY_AFTER, HeaderValue::from_static("300"))),
            Self::NotReady | Self::Closing | Self::ProviderAway | Self::TooSlow(_) | Self::DatabaseAway => {
                headers.push((header::RETRY_AFTER, HeaderValue::from_static("5")))
            }
            Self::Overloaded => headers.push((header::RETRY_AFTER, HeaderValue::from_static("1"))),
            Self::PreviewsUsed { again_at, now, .. } => {
                let seconds = again_at.since(*now).as_secs() + 1;
                headers.push((header::RETRY_AFTER, HeaderValue::from(seconds)));
            }
            Self::AccountQueueFull { .. } | Self::QueueFull | Self::PreviewsAway => {
                headers.push((header::RETRY_AFTER, HeaderValue::from_static("60")))
            }
            _ => {}
        }
        headers
    }
}

/// What the store calls a part that lies beyond the end of its song.
const OUT_OF_RANGE: &str = "out_of_range";
/// What the store calls an input that does not exist or is somebody else's.
const UNKNOWN_UPLOAD: &str = "unknown_upload";
/// The check found that the file is no audio we can use: waiting does not help.
const UPLOAD_REJECTED: &str = "upload_rejected";

fn first(errors: &[FieldError]) -> &str {
    errors.first().map_or("An input cannot be used.", |error| &error.detail)
}

fn count(fields: usize) -> String {
    if fields == 1 { "One field has".to_owned() } else { format!("{fields} fields have") }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.kind().status.into_response();
        for (name, value) in self.headers() {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// A full disk and a damaged blob are told apart: those are the failures that only an operator can mend.
impl From<BlobError> for ApiError {
    fn from(cause: BlobError) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match &cause {
            BlobError::Io { cause: io, .. } if matches!(io.kind(), StorageFull | QuotaExceeded) => {
                tracing::error!(%cause, "no room left");
                Self::NoRoom
            }
            BlobError::Damaged { .. } => {
                tracing::error!(%cause, "a blob is damaged");
                Self::ObjectCorrupt
            }
            BlobError::Deleted { .. } => Self::NotFound,
            _ => Self::internal(cause),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(cause: StoreError) -> Self {
        if cause.is_passing() {
            tracing::warn!(%cause, "the database does not answer");
            return Self::DatabaseAway;
        }
        if cause.is_for_want_of_room() {
            tracing::warn!(%cause, "no room left for rows");
            return Self::NoRoom;
        }
        if cause.is_of_erased_account() {
            return Self::Unauthenticated;
        }
        Self::internal(cause)
    }
}
