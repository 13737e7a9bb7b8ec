//! Attempts to break out, made from inside the cage of the very program that is to be caged.

use std::fs::{self, File};
use std::io::{Error, Result};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Allowance;
use crate::scratch::{IN, OUT};

/// One of them. Every one works outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trial {
    /// Not forbidden: to read an input and to write a result. Without it a cage is of no use.
    Work,
    /// To read a file of the machine: the program itself.
    Read,
    /// To list a folder that is not its own.
    List,
    /// To write beside its folder.
    Write,
    /// To make a link that leads out of its folder.
    Link,
    /// To open a port.
    Internet,
    /// To open a socket within the machine.
    Socket,
    /// To start a program.
    Program,
    /// To start a thread.
    Thread,
    /// To signal the worker.
    Signal,
    /// To take another root folder.
    Root,
    /// To write more than it may into one file.
    LargeFile,
    /// To take more memory than it may.
    Memory,
    /// To open more files than it may.
    ManyFiles,
}

impl Trial {
    /// All of them, the one that must work first.
    pub const ALL: [Self; 14] = [
        Self::Work,
        Self::Read,
        Self::List,
        Self::Write,
        Self::Link,
        Self::Internet,
        Self::Socket,
        Self::Program,
        Self::Thread,
        Self::Signal,
        Self::Root,
        Self::LargeFile,
        Self::Memory,
        Self::ManyFiles,
    ];

    /// Its name on the command line and in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Read => "read-a-file",
            Self::List => "list-a-folder",
            Self::Write => "write-outside",
            Self::Link => "link-out",
            Self::Internet => "open-a-port",
            Self::Socket => "open-a-socket",
            Self::Program => "start-a-program",
            Self::Thread => "start-a-thread",
            Self::Signal => "signal-the-worker",
            Self::Root => "change-the-root",
            Self::LargeFile => "write-a-large-file",
            Self::Memory => "take-memory",
            Self::ManyFiles => "open-many-files",
        }
    }

    /// From the command line.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trial| trial.as_str() == name)
    }

    /// Tries it.
    ///
    /// # Errors
    /// It was denied, as it should be unless it is [`Self::Work`]. A process that is killed for it does not return.
    pub fn attempt(self, place: &Place, allowance: &Allowance) -> Result<()> {
        let result = place.folder.join(OUT).join("trial");
        match self {
            Self::Work => {
                let input = fs::read(place.folder.join(IN).join("trial"))?;
                fs::write(&result, input)?;
                fs::remove_file(&result)
            }
            Self::Read => File::open(&place.program).map(drop),
            Self::List => fs::read_dir("/").map(drop),
            Self::Write => {
                let outside = place.folder.with_extension("escaped");
                File::create(&outside).and_then(|_| fs::remove_file(outside))
            }
            Self::Link => std::os::unix::fs::symlink("/", &result),
            Self::Internet => TcpListener::bind("127.0.0.1:0").map(drop),
            Self::Socket => UnixDatagram::unbound().map(drop),
            Self::Program => Command::new(&place.program).arg("--version").spawn()?.wait().map(drop),
            Self::Thread => {
                let started = std::thread::Builder::new().spawn(|| ())?;
                started.join().map_err(|_| Error::other("it panicked"))
            }
            Self::Signal => {
                let worker = rustix::process::getppid().ok_or_else(|| Error::other("it has no parent"))?;
                Ok(rustix::process::test_kill_process(worker)?)
            }
            Self::Root => Ok(rustix::process::chroot(&place.folder)?),
            Self::LargeFile => File::create(&result)?.set_len(allowance.file_bytes.saturating_add(1)),
            Self::Memory => take(allowance.memory_bytes.saturating_add(1 << 30)),
            Self::ManyFiles => {
                let more = (0..=allowance.open_files).map(|_| File::create(&result));
                more.collect::<Result<Vec<_>>>().map(drop)
            }
        }
    }
}

/// Where a trial takes place; looked up before the door is closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    folder: PathBuf,
    program: PathBuf,
}

impl Place {
    /// In `folder`, of a process of `program`.
    #[must_use]
    pub fn new(folder: &Path, program: &Path) -> Self {
        Self { folder: folder.to_owned(), program: program.to_owned() }
    }
}

/// Memory that could be written to; it is not, so that a trial costs the machine nothing.
fn take(bytes: u64) -> Result<()> {
    let mut memory: Vec<u8> = Vec::new();
    let bytes = usize::try_from(bytes).map_err(Error::other)?;
    memory.try_reserve_exact(bytes).map_err(Error::other)?;
    // What nobody looks at is not taken at all.
    std::hint::black_box(&memory);
    Ok(())
}
