//! What the process has from those who started it, and what it could become.

use std::fs;

use rustix::process::{DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

pub(super) fn drop_all() -> Result<(), String> {
    close_inherited_files()?;
    // Where memory runs out in spite of all limits, this process goes first, and not the worker. No harm if the
    // system does not offer it.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, none).map_err(|error| format!("capabilities stay: {error}"))?;
    set_no_new_privs(true).map_err(|error| format!("new privileges are possible: {error}"))?;
    // Nobody of the same user may look into its memory.
    let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    hidden.map_err(|error| format!("its memory stays open to others: {error}"))?;
    // The thread that starts children lives as long as the worker, which never blocks one of its runtime's threads.
    let bound = set_parent_process_death_signal(Some(Signal::KILL));
    bound.map_err(|error| format!("it would outlive the worker: {error}"))
}

/// All but standard input, output and error. The worker opens nothing that a child inherits, but whoever started the
/// worker may have.
fn close_inherited_files() -> Result<(), String> {
    let open =
        fs::read_dir("/proc/self/fd").map_err(|error| format!("inherited files stay open: {error}"))?;
    let numbers: Vec<i32> =
        open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // One of them is the list itself, which is closed by now.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}
