//! What is counted and timed here, for operators: families of OpenMetrics, of this process, since its start. Labels are
//! words of the program, never an id, a name or an address.

use std::sync::LazyLock;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant;

use crate::error::StoreError;

type Label = [(&'static str, &'static str); 1];
type Latencies = Family<Label, Histogram, fn() -> Histogram>;

/// In seconds: from an answer out of memory to one that nobody waits for any more.
const LATENCIES_S: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

fn latency() -> Histogram {
    Histogram::new(LATENCIES_S)
}

struct Figures {
    operations: Latencies,
    failures: Family<Label, Counter>,
    blobs: Latencies,
}

static FIGURES: LazyLock<Figures> = LazyLock::new(|| Figures {
    operations: Family::new_with_constructor(latency),
    failures: Family::default(),
    blobs: Family::new_with_constructor(latency),
});

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::with_prefix("mixrunners");
    let Figures { operations, failures, blobs } = &*FIGURES;
    registry.register_with_unit(
        "store_operation",
        "How long operations on the database take, by operation",
        Unit::Seconds,
        operations.clone(),
    );
    registry.register(
        "store_operation_failures",
        "Operations on the database that failed, by operation; a lost lease is none",
        failures.clone(),
    );
    registry.register_with_unit(
        "blob_operation",
        "How long operations on stored audio take, by operation",
        Unit::Seconds,
        blobs.clone(),
    );
    registry
});

/// All of them, to be written out.
#[must_use]
pub fn registry() -> &'static Registry {
    &REGISTRY
}

/// The operation `name` took so long, and came out or not.
pub(crate) fn operation(name: &'static str, took: Duration, error: Option<&StoreError>) {
    let label = [("operation", name)];
    FIGURES.operations.get_or_create(&label).observe(took.as_secs_f64());
    // Losing a lease is how the queue works, not a failure of the database.
    if error.is_some_and(|error| !matches!(error, StoreError::LeaseLost)) {
        FIGURES.failures.get_or_create(&label).inc();
    }
}

/// An operation on blobs under way; observed when it is dropped, however it ended.
pub(crate) struct BlobOperation {
    name: &'static str,
    began: Instant,
}

impl BlobOperation {
    /// Begins now.
    pub(crate) fn begin(name: &'static str) -> Self {
        Self { name, began: Instant::now() }
    }
}

impl Drop for BlobOperation {
    fn drop(&mut self) {
        let label = [("operation", self.name)];
        FIGURES.blobs.get_or_create(&label).observe(self.began.elapsed().as_secs_f64());
    }
}
