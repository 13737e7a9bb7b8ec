//! The headers of tus, read and written.

use axum::body::HttpBody as _;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::clock::Timestamp;

use super::VERSION;
use super::concat::Wish;
use crate::app::App;
use crate::error::{ApiError, ApiResult, Retry};

/// The only media type of a body of bytes.
pub(crate) const OFFSET_STREAM: &str = "application/offset+octet-stream";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");

/// Says that the client speaks our version; 412 otherwise.
pub(crate) struct TusVersion;

impl FromRequestParts<App> for TusVersion {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> ApiResult<Self> {
        match parts.headers.get(&TUS_RESUMABLE) {
            Some(version) if version == VERSION => Ok(Self),
            _ => Err(ApiError::TusVersion),
        }
    }
}

/// Names our version on every answer, as the protocol demands. What is refused while its bytes still come ends the
/// connection, and says so: a sender who took it for a good one would lose the next request.
pub(crate) async fn add_version(request: Request, next: Next) -> Response {
    let brings_bytes = !request.body().is_end_stream();
    let mut response = next.run(request).await;
    let is_refused = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    if brings_bytes && is_refused {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What a sender says about the length of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Known(u64),
    /// It will be told with a later request.
    Deferred,
}

/// The headers of a request that creates or sends.
pub(crate) struct Sender<'a>(pub(crate) &'a HeaderMap);

impl Sender<'_> {
    /// `Upload-Length` or `Upload-Defer-Length: 1`, one of them and not both.
    pub(crate) fn length(&self, max: u64) -> ApiResult<Length> {
        let deferred = match self.text("upload-defer-length")? {
            None => false,
            Some("1") => true,
            Some(other) => {
                return Err(malformed(format!("`Upload-Defer-Length` is {other:?}; it can only be 1.")));
            }
        };
        match (self.total(max)?, deferred) {
            (Some(length), false) => Ok(Length::Known(length)),
            (None, true) => Ok(Length::Deferred),
            (Some(_), true) => {
                Err(malformed("Send `Upload-Length` or `Upload-Defer-Length`, not both.".to_owned()))
            }
            (None, false) => Err(malformed("Send `Upload-Length`, or `Upload-Defer-Length: 1`.".to_owned())),
        }
    }

    /// `Upload-Concat`. A file that is made of parts has their length, and its bytes are theirs.
    pub(crate) fn concat(&self) -> ApiResult<Option<(&str, Wish)>> {
        let Some(text) = self.text("upload-concat")? else { return Ok(None) };
        let wish = Wish::parse(text).map_err(|why| malformed(format!("`Upload-Concat`: {why}.")))?;
        if matches!(wish, Wish::Final { .. }) {
            for name in ["upload-length", "upload-defer-length"] {
                if self.text(name)?.is_some() {
                    return Err(malformed(format!(
                        "`{name}` does not go with a final upload: its parts tell it."
                    )));
                }
            }
            if self.brings_bytes()? && self.content_length() != Some(0) {
                return Err(malformed("A final upload brings no bytes: its parts have them.".to_owned()));
            }
        }
        Ok(Some((text, wish)))
    }

    /// `Upload-Length`, at most `max`.
    pub(crate) fn total(&self, max: u64) -> ApiResult<Option<u64>> {
        let Some(text) = self.text("upload-length")? else { return Ok(None) };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed(format!("`Upload-Length` is {text:?}; it must be a number of bytes.")));
        }
        // More digits than 64 bits hold is a number, and too large like any other.
        match text.parse().unwrap_or(u64::MAX) {
            length if length <= max => Ok(Some(length)),
            _ => Err(file_too_large(text, max)),
        }
    }

    /// `Upload-Offset`.
    pub(crate) fn offset(&self) -> ApiResult<u64> {
        let text = self.text("upload-offset")?.unwrap_or_default();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(offset) if digits => Ok(offset),
            _ => Err(malformed(format!("`Upload-Offset` is {text:?}; it must be a number of bytes."))),
        }
    }

    /// Whether the body is bytes of the file. Another kind of body is 415.
    pub(crate) fn brings_bytes(&self) -> ApiResult<bool> {
        match self.text(header::CONTENT_TYPE.as_str())? {
            Some(kind) if kind.trim().eq_ignore_ascii_case(OFFSET_STREAM) => Ok(true),
            Some(_) if self.content_length() != Some(0) => {
                Err(ApiError::WrongContentType { expected: OFFSET_STREAM })
            }
            _ => Ok(false),
        }
    }

    /// How long the body says it is.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.0.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The header's text, when it is there once.
    pub(crate) fn text(&self, name: &str) -> ApiResult<Option<&str>> {
        let mut values = self.0.get_all(name).iter();
        let (first, second) = (values.next(), values.next());
        match (first.map(HeaderValue::to_str), second) {
            (None, _) => Ok(None),
            (Some(Ok(text)), None) => Ok(Some(text)),
            _ => Err(malformed(format!("The header `{name}` is there twice, or is not plain text."))),
        }
    }
}

/// 413, with the limit.
pub(crate) fn file_too_large(size: impl std::fmt::Display, max: u64) -> ApiError {
    let gib = max as f64 / f64::from(1 << 30);
    let detail = format!("The file has {size} bytes; at most {max} bytes ({gib:.2} GiB) are taken.");
    ApiError::TooLarge { code: "file_too_large", detail }
}

/// 413: all uploads of an account together are as large as they may be.
pub(crate) fn account_full(needed: u64, taken: u64, max: u64) -> ApiError {
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let detail = format!(
        "The file needs {:.2} GiB. Your uploads take {:.2} of the {:.2} GiB that an account has. Delete uploads that \
         you do not need any more, or wait until some have reached their day.",
        gib(needed),
        gib(taken),
        gib(max)
    );
    ApiError::TooLarge { code: "account_full", detail }
}

/// 409: the sender believes in another offset than the recorded one.
pub(crate) fn offset_moved() -> ApiError {
    let detail = "The upload stands at another offset; ask for it with HEAD and go on from there.".to_owned();
    ApiError::Conflict { code: "offset_mismatch", detail, retry: Retry::Never }
}

fn malformed(detail: String) -> ApiError {
    ApiError::MalformedRequest(detail)
}

/// A time as HTTP writes it (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(at: Timestamp) -> Option<String> {
    let time = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    Some(time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_length_is_known_or_deferred_and_nothing_else() {
        let length = |pairs: &[_]| Sender(&headers(pairs)).length(1000).map_err(|error| error.kind().status);
        assert_eq!(length(&[("upload-length", "1000")]), Ok(Length::Known(1000)));
        assert_eq!(length(&[("upload-length", "0")]), Ok(Length::Known(0)));
        assert_eq!(length(&[("upload-defer-length", "1")]), Ok(Length::Deferred));
        let (bad, large) = (Err(StatusCode::BAD_REQUEST), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(length(&[]), bad);
        assert_eq!(length(&[("upload-length", "-1")]), bad);
        assert_eq!(length(&[("upload-length", "+1")]), bad);
        assert_eq!(length(&[("upload-length", "1e30")]), bad);
        assert_eq!(length(&[("upload-length", "abc")]), bad);
        assert_eq!(length(&[("upload-defer-length", "0")]), bad);
        assert_eq!(length(&[("upload-length", "1"), ("upload-defer-length", "1")]), bad);
        assert_eq!(length(&[("upload-length", "1001")]), large);
        assert_eq!(length(&[("upload-length", "999999999999999999999999999999")]), large);
    }

    #[test]
    fn a_date_is_written_as_http_writes_it() {
        let at = Timestamp::from_micros(784_111_777_000_000);
        assert_eq!(http_date(at).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }
}
