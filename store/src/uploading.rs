//! The right to send an upload's bytes, and uploads that are made of others.
//!
//! The right is a lease, kept where all processes see it: its holder renews it while it is at work, and it lapses when
//! the holder does not. Each holder gets a higher fence than all before, and whatever moves an upload names it, in the
//! same transaction: a holder that lost the right without knowing changes nothing.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::{AccountId, UploadId};
use domain::upload::Upload;

use crate::error::Result;
use crate::outcome::NewUpload;
use crate::{Engine, Store, postgres, sqlite};

/// How long the right lasts unless it is renewed, by the time that decides. Short, since the sender of a process that
/// died waits for it; and no harm is done when it lapses too early.
pub const LEASE: Duration = Duration::from_secs(4);

/// The right to send one upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadLock {
    /// Which.
    pub upload: UploadId,
    /// Higher than that of everybody who held it before.
    pub fence: u64,
}

/// What became of a wish for the right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// The caller has it.
    Taken(UploadLock),
    /// Somebody else has it, and is asked for it from now on.
    Held,
    /// There is no such upload.
    Unknown,
}

/// How it stands with a right that was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Renewed {
    /// It lasts on.
    Kept {
        /// Whether somebody else asks for it.
        asked: bool,
    },
    /// Somebody else has it, or the upload is gone.
    Lost,
}

/// What became of a wish to join uploads.
#[derive(Clone, PartialEq, Debug)]
pub enum Joined {
    /// There is a new upload, all of whose bytes lie in its parts.
    New(Upload),
    /// The same was asked before, and this came of it.
    Before(Upload),
    /// Nothing was done.
    Refused(JoinRefusal),
}

/// Why uploads are not joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JoinRefusal {
    /// There is no such upload of this account, or its time is up.
    Unknown(UploadId),
    /// It is a file by itself, not a part.
    NotPartial(UploadId),
    /// Not all of its bytes are here.
    Unfinished(UploadId),
    /// It is being joined with others already.
    Taken(UploadId),
    /// All together they have so many bytes, more than are taken.
    TooLarge(u64),
}

/// Who sends.
impl Store {
    /// Takes the right to send an upload, if nobody has it.
    pub async fn take_upload_lock(&self, upload: &UploadId, now: Timestamp) -> Result<Taken> {
        each!(self, uploading::take_lock(upload, now))
    }

    /// Renews it.
    pub async fn renew_upload_lock(&self, lock: &UploadLock, now: Timestamp) -> Result<Renewed> {
        each!(self, uploading::renew_lock(lock, now))
    }

    /// Gives it back. One that was lost is no error.
    pub async fn release_upload_lock(&self, lock: &UploadLock) -> Result<()> {
        each!(self, uploading::release_lock(lock))
    }

    /// Nobody sends: for the start of the only process there is, whose senders find nobody's right in their way.
    pub async fn release_upload_locks(&self) -> Result<()> {
        each!(self, uploading::release_locks())
    }
}

/// Uploads that are made of others.
impl Store {
    /// Makes one of `parts`, in their order, of the account of `new`, whose length is theirs and at most `bytes_max`.
    /// The parts belong to it from then on, and go when it is finished. The same `Upload-Concat`, told again, is the
    /// same upload: an answer may have been lost.
    pub async fn join_uploads(
        &self,
        new: &NewUpload,
        parts: &[UploadId],
        bytes_max: u64,
        now: Timestamp,
    ) -> Result<Joined> {
        each!(self, uploading::join(new, parts, bytes_max, now))
    }

    /// How many bytes each of these parts has; `None` for one that is not there.
    pub async fn part_sizes(&self, account: &AccountId, parts: &[UploadId]) -> Result<Vec<Option<u64>>> {
        each!(self, uploading::part_sizes(account, parts))
    }
}
