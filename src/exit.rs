//! How the program ends: codes that a script can tell apart, and words that a person can act on.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use domain::problem::Fault;
use worker::render::RenderError;

/// The target could not be met without damage; the best reachable result was written.
pub const TARGET_REFUSED: u8 = 4;

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    /// What to do about it, where there is something to do.
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Usage,
    Input,
    Ours,
    Cancelled,
}

impl Failure {
    /// The command line is at fault: exit code 2.
    pub fn usage(message: impl Display) -> Self {
        Self { kind: Kind::Usage, message: message.to_string(), hint: None }
    }

    /// The file that was given is at fault: exit code 3.
    pub fn input(message: impl Display) -> Self {
        Self { kind: Kind::Input, message: message.to_string(), hint: None }
    }

    /// Something of ours, or of the machine: exit code 70 (`EX_SOFTWARE` of BSD's sysexits).
    pub fn ours(message: impl Display) -> Self {
        Self { kind: Kind::Ours, message: message.to_string(), hint: None }
    }

    /// The user stopped it: exit code 130, as shells have it for an interrupt.
    pub fn cancelled() -> Self {
        Self { kind: Kind::Cancelled, message: "stopped; nothing was written".to_owned(), hint: None }
    }

    /// A render that has no result, with the file it is about.
    pub fn of_render(path: &Path, error: &RenderError) -> Self {
        if error.is_cancelled() {
            return Self::cancelled();
        }
        let message = format!("{}: {error} ({})", path.display(), error.code());
        match (error, error.fault()) {
            (RenderError::Disk(io), _) if io.kind() == ErrorKind::NotFound => {
                Self::usage(format!("there is no file {}", path.display()))
            }
            (_, Fault::User) => Self::usage(message),
            (_, Fault::Input) => Self::input(message),
            (_, Fault::Ours) => Self::ours(message),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Prints it, and gives its exit code.
    pub fn report(self) -> ExitCode {
        eprintln!("mixrunners: {}", self.message);
        if let Some(hint) = self.hint {
            eprintln!("  {hint}");
        }
        ExitCode::from(match self.kind {
            Kind::Usage => 2,
            Kind::Input => 3,
            Kind::Ours => 70,
            Kind::Cancelled => 130,
        })
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::ours(error)
    }
}
