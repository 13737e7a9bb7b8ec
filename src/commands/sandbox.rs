//! Whether this machine can wall off the processes that open strangers' files; nothing is rendered before that is
//! known.

use std::path::Path;

use clap::Args;
use domain::sandbox::Sandbox;

use crate::exit::Failure;

/// What an operator says about it.
#[derive(Args, Debug)]
pub struct Walls {
    /// Render even where the system cannot wall off the processes that open strangers' files
    #[arg(long, env = "MIXRUNNERS_ALLOW_WEAK_SANDBOX")]
    allow_weak_sandbox: bool,
}

impl Walls {
    /// Tries the walls of `program`, in a folder below `scratch`. Where they do not hold nothing is rendered, unless
    /// the operator allowed it.
    pub async fn try_out(&self, program: &Path, scratch: &Path) -> Result<Sandbox, Failure> {
        let unproven = match worker::cage::prove(program, scratch).await {
            Ok(()) => return Ok(Sandbox::Full),
            Err(unproven) => unproven,
        };
        if !self.allow_weak_sandbox {
            return Err(Failure::ours(&unproven).hint(
                "strangers' files are opened behind Landlock and seccomp only: Linux 5.19 or later, and a container \
                 that allows both; --allow-weak-sandbox goes on with what there is, and tells so in /healthz",
            ));
        }
        println!("The sandbox is weak, as allowed: {unproven}");
        Ok(Sandbox::Weak)
    }
}
