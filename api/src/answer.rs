//! What every answer has in common: a request id, the headers that protect a browser, and, when something
//! went wrong, a problem document (RFC 9457).

use std::sync::Arc;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::ids::Entropy;
use tokio::time::Instant;

use crate::app::{App, Site};
use crate::error::{ApiError, Retry};
use crate::figures;
use crate::views::{FieldErrorView, ProblemView};

/// One request, as the log and the caller name it. Never taken from the caller.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(String);

impl RequestId {
    fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 12];
        entropy.fill(&mut bytes);
        Self(format!("req_{}", hex::encode(bytes)))
    }
}

/// Only what the page needs: its own scripts, styles and fonts, audio of its own or from memory.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     font-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; \
     form-action 'self' https://checkout.stripe.com; frame-ancestors 'none'; base-uri 'none'";

const PERMISSIONS_POLICY: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), \
     gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
];

const HSTS: &str = "max-age=31536000; includeSubDomains";

/// The outermost layer: names the request, finishes its answer, writes one line to the log.
pub(crate) async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = RequestId::new(app.entropy.as_ref());
    let asked = Asked {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        route: request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned(),
    };
    let (begun, began) = (app.now(), Instant::now());
    let response = next.run(request).await;
    let mut response = as_problem(response, &asked, &id);
    protect(response.headers_mut(), &app.site);
    if let Ok(value) = HeaderValue::try_from(&id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    figures::answered(&asked.method, &asked.route, response.status(), began.elapsed());
    tracing::info!(
        request.id = id.0,
        http.method = %asked.method,
        http.route = asked.route, // the pattern, not the path: a path holds ids, and may hold anything
        http.status = response.status().as_u16(),
        duration_ms = app.now().since(begun).as_millis() as u64,
        "answered"
    );
    response
}

struct Asked {
    method: Method,
    path: String,
    route: String,
}

/// Every error leaves as a problem document, those of the framework too.
fn as_problem(response: Response, asked: &Asked, id: &RequestId) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = match response.extensions().get::<Arc<ApiError>>() {
        Some(error) => Arc::clone(error),
        None => Arc::new(of_framework(status, asked)),
    };
    if let ApiError::Internal(cause) = error.as_ref() {
        tracing::error!(request.id = id.0, http.route = asked.route, cause = chain(cause.as_ref()), "failed");
    }
    let mut headers = response.headers().clone();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    (error.kind().status, headers, Json(document(&error, asked, id))).into_response()
}

fn of_framework(status: StatusCode, asked: &Asked) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ApiError::MethodNotAllowed { method: asked.method.to_string() },
        status if status.is_client_error() => ApiError::MalformedRequest(
            status.canonical_reason().unwrap_or("The request cannot be read.").to_owned(),
        ),
        status => ApiError::Internal(format!("an answer with status {status} and no cause").into()),
    }
}

fn document(error: &ApiError, asked: &Asked, id: &RequestId) -> ProblemView {
    let kind = error.kind();
    ProblemView {
        problem_type: format!("urn:problem-type:mixrunners:{}", kind.code),
        title: kind.title.to_owned(),
        status: kind.status.as_u16(),
        detail: error.to_string(),
        instance: asked.path.clone(),
        code: kind.code.to_owned(),
        request_id: id.0.clone(),
        retryable: kind.retry == Retry::Later,
        errors: error.field_errors().into_iter().map(FieldErrorView::from).collect(),
        deleted_at: error.deleted_at().map(|at| at.to_string()),
    }
}

fn chain(cause: &(dyn std::error::Error + 'static)) -> String {
    let mut text = cause.to_string();
    let mut inner = cause.source();
    while let Some(cause) = inner {
        text = format!("{text}: {cause}");
        inner = cause.source();
    }
    text
}

fn protect(headers: &mut HeaderMap, site: &Site) {
    // The pages that are artifacts have a policy of their own, which allows less.
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if matches!(site, Site::Public { .. }) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    // Answers are private unless a handler says otherwise.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// A panic in a handler ends its request, not the service.
pub(crate) fn of_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::Internal("a handler panicked".into()).into_response()
}
