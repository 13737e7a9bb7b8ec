//! What the process may use of the machine.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Allowance;

/// Address space beyond what may be written to: the program and its libraries.
const PROGRAM_BYTES: u64 = 256 << 20;
/// The same for each thread: an allocator reserves it without using it.
const ARENA_BYTES: u64 = 136 << 20;
/// What each thread may write to, its stack above all.
const THREAD_BYTES: u64 = 4 << 20;

pub(super) fn set(allowance: &Allowance) -> Result<(), String> {
    let threads = allowance.threads as u64 + 2;
    let writable = allowance.memory_bytes.saturating_add(threads * THREAD_BYTES);
    for (what, resource, most) in [
        ("memory", Resource::Data, writable),
        ("address space", Resource::As, writable.saturating_add(PROGRAM_BYTES + threads * ARENA_BYTES)),
        ("processor time", Resource::Cpu, allowance.cpu_seconds),
        ("file size", Resource::Fsize, allowance.file_bytes),
        ("open files", Resource::Nofile, allowance.open_files),
        ("core dumps", Resource::Core, 0),
        ("locked memory", Resource::Memlock, 0),
        ("message queues", Resource::Msgqueue, 0),
    ] {
        set_one(resource, most).map_err(|error| format!("no limit for {what}: {error}"))?;
    }
    Ok(())
}

/// No process and no thread more than there are. It binds no superuser, whom the layer of calls binds.
pub(super) fn no_more_tasks() -> Result<(), String> {
    set_one(Resource::Nproc, 0).map_err(|error| format!("no limit for threads: {error}"))
}

/// A limit can be lowered by everybody and raised by nobody: where there is a lower one already, it stays.
fn set_one(resource: Resource, most: u64) -> rustix::io::Result<()> {
    let most = getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}
