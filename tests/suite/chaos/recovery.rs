//! How long a job stands still when the worker that has it is killed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::orders::is_over;
use crate::harness::producer::Producer;

/// A job that was taken from a killed worker.
#[derive(Clone, Copy, Debug)]
pub struct Recovery {
    /// From the kill until it was taken from the dead worker: back in the queue, or in another's hands.
    pub taken: Duration,
    /// From the kill until it ran again or was over. Where every worker is busy or dead it waits for one of them too.
    pub ran: Duration,
    /// Whether an API or a database died meanwhile too: then it also waited for those.
    pub was_disturbed: bool,
}

/// All of them.
pub struct Recoveries {
    producer: Arc<Producer>,
    disturbances: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    watched: Mutex<Vec<JoinHandle<Option<Recovery>>>>,
    hits: Mutex<BTreeMap<String, usize>>,
}

/// So often a job is looked at: the error of what is measured here.
const LOOK: Duration = Duration::from_millis(50);

impl Recoveries {
    pub fn new(producer: Producer) -> Self {
        Self {
            producer: Arc::new(producer),
            disturbances: Arc::default(),
            open: Arc::default(),
            watched: Mutex::default(),
            hits: Mutex::default(),
        }
    }

    /// Something else than a worker is about to die.
    pub fn disturb(&self) {
        self.disturbances.fetch_add(1, Ordering::SeqCst);
    }

    /// These jobs may lose an attempt.
    pub fn expect_hits(&self, jobs: &[String]) {
        let mut hits = self.hits.lock().unwrap();
        for job in jobs {
            *hits.entry(job.clone()).or_default() += 1;
        }
    }

    /// How often each job was in the hands of a worker that was killed or frozen.
    pub fn hits(&self) -> BTreeMap<String, usize> {
        self.hits.lock().unwrap().clone()
    }

    /// Follows the jobs of a worker that was killed just now.
    pub fn watch(&self, jobs: Vec<String>, killed: Instant, runtime: &Handle) {
        self.expect_hits(&jobs);
        for job in jobs {
            let (producer, disturbances) = (self.producer.clone(), self.disturbances.clone());
            let (before, open) = (disturbances.load(Ordering::SeqCst), self.open.clone());
            open.fetch_add(1, Ordering::SeqCst);
            self.watched.lock().unwrap().push(runtime.spawn(async move {
                let recovered = runs_again(&producer, &job, killed).await;
                open.fetch_sub(1, Ordering::SeqCst);
                let was_disturbed = disturbances.load(Ordering::SeqCst) != before;
                recovered.map(|(taken, ran)| Recovery { taken, ran, was_disturbed })
            }));
        }
    }

    /// Whether no job of a killed worker stands still.
    pub fn are_complete(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    pub async fn all(&self) -> Vec<Recovery> {
        let watched = std::mem::take(&mut *self.watched.lock().unwrap());
        let mut all = Vec::new();
        for one in watched {
            all.extend(one.await.expect("watching does not fail"));
        }
        all
    }
}

/// Waits until a job has another attempt or is over. `None` if the kill came too late for it.
async fn runs_again(producer: &Producer, job: &str, killed: Instant) -> Option<(Duration, Duration)> {
    let path = format!("/v1/jobs/{job}");
    let first = producer.get_at_last(&path).await?;
    if is_over(&first) {
        return None;
    }
    let (mut seen, mut taken) = (first.clone(), None);
    while !is_over(&seen) && seen["attempt"] == first["attempt"] {
        tokio::time::sleep(LOOK).await;
        seen = producer.get_at_last(&path).await?;
        if seen["state"] == "queued" && taken.is_none() {
            taken = Some(killed.elapsed());
        }
    }
    let ran = killed.elapsed();
    Some((taken.unwrap_or(ran), ran))
}

/// For people.
pub fn summary(recoveries: &[Recovery]) -> String {
    let slowest = |disturbed: bool, of: fn(&Recovery) -> Duration| {
        let took = recoveries.iter().filter(|one| one.was_disturbed == disturbed).map(of);
        took.max().map_or_else(|| "none".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()))
    };
    format!(
        "{} jobs lost their worker; slowest back in the queue {}, running again {}; with a dead API or database \
         meanwhile {} and {}",
        recoveries.len(),
        slowest(false, |one| one.taken),
        slowest(false, |one| one.ran),
        slowest(true, |one| one.taken),
        slowest(true, |one| one.ran)
    )
}
