//! `mixrunners render`: the child in which the worker has strangers' files decoded. Nobody types this.

use std::io::{self, BufRead, Read};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};

use clap::Args;
use domain::sandbox::Sandbox;
use worker::cage::{self, Allowance, DENIED, Layer, Place, Trial};
use worker::render::child;

use super::terminal::pool;
use crate::exit::Failure;

/// What `render` takes; its task comes on standard input, and its files are below the folder it is started in.
#[derive(Args, Debug)]
pub struct Arguments {
    /// How much the task may use; that of a check of a small file by default
    #[arg(long, value_name = "MEMORY,CPU,FILE,FILES,THREADS", value_parser = Allowance::parse)]
    allowance: Option<Allowance>,
    /// Whether to go on where the system has not all that the sandbox is made of: `full` or `weak`
    #[arg(long, default_value = "full", value_parser = sandbox)]
    sandbox: Sandbox,
    /// Try to break out in one way, instead of a task
    #[arg(long, value_name = "TRIAL", value_parser = trial)]
    prove: Option<Trial>,
}

const REQUEST_BYTES_MAX: u64 = 1 << 20;

/// One task, then the end of the process, and with it of all that a broken file may have done to it.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let allowance = arguments.allowance.unwrap_or_else(|| Allowance::of_check(&[], 1));
    let folder = std::env::current_dir()?;
    let place = Place::new(&folder, &std::env::current_exe()?);
    let (is_read, after_request) = mpsc::channel();
    let start = || {
        std::thread::spawn(move || end_with_the_worker(&after_request));
        pool(Some(allowance.threads))
    };
    let pool = cage::enter(&folder, &allowance, &Layer::ALL, arguments.sandbox, start);
    let pool = pool.map_err(Failure::ours)??;
    if let Some(trial) = arguments.prove {
        return Ok(match trial.attempt(&place, &allowance) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(DENIED),
        });
    }
    let mut request = String::new();
    io::stdin().lock().take(REQUEST_BYTES_MAX).read_line(&mut request)?;
    // It ends with this process at the latest, so it is there.
    let _ = is_read.send(());
    let limits = allowance.decode_limits();
    pool.install(|| child::serve_one(&request, &limits, Box::new(io::stdout())))?;
    Ok(ExitCode::SUCCESS)
}

/// The worker keeps its end of the pipe open as long as it lives; a child that nobody waits for goes too.
fn end_with_the_worker(after_request: &Receiver<()>) {
    if after_request.recv().is_err() {
        return; // there was no request, and it is over
    }
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    std::process::exit(70);
}

fn sandbox(word: &str) -> Result<Sandbox, String> {
    Sandbox::parse(word).ok_or_else(|| "it is full or weak".to_owned())
}

fn trial(word: &str) -> Result<Trial, String> {
    Trial::parse(word).ok_or_else(|| "there is no such trial".to_owned())
}
