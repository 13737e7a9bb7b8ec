//! The queue as figures: made anew for each scrape, out of what the database says.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::job::JobKind;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use store::overview::{QueueState, Spread};

type Seconds = Gauge<f64, AtomicU64>;

/// Of this state; `None` if the database does not tell it, which is a figure too.
pub(crate) fn of(state: Option<&QueueState>, now: Timestamp) -> Registry {
    let mut registry = Registry::with_prefix("mixrunners");
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "This program", version);
    let answers = i64::from(state.is_some());
    gauge(&mut registry, "database_answers", "1 while the database answers, 0 while it does not", answers);
    let Some(state) = state else { return registry };
    depth(&mut registry, state);
    let paused = i64::from(state.pause.is_some());
    gauge(&mut registry, "queue_paused", "1 while an operator lets the queue stand still", paused);
    gauge(&mut registry, "running", "Jobs and looks at uploads that run", whole(state.running));
    gauge(&mut registry, "backing_off", "Jobs that wait for the end of a backoff", whole(state.backing_off));
    let workers = whole(state.workers.len() as u64);
    gauge(&mut registry, "workers", "Workers that gave a sign of life in the last 15 seconds", workers);
    let slots = state.workers.iter().map(|worker| u64::from(worker.slots)).sum();
    gauge(&mut registry, "slots", "Jobs that these run side by side at most", whole(slots));
    let oldest = state.oldest_waiting_since.map_or(Duration::ZERO, |since| now.since(since));
    let oldest_wait = Seconds::default();
    oldest_wait.set(oldest.as_secs_f64());
    registry.register_with_unit(
        "queue_oldest_wait",
        "For how long the oldest waiting job has been waiting; 0 if none waits",
        Unit::Seconds,
        oldest_wait,
    );
    spread(&mut registry, "wait", "From order to first lease, of the jobs of the last hour", state.pace.wait);
    spread(&mut registry, "run", "From last lease to end, of the jobs of the last hour", state.pace.run);
    registry
}

fn depth(registry: &mut Registry, state: &QueueState) {
    let depth = Family::<[(&'static str, &'static str); 1], Gauge>::default();
    for kind in JobKind::ALL {
        let waiting =
            state.waiting_by_kind.iter().find(|(one, _)| one == kind).map_or(0, |(_, waiting)| *waiting);
        depth.get_or_create(&[("kind", kind.as_str())]).set(whole(waiting));
    }
    depth.get_or_create(&[("kind", "check")]).set(whole(state.checks_waiting));
    registry.register("queue_depth", "Jobs and looks at uploads that wait, by kind", depth);
}

/// Left out where there is nothing to tell.
fn spread(registry: &mut Registry, name: &str, help: &str, spread: Option<Spread>) {
    let Some(Spread { p50, p95 }) = spread else { return };
    let seconds = Family::<[(&'static str, &'static str); 1], Seconds>::default();
    for (place, value) in [("0.5", p50), ("0.95", p95)] {
        seconds.get_or_create(&[("place", place)]).set(value.as_secs_f64());
    }
    registry.register_with_unit(name, help, Unit::Seconds, seconds);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
