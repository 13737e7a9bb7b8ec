//! Which files the process may touch: its inputs to read, its results to make, and no other on the machine.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};

use crate::scratch;

pub(super) fn shut(folder: &Path) -> Result<(), String> {
    let open = |name: &str| {
        PathFd::new(folder.join(name)).map_err(|error| format!("its folder {name} cannot be opened: {error}"))
    };
    let status = restrict(open(scratch::IN)?, open(scratch::OUT)?);
    match status.map_err(|error| format!("this kernel refuses Landlock, of Linux 5.19 or later: {error}"))? {
        RulesetStatus::NotEnforced => Err("this kernel has no Landlock, of Linux 5.19 or later".to_owned()),
        RulesetStatus::PartiallyEnforced | RulesetStatus::FullyEnforced => Ok(()),
    }
}

/// Required is what Linux 5.19 has, with which files can be moved within a folder. Later kernels take more away:
/// TCP, signals and abstract sockets to processes outside. Those are calls too, which another layer forbids.
fn restrict(inputs: PathFd, results: PathFd) -> Result<RulesetStatus, RulesetError> {
    let make = make_bitflags!(AccessFs::{
        ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir | Refer
    });
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V2))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rule(PathBeneath::new(inputs, AccessFs::ReadFile))?
        .add_rule(PathBeneath::new(results, make))?
        .restrict_self()?;
    Ok(status.ruleset)
}
