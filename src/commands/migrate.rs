//! `mixrunners migrate`: brings a database's tables to this program's version, and does nothing else. Every command
//! that opens a database does the same at its start; this one is for those who want it done at a time of their own.

use std::process::ExitCode;

use clap::Args;
use store::{Migrated, Store};

use super::installation::Database;
use super::service::runtime;
use crate::exit::Failure;

/// What `migrate` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Which: postgres://USER:PASSWORD@HOST/DATABASE or sqlite:///FOLDER
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_DATABASE", hide_env_values = true)]
    #[arg(value_parser = Database::parse)]
    database: Database,
}

/// Migrates, and says from where to where.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let database = &arguments.database;
    let Migrated { from, to } = runtime()?
        .block_on(Store::migrate(database.place()))
        .map_err(|error| Failure::ours(format!("cannot migrate the database {database}: {error}")))?;
    match from {
        0 => println!("The database {database} was empty and is at version {to} now."),
        from if from == to => println!("The database {database} is at version {to} already."),
        from => println!("The database {database} was at version {from} and is at version {to} now."),
    }
    Ok(ExitCode::SUCCESS)
}
