//! The cage around a stranger's file: what the process that decodes it may do to the machine.
//!
//! A child shuts itself in before it reads its request, so that whatever takes it over later finds the door closed.
//! Each layer stands for itself, and most actions are stopped by two of them:
//!
//! | layer | what it takes away |
//! |---|---|
//! | `privileges` | inherited files, capabilities, new privileges; life after the worker's end |
//! | `limits` | memory, processor time, large files, many files, more threads, core dumps |
//! | `files` | every file but its inputs (to read) and its results, by Landlock; TCP; signals to others |
//! | `calls` | every system call that decoding and encoding do not need, by seccomp: no socket, no process, no thread |
//!
//! What is left: the child can learn whether a path exists (`stat`), which neither of the two can forbid.

mod allowance;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod privileges;
mod proof;
mod trial;

use std::path::Path;

use domain::sandbox::Sandbox;

pub use allowance::{Allowance, Load};
pub use proof::{DENIED, Unproven, prove};
pub use trial::{Place, Trial};

/// One of the walls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layer {
    /// What a process may inherit and become.
    Privileges,
    /// What it may use.
    Limits,
    /// Which files it may touch.
    Files,
    /// Which system calls it may make.
    Calls,
}

impl Layer {
    /// All of them, in the order in which they are built.
    pub const ALL: [Self; 4] = [Self::Privileges, Self::Limits, Self::Files, Self::Calls];

    /// A word for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Privileges => "privileges",
            Self::Limits => "limits",
            Self::Files => "files (Landlock)",
            Self::Calls => "system calls (seccomp)",
        }
    }
}

/// Why a process is not in its cage.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", .layer.as_str())]
pub struct CageError {
    layer: Layer,
    cause: String,
}

/// Shuts this process in, for the rest of its life. `folder` has its inputs in `in` and takes its results in `out`.
///
/// `start` makes all threads that there will ever be, and is called while threads can still be made; it must not read
/// anything from outside. Call this while the process has one thread: walls are built around the caller, and those that
/// it starts inherit them.
///
/// # Errors
/// A layer that cannot be built, unless the cage may be weak.
pub fn enter<T>(
    folder: &Path,
    allowance: &Allowance,
    layers: &[Layer],
    sandbox: Sandbox,
    start: impl FnOnce() -> T,
) -> Result<T, CageError> {
    let has = |layer: &Layer| layers.contains(layer);
    let built = |layer: Layer| match (build(layer, folder, allowance), sandbox) {
        (Err(cause), Sandbox::Full) => Err(CageError { layer, cause }),
        (Err(_), Sandbox::Weak) | (Ok(()), _) => Ok(()),
    };
    for layer in Layer::ALL.into_iter().filter(has).filter(|layer| *layer != Layer::Calls) {
        built(layer)?;
    }
    let started = start();
    if has(&Layer::Calls) {
        built(Layer::Calls)?;
    }
    Ok(started)
}

#[cfg(target_os = "linux")]
fn build(layer: Layer, folder: &Path, allowance: &Allowance) -> Result<(), String> {
    match layer {
        Layer::Privileges => privileges::drop_all(),
        Layer::Limits => limits::set(allowance),
        Layer::Files => files::shut(folder),
        Layer::Calls => calls::forbid(),
    }
}

#[cfg(not(target_os = "linux"))]
fn build(_layer: Layer, _folder: &Path, _allowance: &Allowance) -> Result<(), String> {
    Err("this system is not Linux, whose Landlock and seccomp it is made of".to_owned())
}
