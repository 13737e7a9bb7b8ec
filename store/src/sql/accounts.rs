//! Accounts, sign-in links, sessions, API keys.

use domain::account::{Account, Email};
use domain::clock::Timestamp;
use domain::ids::{AccountId, KeyId, SessionId};
use domain::scope::Scopes;
use domain::secret::SecretHash;

use super::{Connection, Db, Write, texts};
use crate::account_rows::{AccountRow, ApiKeyRow, SessionRow};
use crate::error::Result;
use crate::mail::{AddressChange, NewMail};
use crate::outcome::{ApiKey, NewAccount, NewApiKey, NewSession, Session};
use crate::rows::{json_text, parse};

pub(crate) async fn ensure_account(store: &Db, new: &NewAccount, now: Timestamp) -> Result<Account> {
    let tag = address_tag(store, &new.email)?;
    let id = AccountId::new(&*store.entropy);
    let (cipher, key) = store.texts.vault()?.new_account(id.as_str(), &*store.entropy)?;
    let sealed = cipher.seal("accounts", id.as_str(), new.email.as_str(), &*store.entropy);
    let mut write = store.write().await?;
    let done = sqlx::query(
        "INSERT INTO accounts (id, email_tag, sealed, roles, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (email_tag) DO NOTHING",
    )
    .bind(id.as_str())
    .bind(&tag)
    .bind(sealed)
    .bind(json_text(&new.roles)?)
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    if done.rows_affected() == 1 {
        texts::insert_key(&mut write, id.as_str(), &key).await?;
    }
    let row: AccountRow = sqlx::query_as("SELECT * FROM accounts WHERE email_tag = $1")
        .bind(&tag)
        .fetch_one(write.connection())
        .await?;
    let account = read(store, write.connection(), row).await?;
    write.commit().await?;
    Ok(account)
}

/// By which an account is found: no address is kept in plain text.
pub(super) fn address_tag(store: &Db, email: &Email) -> Result<String> {
    Ok(store.texts.vault()?.tag("address", "", email.as_str()))
}

async fn read(store: &Db, connection: &mut Connection, row: AccountRow) -> Result<Account> {
    let cipher = texts::cipher(store, connection, &row.id).await?;
    row.read(&cipher)
}

pub(crate) async fn account(store: &Db, id: &AccountId) -> Result<Option<Account>> {
    let mut reader = store.reader.acquire().await?;
    let row: Option<AccountRow> = sqlx::query_as("SELECT * FROM accounts WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&mut *reader)
        .await?;
    match row {
        Some(row) => read(store, &mut reader, row).await.map(Some),
        None => Ok(None),
    }
}

pub(crate) async fn account_by_email(store: &Db, email: &Email) -> Result<Option<Account>> {
    let tag = address_tag(store, email)?;
    let mut reader = store.reader.acquire().await?;
    let row: Option<AccountRow> = sqlx::query_as("SELECT * FROM accounts WHERE email_tag = $1")
        .bind(tag)
        .fetch_optional(&mut *reader)
        .await?;
    match row {
        Some(row) => read(store, &mut reader, row).await.map(Some),
        None => Ok(None),
    }
}

pub(crate) async fn change_email(
    store: &Db,
    account: &AccountId,
    hash: &SecretHash,
    email: &Email,
    notice: Option<&NewMail>,
    now: Timestamp,
) -> Result<AddressChange> {
    let mut write = store.write().await?;
    let now = write.time(now).await?;
    let link = sqlx::query("DELETE FROM mail_links WHERE hash = $1 AND account_id = $2 AND expires_at > $3")
        .bind(hash.as_bytes().as_slice())
        .bind(account.as_str())
        .bind(now.micros())
        .execute(write.connection())
        .await?;
    if link.rows_affected() == 0 {
        return Ok(AddressChange::Spent);
    }
    // Of two accounts that want one address at the same time, the second waits for the first here, and is refused.
    let tag = address_tag(store, email)?;
    let cipher = texts::cipher(store, write.connection(), account.as_str()).await?;
    let changed = sqlx::query("UPDATE accounts SET email_tag = $2, sealed = $3 WHERE id = $1")
        .bind(account.as_str())
        .bind(tag)
        .bind(cipher.seal("accounts", account.as_str(), email.as_str(), &*store.entropy))
        .execute(write.connection())
        .await;
    match changed {
        Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
            return Ok(AddressChange::InUse);
        }
        other => {
            other?;
        }
    }
    if let Some(notice) = notice {
        super::mail::queue(&mut write, notice, now).await?;
    }
    let row: Option<AccountRow> = sqlx::query_as("SELECT * FROM accounts WHERE id = $1")
        .bind(account.as_str())
        .fetch_optional(write.connection())
        .await?;
    let Some(row) = row else { return Ok(AddressChange::Spent) };
    write.commit().await?;
    Ok(AddressChange::Done(row.read(&cipher)?))
}

pub(crate) async fn create_sign_in_link(
    store: &Db,
    account: &AccountId,
    hash: &SecretHash,
    expires_at: Timestamp,
) -> Result<()> {
    let mut write = store.write().await?;
    sqlx::query("INSERT INTO sign_in_links (hash, account_id, expires_at) VALUES ($1, $2, $3)")
        .bind(hash.as_bytes().as_slice())
        .bind(account.as_str())
        .bind(expires_at.micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

pub(crate) async fn redeem_sign_in_link(
    store: &Db,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Option<AccountId>> {
    let mut write = store.write().await?;
    let account: Option<String> = sqlx::query_scalar(
        "UPDATE sign_in_links SET used_at = $2
         WHERE hash = $1 AND used_at IS NULL AND expires_at > $2
         RETURNING account_id",
    )
    .bind(hash.as_bytes().as_slice())
    .bind(now.micros())
    .fetch_optional(write.connection())
    .await?;
    write.commit().await?;
    account.map(|id| parse("sign_in_links", &id, &id, AccountId::parse)).transpose()
}

pub(crate) async fn create_session(store: &Db, new: &NewSession, now: Timestamp) -> Result<SessionId> {
    let mut write = store.write().await?;
    let id = insert_session(&mut write, new, now).await?;
    write.commit().await?;
    Ok(id)
}

pub(super) async fn insert_session(
    write: &mut Write<'_>,
    new: &NewSession,
    now: Timestamp,
) -> Result<SessionId> {
    let id = SessionId::new(&*write.store.entropy);
    sqlx::query(
        "INSERT INTO sessions (id, hash, account_id, device, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id.as_str())
    .bind(new.hash.as_bytes().as_slice())
    .bind(new.account.as_str())
    .bind(&new.device)
    .bind(now.micros())
    .bind(new.expires_at.micros())
    .execute(write.connection())
    .await?;
    Ok(id)
}

pub(crate) async fn session(
    store: &Db,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Option<(SessionId, Account)>> {
    let row: Option<SessionRow> =
        sqlx::query_as("SELECT * FROM sessions WHERE hash = $1 AND expires_at > $2")
            .bind(hash.as_bytes().as_slice())
            .bind(now.micros())
            .fetch_optional(&store.reader)
            .await?;
    let Some(row) = row else { return Ok(None) };
    let owner = account(store, &row.account()?).await?;
    let session = row.read()?;
    Ok(owner.map(|owner| (session.id, owner)))
}

pub(crate) async fn list_sessions(store: &Db, account: &AccountId, now: Timestamp) -> Result<Vec<Session>> {
    let rows: Vec<SessionRow> = sqlx::query_as(
        "SELECT * FROM sessions WHERE account_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id",
    )
    .bind(account.as_str())
    .bind(now.micros())
    .fetch_all(&store.reader)
    .await?;
    rows.into_iter().map(SessionRow::read).collect()
}

pub(crate) async fn revoke_session(store: &Db, account: &AccountId, id: &SessionId) -> Result<bool> {
    let mut write = store.write().await?;
    let done = sqlx::query("DELETE FROM sessions WHERE id = $1 AND account_id = $2")
        .bind(id.as_str())
        .bind(account.as_str())
        .execute(write.connection())
        .await?;
    write.commit().await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn create_api_key(store: &Db, new: &NewApiKey, now: Timestamp) -> Result<ApiKey> {
    let id = KeyId::new(&*store.entropy);
    let mut write = store.write().await?;
    let cipher = texts::cipher(store, write.connection(), new.account.as_str()).await?;
    sqlx::query(
        "INSERT INTO api_keys (id, hash, account_id, name, sealed, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, '', $4, $5, $6, $7)",
    )
    .bind(id.as_str())
    .bind(new.hash.as_bytes().as_slice())
    .bind(new.account.as_str())
    .bind(cipher.seal("api_keys", id.as_str(), &new.name, &*store.entropy))
    .bind(json_text(&new.scopes)?)
    .bind(now.micros())
    .bind(new.expires_at.map(Timestamp::micros))
    .execute(write.connection())
    .await?;
    write.commit().await?;
    let (name, scopes) = (new.name.clone(), new.scopes.clone());
    Ok(ApiKey { id, name, scopes, created_at: now, expires_at: new.expires_at })
}

pub(crate) async fn api_key(
    store: &Db,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Option<(Account, Scopes)>> {
    let row: Option<ApiKeyRow> =
        sqlx::query_as("SELECT * FROM api_keys WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)")
            .bind(hash.as_bytes().as_slice())
            .bind(now.micros())
            .fetch_optional(&store.reader)
            .await?;
    let Some(row) = row else { return Ok(None) };
    let owner = account(store, &row.account()?).await?;
    let scopes = row.scopes()?;
    Ok(owner.map(|owner| (owner, scopes)))
}

pub(crate) async fn list_api_keys(store: &Db, account: &AccountId) -> Result<Vec<ApiKey>> {
    let mut reader = store.reader.acquire().await?;
    let rows: Vec<ApiKeyRow> =
        sqlx::query_as("SELECT * FROM api_keys WHERE account_id = $1 ORDER BY created_at DESC, id")
            .bind(account.as_str())
            .fetch_all(&mut *reader)
            .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let cipher = texts::cipher(store, &mut reader, account.as_str()).await?;
    rows.into_iter().map(|row| row.read(&cipher)).collect()
}

pub(crate) async fn revoke_api_key(store: &Db, account: &AccountId, id: &KeyId) -> Result<bool> {
    let mut write = store.write().await?;
    let done = sqlx::query("DELETE FROM api_keys WHERE id = $1 AND account_id = $2")
        .bind(id.as_str())
        .bind(account.as_str())
        .execute(write.connection())
        .await?;
    write.commit().await?;
    Ok(done.rows_affected() == 1)
}
