//! Clients that can send no `PATCH` and no `DELETE` say which method they mean in a header.

use axum::extract::Request;
use axum::http::{HeaderName, Method};

const HEADER: HeaderName = HeaderName::from_static("x-http-method-override");
/// Where the protocol is spoken. Elsewhere a method is what it is.
const UPLOADS: &str = "/v1/uploads";

/// The request with the method it means. Before routes are looked up: they depend on it. Another site's page cannot
/// send this header without asking first, and is refused by what the request means, not by what it was sent as.
pub(crate) async fn meant(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.strip_prefix(UPLOADS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && let Some(meant) = request.headers().get(&HEADER)
    {
        // What is no method is none that is offered.
        *request.method_mut() = Method::from_bytes(meant.as_bytes()).unwrap_or(Method::TRACE);
    }
    request
}
