//! The outbox, links that were mailed, and how often they were asked for.

use domain::clock::Timestamp;
use domain::ids::{AccountId, MailId, SessionId};
use domain::mailing::{Pace, TRIES_MAX, TRY_WITHIN, wait_after};
use domain::secret::SecretHash;

use super::{Db, Write};
use crate::error::{Result, StoreError};
use crate::mail::{Agreement, Asked, DueMail, LinkPurpose, MailLink, NewMail, NewMailLink, Swept};
use crate::outcome::NewSession;
use crate::rows::{json_text, parse};

pub(crate) async fn ask_for_link(store: &Db, new: &NewMailLink, now: Timestamp) -> Result<Asked> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let paced = |of: &str, whose: &str| Ok::<_, StoreError>(store.texts.vault()?.tag("mail pace", of, whose));
    if let Err(wait) = count(&mut write, &paced("network", &new.network)?, Pace::PER_NETWORK, now).await? {
        return Ok(Asked::TooOften { wait });
    }
    // Beyond its pace the same rows are written, dead from the beginning: whoever measures the answer learns nothing.
    let is_within =
        count(&mut write, &paced("address", &new.address)?, Pace::PER_ADDRESS, now).await?.is_ok();
    let until = |time: Timestamp| if is_within { time } else { now };
    let (account, terms) = match &new.purpose {
        LinkPurpose::SignIn { terms_version } => (None, Some(terms_version)),
        LinkPurpose::Address(account) => (Some(account.as_str()), None),
    };
    sqlx::query(
        "INSERT INTO mail_links (hash, sealed, account_id, terms_version, expires_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(new.hash.as_bytes().as_slice())
    .bind(&new.sealed_address)
    .bind(account)
    .bind(terms)
    .bind(until(new.expires_at).micros())
    .execute(write.connection())
    .await?;
    let mail = NewMail { expires_at: until(new.mail.expires_at), ..new.mail.clone() };
    queue(&mut write, &mail, now).await?;
    write.commit().await?;
    Ok(Asked::Taken)
}

/// Counts one more, unless there are as many as there may be; then, how long until one more is allowed.
async fn count(
    write: &mut Write<'_>,
    tag: &str,
    pace: Pace,
    now: Timestamp,
) -> Result<std::result::Result<(), std::time::Duration>> {
    sqlx::query("INSERT INTO mail_paces (tag, last_at) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING")
        .bind(tag)
        .bind(now.micros())
        .execute(write.connection())
        .await?;
    let times: String = sqlx::query_scalar(held!("SELECT times FROM mail_paces WHERE tag = $1"))
        .bind(tag)
        .fetch_one(write.connection())
        .await?;
    let times: Vec<i64> = parse("mail_paces", "a tag", &times, |text| serde_json::from_str(text))?;
    let times: Vec<_> = times.into_iter().map(Timestamp::from_micros).collect();
    let mut recent = pace.recent(&times, now);
    let outcome = match pace.wait(&recent, now) {
        Some(wait) => Err(wait),
        None => {
            recent.push(now);
            Ok(())
        }
    };
    let times: Vec<_> = recent.iter().map(|time| time.micros()).collect();
    let last = recent.last().copied().unwrap_or(now);
    sqlx::query("UPDATE mail_paces SET times = $2, last_at = $3 WHERE tag = $1")
        .bind(tag)
        .bind(json_text(&times)?)
        .bind(last.micros())
        .execute(write.connection())
        .await?;
    Ok(outcome)
}

pub(super) async fn queue(write: &mut Write<'_>, mail: &NewMail, now: Timestamp) -> Result<()> {
    sqlx::query("INSERT INTO outbox (id, sealed, try_at, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(mail.id.as_str())
        .bind(&mail.sealed)
        .bind(now.micros())
        .bind(mail.expires_at.micros())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// What is sealed, the account, the version of the terms.
type LinkRow = (Vec<u8>, Option<String>, Option<String>);

pub(crate) async fn mail_link(store: &Db, hash: &SecretHash, now: Timestamp) -> Result<Option<MailLink>> {
    let mut reader = store.reader.acquire().await?;
    let now = super::reading_time(store, &mut reader, now).await?;
    let row: Option<LinkRow> = sqlx::query_as(
        "SELECT sealed, account_id, terms_version FROM mail_links WHERE hash = $1 AND expires_at > $2",
    )
    .bind(hash.as_bytes().as_slice())
    .bind(now.micros())
    .fetch_optional(&mut *reader)
    .await?;
    let Some((sealed_address, account, terms)) = row else { return Ok(None) };
    let purpose = match (account, terms) {
        (Some(id), None) => LinkPurpose::Address(parse("mail_links", &id, &id, AccountId::parse)?),
        (None, Some(terms_version)) => LinkPurpose::SignIn { terms_version },
        _ => return Err(StoreError::unreadable("mail_links", "a link", "it is for two things or for none")),
    };
    Ok(Some(MailLink { purpose, sealed_address }))
}

pub(crate) async fn enter_by_link(
    store: &Db,
    hash: &SecretHash,
    new: &NewSession,
    notice: &NewMail,
    now: Timestamp,
) -> Result<Option<SessionId>> {
    let mut write = store.write().await?;
    // Two browsers that sign in at the same time each see the other, or one of them does.
    let now = write.hold_account(&new.account, now).await?;
    let terms: Option<String> = sqlx::query_scalar(
        "DELETE FROM mail_links WHERE hash = $1 AND expires_at > $2 AND account_id IS NULL RETURNING terms_version",
    )
    .bind(hash.as_bytes().as_slice())
    .bind(now.micros())
    .fetch_optional(write.connection())
    .await?;
    let Some(terms) = terms else { return Ok(None) };
    let was_here: i64 = sqlx::query_scalar("SELECT count(*) FROM agreements WHERE account_id = $1")
        .bind(new.account.as_str())
        .fetch_one(write.connection())
        .await?;
    let like_it: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sessions WHERE account_id = $1 AND device = $2 AND expires_at > $3",
    )
    .bind(new.account.as_str())
    .bind(&new.device)
    .bind(now.micros())
    .fetch_one(write.connection())
    .await?;
    sqlx::query(
        "INSERT INTO agreements (account_id, age_confirmed, terms_version) VALUES ($1, 1, $2)
         ON CONFLICT (account_id) DO UPDATE SET terms_version = excluded.terms_version",
    )
    .bind(new.account.as_str())
    .bind(terms)
    .execute(write.connection())
    .await?;
    let id = super::accounts::insert_session(&mut write, new, now).await?;
    if was_here > 0 && like_it == 0 {
        queue(&mut write, notice, now).await?;
    }
    write.commit().await?;
    Ok(Some(id))
}

pub(crate) async fn agreement(store: &Db, account: &AccountId) -> Result<Option<Agreement>> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT age_confirmed, terms_version FROM agreements WHERE account_id = $1")
            .bind(account.as_str())
            .fetch_optional(&store.reader)
            .await?;
    Ok(row.map(|(age, terms_version)| Agreement { age_confirmed: age == 1, terms_version }))
}

pub(crate) async fn take_mails(store: &Db, limit: u32, now: Timestamp) -> Result<Vec<DueMail>> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let rows: Vec<(String, Vec<u8>, i64)> = sqlx::query_as(held_unless_busy!(
        "SELECT id, sealed, tries FROM outbox WHERE try_at <= $1 AND expires_at > $1 AND tries < $2
         ORDER BY try_at, id LIMIT $3"
    ))
    .bind(now.micros())
    .bind(i64::from(TRIES_MAX))
    .bind(i64::from(limit))
    .fetch_all(write.connection())
    .await?;
    let mut mails = Vec::with_capacity(rows.len());
    for (id, sealed, tries) in rows {
        sqlx::query("UPDATE outbox SET tries = tries + 1, try_at = $2 WHERE id = $1")
            .bind(&id)
            .bind((now + TRY_WITHIN).micros())
            .execute(write.connection())
            .await?;
        let tries = u32::try_from(tries + 1).unwrap_or(TRIES_MAX);
        mails.push(DueMail { id: parse("outbox", &id, &id, MailId::parse)?, sealed, tries });
    }
    write.commit().await?;
    Ok(mails)
}

pub(crate) async fn end_mail(store: &Db, id: &MailId) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("DELETE FROM outbox WHERE id = $1").bind(id.as_str()).execute(write.connection()).await?;
    write.commit().await
}

pub(crate) async fn postpone_mail(store: &Db, id: &MailId, now: Timestamp) -> Result<bool> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let tries: Option<i64> = sqlx::query_scalar(held!("SELECT tries FROM outbox WHERE id = $1"))
        .bind(id.as_str())
        .fetch_optional(write.connection())
        .await?;
    let Some(tries) = tries else { return Ok(false) };
    let tries = u32::try_from(tries).unwrap_or(TRIES_MAX);
    let is_tried_again = tries < TRIES_MAX;
    let done = match is_tried_again {
        true => sqlx::query("UPDATE outbox SET try_at = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind((now + wait_after(tries)).micros()),
        false => sqlx::query("DELETE FROM outbox WHERE id = $1").bind(id.as_str()),
    };
    done.execute(write.connection()).await?;
    write.commit().await?;
    Ok(is_tried_again)
}

pub(crate) async fn sweep_mail(store: &Db, now: Timestamp) -> Result<Swept> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let mut swept = Swept::default();
    let old = now - Pace::PER_ADDRESS.within.max(Pace::PER_NETWORK.within);
    // A mail that was taken for its last try is with somebody who will say what came of it, unless that process ended.
    for (sql, time, count) in [
        ("DELETE FROM outbox WHERE expires_at <= $1 OR (tries = 8 AND try_at <= $1)", now, &mut swept.mails),
        ("DELETE FROM mail_links WHERE expires_at <= $1", now, &mut swept.links),
        ("DELETE FROM mail_paces WHERE last_at <= $1", old, &mut swept.paces),
    ] {
        *count = sqlx::query(sql).bind(time.micros()).execute(write.connection()).await?.rows_affected();
    }
    write.commit().await?;
    Ok(swept)
}
