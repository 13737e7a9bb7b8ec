//! Free previews: how many are left, and what their end means for what they were made from.

use domain::abuse::AbuseReason;
use domain::attempt::Room;
use domain::clock::Timestamp;
use domain::fields::FieldError;
use domain::ids::AccountId;
use domain::order::{Order, Wish};
use domain::preview;
use domain::removal::Day;
use domain::upload::AudioFacts;

use super::{Connection, Db, Write, abuse, ledger, orders};
use crate::abuse::PreviewQuota;
use crate::error::Result;
use crate::outcome::Enqueued;
use crate::rows::JobRow;

pub(crate) async fn admit_preview(
    store: &Db,
    order: &Order,
    room: Room,
    quota: Option<&PreviewQuota>,
    now: Timestamp,
) -> Result<Enqueued> {
    let mut write = store.write().await?;
    let now = write.hold_account(&order.account, now).await?;
    let outcome = orders::enqueue_in(&mut write, order, room, None, now).await?;
    if !matches!(outcome, Enqueued::New(_)) {
        return Ok(outcome);
    }
    let uploads = order.wish.inputs.iter().map(|input| &input.upload);
    let facts = ledger::facts(write.connection(), uploads).await?;
    if let Some(refused) = refused(&order.wish, &facts) {
        return Ok(Enqueued::Refused(vec![refused])); // and with the transaction goes the job
    }
    if let Some(quota) = quota
        && !count(&mut write, &order.account, quota, Day::of(now)).await?
    {
        return Ok(Enqueued::PreviewsUsed { per_day: quota.per_day, again_at: Day::of(now).next().start() });
    }
    write.commit().await?;
    Ok(outcome)
}

/// What is wrong with the part that is asked for, if anything is.
pub(super) fn refused(wish: &Wish, facts: &[AudioFacts]) -> Option<FieldError> {
    wish.recipe.preview.zip(facts.first()).and_then(|(part, audio)| part.refused_for(audio))
}

/// Counts one preview; false if none was left.
async fn count(write: &mut Write<'_>, account: &AccountId, quota: &PreviewQuota, today: Day) -> Result<bool> {
    let used: i64 = sqlx::query_scalar(
        "INSERT INTO preview_counts (account_id, day, used) VALUES ($1, $2, 1)
         ON CONFLICT (account_id, day) DO UPDATE SET used = preview_counts.used + 1 RETURNING used",
    )
    .bind(account.as_str())
    .bind(today.number())
    .fetch_one(write.connection())
    .await?;
    // Recorded first and read then: of two accounts with one address, the second waits here for the first.
    abuse::record_in(write, &quota.tags.newest, AbuseReason::PreviewUsed, today).await?;
    let by_address = by_address(write.connection(), quota, today).await?;
    let before = |used: u32| used.saturating_sub(1);
    let used = u32::try_from(used).unwrap_or(u32::MAX);
    Ok(preview::left(quota.per_day, before(used), before(by_address)) > 0)
}

async fn by_address(connection: &mut Connection, quota: &PreviewQuota, today: Day) -> Result<u32> {
    let records = abuse::records_on(connection, &quota.tags, today).await?;
    Ok(records.iter().map(|record| record.previews_on(today)).sum())
}

pub(crate) async fn previews_left(
    store: &Db,
    account: &AccountId,
    quota: &PreviewQuota,
    now: Timestamp,
) -> Result<u32> {
    let mut reader = store.reader.acquire().await?;
    let today = Day::of(super::reading_time(store, &mut reader, now).await?);
    let used: Option<i64> =
        sqlx::query_scalar("SELECT used FROM preview_counts WHERE account_id = $1 AND day = $2")
            .bind(account.as_str())
            .bind(today.number())
            .fetch_optional(&mut *reader)
            .await?;
    let used = u32::try_from(used.unwrap_or(0)).unwrap_or(u32::MAX);
    Ok(preview::left(quota.per_day, used, by_address(&mut reader, quota, today).await?))
}

/// A preview is no use of an upload: what it was made from goes when it would go if no job had used it, counted from
/// now, unless a job settled that before or needs it still.
pub(super) async fn settle(write: &mut Write<'_>, row: &JobRow, now: Timestamp) -> Result<()> {
    let uploads: Vec<String> = sqlx::query_scalar(held!(
        "SELECT id FROM uploads
         WHERE id IN (SELECT upload_id FROM job_inputs WHERE job_id = $1) AND is_due_by_job = 0 ORDER BY id"
    ))
    .bind(&row.id)
    .fetch_all(write.connection())
    .await?;
    for upload in uploads {
        sqlx::query(
            "UPDATE uploads SET delete_at = $3
             WHERE id = $1 AND NOT EXISTS (
                 SELECT 1 FROM job_inputs JOIN jobs ON jobs.id = job_inputs.job_id
                 WHERE job_inputs.upload_id = $1 AND jobs.id <> $2 AND jobs.finished_at IS NULL
                   AND jobs.kind <> 'check')",
        )
        .bind(upload)
        .bind(&row.id)
        .bind(write.store.retention.of_complete_upload(now).micros())
        .execute(write.connection())
        .await?;
    }
    Ok(())
}
