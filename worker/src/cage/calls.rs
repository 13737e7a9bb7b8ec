//! Which system calls the process may make. Whoever makes another one is killed on the spot.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};

use super::limits;

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Of files that may be opened at all, which the layer of files decides; and of those that are open.
const FILES: &[c_long] = &[
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_getdents64,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
];
/// The same by their older names, which some machines have besides.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] =
    &[libc::SYS_open, libc::SYS_mkdir, libc::SYS_rmdir, libc::SYS_unlink, libc::SYS_rename, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];
/// Of memory, threads that are there already, time, and an end.
const SELF: &[c_long] = &[
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sysinfo,
    libc::SYS_getcpu,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
/// What a library may ask without being told an answer: a question is no reason to die.
const UNANSWERED: &[c_long] = &[
    libc::SYS_ioctl,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_uname,
    libc::SYS_membarrier,
];

/// For all threads there are; no more can be made from here on.
pub(super) fn forbid() -> Result<(), String> {
    limits::no_more_tasks()?;
    let unanswered =
        filter(all(UNANSWERED), SeccompAction::Allow, SeccompAction::Errno(libc::EPERM.unsigned_abs()));
    let allowed = filter(allowed()?, SeccompAction::KillProcess, SeccompAction::Allow);
    // Of two filters the stricter answer counts. The one that forbids their making comes last.
    for filter in [unanswered?, allowed?] {
        apply_filter_all_threads(&filter)
            .map_err(|error| format!("this kernel refuses seccomp filters: {error}"))?;
    }
    Ok(())
}

fn allowed() -> Result<Rules, String> {
    let mut rules = all(FILES);
    rules.extend(all(OLDER));
    rules.extend(all(SELF));
    rules.extend(all(UNANSWERED));
    rules.extend(bounded().map_err(|error| error.to_string())?);
    Ok(rules)
}

fn all(calls: &[c_long]) -> Rules {
    calls.iter().map(|&call| (call, Vec::new())).collect()
}

/// Calls of which a part is needed.
fn bounded() -> Result<Rules, BackendError> {
    let is = |place, value| SeccompCondition::new(place, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value);
    let pointer = |place| SeccompCondition::new(place, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0);
    // No memory that is both written and run: what a file brings along stays data.
    let executable = SeccompCmpOp::MaskedEq(flag(libc::PROT_EXEC));
    let not_executable = || SeccompCondition::new(2, SeccompCmpArgLen::Dword, executable.clone(), 0);
    let one = |conditions: Vec<SeccompCondition>| SeccompRule::new(conditions).map(|rule| vec![rule]);
    let about_files: Result<Vec<_>, _> = [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD_CLOEXEC]
        .into_iter()
        .map(|what| SeccompRule::new(vec![is(1, flag(what))?]))
        .collect();
    // A signal to itself is how a process ends that gives up.
    let itself = u64::from(std::process::id());
    Ok(Rules::from([
        (libc::SYS_mmap, one(vec![not_executable()?])?),
        (libc::SYS_mprotect, one(vec![not_executable()?])?),
        (libc::SYS_fcntl, about_files?),
        (libc::SYS_prlimit64, one(vec![is(0, 0)?, pointer(2)?])?),
        (libc::SYS_prctl, one(vec![is(0, flag(libc::PR_SET_NAME))?])?),
        (libc::SYS_tgkill, one(vec![is(0, itself)?])?),
    ]))
}

fn flag(value: i32) -> u64 {
    u64::from(value.unsigned_abs())
}

fn filter(rules: Rules, otherwise: SeccompAction, these: SeccompAction) -> Result<BpfProgram, String> {
    let machine = TargetArch::try_from(std::env::consts::ARCH);
    let machine = machine.map_err(|_| format!("no filters for {}", std::env::consts::ARCH))?;
    SeccompFilter::new(rules, otherwise, these, machine)
        .and_then(BpfProgram::try_from)
        .map_err(|error| error.to_string())
}
