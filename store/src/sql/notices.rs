//! Who is to be told that results go, and who was.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::{AccountId, JobId};
use domain::notice::{FIRST_NOTICE, LAST_NOTICE, TOLD_ALONG, is_told_of, notices_due};

use super::{Connection, Db, mail};
use crate::error::Result;
use crate::mail::NewMail;
use crate::notices::{DeletionNotice, GoingResult};
use crate::rows::parse;

pub(crate) async fn accounts_to_notify(store: &Db, limit: u32, now: Timestamp) -> Result<Vec<AccountId>> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let accounts: Vec<String> = sqlx::query_scalar(
        "SELECT account_id FROM jobs
         WHERE state = 'succeeded' AND kind <> 'check' AND deletion_notices < 2
           AND ((deletion_notices = 0 AND delete_at <= $2) OR (deletion_notices = 1 AND delete_at <= $3))
           AND delete_at > $1 AND delete_at - finished_at > $4
           AND NOT EXISTS (SELECT 1 FROM reaper WHERE frozen_since IS NOT NULL)
         GROUP BY account_id ORDER BY min(delete_at), account_id LIMIT $5",
    )
    .bind(now.micros())
    .bind((now + FIRST_NOTICE).micros())
    .bind((now + LAST_NOTICE).micros())
    .bind(i64::try_from(FIRST_NOTICE.as_micros()).unwrap_or(i64::MAX))
    .bind(i64::from(limit))
    .fetch_all(&mut *reader)
    .await?;
    accounts.iter().map(|id| parse("jobs", id, id, AccountId::parse)).collect()
}

pub(crate) async fn deletion_notice(
    store: &Db,
    account: &AccountId,
    now: Timestamp,
) -> Result<Option<DeletionNotice>> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let notice = notice_of(&mut reader, account, now).await?;
    Ok(Some(notice).filter(|notice| !notice.results.is_empty()))
}

pub(crate) async fn give_deletion_notice(
    store: &Db,
    notice: &DeletionNotice,
    mail: Option<&NewMail>,
    now: Timestamp,
) -> Result<bool> {
    let mut write = store.write().await?;
    // Whoever holds the account is the only one who tells it something.
    let now = write.hold_account(&notice.account, now).await?;
    if notice_of(write.connection(), &notice.account, now).await? != *notice {
        return Ok(false);
    }
    for result in &notice.results {
        let told = sqlx::query("UPDATE jobs SET deletion_notices = $2 WHERE id = $1 AND state = 'succeeded'")
            .bind(result.job.as_str())
            .bind(i64::from(result.notices))
            .execute(write.connection())
            .await?;
        if told.rows_affected() == 0 {
            return Ok(false); // deleted this moment
        }
    }
    if let Some(mail) = mail {
        mail::queue(&mut write, mail, now).await?;
    }
    write.commit().await?;
    Ok(true)
}

/// What is to be told, which may be nothing.
async fn notice_of(
    connection: &mut Connection,
    account: &AccountId,
    now: Timestamp,
) -> Result<DeletionNotice> {
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT id, finished_at, delete_at, deletion_notices FROM jobs
         WHERE account_id = $1 AND state = 'succeeded' AND kind <> 'check' AND deletion_notices < 2
           AND delete_at > $2 AND delete_at <= $3
         ORDER BY delete_at, id",
    )
    .bind(account.as_str())
    .bind(now.micros())
    .bind((now + FIRST_NOTICE + TOLD_ALONG).micros())
    .fetch_all(connection)
    .await?;
    let mut is_due = false;
    let mut results = Vec::new();
    for (id, finished_at, delete_at, given) in rows {
        let (finished_at, delete_at) =
            (Timestamp::from_micros(finished_at), Timestamp::from_micros(delete_at));
        let notices = |along: Duration| notices_due(delete_at, along, now);
        if is_told_of(finished_at, delete_at) && i64::from(notices(TOLD_ALONG)) > given {
            is_due |= i64::from(notices(Duration::ZERO)) > given;
            let job = parse("jobs", &id, &id, JobId::parse)?;
            results.push(GoingResult { job, delete_at, notices: notices(TOLD_ALONG) });
        }
    }
    if !is_due {
        results.clear();
    }
    Ok(DeletionNotice { account: account.clone(), results })
}
