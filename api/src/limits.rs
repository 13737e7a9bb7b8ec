//! What one request, one upload and one list may take, beside the check that every request passes.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::attempt::Room;

use crate::app::{App, Site};
use crate::error::ApiError;

/// The limits of the service. `Default` holds the documented values.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest JSON body, in bytes.
    pub json_bytes: usize,
    /// Deepest nesting of a JSON body.
    pub json_depth: usize,
    /// Longest path with query, in bytes.
    pub address_bytes: usize,
    /// Largest sum of header names and values, in bytes.
    pub header_bytes: usize,
    /// Largest upload, in bytes.
    pub upload_bytes: u64,
    /// All uploads of one account, in bytes.
    pub account_bytes: u64,
    /// An upload's bytes are on disk before the offset passes them, at least this often.
    pub upload_sync_bytes: u64,
    /// A body that brings no byte for so long is ended. What had arrived is kept.
    pub body_stall: Duration,
    /// The same, once another request asks for the upload.
    pub body_stall_asked: Duration,
    /// So long a request waits for an upload that another one sends, before it is told 423.
    pub upload_lock_wait: Duration,
    /// The right to send an upload is renewed, and somebody who asks for it is heard of, this often.
    pub upload_lock_renewal: Duration,
    /// Most rows of one list.
    pub list_rows: u32,
    /// Longest life of an API key, in days.
    pub key_days: u64,
    /// Requests under way at the same time; uploads and what streams are not among them.
    pub requests_at_once: usize,
    /// Uploads whose bytes come at the same time.
    pub uploads_at_once: usize,
    /// A request that has no answer after so long gets none.
    pub answer_within: Duration,
    /// An operation on the database that takes longer is given up.
    pub database_within: Duration,
    /// A body of an upload brings at least `upload_slowest_bytes` in this time, or is ended. What came is kept.
    pub upload_slowest_over: Duration,
    /// See there.
    pub upload_slowest_bytes: u64,
    /// How many jobs may wait.
    pub room: Room,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_bytes: 64 * 1024,
            json_depth: 32,
            address_bytes: 4 * 1024,
            header_bytes: 16 * 1024,
            upload_bytes: 2 * 1024 * 1024 * 1024,
            account_bytes: 100 * 1024 * 1024 * 1024,
            upload_sync_bytes: 8 * 1024 * 1024,
            body_stall: Duration::from_secs(60),
            body_stall_asked: Duration::from_secs(2),
            // A little longer than the right of a process that died lasts.
            upload_lock_wait: Duration::from_secs(5),
            upload_lock_renewal: Duration::from_secs(1),
            list_rows: 100,
            key_days: 365,
            requests_at_once: 256,
            uploads_at_once: 128,
            answer_within: Duration::from_secs(30),
            database_within: Duration::from_secs(5),
            upload_slowest_over: Duration::from_secs(30),
            upload_slowest_bytes: 30 * 8 * 1024,
            room: Room::POLICY,
        }
    }
}

/// Refuses what no handler should have to look at.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    match check(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check(app: &App, request: &Request) -> Result<(), ApiError> {
    let address = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if address > app.limits.address_bytes {
        return Err(ApiError::AddressTooLong { size: address, max: app.limits.address_bytes });
    }
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > app.limits.header_bytes {
        return Err(ApiError::HeadersTooLarge { size: headers, max: app.limits.header_bytes });
    }
    check_host(app, request)
}

/// On loopback, only a name of this machine: a foreign name that was made to point here (DNS rebinding) would
/// let another site's page speak to the service as if it were its own.
fn check_host(app: &App, request: &Request) -> Result<(), ApiError> {
    if !matches!(app.site, Site::Loopback) {
        return Ok(());
    }
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_loopback(host) { Ok(()) } else { Err(ApiError::HostUnknown) }
}

/// Whether `authority` (a host, perhaps with a port) names this machine.
pub fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for name in
            ["localhost", "localhost:8080", "127.0.0.1:8080", "127.0.0.2", "[::1]:8080", "LOCALHOST:1"]
        {
            assert!(is_loopback(name), "{name}");
        }
        for name in
            ["", "evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "[::2]"]
        {
            assert!(!is_loopback(name), "{name}");
        }
    }
}
