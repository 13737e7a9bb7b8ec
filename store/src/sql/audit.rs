//! What operators did: rows that follow from each other.

use domain::audit::{Act, Action, AuditRow, Chain, Deed, Outcome};
use domain::clock::Timestamp;
use domain::ids::JobId;

use super::{Connection, Db, Write};
use crate::error::{Result, StoreError};
use crate::rows::AuditRowRead;

/// Adds what is done in this transaction. Last of all: until the commit nobody else adds a row.
pub(super) async fn record(
    write: &mut Write<'_>,
    act: &Act,
    action: Action,
    job: Option<&JobId>,
    outcome: Outcome,
    now: Timestamp,
) -> Result<()> {
    let head =
        sqlx::query_as(held!("SELECT seq, hash FROM audit_head")).fetch_one(write.connection()).await?;
    let row = chain(head)?.next(Deed::new(act, action, job, outcome, now));
    let AuditRow { seq, deed, hash } = row;
    sqlx::query(
        "INSERT INTO audit (seq, at, actor, action, job_id, reason, outcome, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(seq)
    .bind(deed.at.micros())
    .bind(deed.actor)
    .bind(deed.action)
    .bind(deed.job)
    .bind(deed.reason)
    .bind(deed.outcome)
    .bind(hash.as_bytes().as_slice())
    .execute(write.connection())
    .await?;
    sqlx::query("UPDATE audit_head SET seq = $1, hash = $2")
        .bind(seq)
        .bind(hash.as_bytes().as_slice())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// The end of the chain, as it was kept beside the rows.
pub(crate) async fn head(store: &Db) -> Result<Chain> {
    let head = sqlx::query_as("SELECT seq, hash FROM audit_head").fetch_optional(&store.reader).await?;
    head.map_or(Ok(Chain::START), chain)
}

fn chain((seq, hash): (i64, Vec<u8>)) -> Result<Chain> {
    let hash = AuditRowRead::digest(seq, &hash)?;
    Ok(Chain { seq, hash })
}

pub(crate) async fn newest(store: &Db, before: Option<i64>, limit: u32) -> Result<Vec<AuditRow>> {
    let mut reader = store.reader.acquire().await?;
    let sql = "SELECT * FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
    read(&mut reader, sql, before.unwrap_or(i64::MAX), limit).await
}

/// Rows after row `after`, oldest first.
pub(crate) async fn following(store: &Db, after: i64, limit: u32) -> Result<Vec<AuditRow>> {
    let mut reader = store.reader.acquire().await?;
    read(&mut reader, "SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2", after, limit).await
}

async fn read(connection: &mut Connection, sql: &'static str, seq: i64, limit: u32) -> Result<Vec<AuditRow>> {
    let rows: Vec<AuditRowRead> =
        sqlx::query_as(sql).bind(seq).bind(i64::from(limit)).fetch_all(connection).await?;
    rows.into_iter().map(AuditRowRead::read).collect::<Result<_, StoreError>>()
}
