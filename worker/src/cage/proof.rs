//! The proof that the cage holds on this machine, before anybody's file is opened in it.

use std::io::Error;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use domain::sandbox::Sandbox;

use super::{Allowance, Trial};
use crate::child::command;
use crate::scratch::{IN, Scratch};

/// The exit code of a trial that was denied what it tried. Of one that got it: 0.
pub const DENIED: u8 = 77;
/// A trial takes milliseconds.
const TRIAL_MAX: Duration = Duration::from_secs(20);

/// Why nothing of strangers may be opened on this machine.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The program cannot be started, or its folder cannot be made.
    #[error("the sandbox cannot be tried: {0}")]
    Untried(#[from] Error),
    /// Nothing works in it, or there is none.
    #[error("there is no sandbox: {0}")]
    None(String),
    /// What should have been denied was not.
    #[error("the sandbox does not hold: it could {}", .0.join(", "))]
    Open(Vec<&'static str>),
}

/// Has `program` try in its cage whatever it may not do, each in a process of its own, in a folder below `scratch`.
///
/// # Errors
/// The cage could not be built or did not hold.
pub async fn prove(program: &Path, scratch: &Path) -> Result<(), Unproven> {
    let folder = Scratch::named(scratch, "trial")?;
    std::fs::write(folder.path().join(IN).join("trial"), "of use")?;
    let mut open = Vec::new();
    for trial in Trial::ALL {
        let (status, said) = attempt(program, &folder, trial).await?;
        match (trial, status.code(), status.signal()) {
            (Trial::Work, Some(0), _) => {}
            (Trial::Work, ..) => return Err(Unproven::None(said)),
            (_, Some(code), _) if code == i32::from(DENIED) => {}
            (_, None, Some(signal)) if KILLED.contains(&signal) => {}
            _ => open.push(trial.as_str()),
        }
    }
    if open.is_empty() { Ok(()) } else { Err(Unproven::Open(open)) }
}

/// What a wall kills with: SIGXFSZ for a large file, SIGSYS for a call.
const KILLED: [i32; 2] = [25, 31];

async fn attempt(program: &Path, folder: &Scratch, trial: Trial) -> Result<(ExitStatus, String), Error> {
    let smallest = Allowance::of_check(&[], 1);
    let child = command(program, folder.path(), &smallest, Sandbox::Full)
        .args(["--prove", trial.as_str()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = tokio::time::timeout(TRIAL_MAX, child.wait_with_output()).await;
    let output = output.map_err(|_| Error::other(format!("{} does not end", trial.as_str())))??;
    let said = String::from_utf8_lossy(&output.stderr);
    let said =
        said.lines().next().unwrap_or("its process ended without a word").trim_start_matches("mixrunners: ");
    Ok((output.status, said.to_owned()))
}
