//! The end of an account.

use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::{AccountId, UploadId};
use domain::job::Event;
use domain::removal::{Cause, Day, Receipt, Removed, subject};

use super::jobs::move_job;
use super::{Connection, Db, Write, ledger, reaping, withdrawals};
use crate::error::Result;
use crate::outcome::Erased;
use crate::rows::{JobRow, parse};

/// Whether what an account bought and did not use is paid back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unused {
    PaidBack,
    /// A restored copy cannot tell what was used since, nor what was paid back: that is between operator and provider.
    LeftToTheOperator,
}

pub(crate) async fn erase_account(store: &Db, account: &AccountId, now: Timestamp) -> Result<Option<Erased>> {
    erase(store, account, Unused::PaidBack, now).await
}

pub(super) async fn erase(
    store: &Db,
    account: &AccountId,
    unused: Unused,
    now: Timestamp,
) -> Result<Option<Erased>> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    write.close_account(account).await?;
    let is_there = sqlx::query("SELECT 1 FROM accounts WHERE id = $1")
        .bind(account.as_str())
        .fetch_optional(write.connection())
        .await?;
    if is_there.is_none() {
        return Ok(None);
    }
    let root = subject(account.as_str());
    let jobs = end_jobs(&mut write, account, &root, now).await?;
    let uploads = end_uploads(&mut write, account, &root, now).await?;
    // Now nothing is held any more: what can be given back is known.
    let Money { purchases_returned, credits_lost } = settle_money(&mut write, account, unused, now).await?;
    // Its key first: from the commit on nobody reads a word of it, whatever copies of its rows there are.
    for sql in ["DELETE FROM account_keys WHERE account_id = $1", "DELETE FROM accounts WHERE id = $1"] {
        sqlx::query(sql).bind(account.as_str()).execute(write.connection()).await?;
    }
    reaping::bury(&mut write, Removed::Account, &root, &root, Cause::Erasure, None, now).await?;
    let is_empty = !has_places(write.connection(), &root).await?;
    let today = Day::of(now);
    if is_empty {
        sqlx::query("UPDATE tombstones SET verified_on = removed_on WHERE subject = $1")
            .bind(root.as_bytes().as_slice())
            .execute(write.connection())
            .await?;
    }
    write.commit().await?;
    if let Err(error) = store.shorten_log().await {
        tracing::warn!(%error, "the write-ahead log could not be shortened after an erasure");
    }
    let receipt = Receipt {
        removed: Removed::Account,
        cause: Cause::Erasure,
        due_on: None,
        removed_on: today,
        verified_on: is_empty.then_some(today),
        files: 0,
    };
    Ok(Some(Erased { receipt, jobs, uploads, purchases_returned, credits_lost }))
}

/// Jobs first: they hold uploads and credits. One that runs loses its lease.
async fn end_jobs(write: &mut Write<'_>, account: &AccountId, root: &Digest, now: Timestamp) -> Result<u64> {
    let rows: Vec<JobRow> = sqlx::query_as(held!("SELECT * FROM jobs WHERE account_id = $1 ORDER BY id"))
        .bind(account.as_str())
        .fetch_all(write.connection())
        .await?;
    let mut count = 0;
    for row in &rows {
        if row.state()?.finished_at().is_none() {
            move_job(write, row, Event::CancelRequested, now).await?;
        }
        reaping::remove_job(write, row, Cause::Erasure, now).await?;
        belongs_to(write.connection(), &BlobPrefix::job(&row.id()?), root).await?;
        count += u64::from(!row.is_check());
    }
    Ok(count)
}

async fn end_uploads(
    write: &mut Write<'_>,
    account: &AccountId,
    root: &Digest,
    now: Timestamp,
) -> Result<u64> {
    let ids: Vec<String> =
        sqlx::query_scalar(held!("SELECT id FROM uploads WHERE account_id = $1 ORDER BY id"))
            .bind(account.as_str())
            .fetch_all(write.connection())
            .await?;
    for id in &ids {
        let id = parse("uploads", id, id, UploadId::parse)?;
        if let Some(place) = reaping::remove_upload(write, &id, Cause::Erasure, now).await? {
            belongs_to(write.connection(), &place, root).await?;
        }
    }
    Ok(ids.len() as u64)
}

/// The receipt of the account waits for this place, and for those below it.
async fn belongs_to(connection: &mut Connection, place: &BlobPrefix, root: &Digest) -> Result<()> {
    sqlx::query("UPDATE doomed_blobs SET account = $3 WHERE prefix >= $1 AND prefix < $2")
        .bind(place.as_str())
        .bind(place.end())
        .bind(root.as_bytes().as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

async fn has_places(connection: &mut Connection, root: &Digest) -> Result<bool> {
    let place = sqlx::query("SELECT 1 FROM doomed_blobs WHERE account = $1 LIMIT 1")
        .bind(root.as_bytes().as_slice())
        .fetch_optional(connection)
        .await?;
    Ok(place.is_some())
}

struct Money {
    purchases_returned: u32,
    credits_lost: i64,
}

/// What was not used goes back before the link to the purse is cut. Nothing that bookkeeping keeps may lead back.
async fn settle_money(
    write: &mut Write<'_>,
    account: &AccountId,
    unused: Unused,
    now: Timestamp,
) -> Result<Money> {
    let Some(purse) = ledger::purse_of(write.connection(), account).await? else {
        return Ok(Money { purchases_returned: 0, credits_lost: 0 });
    };
    let purchases_returned = match unused {
        Unused::PaidBack => withdrawals::give_back(write, &purse, now).await?,
        Unused::LeftToTheOperator => 0,
    };
    sqlx::query("UPDATE purchases SET idempotency_tag = NULL, url = NULL WHERE purse_id = $1")
        .bind(purse.as_str())
        .execute(write.connection())
        .await?;
    // Nobody would pay there any more.
    sqlx::query(
        "UPDATE stripe_calls SET state = 'given_up', try_at = NULL
         WHERE kind = 'checkout' AND state = 'waiting'
           AND purchase_id IN (SELECT id FROM purchases WHERE purse_id = $1)",
    )
    .bind(purse.as_str())
    .execute(write.connection())
    .await?;
    let credits_lost = ledger::balance(write.connection(), &purse).await?.available.max(0);
    Ok(Money { purchases_returned, credits_lost })
}

/// A place was found empty twice, after so many files were deleted there. The last of an account's ends its removal.
pub(super) async fn place_is_empty(
    write: &mut Write<'_>,
    account: &[u8],
    files: i64,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE tombstones
         SET files = files + $2,
             verified_on = CASE WHEN EXISTS (SELECT 1 FROM doomed_blobs WHERE account = $1) THEN verified_on
                                ELSE $3 END
         WHERE subject = $1",
    )
    .bind(account)
    .bind(files)
    .bind(Day::of(now).number())
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Of two that find the last two places of an account empty, one waits for the other, and then sees that it was the
/// last.
pub(super) async fn hold_receipt(write: &mut Write<'_>, account: &[u8]) -> Result<()> {
    sqlx::query(held!("SELECT 1 FROM tombstones WHERE subject = $1"))
        .bind(account)
        .execute(write.connection())
        .await?;
    Ok(())
}
