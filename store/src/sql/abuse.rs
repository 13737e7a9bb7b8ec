//! Hashes of signals, and which peppers they were made under.

use domain::abuse::{AbuseKind, AbuseReason, AbuseRecord, AbuseTag, Epoch, Pepper, PepperPrint};
use domain::clock::Timestamp;
use domain::removal::Day;

use super::{Connection, Db, Write};
use crate::abuse::AbuseTags;
use crate::error::{Result, StoreError};

pub(crate) async fn record_abuse(
    store: &Db,
    tags: &AbuseTags,
    reason: AbuseReason,
    now: Timestamp,
) -> Result<AbuseRecord> {
    let mut write = store.write().await?;
    let today = Day::of(write.time(now).await?);
    let record = record_in(&mut write, &tags.newest, reason, today).await?;
    write.commit().await?;
    Ok(record)
}

/// The same in a transaction that does more.
pub(super) async fn record_in(
    write: &mut Write<'_>,
    tag: &AbuseTag,
    reason: AbuseReason,
    today: Day,
) -> Result<AbuseRecord> {
    let first = AbuseRecord::after(None, *tag, reason, today);
    // Writes nothing over what is there, but holds the row and reads it: no hit of two at once is lost. None counted
    // yet is the mark of a row that is new.
    let row: TagRow = sqlx::query_as(
        "INSERT INTO abuse_tags (kind, epoch, tag, reason, first_day, last_day, hits, expires_day)
         VALUES ($1, $2, $3, $4, $5, $5, 0, $6)
         ON CONFLICT (kind, epoch, tag, reason) DO UPDATE SET hits = abuse_tags.hits
         RETURNING *",
    )
    .bind(i64::from(tag.kind.number()))
    .bind(i64::from(tag.epoch.number()))
    .bind(tag.bits.as_slice())
    .bind(i64::from(reason.number()))
    .bind(today.number())
    .bind(first.expires_day.number())
    .fetch_one(write.connection())
    .await?;
    let before = (row.hits > 0).then(|| row.read()).transpose()?;
    let record = AbuseRecord::after(before.as_ref(), *tag, reason, today);
    sqlx::query(
        "UPDATE abuse_tags SET first_day = $5, last_day = $6, hits = $7, expires_day = $8
         WHERE kind = $1 AND epoch = $2 AND tag = $3 AND reason = $4",
    )
    .bind(i64::from(tag.kind.number()))
    .bind(i64::from(tag.epoch.number()))
    .bind(tag.bits.as_slice())
    .bind(i64::from(reason.number()))
    .bind(record.first_day.number())
    .bind(record.last_day.number())
    .bind(i64::from(record.hits))
    .bind(record.expires_day.number())
    .execute(write.connection())
    .await?;
    Ok(record)
}

pub(crate) async fn abuse_records(store: &Db, tags: &AbuseTags, now: Timestamp) -> Result<Vec<AbuseRecord>> {
    let mut reader = store.reader.acquire().await?;
    let today = Day::of(super::reading_time(store, &mut reader, now).await?);
    records_on(&mut reader, tags, today).await
}

/// What is remembered of a signal on this day.
pub(super) async fn records_on(
    connection: &mut Connection,
    tags: &AbuseTags,
    today: Day,
) -> Result<Vec<AbuseRecord>> {
    let mut records = Vec::new();
    for tag in tags.all() {
        let rows: Vec<TagRow> = sqlx::query_as(
            "SELECT * FROM abuse_tags WHERE kind = $1 AND epoch = $2 AND tag = $3 AND expires_day > $4
             ORDER BY reason",
        )
        .bind(i64::from(tag.kind.number()))
        .bind(i64::from(tag.epoch.number()))
        .bind(tag.bits.as_slice())
        .bind(today.number())
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            records.push(row.read()?);
        }
    }
    Ok(records)
}

pub(crate) async fn expire_abuse(store: &Db, now: Timestamp) -> Result<u64> {
    let mut write = store.write().await?;
    let today = Day::of(write.time(now).await?);
    let gone = expire_in(&mut write, today).await?;
    write.commit().await?;
    Ok(gone)
}

/// The same in a transaction that does more.
pub(super) async fn expire_in(write: &mut Write<'_>, today: Day) -> Result<u64> {
    let oldest_kept = i64::from(Epoch::oldest_kept_on(today).number());
    let mut gone = 0;
    for (sql, bound) in [
        ("DELETE FROM abuse_tags WHERE expires_day <= $1", today.number()),
        ("DELETE FROM abuse_tags WHERE epoch < $1", oldest_kept),
        ("DELETE FROM abuse_peppers WHERE epoch < $1", oldest_kept),
        ("DELETE FROM preview_counts WHERE day < $1", today.number()),
    ] {
        gone += sqlx::query(sql).bind(bound).execute(write.connection()).await?.rows_affected();
    }
    Ok(gone)
}

pub(crate) async fn pepper_prints(store: &Db, kind: AbuseKind) -> Result<Vec<(Epoch, PepperPrint)>> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT epoch, print FROM abuse_peppers WHERE kind = $1 ORDER BY epoch")
            .bind(i64::from(kind.number()))
            .fetch_all(&store.reader)
            .await?;
    let unreadable =
        |epoch: i64| StoreError::unreadable("abuse_peppers", &epoch.to_string(), "no epoch or print");
    let read = |(number, print): (i64, Vec<u8>)| {
        let epoch = Epoch::of_number(number).ok_or_else(|| unreadable(number))?;
        let print = print.try_into().map_err(|_| unreadable(number))?;
        Ok((epoch, PepperPrint(print)))
    };
    rows.into_iter().map(read).collect()
}

pub(crate) async fn settle_pepper(store: &Db, pepper: &Pepper) -> Result<PepperPrint> {
    let mut write = store.write().await?;
    let print: Vec<u8> = sqlx::query_scalar(
        "INSERT INTO abuse_peppers (kind, epoch, print) VALUES ($1, $2, $3)
         ON CONFLICT (kind, epoch) DO UPDATE SET print = abuse_peppers.print RETURNING print",
    )
    .bind(i64::from(pepper.kind().number()))
    .bind(i64::from(pepper.epoch().number()))
    .bind(pepper.print().0.as_slice())
    .fetch_one(write.connection())
    .await?;
    write.commit().await?;
    let epoch = pepper.epoch().number().to_string();
    let print = print.try_into().map_err(|_| StoreError::unreadable("abuse_peppers", &epoch, "no print"))?;
    Ok(PepperPrint(print))
}

#[derive(sqlx::FromRow)]
struct TagRow {
    kind: i64,
    epoch: i64,
    tag: Vec<u8>,
    reason: i64,
    first_day: i64,
    last_day: i64,
    hits: i64,
    expires_day: i64,
}

impl TagRow {
    fn read(&self) -> Result<AbuseRecord> {
        let unreadable = |what: &str| StoreError::unreadable("abuse_tags", "of a tag", what);
        let tag = AbuseTag {
            kind: AbuseKind::of_number(self.kind).ok_or_else(|| unreadable("an unknown kind"))?,
            epoch: Epoch::of_number(self.epoch).ok_or_else(|| unreadable("no epoch"))?,
            bits: self.tag.as_slice().try_into().map_err(|_| unreadable("a tag has 16 bytes"))?,
        };
        Ok(AbuseRecord {
            tag,
            reason: AbuseReason::of_number(self.reason).ok_or_else(|| unreadable("an unknown reason"))?,
            first_day: Day::from_number(self.first_day),
            last_day: Day::from_number(self.last_day),
            hits: u8::try_from(self.hits).map_err(|_| unreadable("hits are 0 to 255"))?,
            expires_day: Day::from_number(self.expires_day),
        })
    }
}
