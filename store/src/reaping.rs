//! The operations of the reaper, and what they take and give.

use domain::blob::BlobPrefix;
use domain::breaker::Load;
use domain::clock::Timestamp;
use domain::clock_trust::Reading;
use domain::digest::Digest;
use domain::ids::{JobId, UploadId};
use domain::removal::{Receipt, Removed};

use crate::error::Result;
use crate::outcome::Doomed;
use crate::{Engine, Store, postgres, sqlite};

/// Something whose time is up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    /// What.
    pub removed: Removed,
    /// Its id.
    pub id: String,
    /// Since when.
    pub since: Timestamp,
}

/// Where the reaper stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReaperState {
    /// Since when nothing is removed by itself, and why.
    pub frozen: Option<(Timestamp, String)>,
    /// When it last looked.
    pub ticked_at: Option<Timestamp>,
    /// When it last looked for bytes that no row knows.
    pub swept_at: Option<Timestamp>,
    /// What is due, against what there is; the jobs that are not due are counted only where that decides something.
    pub load: Load,
    /// Since when the oldest of it is due.
    pub oldest_due: Option<Timestamp>,
    /// Places that were given up and are not yet empty.
    pub emptying: u64,
    /// Of these, how many could not be emptied at the last try.
    pub stuck: u64,
}

/// Whether a place was found empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// It was, after so many files were deleted there.
    Empty {
        /// How many.
        deleted: u64,
    },
    /// It could not be emptied.
    Refused,
}

/// The end of everything.
impl Store {
    /// What has no more time at `at`, oldest first, at most `limit` of each kind.
    pub async fn due(&self, at: Timestamp, limit: u32) -> Result<Vec<Due>> {
        each!(self, reaping::due(at, limit))
    }

    /// Removes up to `limit` jobs and as many uploads whose time is up: their rows and the keys of their audio go in
    /// one transaction, a tombstone stays, and their places are doomed. Tells how many went; 0 when all is done.
    pub async fn remove_due(&self, now: Timestamp, limit: u32) -> Result<u64> {
        each!(self, reaping::remove_due(now, limit))
    }

    /// Removes what nobody needs any more and holds no audio: sessions and links that ended, receipts after two
    /// years, abuse tags at their end. Tells how many rows went.
    pub async fn remove_stale(&self, now: Timestamp) -> Result<u64> {
        each!(self, reaping::remove_stale(now))
    }

    /// Doomed places to look at now, those that wait for longest first.
    pub async fn doomed_blobs(&self, now: Timestamp, limit: u32) -> Result<Vec<Doomed>> {
        each!(self, reaping::doomed_blobs(now, limit))
    }

    /// What a look at a doomed place showed. The second empty look, a minute after the first, ends its removal and is
    /// written on its tombstone; true then. A place that was doomed again meanwhile begins anew.
    pub async fn looked(&self, doomed: &Doomed, look: Look, now: Timestamp) -> Result<bool> {
        each!(self, reaping::looked(doomed, look, now))
    }

    /// Which of these places no row knows: neither a job's attempt that is at work or was committed, nor an upload,
    /// nor one that is doomed already.
    pub async fn unknown_places(&self, places: &[BlobPrefix]) -> Result<Vec<BlobPrefix>> {
        let mut unknown = Vec::new();
        for place in places {
            if !each!(self, reaping::knows(place))? {
                unknown.push(place.clone());
            }
        }
        Ok(unknown)
    }

    /// Places where rows say that something lies, in order, after this one: those of uploads that are complete, and of
    /// attempts that made something.
    pub async fn places_in_use(&self, after: Option<&BlobPrefix>, limit: u32) -> Result<Vec<BlobPrefix>> {
        each!(self, reaping::places_in_use(after, limit))
    }

    /// Tells of a place that no row knows. It is doomed if it was told of before `seen_before` too; true then.
    pub async fn orphan(&self, place: &BlobPrefix, seen_before: Timestamp, now: Timestamp) -> Result<bool> {
        each!(self, reaping::orphan(place, seen_before, now))
    }

    /// A sweep for such places has come to its end: what it did not see again is no orphan.
    pub async fn orphans_swept(&self, now: Timestamp) -> Result<()> {
        each!(self, reaping::orphans_swept(now))
    }

    /// What is remembered of something removed, by [`domain::removal::subject`].
    pub async fn receipt(&self, subject: &Digest) -> Result<Option<Receipt>> {
        each!(self, reaping::receipt(subject))
    }

    /// The time that decides here: a server's own, on one host the caller's.
    pub async fn time(&self, callers: Timestamp) -> Result<Timestamp> {
        each!(self, trust::time(callers))
    }

    /// The last reading that was believed: of this start of the machine, or else the latest of any.
    pub async fn clock_mark(&self, boot: &str) -> Result<Option<Reading>> {
        each!(self, trust::clock_mark(boot))
    }

    /// The latest time that was ever believed here.
    pub async fn latest_mark(&self) -> Result<Option<Timestamp>> {
        each!(self, trust::latest_mark())
    }

    /// Believes a reading. An operator's word for the date is the same, and ends a freeze.
    pub async fn believe(&self, reading: &Reading) -> Result<()> {
        each!(self, trust::believe(reading))
    }

    /// From now on nothing is removed by itself. The first reason stands; true if this is it.
    pub async fn freeze(&self, why: &str, now: Timestamp) -> Result<bool> {
        each!(self, trust::freeze(why, now))
    }

    /// Ends a freeze, and lets so many jobs go at once, until that many are not due any more.
    pub async fn thaw(&self, approved: u64) -> Result<()> {
        each!(self, trust::thaw(approved))
    }

    /// Where the reaper stands. A tick says so.
    pub async fn reaper_state(&self, now: Timestamp) -> Result<ReaperState> {
        each!(self, trust::reaper_state(now))
    }

    /// The reaper has looked at everything that is due.
    pub async fn ticked(&self, now: Timestamp) -> Result<()> {
        each!(self, trust::ticked(now))
    }
}

/// A place in which attempts or uploads keep their bytes, with what it belongs to.
pub(crate) enum Place {
    Attempt(JobId, i64),
    Upload(UploadId),
}

impl Place {
    /// `None` for what this program never wrote.
    pub(crate) fn of(prefix: &BlobPrefix) -> Option<Self> {
        let names: Vec<&str> = prefix.as_str().trim_end_matches('/').split('/').collect();
        match names[..] {
            ["j", job, fence] => Some(Self::Attempt(JobId::parse(job).ok()?, fence.parse().ok()?)),
            ["u", upload] => Some(Self::Upload(UploadId::parse(upload).ok()?)),
            _ => None,
        }
    }
}
