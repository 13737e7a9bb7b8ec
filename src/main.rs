//! `mixrunners`: one program that mixes and masters music, on the command line and as a service.

mod ambient;
mod commands;
mod config;
mod exit;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::Cli::parse().command.run() {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
