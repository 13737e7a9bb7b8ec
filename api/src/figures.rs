//! What is counted here, for operators: families of OpenMetrics, of this process, since its start. Labels are words of
//! the program: the pattern of a route, never a path, an id, a name or an address.

use std::sync::LazyLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// In seconds: from an answer out of memory to the longest that anybody waits.
const LATENCIES_S: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 30.0];

fn latency() -> Histogram {
    Histogram::new(LATENCIES_S)
}

type Requests = Family<[(&'static str, String); 3], Counter>;
type Latencies = Family<[(&'static str, String); 1], Histogram, fn() -> Histogram>;

struct Figures {
    requests: Requests,
    latencies: Latencies,
    refused: Family<[(&'static str, &'static str); 1], Counter>,
    upload_bytes: Counter,
    mails: Family<[(&'static str, &'static str); 1], Counter>,
}

static FIGURES: LazyLock<Figures> = LazyLock::new(|| Figures {
    requests: Family::default(),
    latencies: Family::new_with_constructor(latency),
    refused: Family::default(),
    upload_bytes: Counter::default(),
    mails: Family::default(),
});

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::with_prefix("mixrunners");
    let Figures { requests, latencies, refused, upload_bytes, mails } = &*FIGURES;
    registry.register(
        "http_requests",
        "Requests answered, by method, pattern of the route and status",
        requests.clone(),
    );
    registry.register_with_unit(
        "http_request",
        "From a request to the head of its answer, by pattern of the route",
        Unit::Seconds,
        latencies.clone(),
    );
    registry.register(
        "refused",
        "What was turned away because there is too much of it, by what there was too much of",
        refused.clone(),
    );
    registry.register_with_unit("upload", "Bytes of uploads that arrived", Unit::Bytes, upload_bytes.clone());
    registry.register("mails", "Tries to send a mail, by what came of it", mails.clone());
    registry
});

/// All of them, to be written out.
#[must_use]
pub fn registry() -> &'static Registry {
    &REGISTRY
}

/// One request was answered.
pub(crate) fn answered(method: &Method, route: &str, status: StatusCode, took: Duration) {
    let labels = [
        ("method", known(method).to_owned()),
        ("route", route.to_owned()),
        ("status", status.as_str().to_owned()),
    ];
    FIGURES.requests.get_or_create(&labels).inc();
    let label = [("route", route.to_owned())];
    FIGURES.latencies.get_or_create(&label).observe(took.as_secs_f64());
}

/// Anybody may send any word for a method; each would be a line for ever.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}

/// There was too much of `what`.
pub(crate) fn refused(what: &'static str) {
    FIGURES.refused.get_or_create(&[("too_many", what)]).inc();
}

/// Bytes of an upload arrived.
pub(crate) fn uploaded(bytes: u64) {
    FIGURES.upload_bytes.inc_by(bytes);
}

/// So many mails came to this end: `sent`, `postponed`, `refused`, `given_up`, `too_late` or `unreadable`.
pub(crate) fn mailed(outcome: &'static str, count: u64) {
    FIGURES.mails.get_or_create(&[("outcome", outcome)]).inc_by(count);
}
