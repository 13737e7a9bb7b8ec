//! One try at a task: the main path of the service, top to bottom.

use std::sync::Arc;
use std::time::Duration;

use domain::blob::BlobKey;
use domain::job::{Stage, StateName};
use domain::lease::LeaseId;
use domain::problem::{Fault, Money, Problem};
use domain::task::Task;
use store::StoreError;
use store::outcome::{Checked, Completion, Leased, Progress, SameBytes, Twin};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Worker;
use crate::cage::Allowance;
use crate::child::{Child, Death, Last};
use crate::deliver::deliver;
use crate::error::Hindrance;
use crate::fetch::{Fetched, fetch};
use crate::figures;
use crate::heartbeat::Heartbeat;
use crate::room::{BREATHER, Need, Room};
use crate::scratch::Scratch;

/// How often it is seen how much an attempt has written, and how many files and folders it may have.
const LOOK_INTO_SCRATCH: Duration = Duration::from_millis(500);
const FILES_MAX: usize = 2048;
/// How often a write back is tried while the database fails. The lease is kept alive meanwhile.
const WRITE_BACK_TRIES: u32 = 5;
const WRITE_BACK_WAIT: Duration = Duration::from_secs(1);

/// How an attempt ended.
pub(crate) enum Ending {
    /// The upload can be used.
    Checked(Checked),
    /// The masters are stored.
    Completed(Completion),
    /// The input or the order is at fault.
    Refused(Problem),
    /// We are at fault; it may work later.
    Hindered(Problem),
    /// The process that met the file died.
    Died(Death),
    /// The worker was told to stop.
    Stopped,
    /// The disk is full, which is nobody's fault.
    NoRoom,
    /// The job is another worker's, or cancelled, or gone.
    LeaseLost,
}

/// Takes a leased task to its end, whatever that is.
pub(crate) async fn run(worker: Arc<Worker>, room: Arc<Room>, leased: Leased, stop: CancellationToken) {
    let began = worker.clock.now();
    let heart = Heartbeat::start(&worker, &leased.lease);
    let ending = match work(&worker, &room, &leased, &heart, &stop).await {
        Ok(ending) => ending,
        Err(Hindrance::Store(StoreError::LeaseLost)) => Ending::LeaseLost,
        Err(hindrance) if hindrance.is_full_disk() => {
            room.shut_for(BREATHER);
            Ending::NoRoom
        }
        Err(hindrance) => {
            tracing::error!(job.id = %leased.lease.job, error = %hindrance, "an attempt was hindered");
            Ending::Hindered(hindrance.problem())
        }
    };
    let ended = write_back(&worker, &leased, &ending).await;
    let took = worker.clock.now().since(began);
    figures::attempt_over(&leased.task, ended, took);
    if matches!(ending, Ending::Completed(_)) && ended == StateName::Succeeded.as_str() {
        tell_of_audio(&worker, &leased).await;
    }
    let duration_ms = took.as_millis() as u64;
    tracing::info!(job.id = %leased.lease.job, attempt = leased.attempt, duration_ms, ended, "attempt over");
}

/// Fetch, render, deliver. The heart beats beside it; whatever interrupts it kills the child.
async fn work(
    worker: &Worker,
    room: &Room,
    leased: &Leased,
    heart: &Heartbeat,
    stop: &CancellationToken,
) -> Result<Ending, Hindrance> {
    let deadline = Instant::now() + worker.attempt_max * songs(&leased.task);
    let scratch = Scratch::new(&worker.scratch, &leased.lease).map_err(Hindrance::Scratch)?;
    heart.tell(Progress { stage: Stage::Fetch, fraction: 0.0 });
    let fetched = tokio::select! {
        fetched = fetch(worker, room, leased, &scratch) => fetched?,
        ending = interruption(heart, stop, deadline) => return Ok(ending),
    };
    let Some(Fetched { request, allowance, need }) = fetched else { return Ok(Ending::NoRoom) };
    let child = Child::start(&worker.program, &scratch, &allowance, worker.sandbox);
    let mut child = child.map_err(Hindrance::Program)?;
    let last = tokio::select! {
        last = child.follow(&request, |progress| heart.tell(progress)) => last,
        () = overflow(&scratch, &need) => {
            child.kill().await;
            return Ok(Ending::Died(Death::by("it filled its folder")));
        }
        ending = interruption(heart, stop, deadline) => {
            // It must be dead before its folder goes.
            child.kill().await;
            return Ok(ending);
        }
    };
    let done = match last {
        Last::Done(done) => done,
        Last::Problem(problem) if problem.fault == Fault::Ours && room.is_short() => {
            return Ok(Ending::NoRoom);
        }
        Last::Problem(problem) if problem.fault == Fault::Ours => return Ok(Ending::Hindered(problem)),
        Last::Problem(problem) => return Ok(Ending::Refused(problem)),
        Last::Died(death) if death.is_of_memory() && matches!(leased.task, Task::Check { .. }) => {
            death.log(&leased.lease);
            return Ok(Ending::Refused(too_much_memory(&allowance)));
        }
        Last::Died(death) => return Ok(Ending::Died(death)),
    };
    heart.tell(Progress { stage: Stage::Deliver, fraction: 0.0 });
    tokio::select! {
        ending = deliver(worker, leased, &scratch, done) => ending,
        ending = interruption(heart, stop, deadline) => Ok(ending),
    }
}

/// A file that takes more to open than any song of its size: its fault, since it would take as much again. Once a file
/// was opened, what a job of it takes is ours to know.
fn too_much_memory(allowance: &Allowance) -> Problem {
    let mebibytes = allowance.memory_bytes >> 20;
    Problem {
        code: "decode_resource_limit".to_owned(),
        title: "This audio cannot be used".to_owned(),
        detail: format!(
            "Opening the file took more than {mebibytes} MiB of memory, which is more than any song of its size needs. \
             Export it again as WAV or FLAC, and upload that."
        ),
        stage: Some(Stage::Decode),
        fault: Fault::Input,
        retryable: false,
        money: Money::None,
    }
}

/// Returns once there is more in the folder than any honest render makes.
async fn overflow(scratch: &Scratch, need: &Need) {
    loop {
        tokio::time::sleep(LOOK_INTO_SCRATCH).await;
        let (bytes, files) = scratch.contents();
        if bytes > need.most || files > FILES_MAX {
            return;
        }
    }
}

/// How many songs are decoded for a task.
fn songs(task: &Task) -> u32 {
    match task {
        Task::Check { .. } => 1,
        Task::Render { inputs, references, .. } => {
            u32::try_from(inputs.len() + references.len()).unwrap_or(1)
        }
    }
}

/// Waits for whatever ends an attempt from outside.
async fn interruption(heart: &Heartbeat, stop: &CancellationToken, deadline: Instant) -> Ending {
    tokio::select! {
        () = heart.lost() => Ending::LeaseLost,
        () = stop.cancelled() => Ending::Stopped,
        () = tokio::time::sleep_until(deadline) => Ending::Died(Death::hung()),
    }
}

/// Tells the store, under the lease's fence; gives a word for the log.
async fn write_back(worker: &Worker, leased: &Leased, ending: &Ending) -> &'static str {
    for tries_left in (0..WRITE_BACK_TRIES).rev() {
        match write_back_once(worker, leased, ending).await {
            Ok(word) => return word,
            Err(StoreError::LeaseLost) => return discard(worker, leased).await,
            Err(error) if tries_left > 0 => {
                tracing::warn!(job.id = %leased.lease.job, %error, "a write back failed and is tried again");
                tokio::time::sleep(WRITE_BACK_WAIT).await;
            }
            // The lease runs out, and the sweep puts the job back.
            Err(error) => tracing::error!(job.id = %leased.lease.job, %error, "a write back failed"),
        }
    }
    "unknown"
}

async fn write_back_once(
    worker: &Worker,
    leased: &Leased,
    ending: &Ending,
) -> Result<&'static str, StoreError> {
    let (store, lease, now) = (&worker.store, &leased.lease, worker.clock.now());
    match ending {
        Ending::Checked(checked) => end_check(worker, lease, checked).await.map(|()| "checked"),
        Ending::Completed(completion) => store.complete(lease, completion, now).await.map(|()| "succeeded"),
        Ending::Refused(problem) => match leased.task {
            Task::Check { .. } => store.rejected_upload(lease, problem, now).await.map(|()| "rejected"),
            Task::Render { .. } => store.fail(lease, problem, now).await.map(|()| "failed"),
        },
        Ending::Hindered(problem) => {
            let state = store.retry_later(lease, problem, now).await?;
            figures::hindered(state);
            Ok(state.as_str())
        }
        Ending::Died(death) => {
            death.log(lease);
            let state = store.process_died(lease, now).await?;
            figures::died(figures::Death::Seen, state);
            Ok(state.as_str())
        }
        Ending::NoRoom => store.release(lease, now).await.map(|()| "no room"),
        Ending::Stopped => store.release(lease, now).await.map(|()| "released"),
        Ending::LeaseLost => Err(StoreError::LeaseLost),
    }
}

/// The account may have the same file here already; then its bytes are read, and if they are whole they lie here once.
async fn end_check(worker: &Worker, lease: &LeaseId, checked: &Checked) -> Result<(), StoreError> {
    let ended = |same| async move {
        let now = worker.clock.now();
        worker.store.checked_upload(lease, checked, &same, now).await
    };
    let Some(Twin { place, sha256 }) = ended(SameBytes::Unknown).await? else { return Ok(()) };
    let is_whole = match worker.blobs.measure(&BlobKey::upload_source(&place)).await {
        Ok(stored) => stored.is_some_and(|stored| stored.sha256 == sha256),
        Err(error) => {
            tracing::error!(job.id = %lease.job, %error, "the same file, sent before, cannot be read");
            false
        }
    };
    ended(if is_whole { SameBytes::At(place) } else { SameBytes::Nowhere }).await.map(drop)
}

/// For the figures alone: an answer that does not come changes nothing.
async fn tell_of_audio(worker: &Worker, leased: &Leased) {
    match worker.store.input_audio(&leased.lease.job).await {
        Ok(audio) => figures::rendered(audio),
        Err(error) => tracing::warn!(%error, "how much audio was rendered is not counted"),
    }
}

async fn discard(worker: &Worker, leased: &Leased) -> &'static str {
    if let Err(error) = worker.store.discard(&leased.lease, worker.clock.now()).await {
        tracing::error!(job.id = %leased.lease.job, %error, "a lost attempt's blobs stay behind");
    }
    "lease lost"
}
