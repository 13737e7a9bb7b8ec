//! An account's jobs, page by page.

use std::collections::BTreeMap;

use domain::ids::{AccountId, JobId};
use domain::job::{Job, StateName};

use super::jobs::whole_but_for_its_place;
use super::texts::cipher_if_unlocked;
use super::{Connection, Db};
use crate::error::Result;
use crate::rows::JobRow;

pub(crate) async fn list_jobs(
    store: &Db,
    account: &AccountId,
    state: Option<StateName>,
    after: Option<&JobId>,
    limit: u32,
) -> Result<Vec<Job>> {
    let mut reader = store.reader.acquire().await?;
    let rows: Vec<JobRow> = sqlx::query_as(
        "SELECT * FROM jobs
         WHERE account_id = $1 AND kind <> 'check' AND ($2 IS NULL OR state = $2)
           AND ($3 IS NULL
                OR (created_at, id) < (SELECT created_at, id FROM jobs WHERE id = $3 AND account_id = $1))
         ORDER BY created_at DESC, id DESC
         LIMIT $4",
    )
    .bind(account.as_str())
    .bind(state.map(StateName::as_str))
    .bind(after.map(JobId::as_str))
    .bind(i64::from(limit))
    .fetch_all(&mut *reader)
    .await?;
    let places = match rows.iter().map(JobRow::state_name).collect::<Result<Vec<_>>>()? {
        states if states.contains(&StateName::Queued) => places(&mut reader, account).await?,
        _ => BTreeMap::new(),
    };
    let mut jobs = Vec::with_capacity(rows.len());
    let cipher = match rows.is_empty() {
        true => None,
        false => cipher_if_unlocked(store, &mut reader, account.as_str()).await?,
    };
    for row in &rows {
        let mut job = whole_but_for_its_place(&mut reader, row, cipher.as_ref()).await?;
        if let Some((place, own)) = places.get(&row.id) {
            (job.queue_position, job.own_ahead) = (u64::try_from(*place).ok(), u64::try_from(*own).ok());
        }
        jobs.push(job);
    }
    Ok(jobs)
}

/// The places of an account's queued jobs, counted in one walk: a page of them must not walk the queue for
/// each.
async fn places(connection: &mut Connection, account: &AccountId) -> Result<BTreeMap<String, (i64, i64)>> {
    let places: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT id, place, own FROM (
             SELECT id, account_id, row_number() OVER (ORDER BY created_at, id) - 1 AS place,
                    row_number() OVER (PARTITION BY account_id ORDER BY created_at, id) - 1 AS own
             FROM jobs WHERE state = 'queued' AND kind <> 'check'
         ) AS waiting WHERE account_id = $1",
    )
    .bind(account.as_str())
    .fetch_all(connection)
    .await?;
    Ok(places.into_iter().map(|(id, place, own)| (id, (place, own))).collect())
}
