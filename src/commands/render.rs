//! `mixrunners render`: the child in which the worker has strangers' files decoded. Nobody types this.

use std::io::{self, BufRead, Read};
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

const REQUEST_BYTES_MAX: u64 = 1 << 20;

/// One task, then the end of the process, and with it of all that a broken file may have done to it.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut request = String::new();
    io::stdin().lock().take(REQUEST_BYTES_MAX).read_line(&mut request)?;
    std::thread::spawn(end_with_the_worker);
    in_pool(arguments.threads, || child::serve_one(&request, Box::new(io::stdout())))??;
    Ok(ExitCode::SUCCESS)
}

/// The worker keeps its end of the pipe open as long as it lives; a child that nobody waits for goes too.
fn end_with_the_worker() {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    std::process::exit(70);
}
