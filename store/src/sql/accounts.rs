//! Accounts, sign-in links, sessions, API keys.

use domain::account::{Account, Email};
use domain::clock::Timestamp;
use domain::ids::{AccountId, KeyId, SessionId};
use domain::scope::Scopes;
use domain::secret::SecretHash;

use super::{Db, Write};
use crate::error::Result;
use crate::mail::{AddressChange, NewMail};
use crate::outcome::{ApiKey, NewAccount, NewApiKey, NewSession, Session};
use crate::rows::{AccountRow, ApiKeyRow, SessionRow, json_text, parse};

pub(crate) async fn ensure_account(store: &Db, new: &NewAccount, now: Timestamp) -> Result<Account> {
    let mut write = store.write().await?;
    sqlx::query(
        "INSERT INTO accounts (id, email, roles, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (email) DO NOTHING",
    )
    .bind(AccountId::new(&*store.entropy).as_str())
    .bind(new.email.as_str())
    .bind(json_text(&new.roles)?)
    .bind(now.micros())
    .execute(write.connection())
    .await?;
    let row: AccountRow = sqlx::query_as("SELECT * FROM accounts WHERE email = $1")
        .bind(new.email.as_str())
        .fetch_one(write.connection())
        .await?;
    write.commit().await?;
    row.read()
}

pub(crate) async fn account(store: &Db, id: &AccountId) -> Result<Option<Account>> {
    let row: Option<AccountRow> = sqlx::query_as("SELECT * FROM accounts WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&store.reader)
        .await?;
    row.map(AccountRow::read).transpose()
}

pub(crate) async fn account_by_email(store: &Db, email: &Email) -> Result<Option<Account>> {
    let row: Option<AccountRow> = sqlx::query_as("SELECT * FROM accounts WHERE email = $1")
        .bind(email.as_str())
        .fetch_optional(&store.reader)
        .await?;
    row.map(AccountRow::read).transpose()
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
    let changed = sqlx::query("UPDATE accounts SET email = $2 WHERE id = $1")
        .bind(account.as_str())
        .bind(email.as_str())
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
    Ok(AddressChange::Done(row.read()?))
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
    sqlx::query(
        "INSERT INTO api_keys (id, hash, account_id, name, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.as_str())
    .bind(new.hash.as_bytes().as_slice())
    .bind(new.account.as_str())
    .bind(&new.name)
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
    let key = row.read()?;
    Ok(owner.map(|owner| (owner, key.scopes)))
}

pub(crate) async fn list_api_keys(store: &Db, account: &AccountId) -> Result<Vec<ApiKey>> {
    let rows: Vec<ApiKeyRow> =
        sqlx::query_as("SELECT * FROM api_keys WHERE account_id = $1 ORDER BY created_at DESC, id")
            .bind(account.as_str())
            .fetch_all(&store.reader)
            .await?;
    rows.into_iter().map(ApiKeyRow::read).collect()
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
