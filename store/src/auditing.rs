//! What operators did, and whether it is still as it was written.

use domain::audit::{AuditRow, Broken, Chain};

use crate::error::Result;
use crate::{Engine, Store, postgres, sqlite};

/// What a verification came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verified {
    /// Every row follows from the one before. The chain's end, to be noted elsewhere.
    Sound(Chain),
    /// The first place where one does not.
    Broken(Broken),
}

/// So many rows are read at once.
const ROWS_AT_ONCE: u32 = 1000;

/// The audit. Rows are written by what they tell of, in the same transaction.
impl Store {
    /// Rows, newest first, those older than row `before`.
    pub async fn audit_rows(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditRow>> {
        each!(self, audit::newest(before, limit))
    }

    /// Follows the chain from its first row to its last, and says where it is broken. `noted` is an end that was noted
    /// before: a chain that was written anew as a whole agrees with itself, but not with that.
    pub async fn verify_audit(&self, noted: Option<&Chain>) -> Result<Verified> {
        match self.follow_audit(noted).await? {
            Ok(end) => Ok(Verified::Sound(end)),
            Err(broken) => Ok(Verified::Broken(broken)),
        }
    }

    async fn follow_audit(&self, noted: Option<&Chain>) -> Result<Result<Chain, Broken>> {
        let (mut chain, mut after, mut head) = (Chain::START, i64::MIN, None);
        loop {
            let rows = each!(self, audit::following(after, ROWS_AT_ONCE))?;
            for row in &rows {
                if let Err(broken) = chain.follow(row) {
                    return Ok(Err(broken));
                }
                if noted.is_some_and(|noted| noted.seq == chain.seq && noted.hash != chain.hash) {
                    return Ok(Err(Broken::Rewritten { seq: chain.seq }));
                }
                after = row.seq;
            }
            if !rows.is_empty() {
                continue;
            }
            // Rows may have been added since the last look. Those that are still not there then are missing.
            let seen = head.replace(each!(self, audit::head())?);
            if let Some(head) = head.filter(|head| head.seq <= chain.seq || seen == Some(*head)) {
                let end = chain.ends_at(&head).and_then(|()| match noted {
                    Some(noted) if noted.seq > chain.seq => Err(Broken::Missing { seq: chain.seq + 1 }),
                    _ => Ok(chain),
                });
                return Ok(end);
            }
        }
    }
}
