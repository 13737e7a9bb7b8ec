//! `mixrunners worker`: renders, and answers nobody.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use api::Monitor;
use clap::Args;
use futures_util::future::OptionFuture;
use tokio_util::sync::CancellationToken;
use worker::room::Disks;

use super::installation::{Shared, lock, make_folder};
use super::logging::Logging;
use super::sandbox::Walls;
use super::service::{OperatorsAddress, come_to_an_end, runtime, told_to_stop};
use crate::ambient::{SteadyClock, SystemEntropy};
use crate::exit::Failure;

/// What `worker` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    shared: Shared,
    /// Where songs are rendered; this worker's alone, wiped at its start
    #[arg(long, value_name = "DIR", default_value = "./scratch", env = "MIXRUNNERS_SCRATCH")]
    scratch: PathBuf,
    #[command(flatten)]
    slots: Slots,
    #[command(flatten)]
    walls: Walls,
    #[command(flatten)]
    operators: OperatorsAddress,
    #[command(flatten)]
    logging: Logging,
}

/// How much is done side by side.
#[derive(Args, Debug)]
pub struct Slots {
    /// How many songs are rendered side by side
    #[arg(long, value_name = "N", default_value_t = 1, env = "MIXRUNNERS_SLOTS")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    slots: u16,
    /// While less than so many MiB are free where songs are rendered, none is begun
    #[arg(long, value_name = "MIB", default_value_t = 512, env = "MIXRUNNERS_KEEP_FREE")]
    keep_free: u32,
}

impl Slots {
    /// What stays free on the disk, in bytes.
    pub fn keep_free_bytes(&self) -> u64 {
        u64::from(self.keep_free) << 20
    }

    /// As the worker takes it.
    pub fn count(&self) -> usize {
        usize::from(self.slots)
    }
}

/// How long running work may take to go back into the queue.
const GOODBYE: Duration = Duration::from_secs(30);

/// Works until it is told to stop.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    arguments.logging.begin()?;
    let scratch = std::path::absolute(&arguments.scratch)?;
    make_folder(&scratch)?;
    let Some(_only_one) = lock(&scratch.join("worker.lock"))? else {
        let taken = format!("another worker has the scratch folder {}", scratch.display());
        return Err(Failure::usage(taken).hint("give each worker a --scratch of its own"));
    };
    // Below the lock, since it is wiped.
    runtime()?.block_on(work(arguments, scratch.join("attempts")))?;
    Ok(ExitCode::SUCCESS)
}

async fn work(arguments: Arguments, scratch: PathBuf) -> Result<(), Failure> {
    let program = std::env::current_exe()?;
    let sandbox = arguments.walls.try_out(&program, &scratch).await?;
    let store = arguments.shared.database.open().await?;
    let clock = Arc::new(SteadyClock::new());
    let worker = worker::Worker {
        store: store.clone(),
        blobs: arguments.shared.open_blobs(&store, clock.clone()).await?,
        program,
        scratch,
        clock,
        entropy: Arc::new(SystemEntropy),
        slots: arguments.slots.count(),
        attempt_max: worker::ATTEMPT_MAX,
        disk: Arc::new(Disks),
        keep_free: arguments.slots.keep_free_bytes(),
        sandbox,
    };
    let stop = CancellationToken::new();
    let registries = [store::figures::registry(), worker::figures::registry()];
    let monitor = Monitor::new(&store, &worker.blobs, worker.clock.clone(), &registries);
    let watching = arguments.operators.answer(&monitor, &stop).await?;
    let working = tokio::spawn(worker::run(worker, stop.clone()));
    println!("mixrunners works for the database {}", arguments.shared.database);
    told_to_stop().await?;
    println!("Stopping: running work goes back into the queue.");
    stop.cancel();
    come_to_an_end(GOODBYE, async { tokio::join!(working, OptionFuture::from(watching)) }).await;
    store.close().await;
    Ok(())
}
