//! Time-limited ownership of a job.
//!
//! A worker owns a job for [`LEASE`] and renews it every [`HEARTBEAT`]. Whoever falls silent loses it at the
//! next sweep, whatever it is still doing; the fence, one higher at each lease, makes anything it writes
//! afterwards void.

use std::fmt;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::ids::JobId;

/// How long a lease lasts without a heartbeat. Six heartbeats may fail before it ends.
pub const LEASE: Duration = Duration::from_secs(10);
/// How often a worker renews its leases. It is how soon a child dies whose job was cancelled in a process that cannot
/// signal the worker, too.
pub const HEARTBEAT: Duration = Duration::from_millis(1500);
/// How often somebody looks for leases that ended.
pub const SWEEP: Duration = Duration::from_secs(1);

/// Rises by one with each lease of a job.
pub type Fence = i64;

/// A label of a worker, for operators; nothing is decided by it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerName(pub String);

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a running job carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// Who has it.
    pub worker: WorkerName,
    /// Which lease of the job it is.
    pub fence: Fence,
    /// When it ends unless renewed.
    pub until: Timestamp,
}

/// What a worker shows whenever it writes back.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LeaseId {
    /// The job.
    pub job: JobId,
    /// Which lease of it.
    pub fence: Fence,
}
