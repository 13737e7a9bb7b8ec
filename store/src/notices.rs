//! Notices of deletion: whom to tell which results go, and that it was done.
//!
//! What is told is written into the outbox in the transaction that notes it, so that each notice is given once,
//! whichever of many processes gives it.

use domain::clock::Timestamp;
use domain::ids::{AccountId, JobId};

use crate::error::Result;
use crate::mail::NewMail;
use crate::{Engine, Store, postgres, sqlite};

/// What the owner of an account is to be told now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeletionNotice {
    /// Whose results they are.
    pub account: AccountId,
    /// The results, at least one; the first to go first.
    pub results: Vec<GoingResult>,
}

/// A result that goes soon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GoingResult {
    /// Of which job.
    pub job: JobId,
    /// When.
    pub delete_at: Timestamp,
    /// How many notices of it are given with this one.
    pub notices: u32,
}

impl Store {
    /// Accounts with results of which a notice is due, at most `limit`, the most urgent first. None while the reaper is
    /// frozen: what it does not believe is told to nobody.
    pub async fn accounts_to_notify(&self, limit: u32, now: Timestamp) -> Result<Vec<AccountId>> {
        each!(self, notices::accounts_to_notify(limit, now))
    }

    /// What an account is to be told now, if anything: all that is due, and what is within the day.
    pub async fn deletion_notice(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Option<DeletionNotice>> {
        each!(self, notices::deletion_notice(account, now))
    }

    /// Notes that a notice is given, and writes the mail that gives it; none for an account that no mail reaches. If
    /// there is something else to be told by now (another process was first, or a result went), nothing is done, and
    /// this is false.
    pub async fn give_deletion_notice(
        &self,
        notice: &DeletionNotice,
        mail: Option<&NewMail>,
        now: Timestamp,
    ) -> Result<bool> {
        each!(self, notices::give_deletion_notice(notice, mail, now))
    }
}
