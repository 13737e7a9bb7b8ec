//! `mixrunners audit`: what operators did, and whether anybody changed what was written of it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::audit::Chain;
use store::Store;
use store::auditing::Verified;

use super::installation::Rows;
use super::service::runtime;
use crate::exit::Failure;

/// What `audit` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    rows: Rows,
}

/// What can be done with the audit.
#[derive(Subcommand, Debug)]
enum Action {
    /// What was done last, newest first
    List {
        /// How many rows
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Follow the chain of hashes from the first row to the last, and name the first that does not fit
    Verify {
        /// An end that an earlier run printed: finds a chain that was written anew as a whole
        #[arg(long, value_name = "SEQ:HASH", value_parser = chain)]
        noted: Option<Chain>,
    },
}

fn chain(text: &str) -> Result<Chain, String> {
    Chain::parse(text).ok_or_else(|| "it is a number, a colon and 64 hexadecimal digits".to_owned())
}

/// Does it, and prints what was found.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    runtime()?.block_on(async {
        let store = arguments.rows.open().await?;
        let done = match &arguments.action {
            Action::List { limit } => list(&store, *limit).await,
            Action::Verify { noted } => verify(&store, noted.as_ref()).await,
        };
        store.close().await;
        done
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store, limit: u32) -> Result<(), Failure> {
    for row in store.audit_rows(None, limit).await.map_err(Failure::ours)? {
        let deed = row.deed;
        let job = deed.job.map(|job| format!(" {job}")).unwrap_or_default();
        println!(
            "{}  {}  {}  {}{job}  {}: {}",
            row.seq, deed.at, deed.actor, deed.action, deed.outcome, deed.reason
        );
    }
    Ok(())
}

async fn verify(store: &Store, noted: Option<&Chain>) -> Result<(), Failure> {
    match store.verify_audit(noted).await.map_err(Failure::ours)? {
        Verified::Sound(end) => {
            println!("All {} rows are as they were written. Note this end outside the database:", end.seq);
            println!("{end}");
            Ok(())
        }
        Verified::Broken(broken) => Err(Failure::ours(format!("the audit was tampered with: {broken}"))
            .hint("restore the database beside this one from a backup, and compare from that row on")),
    }
}
