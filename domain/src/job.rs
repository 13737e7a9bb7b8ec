//! A job: the durable unit of work, and every move it can make.
//!
//! ```text
//!  awaiting_payment --paid--> queued --leased--> running --completed--> succeeded
//!                               ^                  | |
//!                               |   released       | +--failed---------> failed
//!                               |   hindered (< 8) | +--hindered (8th)-> failed
//!                               +---expired (< 3)--+ +--expired (3rd)--> failed (job_quarantined)
//!  awaiting_payment, queued, running --cancelled--> cancelled
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::artifact::{Artifact, closed_words};
use crate::attempt::{PROCESS_DEATHS_MAX, TRIES_MAX};
use crate::clock::Timestamp;
use crate::ids::{AccountId, JobId, UploadId};
use crate::lease::{Fence, Lease};
use crate::money::Credits;
use crate::order::Input;
use crate::problem::{Money, Problem};
use crate::recipe::Recipe;

/// One job as its owner sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub account: AccountId,
    /// What is made.
    pub kind: JobKind,
    /// What the result is called.
    pub title: String,
    /// What it is made from, in order.
    pub inputs: Vec<Input>,
    /// What it is to sound like.
    pub references: Vec<UploadId>,
    /// How.
    pub recipe: Recipe,
    /// How far it has come.
    pub state: JobState,
    /// Where a running job is.
    pub stage: Option<Stage>,
    /// How much of the stage is done, 0 to 1.
    pub progress: f64,
    /// How many jobs were queued earlier; `None` unless queued. A fair queue may serve this one sooner.
    pub queue_position: Option<u64>,
    /// How many of the same account were queued earlier; `None` unless queued. See [`crate::outlook`].
    pub own_ahead: Option<u64>,
    /// Which try this is; 0 before the first.
    pub attempt: u32,
    /// What it costs; none while payments are off.
    pub credits: Credits,
    /// What became of the credits.
    pub money: Money,
    /// The version of the engine that made the artifacts.
    pub engine_version: Option<String>,
    /// What was made.
    pub artifacts: Vec<Artifact>,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When it and all it made goes; `None` while it is not over.
    pub delete_at: Option<Timestamp>,
}

closed_words! {
    /// What a job makes.
    JobKind {
        /// One master of one stereo file.
        Master = "master",
        /// One master of each of several songs that belong together.
        Album = "album",
        /// One mix of several stems.
        Mix = "mix",
        /// The mix, and a master of it.
        MixAndMaster = "mix_and_master",
    }
}

impl JobKind {
    /// Whether stems go in.
    #[must_use]
    pub const fn is_mix(self) -> bool {
        matches!(self, Self::Mix | Self::MixAndMaster)
    }
}

closed_words! {
    /// Where in the work a running job is.
    Stage {
        /// Bringing the input to the worker.
        Fetch = "fetch",
        /// Turning the file into samples.
        Decode = "decode",
        /// Measuring.
        Analyse = "analyse",
        /// Turning stems into a mix.
        Mix = "mix",
        /// Finishing to the target.
        Master = "master",
        /// Measuring what was made.
        Certify = "certify",
        /// Writing the formats.
        Encode = "encode",
        /// Storing the artifacts.
        Deliver = "deliver",
    }
}

closed_words! {
    /// The names of the states, without what they carry.
    StateName {
        /// See [`JobState::AwaitingPayment`].
        AwaitingPayment = "awaiting_payment",
        /// See [`JobState::Queued`].
        Queued = "queued",
        /// See [`JobState::Running`].
        Running = "running",
        /// See [`JobState::Succeeded`].
        Succeeded = "succeeded",
        /// See [`JobState::Failed`].
        Failed = "failed",
        /// See [`JobState::Cancelled`].
        Cancelled = "cancelled",
    }
}

/// How far a job has come.
#[derive(Clone, PartialEq, Debug)]
pub enum JobState {
    /// Ordered, not paid for.
    AwaitingPayment,
    /// Waits for a worker, not earlier than this.
    Queued {
        /// Backoff after a failure of ours.
        not_before: Timestamp,
    },
    /// A worker has it.
    Running {
        /// Who, and until when.
        lease: Lease,
    },
    /// Over: its artifacts are there.
    Succeeded {
        /// Since when.
        at: Timestamp,
    },
    /// Over: there are none.
    Failed {
        /// Since when.
        at: Timestamp,
        /// Why.
        problem: Problem,
    },
    /// Over: its owner did not want it any more.
    Cancelled {
        /// Since when.
        at: Timestamp,
    },
}

/// What can happen to a job.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// Its credits are held.
    Paid,
    /// A worker took it.
    Leased(Lease),
    /// Its worker gave a sign of life.
    Renewed {
        /// Which lease.
        fence: Fence,
        /// The new end.
        until: Timestamp,
    },
    /// Its artifacts are stored.
    Completed {
        /// Which lease.
        fence: Fence,
    },
    /// The input or the order is at fault.
    Failed {
        /// Which lease.
        fence: Fence,
        /// Why.
        problem: Problem,
    },
    /// We are at fault: a disk, a database.
    Hindered {
        /// Which lease.
        fence: Fence,
        /// How often this job was, this time included.
        failures: u32,
        /// How long to wait before the next try.
        wait: Duration,
        /// What the owner reads if this was the last try.
        problem: Problem,
    },
    /// The process that rendered it ended without a result, and its worker saw it.
    ProcessDied {
        /// Which lease.
        fence: Fence,
        /// How often it did for this job, this time included.
        deaths: u32,
    },
    /// Its worker fell silent.
    LeaseExpired {
        /// How often the process died for this job, this time included.
        deaths: u32,
    },
    /// Its worker gives it back untouched.
    Released {
        /// Which lease.
        fence: Fence,
    },
    /// Its owner does not want it any more.
    CancelRequested,
    /// An operator wants it tried now, whatever the backoff.
    Hastened,
}

/// An event that cannot happen in this state.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a job that is {state} cannot take the event {event}")]
pub struct IllegalMove {
    /// Where the job is.
    pub state: StateName,
    /// The event's name.
    pub event: &'static str,
}

impl JobState {
    /// The only place where a job moves. Pure: the store writes what this returns. An event that names
    /// another fence than the running lease's is illegal, and so is every event after the end.
    pub fn after(self, event: Event, now: Timestamp) -> Result<Self, IllegalMove> {
        match (self, event) {
            (Self::AwaitingPayment, Event::Paid) => Ok(Self::Queued { not_before: now }),
            (Self::Queued { not_before }, Event::Leased(lease)) if not_before <= now => {
                Ok(Self::Running { lease })
            }
            (Self::Running { lease }, Event::Renewed { fence, until }) if lease.fence == fence => {
                Ok(Self::Running { lease: Lease { until, ..lease } })
            }
            (Self::Running { lease }, Event::Completed { fence }) if lease.fence == fence => {
                Ok(Self::Succeeded { at: now })
            }
            (Self::Running { lease }, Event::Failed { fence, problem }) if lease.fence == fence => {
                Ok(Self::Failed { at: now, problem })
            }
            (Self::Running { lease }, Event::Hindered { fence, failures, wait, problem })
                if lease.fence == fence =>
            {
                match failures < TRIES_MAX {
                    true => Ok(Self::Queued { not_before: now + wait }),
                    false => Ok(Self::Failed { at: now, problem }),
                }
            }
            (Self::Running { lease }, Event::ProcessDied { fence, deaths }) if lease.fence == fence => {
                Ok(Self::again_unless_quarantined(deaths, now))
            }
            (Self::Running { lease }, Event::LeaseExpired { deaths }) if lease.until <= now => {
                Ok(Self::again_unless_quarantined(deaths, now))
            }
            (Self::Running { lease }, Event::Released { fence }) if lease.fence == fence => {
                Ok(Self::Queued { not_before: now })
            }
            (Self::AwaitingPayment | Self::Queued { .. } | Self::Running { .. }, Event::CancelRequested) => {
                Ok(Self::Cancelled { at: now })
            }
            (Self::Queued { .. }, Event::Hastened) => Ok(Self::Queued { not_before: now }),
            (state, event) => Err(IllegalMove { state: state.name(), event: event.name() }),
        }
    }

    fn again_unless_quarantined(deaths: u32, now: Timestamp) -> Self {
        match deaths < PROCESS_DEATHS_MAX {
            true => Self::Queued { not_before: now },
            false => Self::Failed { at: now, problem: Problem::quarantined(deaths) },
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> StateName {
        match self {
            Self::AwaitingPayment => StateName::AwaitingPayment,
            Self::Queued { .. } => StateName::Queued,
            Self::Running { .. } => StateName::Running,
            Self::Succeeded { .. } => StateName::Succeeded,
            Self::Failed { .. } => StateName::Failed,
            Self::Cancelled { .. } => StateName::Cancelled,
        }
    }

    /// When it ended, if it did.
    #[must_use]
    pub const fn finished_at(&self) -> Option<Timestamp> {
        match self {
            Self::Succeeded { at } | Self::Failed { at, .. } | Self::Cancelled { at } => Some(*at),
            Self::AwaitingPayment | Self::Queued { .. } | Self::Running { .. } => None,
        }
    }

    /// Why it failed, if it did.
    #[must_use]
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Failed { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

impl Event {
    const fn name(&self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Leased(_) => "leased",
            Self::Renewed { .. } => "renewed",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Hindered { .. } => "hindered",
            Self::ProcessDied { .. } => "process died",
            Self::LeaseExpired { .. } => "lease expired",
            Self::Released { .. } => "released",
            Self::CancelRequested => "cancel requested",
            Self::Hastened => "hastened",
        }
    }
}

/// One line of a job's history; the page follows it live.
#[derive(Clone, PartialEq, Debug)]
pub struct JobEvent {
    /// 1, 2, 3 … within the job.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The state it is in since.
    pub state: StateName,
    /// Where a running job is.
    pub stage: Option<Stage>,
    /// How much of the stage is done, 0 to 1.
    pub progress: f64,
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
