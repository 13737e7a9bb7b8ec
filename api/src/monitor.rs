//! Whether the service can work, and how it does: what `/healthz`, `/readyz` and `/metrics` tell.
//!
//! They are asked most when something is wrong, so none of them waits for what may be wrong. Whoever asks has the
//! database and the blobs looked at, at most once a second and by one look at a time however many ask; the look goes
//! on by itself, and after a moment the answer says that it still does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::clock::Clock;
use domain::sandbox::Sandbox;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::registry::Registry;
use serde::Serialize;
use store::Store;
use store::blobs::Blobs;
use store::overview::QueueState;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::queue_figures;

/// What a look found is told for so long.
const FRESH: Duration = Duration::from_secs(1);
/// So long an answer waits for a look.
const PATIENCE: Duration = Duration::from_millis(200);
/// A look ends after so long.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// Looks after the database, the blobs and the queue. Cheap to clone; all clones look together.
#[derive(Clone)]
pub struct Monitor(Arc<Inner>);

struct Inner {
    store: Store,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    registries: Vec<&'static Registry>,
    last: watch::Sender<Option<Look>>,
    is_looking: AtomicBool,
}

/// What one look found.
#[derive(Clone)]
struct Look {
    at: Instant,
    queue: Option<QueueState>,
    blobs_answer: bool,
}

/// The state of the service.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or `degraded` while something does not answer.
    status: &'static str,
    /// Of the program.
    version: &'static str,
    /// `answers`, `slow` or `fails`.
    database: &'static str,
    /// The place of the audio: `answers`, `slow` or `fails`.
    blobs: &'static str,
    /// How many workers gave a sign of life in the last fifteen seconds; null while nobody knows.
    workers_alive: Option<u64>,
    /// How well the workers protect their machines from what they open: `full`, or `weak` if one of them does less, as
    /// its operator allowed. Null while nobody works, or nobody knows.
    sandbox: Option<&'static str>,
    /// Whether an operator lets the queue stand still; null while nobody knows.
    queue_paused: Option<bool>,
}

impl Health {
    /// Whether work can be done.
    pub(crate) fn is_ready(&self) -> bool {
        self.database == ANSWERS && self.blobs == ANSWERS
    }
}

const ANSWERS: &str = "answers";
const SLOW: &str = "slow";
const FAILS: &str = "fails";

impl Monitor {
    /// Over what it looks after, and what else it writes out.
    pub fn new(
        store: &Store,
        blobs: &Blobs,
        clock: Arc<dyn Clock>,
        registries: &[&'static Registry],
    ) -> Self {
        Self(Arc::new(Inner {
            store: store.with_patience(LOOK_MAX),
            blobs: blobs.clone(),
            clock,
            registries: registries.to_vec(),
            last: watch::Sender::new(None),
            is_looking: AtomicBool::new(false),
        }))
    }

    /// The state of the service, in a moment.
    pub(crate) async fn health(&self) -> Health {
        let look = self.look().await;
        let word = |answers: Option<bool>| match answers {
            Some(true) => ANSWERS,
            Some(false) => FAILS,
            None => SLOW,
        };
        let queue = look.as_ref().and_then(|look| look.queue.as_ref());
        let database = word(look.as_ref().map(|look| look.queue.is_some()));
        let blobs = word(look.as_ref().map(|look| look.blobs_answer));
        Health {
            status: if database == ANSWERS && blobs == ANSWERS { "ok" } else { "degraded" },
            version: env!("CARGO_PKG_VERSION"),
            database,
            blobs,
            workers_alive: queue.map(|queue| queue.workers.len() as u64),
            sandbox: queue
                .and_then(|queue| queue.workers.iter().map(|worker| worker.sandbox).max())
                .map(Sandbox::as_str),
            queue_paused: queue.map(|queue| queue.pause.is_some()),
        }
    }

    /// Everything that is counted, as OpenMetrics 1.0 writes it. What the database does not tell just now is left out:
    /// an old number would look like a new one.
    pub(crate) async fn exposition(&self) -> Result<String, fmt::Error> {
        let look = self.look().await;
        let now = self.0.clock.now();
        let queue = queue_figures::of(look.as_ref().and_then(|look| look.queue.as_ref()), now);
        let mut text = String::new();
        for registry in self.0.registries.iter().copied().chain([&queue]) {
            encode_registry(&mut text, registry)?;
        }
        encode_eof(&mut text)?;
        Ok(text)
    }

    /// What was found within the last second; `None` if that takes longer than anybody should wait.
    async fn look(&self) -> Option<Look> {
        let mut last = self.0.last.subscribe();
        let fresh = last.borrow_and_update().clone().filter(|look| look.at.elapsed() < FRESH);
        if fresh.is_some() {
            return fresh;
        }
        if !self.0.is_looking.swap(true, Ordering::AcqRel) {
            tokio::spawn(self.0.clone().look_once());
        }
        tokio::time::timeout(PATIENCE, last.changed()).await.ok()?.ok()?;
        last.borrow().clone()
    }
}

impl Inner {
    async fn look_once(self: Arc<Self>) {
        let blobs = tokio::time::timeout(LOOK_MAX, self.blobs.ping());
        let (queue, blobs) = tokio::join!(self.store.queue(self.clock.now()), blobs);
        if let Err(error) = &queue {
            tracing::warn!(%error, "the database does not answer");
        }
        let blobs_answer = match blobs {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the place of the audio does not answer");
                false
            }
            Err(_) => {
                tracing::warn!(
                    seconds = LOOK_MAX.as_secs(),
                    "the place of the audio does not answer in time"
                );
                false
            }
        };
        // Before the result is told: whoever hears it too late may look again.
        self.is_looking.store(false, Ordering::Release);
        self.last.send_replace(Some(Look { at: Instant::now(), queue: queue.ok(), blobs_answer }));
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}
