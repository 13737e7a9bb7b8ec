//! `mixrunners billing`: an operator compares with Stripe, gives credits, and gives them back.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use api::payments::{Repair, reconcile};
use clap::{Args, Subcommand};
use domain::account::Email;
use domain::clock::Clock;
use domain::ids::JobId;
use domain::money::Credits;
use store::Store;
use store::money::JobRefund;

use super::installation::Rows;
use super::payments::Settings;
use super::service::runtime;
use crate::ambient::SteadyClock;
use crate::exit::Failure;

/// What `billing` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    rows: Rows,
    #[command(flatten)]
    settings: Settings,
}

/// What can be done with money.
#[derive(Subcommand, Debug)]
enum Action {
    /// Compare orders with Stripe, and rows with the ledger; exit code 1 if they differ
    Reconcile {
        /// How far back, 1 to 365 days
        #[arg(long, value_name = "N", default_value_t = 30)]
        days: u32,
        /// Take over what is so at Stripe
        #[arg(long)]
        merge: bool,
    },
    /// Give credits that nobody paid for
    Grant {
        /// To whom; the account must exist
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// How many, 1 to 1000000
        #[arg(long, value_name = "N")]
        credits: i64,
        /// What it is for; the same key gives nothing twice
        #[arg(long, value_name = "TEXT")]
        key: String,
    },
    /// Give the credits of a job that succeeded back
    Refund {
        #[arg(value_parser = job_id)]
        job: JobId,
    },
}

fn job_id(text: &str) -> Result<JobId, String> {
    JobId::parse(text).map_err(|error| error.to_string())
}

/// There are differences.
const DIFFERENT: u8 = 1;
const DAY: Duration = Duration::from_secs(86_400);
const DAYS_MAX: u32 = 365;

/// Does it, and prints what is so.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    runtime()?.block_on(async {
        let store = match &arguments.action {
            Action::Grant { .. } => arguments.rows.open_with_keys().await?,
            Action::Reconcile { .. } | Action::Refund { .. } => arguments.rows.open().await?,
        };
        let done = act(&store, arguments.action, &arguments.settings).await;
        store.close().await;
        done
    })
}

async fn act(store: &Store, action: Action, settings: &Settings) -> Result<ExitCode, Failure> {
    let clock = Arc::new(SteadyClock::new());
    match action {
        Action::Reconcile { days, merge } => {
            if !(1..=DAYS_MAX).contains(&days) {
                return Err(Failure::usage(format!("--days is {days}; it can be 1 to {DAYS_MAX}")));
            }
            let repair = if merge { Repair::Merge } else { Repair::No };
            let differences = match settings.payments(store, &clock, "")? {
                Some(payments) => {
                    let since = clock.now() - DAY * days;
                    let found = reconcile(&payments, since, repair).await.map_err(Failure::ours)?;
                    found.iter().map(ToString::to_string).collect()
                }
                None => {
                    println!("Payments are off: only our own rows are looked at.");
                    store.money_faults().await.map_err(Failure::ours)?
                }
            };
            for difference in &differences {
                println!("{difference}");
            }
            println!("{} differences", differences.len());
            return Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) });
        }
        Action::Grant { email, credits, key } => {
            let parsed = Email::parse(&email);
            let address = parsed.map_err(|error| Failure::usage(format!("--email is {email:?}: {error}")))?;
            let credits = Credits::new(credits).ok().filter(|credits| !credits.is_zero());
            let credits =
                credits.ok_or_else(|| Failure::usage(format!("--credits can be 1 to {}", Credits::MAX)))?;
            let account = store.account_by_email(&address).await.map_err(Failure::ours)?;
            let account = account.ok_or_else(|| Failure::usage("there is no account with this address"))?;
            match store.grant(&account.id, credits, &key, clock.now()).await.map_err(Failure::ours)? {
                true => println!("Given: {credits}"),
                false => println!("Nothing given: the key {key:?} was used before."),
            }
        }
        Action::Refund { job } => match store.refund_job(&job, clock.now()).await.map_err(Failure::ours)? {
            JobRefund::Refunded(job) => println!("Given back: {}", job.credits),
            JobRefund::NothingSpent(job) => {
                println!("Nothing to give back: the money of {} is {}", job.id, job.money)
            }
            JobRefund::Unknown => return Err(Failure::usage(format!("there is no job {job}"))),
        },
    }
    Ok(ExitCode::SUCCESS)
}
