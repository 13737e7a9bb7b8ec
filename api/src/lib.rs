//! HTTP in, JSON out.
//!
//! **Invariants**: nothing is decoded here, no sample is touched; handlers are thin (read, one store call,
//! view); every error leaves as a problem document, and no cause inside is ever shown.
//!
//! | module | what |
//! |---|---|
//! | [`app`](App) | what handlers work with |
//! | `routes` | the list of routes, one file for each noun |
//! | `tus` | resumable uploads |
//! | [`payments`] | buying credits: what is asked of Stripe and of the store, in which order |
//! | [`mailing`] | links by mail, and what is told about an account |
//! | `auth`, `limits`, `network` | who is calling, from where, and how much of it |
//! | [`listening`], `overload` | how much at the same time |
//! | `monitor`, [`figures`], `queue_figures` | how it goes, for operators |
//! | `json`, `range`, `file_name` | what a request says |
//! | `views`, `answer`, `error`, `openapi` | what an answer says |
//! | `page` | the page built into the program |

mod answer;
mod app;
mod auth;
mod download;
mod error;
mod extract;
pub mod figures;
mod file_name;
mod json;
mod limits;
pub mod listening;
pub mod mailing;
mod monitor;
mod network;
mod openapi;
mod overload;
mod page;
pub mod payments;
pub mod previews;
mod queue_figures;
mod range;
mod routes;
mod tus;
mod views;

pub use app::{App, FiguresAt, Site};
use axum::Router;
use axum::middleware::{from_fn_with_state, map_request};
use axum::routing::get;
pub use limits::{Limits, is_loopback};
pub use monitor::Monitor;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

/// The service as one axum router: the interface for programs under `/v1`, health, and the page.
///
/// [`listening::listen`] serves it on a socket; nothing here opens one. Request bodies are bounded by each route, so no
/// limit may be put around it, and no timeout either: uploads and event streams last as long as they last.
pub fn router(app: App) -> Router {
    let frame = OpenApiRouter::with_openapi(openapi::frame(&app.site));
    let (routes, document) = frame.merge(routes::all()).split_for_parts();
    let document = axum::Json(document);
    let routes = match app.figures_at {
        FiguresAt::Here => routes.route("/metrics", get(routes::figures)),
        FiguresAt::OwnListener => routes,
    };
    let routes = routes
        .route("/openapi.json", get(|| async move { document.clone() }))
        .fallback(page::serve)
        .layer(from_fn_with_state(app.clone(), auth::same_site))
        .layer(from_fn_with_state(app.clone(), overload::admit))
        .layer(from_fn_with_state(app.clone(), limits::guard))
        .layer(CatchPanicLayer::custom(answer::of_panic))
        .layer(from_fn_with_state(app.clone(), answer::finish))
        .with_state(app);
    Router::new().fallback_service(routes).layer(map_request(tus::meant))
}

/// What operators and their programs look at, without credentials: `/healthz`, `/readyz`, `/metrics`, and nothing else.
/// To be served where only they come.
pub fn operators_router(monitor: Monitor) -> Router {
    routes::for_operators(monitor)
}
