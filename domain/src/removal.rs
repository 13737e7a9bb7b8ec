//! What is removed, why, and what is remembered of it: that it was, and on which days. Nothing that leads to a person.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::digest::Digest;

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// What was removed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Removed {
    /// A job with all it made.
    Job,
    /// One file that a job made; it goes with its job.
    Artifact,
    /// An upload with all that was derived from it.
    Upload,
    /// An account with all it had.
    Account,
}

/// Why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// 120 days have passed since its job ended.
    Retention,
    /// Its owner asked for it.
    Erasure,
    /// It was never completed, or never used.
    Expiry,
}

macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),*) => {
        impl $type {
            /// The stable word for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }

            /// From its word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
words!(Removed: Job = "job", Artifact = "artifact", Upload = "upload", Account = "account");
words!(Cause: Retention = "retention", Erasure = "erasure", Expiry = "expiry");

/// A day of UTC, counted from 1970-01-01. What is remembered of a removal is no finer than this.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Day(i64);

impl Day {
    /// The day that this moment belongs to.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.micros().div_euclid(DAY_MICROS))
    }

    /// As it is stored.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// As it is stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The day after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Its first moment.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(DAY_MICROS))
    }
}

/// How a removed thing is found again by somebody who knows its id: ids are 128 random bits, so nobody gets from here
/// back to one.
#[must_use]
pub fn subject(id: &str) -> Digest {
    Digest::from_bytes(Sha256::digest(id).into())
}

/// What is remembered of something that was removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// What it was.
    pub removed: Removed,
    /// Why it went.
    pub cause: Cause,
    /// The day its time was up; `None` if it went before.
    pub due_on: Option<Day>,
    /// The day its rows and the keys of its audio were deleted. From then on nobody can read it, here or in a backup.
    pub removed_on: Day,
    /// The day its place was found empty twice; `None` until then.
    pub verified_on: Option<Day>,
    /// How many files lay there.
    pub files: u64,
}

/// A removal as it is written down beside the bytes, where a restored copy of the database does not reach: in the name
/// of an empty file, and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoggedRemoval {
    /// The hash of its id.
    pub subject: Digest,
    /// What it was; never an artifact, which goes with its job.
    pub removed: Removed,
    /// Why it went.
    pub cause: Cause,
    /// When.
    pub removed_on: Day,
}

impl LoggedRemoval {
    /// Where it is written down.
    #[must_use]
    pub fn key(&self) -> String {
        let Self { subject, removed, cause, removed_on } = self;
        let (removed, cause) = (removed.as_str(), cause.as_str());
        format!("{REMOVALS}/{}/{removed}-{cause}/{subject}", removed_on.number())
    }

    /// From where it was written down.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let mut names = key.split('/');
        let (REMOVALS, day, words, subject, None) =
            (names.next()?, names.next()?, names.next()?, names.next()?, names.next())
        else {
            return None;
        };
        let (removed, cause) = words.split_once('-')?;
        Some(Self {
            subject: Digest::parse(subject).ok()?,
            removed: Removed::parse(removed)?,
            cause: Cause::parse(cause)?,
            removed_on: Day::from_number(day.parse().ok()?),
        })
    }
}

/// Below which name removals are written down.
pub const REMOVALS: &str = "r";
/// How long they are: for longer than any copy of the database is kept, which is 35 days.
pub const REMOVALS_LOGGED: Duration = Duration::from_secs(65 * 86_400);

/// How long its receipt is kept.
pub const RECEIPTS: Duration = Duration::from_secs(730 * 86_400);
/// Between the two looks that find a place empty: a writer that was late has come to its end by then.
pub const BETWEEN_LOOKS: Duration = Duration::from_secs(60);
/// How long bytes that no row knows are left alone: somebody may be about to write their row.
pub const ORPHAN_AGE: Duration = Duration::from_secs(86_400);

/// After a removal that failed so many times: 1 min, 5 min, 30 min, then every 2 hours, for ever.
#[must_use]
pub const fn again_after(failures: u32) -> Duration {
    Duration::from_secs(match failures {
        0 | 1 => 60,
        2 => 5 * 60,
        3 => 30 * 60,
        _ => 2 * 3600,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_comes_back_from_its_name_and_nothing_else_does() {
        let logged = LoggedRemoval {
            subject: subject("job_1"),
            removed: Removed::Job,
            cause: Cause::Erasure,
            removed_on: Day::from_number(20_788),
        };
        let key = logged.key();
        assert_eq!(key, format!("r/20788/job-erasure/{}", subject("job_1")));
        assert_eq!(LoggedRemoval::of_key(&key), Some(logged));
        for other in
            [&key[1..], &format!("{key}/x"), "r/20788/job-erasure", "r/x/job-erasure/00", "u/1/source"]
        {
            assert_eq!(LoggedRemoval::of_key(other), None, "{other}");
        }
    }

    #[test]
    fn a_day_holds_its_moments_and_no_other() {
        let day = Day::of(Timestamp::from_micros(3 * DAY_MICROS));
        assert_eq!(day, Day::from_number(3));
        assert_eq!(Day::of(Timestamp::from_micros(4 * DAY_MICROS - 1)), day);
        assert_eq!(day.start(), Timestamp::from_micros(3 * DAY_MICROS));
        assert_eq!(Day::of(Timestamp::from_micros(-1)), Day::from_number(-1));
    }

    #[test]
    fn words_read_back() {
        for removed in [Removed::Job, Removed::Artifact, Removed::Upload, Removed::Account] {
            assert_eq!(Removed::parse(removed.as_str()), Some(removed));
        }
        for cause in [Cause::Retention, Cause::Erasure, Cause::Expiry] {
            assert_eq!(Cause::parse(cause.as_str()), Some(cause));
        }
        assert_eq!(Cause::parse("whim"), None);
    }
}
