//! The keys of accounts, and what they seal.

use domain::ids::AccountId;

use super::{Connection, Db, Write};
use crate::error::{Result, StoreError};
use crate::rows::word;
use crate::sealing::texts::{AccountCipher, TextVault, Wrapped, new_lookup, wrapped_anew};
use crate::sealing::{KekId, Keyring};

/// What seals and opens an account's texts.
pub(crate) async fn cipher(store: &Db, connection: &mut Connection, account: &str) -> Result<AccountCipher> {
    let vault = store.texts.vault()?;
    let row: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT kek, wrapped FROM account_keys WHERE account_id = $1")
            .bind(account)
            .fetch_optional(connection)
            .await?;
    let (kek, bytes) = row.ok_or_else(|| StoreError::Erased(account.to_owned()))?;
    vault.of_account(account, &Wrapped { kek: word("account_keys", account, &kek, KekId::parse)?, bytes })
}

/// The same, for a reader who can do without the texts: nothing if this store has no keys.
pub(super) async fn cipher_if_unlocked(
    store: &Db,
    connection: &mut Connection,
    account: &str,
) -> Result<Option<AccountCipher>> {
    match store.texts.is_unlocked() {
        true => cipher(store, connection, account).await.map(Some),
        false => Ok(None),
    }
}

/// A fresh key for an account whose row is there.
pub(super) async fn insert_key(write: &mut Write<'_>, account: &str, key: &Wrapped) -> Result<()> {
    sqlx::query("INSERT INTO account_keys (account_id, kek, wrapped) VALUES ($1, $2, $3)")
        .bind(account)
        .bind(key.kek.to_string())
        .bind(key.bytes.as_slice())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// By which an order or a purchase is found again under the customer's own name for it.
pub(super) fn order_tag(store: &Db, account: &AccountId, key: Option<&str>) -> Result<Option<String>> {
    let tag = |key| Ok(store.texts.vault()?.tag("order", account.as_str(), key));
    key.map(tag).transpose()
}

pub(crate) async fn unlock(store: &Db, keyring: &Keyring) -> Result<()> {
    let known: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT kek, wrapped FROM lookup_key").fetch_optional(&store.reader).await?;
    // A start writes only what is missing: it must not wait for a writer that stands still.
    let known = match known {
        Some((kek, bytes)) => Wrapped { kek: word("lookup_key", "1", &kek, KekId::parse)?, bytes },
        None => {
            let mut write = store.write().await?;
            let new = new_lookup(keyring, &*store.entropy)?;
            // Of processes that start at once one makes it, and all read that one.
            sqlx::query(
                "INSERT INTO lookup_key (only_one, kek, wrapped) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
            )
            .bind(new.kek.to_string())
            .bind(new.bytes.as_slice())
            .execute(write.connection())
            .await?;
            let (kek, bytes): (String, Vec<u8>) =
                sqlx::query_as("SELECT kek, wrapped FROM lookup_key").fetch_one(write.connection()).await?;
            write.commit().await?;
            Wrapped { kek: word("lookup_key", "1", &kek, KekId::parse)?, bytes }
        }
    };
    store.texts.unlock(TextVault::new(keyring.clone(), &known)?);
    Ok(())
}

/// Wraps the keys of up to `limit` accounts that this KEK wraps with the newest one, and that of the tags; tells how
/// many. Keys that were destroyed meanwhile stay so.
pub(crate) async fn rewrap_texts(store: &Db, old: KekId, keyring: &Keyring, limit: u32) -> Result<u64> {
    let mut write = store.write().await?;
    let accounts: Vec<(String, Vec<u8>)> = sqlx::query_as(held!(
        "SELECT account_id, wrapped FROM account_keys WHERE kek = $1 ORDER BY account_id LIMIT $2"
    ))
    .bind(old.to_string())
    .bind(i64::from(limit))
    .fetch_all(write.connection())
    .await?;
    let tags: Option<Vec<u8>> = sqlx::query_scalar(held!("SELECT wrapped FROM lookup_key WHERE kek = $1"))
        .bind(old.to_string())
        .fetch_optional(write.connection())
        .await?;
    let keys: Vec<(Option<String>, Vec<u8>)> = accounts
        .into_iter()
        .map(|(account, bytes)| (Some(account), bytes))
        .chain(tags.map(|bytes| (None, bytes)))
        .collect();
    let count = keys.len() as u64;
    for (account, bytes) in keys {
        let row = Wrapped { kek: old, bytes };
        let anew = wrapped_anew(keyring, account.as_deref(), &row, &*store.entropy)?;
        let query = match account {
            Some(account) => {
                sqlx::query("UPDATE account_keys SET kek = $1, wrapped = $2 WHERE account_id = $3")
                    .bind(anew.kek.to_string())
                    .bind(anew.bytes)
                    .bind(account)
            }
            None => sqlx::query("UPDATE lookup_key SET kek = $1, wrapped = $2")
                .bind(anew.kek.to_string())
                .bind(anew.bytes),
        };
        query.execute(write.connection()).await?;
    }
    write.commit().await?;
    Ok(count)
}
