//! Bytes on their way out.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::artifact::{Artifact, ArtifactFormat};
use domain::blob::BlobKey;
use futures_util::TryStreamExt;
use tokio_util::io::ReaderStream;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::file_name;
use crate::range::{self, Unsatisfiable};

/// Bytes read at once from a blob.
const BLOCK_BYTES: usize = 128 * 1024;

/// For a page that is an artifact: it comes as a download, and should a browser show it all the same, it runs nothing,
/// fetches nothing and belongs to no origin.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox";

/// An artifact, or the part of it that `asked` names; 304 when the caller has it already.
///
/// The entity tag is the SHA-256 of the bytes, so it is strong: parts of two answers with one tag fit
/// together.
pub(crate) async fn artifact(app: &App, artifact: &Artifact, asked: &HeaderMap) -> ApiResult<Response> {
    let tag = format!("\"{}\"", artifact.sha256);
    if is_known(asked, &tag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(response.headers_mut(), artifact, &tag)?;
        return Ok(response);
    }
    let size = artifact.size_bytes;
    // A part of something else is of no use: then the whole is sent.
    let wanted =
        asked.get(header::RANGE).filter(|_| is_same(asked, &tag)).and_then(|value| value.to_str().ok());
    let span =
        range::requested(wanted, size).map_err(|Unsatisfiable| ApiError::RangeNotSatisfiable { size })?;
    let (first, count) = span.map_or((0, size), |span| (span.first, span.size_bytes()));
    let mut response = stream(app, &artifact.blob, first, count).await?.into_response();
    describe(response.headers_mut(), artifact, &tag)?;
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    if let Some(span) = span {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let part = HeaderValue::try_from(span.content_range(size)).map_err(ApiError::internal)?;
        response.headers_mut().insert(header::CONTENT_RANGE, part);
    }
    Ok(response)
}

/// A blob that holds JSON.
pub(crate) async fn json(app: &App, key: &BlobKey) -> ApiResult<Response> {
    let body = stream(app, key, 0, u64::MAX).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

async fn stream(app: &App, key: &BlobKey, first: u64, count: u64) -> ApiResult<Body> {
    let blob = app.blobs.read(key, first, count).await?.ok_or_else(|| ApiError::missing_blob(key))?;
    let key = key.clone();
    let blocks = ReaderStream::with_capacity(blob.reader, BLOCK_BYTES);
    // The status has been sent by then: the caller sees a body that breaks off before its end.
    Ok(Body::from_stream(blocks.inspect_err(move |error| {
        tracing::error!(blob = %key, %error, "a download broke off");
    })))
}

fn describe(headers: &mut HeaderMap, artifact: &Artifact, tag: &str) -> ApiResult<()> {
    let digest = format!("sha-256=:{}:", STANDARD.encode(artifact.sha256.as_bytes())); // RFC 9530
    for (name, value) in [
        (header::CONTENT_TYPE, artifact.format.media_type()),
        (header::CONTENT_DISPOSITION, &file_name::attachment(&artifact.name)),
        (header::ETAG, tag),
        (HeaderName::from_static("repr-digest"), &digest),
        (header::ACCEPT_RANGES, "bytes"),
        // A browser may keep it, but asks again before each use: one day it is deleted.
        (header::CACHE_CONTROL, "private, no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_str(value).map_err(ApiError::internal)?);
    }
    if artifact.format == ArtifactFormat::Html {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    }
    Ok(())
}

/// Whether the caller has it already: weak comparison, a list or any (RFC 9110, section 13.1.2).
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known
        .split(',')
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

/// Whether a part fits to what the caller has: strong comparison (RFC 9110, section 13.1.5). A date never
/// fits.
fn is_same(asked: &HeaderMap, tag: &str) -> bool {
    asked.get(header::IF_RANGE).is_none_or(|value| value == tag)
}
