//! `mixrunners render`: the child in which the worker has strangers' files decoded. Nobody types this.

use std::io;
use std::process::ExitCode;

use clap::Args;
use worker::render::child;

use super::terminal::in_pool;
use crate::exit::Failure;

/// What `render` takes; its task comes on standard input.
#[derive(Args, Debug)]
pub struct Arguments {
    /// How many threads to use
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// One task, then the end of the process, and with it of all that a broken file may have done to it.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    in_pool(arguments.threads, || child::serve_one(&mut io::stdin().lock(), Box::new(io::stdout())))??;
    Ok(ExitCode::SUCCESS)
}
