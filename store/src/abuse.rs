//! What is remembered of misuse and of free previews: hashes under peppers, and how many previews are left.
//!
//! | part | what |
//! |---|---|
//! | this page | the operations |
//! | `peppers` | the secrets, one a file, outside of the database |

mod peppers;

use domain::abuse::{AbuseKind, AbuseReason, AbuseRecord, AbuseTag, Epoch, Pepper, PepperPrint};
use domain::attempt::Room;
use domain::clock::Timestamp;
use domain::ids::AccountId;
use domain::order::Order;

pub use self::peppers::{PepperError, Peppers};
use crate::error::Result;
use crate::outcome::Enqueued;
use crate::{Engine, Store, postgres, sqlite};

/// One signal under every pepper that is there: it is written under the newest and looked up under all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AbuseTags {
    /// Under the newest.
    pub newest: AbuseTag,
    /// Under those before.
    pub older: Vec<AbuseTag>,
}

impl AbuseTags {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &AbuseTag> {
        self.older.iter().chain([&self.newest])
    }
}

/// How many free previews there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreviewQuota {
    /// For an account, or for an address that had accounts before, on a day of UTC.
    pub per_day: u32,
    /// The account's address, as it is remembered.
    pub tags: AbuseTags,
}

/// What is remembered, and for how long.
impl Store {
    /// Remembers that something happened. Counting does not go beyond 255.
    pub async fn record_abuse(
        &self,
        tags: &AbuseTags,
        reason: AbuseReason,
        now: Timestamp,
    ) -> Result<AbuseRecord> {
        each!(self, abuse::record_abuse(tags, reason, now))
    }

    /// What is remembered of a signal and has not run out.
    pub async fn abuse_records(&self, tags: &AbuseTags, now: Timestamp) -> Result<Vec<AbuseRecord>> {
        each!(self, abuse::abuse_records(tags, now))
    }

    /// Whether a free preview was used under this address, on whichever account: for the sign-up.
    pub async fn knows_a_preview_of(&self, tags: &AbuseTags, now: Timestamp) -> Result<bool> {
        let records = self.abuse_records(tags, now).await?;
        Ok(records.iter().any(|record| record.reason == AbuseReason::PreviewUsed))
    }

    /// Forgets what has run out, and what is noise since its pepper is gone. Tells how many rows went. The reaper's
    /// sweep does so too ([`Store::remove_stale`]).
    pub async fn expire_abuse(&self, now: Timestamp) -> Result<u64> {
        each!(self, abuse::expire_abuse(now))
    }

    /// Under which peppers tags of a kind were written.
    pub(crate) async fn pepper_prints(&self, kind: AbuseKind) -> Result<Vec<(Epoch, PepperPrint)>> {
        each!(self, abuse::pepper_prints(kind))
    }

    /// Makes this the pepper of its kind and epoch, unless there is one. Tells which it is.
    pub(crate) async fn settle_pepper(&self, pepper: &Pepper) -> Result<PepperPrint> {
        each!(self, abuse::settle_pepper(pepper))
    }
}

/// Previews.
impl Store {
    /// Turns an order of a preview into a queued job, if as many wait as there is room for at most and if one is left
    /// of the quota; without a quota there are as many as anybody likes. It costs nothing. The preview counts in the
    /// same transaction, for the account and for its address, whatever becomes of it.
    pub async fn admit_preview(
        &self,
        order: &Order,
        room: Room,
        quota: Option<&PreviewQuota>,
        now: Timestamp,
    ) -> Result<Enqueued> {
        each!(self, previews::admit_preview(order, room, quota, now))
    }

    /// How many previews are left today.
    pub async fn previews_left(
        &self,
        account: &AccountId,
        quota: &PreviewQuota,
        now: Timestamp,
    ) -> Result<u32> {
        each!(self, previews::previews_left(account, quota, now))
    }
}
