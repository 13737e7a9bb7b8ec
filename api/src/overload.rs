//! How much is done at the same time. What is too much is turned away at once and told when to come back: a queue of
//! requests that nobody waits for any more helps nobody.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::error::ApiError;
use crate::figures;
use crate::limits::Limits;

/// How many requests are under way, of each sort.
#[derive(Clone)]
pub(crate) struct Capacity {
    requests: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
}

impl Capacity {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(limits.requests_at_once)),
            uploads: Arc::new(Semaphore::new(limits.uploads_at_once)),
        }
    }
}

/// A connection beyond those there is room for: it is told so, and how the service is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowded;

/// What a request takes of the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sort {
    /// Next to nothing: how the service is.
    Health,
    /// A moment.
    Short,
    /// A moment, or as long as it takes to look through all bytes of an upload.
    Looking,
    /// As long as its bytes take.
    Upload,
}

impl Sort {
    fn of(method: &Method, route: &str) -> Self {
        match route {
            "/healthz" | "/readyz" | "/metrics" => Self::Health,
            "/v1/uploads" if *method == Method::POST => Self::Upload,
            "/v1/uploads/{id}" if *method == Method::PATCH => Self::Upload,
            "/v1/uploads/{id}" => Self::Looking,
            _ => Self::Short,
        }
    }
}

/// Lets a request in if there is room, and ends it when it takes too long to begin its answer.
pub(crate) async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let sort = Sort::of(request.method(), route);
    if sort == Sort::Health {
        return next.run(request).await;
    }
    if request.extensions().get::<Crowded>().is_some() {
        return turned_away("connections");
    }
    let (room, what) = match sort {
        Sort::Upload => (&app.capacity.uploads, "uploads"),
        _ => (&app.capacity.requests, "requests"),
    };
    let Ok(_place) = room.try_acquire() else { return turned_away(what) };
    match sort {
        Sort::Short => match tokio::time::timeout(app.limits.answer_within, next.run(request)).await {
            Ok(response) => response,
            Err(_) => ApiError::TooSlow(app.limits.answer_within).into_response(),
        },
        _ => next.run(request).await,
    }
}

fn turned_away(what: &'static str) -> Response {
    figures::refused(what);
    ApiError::Overloaded.into_response()
}
