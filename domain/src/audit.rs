//! What operators did, in rows that follow from each other: the hash of each covers the one before, so that an edit,
//! a deletion or an exchange shows, and where.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::artifact::closed_words;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::ids::{AccountId, JobId};

closed_words! {
    /// What an operator can do.
    Action {
        /// Have a job tried again.
        Retry = "retry",
        /// End a job.
        Cancel = "cancel",
        /// Give nobody work any more.
        Pause = "pause",
        /// Give work again.
        Resume = "resume",
    }
}

closed_words! {
    /// What came of it.
    Outcome {
        /// It was done.
        Done = "done",
        /// The job waits no longer for the end of its backoff.
        Hastened = "hastened",
        /// The same order is a new job.
        Again = "again",
        /// There was nothing to do.
        Unchanged = "unchanged",
        /// It could not be done: what the job was made from cannot be used any more.
        Refused = "refused",
    }
}

/// Who acts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// An operator's account, over HTTP.
    Account(AccountId),
    /// Whoever may start the program at the database itself.
    Terminal,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::Terminal => f.write_str("terminal"),
        }
    }
}

/// Why, in a line: 1 to [`Reason::CHARS_MAX`] characters, none of them a control character.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason(String);

/// A text that is no reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a reason has 1 to {max} characters in one line, not {chars}", max = Reason::CHARS_MAX)]
pub struct ReasonError {
    chars: usize,
}

impl Reason {
    /// Longer ones are not read by anybody.
    pub const CHARS_MAX: usize = 200;

    /// A reason from outside; what surrounds it is cut off.
    pub fn parse(text: &str) -> Result<Self, ReasonError> {
        let text = text.trim();
        let chars = text.chars().count();
        if (1..=Self::CHARS_MAX).contains(&chars) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReasonError { chars })
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who does something, and why: without both, nothing is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Act {
    /// Who.
    pub actor: Actor,
    /// Why.
    pub reason: Reason,
}

/// What one row says. As texts: a row that somebody wrote by hand must still be read to be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// See [`Actor`].
    pub actor: String,
    /// See [`Action`].
    pub action: String,
    /// On which job, unless it was the queue.
    pub job: Option<String>,
    /// Why.
    pub reason: String,
    /// See [`Outcome`].
    pub outcome: String,
}

impl Deed {
    /// Of this act.
    #[must_use]
    pub fn new(act: &Act, action: Action, job: Option<&JobId>, outcome: Outcome, at: Timestamp) -> Self {
        Self {
            at,
            actor: act.actor.to_string(),
            action: action.as_str().to_owned(),
            job: job.map(JobId::to_string),
            reason: act.reason.as_str().to_owned(),
            outcome: outcome.as_str().to_owned(),
        }
    }
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRow {
    /// 1, 2, 3 …
    pub seq: i64,
    /// What it says.
    pub deed: Deed,
    /// Of all this and of the row before.
    pub hash: Digest,
}

/// A chain up to one of its rows. Noted elsewhere, it proves later that nothing up to there was changed, not even by
/// somebody who made all hashes anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chain {
    /// The last row; 0 before the first.
    pub seq: i64,
    /// Its hash.
    pub hash: Digest,
}

/// Where a chain is broken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Broken {
    /// A row is not where it was written.
    #[error("row {seq} is missing")]
    Missing {
        /// Which.
        seq: i64,
    },
    /// A row says something else than when it was written.
    #[error("row {seq} was changed")]
    Changed {
        /// Which.
        seq: i64,
    },
    /// A row is there that was never written.
    #[error("row {seq} was added by another hand")]
    Added {
        /// Which.
        seq: i64,
    },
    /// The chain agrees with itself, but not with what was noted.
    #[error("row {seq} is not the one that was noted: it, or a row before it, was written anew")]
    Rewritten {
        /// Which.
        seq: i64,
    },
}

impl Chain {
    /// Before the first row.
    pub const START: Self = Self { seq: 0, hash: Digest::from_bytes([0; 32]) };

    /// From `SEQ:HASH`, as [`fmt::Display`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, hash) = text.split_once(':')?;
        let seq = seq.parse().ok().filter(|seq| *seq >= 0)?;
        Some(Self { seq, hash: Digest::parse(hash).ok()? })
    }

    /// The row that follows.
    #[must_use]
    pub fn next(&self, deed: Deed) -> AuditRow {
        let seq = self.seq + 1;
        let hash = self.hash_of(seq, &deed);
        AuditRow { seq, deed, hash }
    }

    /// Goes on to `row`, which must be the one that follows.
    pub fn follow(&mut self, row: &AuditRow) -> Result<(), Broken> {
        let expected = self.seq + 1;
        if row.seq > expected {
            return Err(Broken::Missing { seq: expected });
        }
        if row.seq < expected {
            return Err(Broken::Added { seq: row.seq });
        }
        if self.hash_of(row.seq, &row.deed) != row.hash {
            return Err(Broken::Changed { seq: row.seq });
        }
        *self = Self { seq: row.seq, hash: row.hash };
        Ok(())
    }

    /// Whether all rows there should be have come: `head` is what was kept beside them at the last write.
    pub fn ends_at(&self, head: &Self) -> Result<(), Broken> {
        if self.seq < head.seq {
            return Err(Broken::Missing { seq: self.seq + 1 });
        }
        if self.seq > head.seq {
            return Err(Broken::Added { seq: head.seq + 1 });
        }
        if self.hash == head.hash { Ok(()) } else { Err(Broken::Changed { seq: self.seq }) }
    }

    /// Each field with its length before it, so that no two rows read alike.
    fn hash_of(&self, seq: i64, deed: &Deed) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(self.hash.as_bytes());
        hasher.update(seq.to_be_bytes());
        hasher.update(deed.at.micros().to_be_bytes());
        let job = deed.job.as_deref();
        let texts = [Some(&*deed.actor), Some(&*deed.action), job, Some(&*deed.reason), Some(&*deed.outcome)];
        for text in texts {
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            hasher.update(length.to_be_bytes());
            hasher.update(text.unwrap_or_default());
        }
        Digest::from_bytes(hasher.finalize().into())
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
