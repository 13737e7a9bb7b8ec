//! How things end: at their time, for good, and only while the clock is believed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::blob::BlobKey;
use domain::clock::Clock;
use domain::clock_trust::{Reading, Readings};
use domain::ids::{JobId, SeededEntropy};
use domain::job::Job;
use domain::lease::LeaseId;
use domain::removal::{BETWEEN_LOOKS, Cause, ORPHAN_AGE, REMOVALS_LOGGED, Removed, subject};
use worker::reaper::{Reaper, Tick};

use crate::service::{Service, files};

const DAY: Duration = Duration::from_secs(86_400);
const LIFE: Duration = Duration::from_secs(120 * 86_400);

/// A machine whose wall clock anybody may set.
struct Machine(Mutex<Reading>);

impl Machine {
    fn of(service: &Service) -> Arc<Self> {
        let wall = service.clock.now();
        Arc::new(Self(Mutex::new(Reading { wall, up: DAY, boot: "first".into() })))
    }

    /// Time passes.
    fn advance(&self, by: Duration) {
        let mut reading = self.0.lock().unwrap();
        (reading.wall, reading.up) = (reading.wall + by, reading.up + by);
    }

    /// Somebody sets the clock.
    fn set_ahead(&self, by: Duration) {
        let mut reading = self.0.lock().unwrap();
        reading.wall = reading.wall + by;
    }

    /// The machine is started again, after so long.
    fn start_again(&self, after: Duration) {
        let mut reading = self.0.lock().unwrap();
        *reading = Reading { wall: reading.wall + after, up: Duration::ZERO, boot: "second".into() };
    }
}

impl Readings for Machine {
    fn reading(&self) -> Reading {
        self.0.lock().unwrap().clone()
    }
}

fn reaper(service: &Service, machine: &Arc<Machine>) -> Reaper {
    Reaper { store: service.store.clone(), blobs: service.blobs.clone(), readings: machine.clone() }
}

async fn tick(service: &Service, machine: &Arc<Machine>) -> Tick {
    reaper(service, machine).tick().await.unwrap()
}

/// A job that is over, and nothing else in the way.
async fn finished(service: &Service) -> Job {
    let running = service.start();
    let job = service.ended(&service.job("song").await).await;
    running.stop().await;
    assert!(!service.blobs_of(&job).is_empty(), "the case must be real");
    job
}

#[tokio::test]
async fn mr_7f_at_120_days_everything_of_a_job_is_removed_and_its_place_found_empty_twice() {
    let service = Service::new().await;
    let machine = Machine::of(&service);
    let job = finished(&service).await;
    assert_eq!(tick(&service, &machine).await.removed, 0);
    machine.advance(LIFE - Duration::from_secs(1));
    assert_eq!(tick(&service, &machine).await.removed, 0, "not a second early");
    assert!(!service.blobs_of(&job).is_empty());
    machine.advance(Duration::from_secs(1));
    assert!(tick(&service, &machine).await.removed >= 2, "the job and its input");
    for of in ["j", "u"] {
        assert_eq!(files(&service.path("blobs").join(of)), Vec::<std::path::PathBuf>::new(), "every byte");
    }
    machine.advance(BETWEEN_LOOKS);
    assert!(tick(&service, &machine).await.emptied >= 2);
    let receipt = service.store.receipt(&subject(job.id.as_str())).await.unwrap().unwrap();
    assert!(receipt.verified_on.is_some() && receipt.files > 0, "{receipt:?}");
    machine.advance(DAY);
    assert_eq!(tick(&service, &machine).await, Tick::default(), "and nothing is left to do");
}

#[tokio::test]
async fn mr_7f_a_reaper_that_dies_between_any_two_steps_leaves_nothing_undone() {
    let service = Service::new().await;
    let machine = Machine::of(&service);
    let job = finished(&service).await;
    tick(&service, &machine).await;
    machine.advance(LIFE);
    let now = machine.reading().wall;
    // It dies after the rows and keys are gone, before a byte is.
    service.store.remove_due(now, 50).await.unwrap();
    assert!(!service.blobs_of(&job).is_empty(), "the case must be real");
    // The next one dies after the bytes are gone, before it could say so.
    for doomed in service.store.doomed_blobs(now, 9).await.unwrap() {
        service.blobs.delete_prefix(&doomed.prefix).await.unwrap();
    }
    // And the next one lives.
    tick(&service, &machine).await;
    machine.advance(BETWEEN_LOOKS);
    assert!(tick(&service, &machine).await.emptied >= 2);
    let receipt = service.store.receipt(&subject(job.id.as_str())).await.unwrap().unwrap();
    assert!(receipt.verified_on.is_some(), "{receipt:?}");
}

#[tokio::test]
async fn a_clock_that_is_set_130_days_ahead_deletes_nothing_until_an_operator_confirms_it() {
    let service = Service::new().await;
    let machine = Machine::of(&service);
    let job = finished(&service).await;
    assert_eq!(tick(&service, &machine).await.frozen, None);
    machine.set_ahead(DAY * 130);
    let due = service.store.due(machine.reading().wall, 9).await.unwrap();
    assert!(!due.is_empty(), "the case must be real: by that clock it is due");
    for _ in 0..3 {
        let tick = tick(&service, &machine).await;
        assert_eq!(tick.removed, 0);
        assert!(tick.frozen.as_deref().is_some_and(|why| why.contains("was set")), "{tick:?}");
        machine.advance(Duration::from_secs(30));
    }
    assert!(!service.blobs_of(&job).is_empty());
    reaper(&service, &machine).confirm_clock().await.unwrap();
    assert!(tick(&service, &machine).await.removed >= 2);
}

#[tokio::test]
async fn a_machine_that_starts_with_a_date_far_ahead_is_not_believed_and_one_that_was_off_for_days_is() {
    let service = Service::new().await;
    let machine = Machine::of(&service);
    tick(&service, &machine).await;
    machine.start_again(DAY * 6);
    assert_eq!(tick(&service, &machine).await.frozen, None);
    machine.0.lock().unwrap().boot = "third".into();
    machine.set_ahead(DAY * 8);
    assert!(tick(&service, &machine).await.frozen.is_some());
}

#[tokio::test]
async fn bytes_of_a_writer_that_was_too_late_are_found_and_removed_a_day_later() {
    let service = Service::new().await;
    let machine = Machine::of(&service);
    let job = finished(&service).await;
    let lost = LeaseId { job: JobId::new(&SeededEntropy::new(9)), fence: 1 };
    let blob = BlobKey::artifact(&lost, "0-master.wav").unwrap();
    service.blobs.put(&blob, b"too late".as_slice()).await.unwrap();
    assert_eq!(tick(&service, &machine).await.orphans, 1);
    assert!(service.blobs.read(&blob, 0, 1).await.unwrap().is_some(), "its row may be on its way");
    machine.advance(ORPHAN_AGE);
    assert_eq!(tick(&service, &machine).await.orphans, 1);
    assert!(service.blobs.read(&blob, 0, 1).await.unwrap().is_none());
    assert!(!service.path("blobs/j").join(lost.job.as_str()).exists(), "its bytes too");
    assert!(!service.blobs_of(&job).is_empty(), "and nothing else");
}

#[tokio::test]
async fn mx_23_what_was_removed_is_written_down_beside_the_bytes_for_65_days() {
    let service = Service::new().await;
    let machine = Machine::of(&service);
    let job = finished(&service).await;
    machine.advance(LIFE);
    assert!(tick(&service, &machine).await.removed >= 2, "the job and its input");
    let [today] = service.blobs.logged_days().await.unwrap()[..] else { panic!("one day") };
    let logged = service.blobs.logged_removals(today).await.unwrap();
    let of_job = logged.iter().find(|removal| removal.subject == subject(job.id.as_str()));
    assert_eq!(
        of_job.map(|removal| (removal.removed, removal.cause)),
        Some((Removed::Job, Cause::Retention))
    );
    machine.advance(REMOVALS_LOGGED);
    tick(&service, &machine).await;
    assert_eq!(
        service.blobs.logged_removals(today).await.unwrap(),
        logged,
        "as long as a copy may be restored"
    );
    machine.advance(DAY);
    tick(&service, &machine).await;
    assert_eq!(service.blobs.logged_days().await.unwrap(), []);
}

#[tokio::test]
async fn rows_whose_bytes_somebody_took_are_told_and_those_of_a_removal_under_way_are_not() {
    let service = Service::new().await;
    let machine = Machine::of(&service);
    let job = finished(&service).await;
    let other = finished(&service).await;
    assert_eq!(tick(&service, &machine).await.hollow, 0);
    machine.advance(ORPHAN_AGE);
    std::fs::remove_dir_all(service.path("blobs/j").join(job.id.as_str())).unwrap();
    let upload = &other.inputs[0].upload;
    std::fs::remove_dir_all(service.path("blobs/u").join(upload.as_str())).unwrap();
    let found = tick(&service, &machine).await;
    assert_eq!((found.hollow, found.orphans, found.removed), (2, 0, 0));
    service.store.delete_job(&job.account, &job.id, service.clock.now()).await.unwrap();
    machine.advance(ORPHAN_AGE);
    assert_eq!(tick(&service, &machine).await.hollow, 1, "what was removed is not missed");
}
