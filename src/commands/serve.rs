//! `mixrunners serve`: page, API and worker in one process, on SQLite and a folder, with nothing to set up.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use api::mailing::keep_posting;
use api::payments::keep_up;
use api::{App, Limits, Monitor, Site};
use clap::Args;
use futures_util::future::OptionFuture;
use tokio_util::sync::CancellationToken;
use worker::reaper::Reaper;
use worker::room::Disks;

use super::installation::Embedded;
use super::logging::Logging;
use super::mail;
use super::payments::Settings;
use super::peppers;
use super::sandbox::Walls;
use super::service::{Address, OperatorsAddress, come_to_an_end, runtime, sign_in_link, told_to_stop};
use super::worker::Slots;
use crate::ambient::{self, MachineClocks, SteadyClock, SystemEntropy};
use crate::exit::Failure;

/// What `serve` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Where everything is kept: database, audio, scratch; made if it is missing
    #[arg(long, value_name = "DIR", default_value = "./data", env = "MIXRUNNERS_DATA")]
    data: PathBuf,
    #[command(flatten)]
    address: Address,
    /// Open the page in this machine's browser
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    slots: Slots,
    #[command(flatten)]
    money: Settings,
    #[command(flatten)]
    mail: mail::Delivery,
    #[command(flatten)]
    walls: Walls,
    #[command(flatten)]
    operators: OperatorsAddress,
    #[command(flatten)]
    logging: Logging,
}

/// How long open requests may go on once the service was told to stop.
const GOODBYE: Duration = Duration::from_secs(10);

/// Serves until it is told to stop.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let site = arguments.address.site()?;
    arguments.mail.check()?;
    arguments.logging.begin()?;
    let embedded = Embedded::new(&arguments.data)?;
    let _only_one = embedded.lock()?;
    runtime()?.block_on(serve(arguments, embedded, site))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(arguments: Arguments, embedded: Embedded, site: Site) -> Result<(), Failure> {
    let clock = Arc::new(SteadyClock::new());
    let entropy = Arc::new(SystemEntropy);
    let program = std::env::current_exe()?;
    let sandbox = arguments.walls.try_out(&program, &embedded.scratch()).await?;
    let store = embedded.open_store().await?;
    store.release_upload_locks().await.map_err(Failure::ours)?;
    if let Some(mark) = store.latest_mark().await.map_err(Failure::ours)? {
        clock.is_at_least(mark);
    }
    let blobs = embedded.open_blobs(&store, clock.clone()).await?;
    let door = arguments.address.door().await?;
    let base = door.base.clone();
    let payments = arguments.money.payments(&store, &clock, &base)?;
    let keyring = embedded.keyring(&store).await?;
    let mailing = arguments.mail.mailing(Some(embedded.mail()), &store, keyring, &clock, &base)?;
    let stop = CancellationToken::new();
    let peppers = peppers::open(Some(embedded.peppers()), payments.as_ref(), &store, &clock, &stop).await?;
    let worker = worker::Worker {
        store: store.clone(),
        blobs: blobs.clone(),
        program,
        scratch: embedded.scratch(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        slots: arguments.slots.count(),
        attempt_max: worker::ATTEMPT_MAX,
        disk: Arc::new(Disks),
        keep_free: arguments.slots.keep_free_bytes(),
        sandbox,
    };
    let working = tokio::spawn(worker::run(worker, stop.clone()));
    let reaper = Reaper { store: store.clone(), blobs: blobs.clone(), readings: Arc::new(MachineClocks) };
    let reaping = tokio::spawn(reaper.run(stop.clone()));
    let registries = [store::figures::registry(), api::figures::registry(), worker::figures::registry()];
    let monitor = Monitor::new(&store, &blobs, clock.clone(), &registries);
    let mut app = App::new(store.clone(), blobs, clock.clone(), entropy, Limits::default(), site)
        .watched_by(monitor.clone(), arguments.operators.figures_at())
        .behind_proxies(arguments.address.proxies());
    let posting = OptionFuture::from(mailing.clone().map(|it| tokio::spawn(keep_posting(it, stop.clone()))));
    if let Some(mailing) = mailing {
        app = app.with_mailing(mailing);
    }
    if let Some((payments, peppers)) = payments.zip(peppers) {
        tokio::spawn(keep_up(payments.clone(), stop.clone()));
        app = app.with_payments(payments, peppers);
    }
    let link = sign_in_link(&store, &base, &*clock).await?;
    println!("mixrunners is running at {base}");
    println!("Sign in (once, within the hour): {link}");
    if arguments.open {
        ambient::open_in_browser(&link);
    }
    let watching = arguments.operators.answer(&monitor, &stop).await?;
    let answering = door.answer(&app, &stop);
    told_to_stop().await?;
    println!("Stopping: running work goes back into the queue.");
    stop.cancel();
    app.close();
    let watching = OptionFuture::from(watching);
    come_to_an_end(GOODBYE, async { tokio::join!(working, reaping, posting, answering, watching) }).await;
    store.close().await;
    Ok(())
}
