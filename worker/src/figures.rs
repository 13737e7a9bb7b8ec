//! What is counted here, for operators: families of OpenMetrics, of this process, since its start. Labels are words of
//! the program, never an id or a name.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use domain::job::{Stage, StateName};
use domain::task::Task;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant;

/// In seconds: from fetching a small file to mixing an hour of stems.
const STAGES_S: [f64; 14] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];

fn stage_time() -> Histogram {
    Histogram::new(STAGES_S)
}

type Seconds = Counter<f64, AtomicU64>;
type Labels<const N: usize> = [(&'static str, &'static str); N];

struct Figures {
    attempts: Family<Labels<2>, Counter>,
    busy: Seconds,
    stages: Family<Labels<1>, Histogram, fn() -> Histogram>,
    audio: Seconds,
    retries: Family<Labels<1>, Counter>,
    deaths: Family<Labels<1>, Counter>,
    quarantines: Counter,
}

static FIGURES: LazyLock<Figures> = LazyLock::new(|| Figures {
    attempts: Family::default(),
    busy: Seconds::default(),
    stages: Family::new_with_constructor(stage_time),
    audio: Seconds::default(),
    retries: Family::default(),
    deaths: Family::default(),
    quarantines: Counter::default(),
});

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::with_prefix("mixrunners");
    let figures = &*FIGURES;
    registry.register(
        "attempts",
        "Attempts that ended, by what was to be done and how it ended",
        figures.attempts.clone(),
    );
    registry.register_with_unit(
        "attempts_busy",
        "Time spent in attempts; its rate is how many slots are busy",
        Unit::Seconds,
        figures.busy.clone(),
    );
    registry.register_with_unit(
        "stage",
        "How long the stages of attempts take, by stage",
        Unit::Seconds,
        figures.stages.clone(),
    );
    registry.register_with_unit(
        "rendered_audio",
        "Audio that went into jobs that succeeded; its rate is audio seconds per second",
        Unit::Seconds,
        figures.audio.clone(),
    );
    registry.register("retries", "Jobs put back to be tried again, by why", figures.retries.clone());
    registry.register(
        "process_deaths",
        "Processes that rendered and died, by whether their worker saw it or fell silent with them",
        figures.deaths.clone(),
    );
    registry.register(
        "quarantines",
        "Jobs given up after three deaths of the process that rendered them",
        figures.quarantines.clone(),
    );
    registry
});

/// All of them, to be written out.
#[must_use]
pub fn registry() -> &'static Registry {
    &REGISTRY
}

/// An attempt is over, after so long; `ended` is how.
pub(crate) fn attempt_over(task: &Task, ended: &'static str, took: Duration) {
    let task = match task {
        Task::Check { .. } => "check",
        Task::Render { kind, .. } => kind.as_str(),
    };
    FIGURES.attempts.get_or_create(&[("task", task), ("ended", ended)]).inc();
    FIGURES.busy.inc_by(took.as_secs_f64());
}

/// So much audio went into a job that succeeded.
pub(crate) fn rendered(audio: Duration) {
    FIGURES.audio.inc_by(audio.as_secs_f64());
}

/// We were at fault, and this is what became of the job.
pub(crate) fn hindered(state: StateName) {
    if state == StateName::Queued {
        FIGURES.retries.get_or_create(&[("why", "hindered")]).inc();
    }
}

/// Who noticed that a process died.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Death {
    /// Its worker.
    Seen,
    /// Whoever swept the lease of a worker that fell silent.
    Silent,
}

/// A process that rendered died, and this is what became of the job.
pub(crate) fn died(how: Death, state: StateName) {
    let how = match how {
        Death::Seen => "seen",
        Death::Silent => "silent",
    };
    FIGURES.deaths.get_or_create(&[("how", how)]).inc();
    match state {
        StateName::Queued => {
            FIGURES.retries.get_or_create(&[("why", "process_died")]).inc();
        }
        StateName::Failed => {
            FIGURES.quarantines.inc();
        }
        _ => {}
    }
}

/// The stages of one attempt, timed as they follow each other.
#[derive(Debug, Default)]
pub(crate) struct Stages(Option<(Stage, Instant)>);

impl Stages {
    /// The attempt is in `stage` now.
    pub(crate) fn at(&mut self, stage: Stage) {
        let now = Instant::now();
        match self.0 {
            Some((before, _)) if before == stage => {}
            Some((before, since)) => {
                observe(before, now - since);
                self.0 = Some((stage, now));
            }
            None => self.0 = Some((stage, now)),
        }
    }
}

impl Drop for Stages {
    /// The last one ends with the attempt.
    fn drop(&mut self) {
        if let Some((stage, since)) = self.0 {
            observe(stage, since.elapsed());
        }
    }
}

fn observe(stage: Stage, took: Duration) {
    FIGURES.stages.get_or_create(&[("stage", stage.as_str())]).observe(took.as_secs_f64());
}
