//! `mixrunners api`: the page and the API alone. Any number of them share one database and one place for bytes with any
//! number of workers.

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

use super::installation::Shared;
use super::logging::Logging;
use super::mail;
use super::payments::Settings;
use super::peppers;
use super::service::{Address, OperatorsAddress, come_to_an_end, runtime, told_to_stop};
use crate::ambient::{SteadyClock, SystemEntropy};
use crate::exit::Failure;

/// What `api` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    shared: Shared,
    #[command(flatten)]
    address: Address,
    #[command(flatten)]
    money: Settings,
    /// The secrets under which addresses that used free previews are hashed, where money is taken; the same folder,
    /// or copies of it, for every process. Left out: peppers in the folder of --keys
    #[arg(long, value_name = "DIR", env = "MIXRUNNERS_PEPPERS")]
    peppers: Option<PathBuf>,
    #[command(flatten)]
    mail: mail::Delivery,
    #[command(flatten)]
    operators: OperatorsAddress,
    #[command(flatten)]
    logging: Logging,
}

/// How long open requests may go on once it was told to stop.
const GOODBYE: Duration = Duration::from_secs(10);

/// Answers until it is told to stop.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let site = arguments.address.site()?;
    arguments.mail.check()?;
    arguments.logging.begin()?;
    runtime()?.block_on(answer(arguments, site))?;
    Ok(ExitCode::SUCCESS)
}

async fn answer(arguments: Arguments, site: Site) -> Result<(), Failure> {
    let clock = Arc::new(SteadyClock::new());
    let store = arguments.shared.database.open().await?;
    if let Some(mark) = store.latest_mark().await.map_err(Failure::ours)? {
        clock.is_at_least(mark);
    }
    let blobs = arguments.shared.open_blobs(&store, clock.clone()).await?;
    let door = arguments.address.door().await?;
    let base = door.base.clone();
    let stop = CancellationToken::new();
    let payments = arguments.money.payments(&store, &clock, &base)?;
    let folder = arguments.peppers.or_else(|| arguments.shared.keys.peppers());
    let peppers = peppers::open(folder, payments.as_ref(), &store, &clock, &stop).await?;
    let keyring = arguments.shared.keys.open()?;
    let mailing = arguments.mail.mailing(None, &store, keyring, &clock, &base)?;
    let registries = [store::figures::registry(), api::figures::registry()];
    let monitor = Monitor::new(&store, &blobs, clock.clone(), &registries);
    let mut app =
        App::new(store.clone(), blobs, clock.clone(), Arc::new(SystemEntropy), Limits::default(), site)
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
    println!("mixrunners answers at {base}");
    let watching = arguments.operators.answer(&monitor, &stop).await?;
    let answering = door.answer(&app, &stop);
    told_to_stop().await?;
    println!("Stopping.");
    stop.cancel();
    app.close();
    come_to_an_end(GOODBYE, async { tokio::join!(answering, posting, OptionFuture::from(watching)) }).await;
    store.close().await;
    Ok(())
}
