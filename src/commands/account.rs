//! `mixrunners account erase`: what a person can do in the browser, for one who writes a letter instead.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::account::Email;
use domain::clock::Clock;

use super::installation::Rows;
use super::service::runtime;
use crate::ambient::SteadyClock;
use crate::exit::Failure;

/// What can be done with accounts.
#[derive(Subcommand, Debug)]
pub enum Action {
    /// Erase an account with all it has, at once; it cannot be undone
    Erase(Erase),
}

/// What `erase` takes.
#[derive(Args, Debug)]
pub struct Erase {
    /// Whose account
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    rows: Rows,
}

/// Erases it, and prints the receipt.
pub fn run(action: &Action) -> Result<ExitCode, Failure> {
    let Action::Erase(erase) = action;
    let email = Email::parse(&erase.email)
        .map_err(|error| Failure::usage(format!("--email is {:?}: {error}", erase.email)))?;
    runtime()?.block_on(async {
        let clock = SteadyClock::new();
        let store = erase.rows.open_with_keys().await?;
        let unknown = || Failure::usage("there is no account with this address");
        let account = store.account_by_email(&email).await.map_err(Failure::ours)?.ok_or_else(unknown)?;
        let erased = store.erase_account(&account.id, clock.now()).await.map_err(Failure::ours)?;
        let erased = erased.ok_or_else(unknown)?;
        store.close().await;
        if let Some(folder) = erase.rows.mail() {
            ::mail::forget(&folder, email.as_str())?;
        }
        println!("erased         {}", account.id);
        println!("with           {} jobs, {} uploads", erased.jobs, erased.uploads);
        println!(
            "money          {} purchases go back, {} credits are lost",
            erased.purchases_returned, erased.credits_lost
        );
        println!("receipt        /v1/receipts/{}", account.id);
        Ok::<_, Failure>(())
    })?;
    Ok(ExitCode::SUCCESS)
}
