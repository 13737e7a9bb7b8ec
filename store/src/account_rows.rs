//! Rows of accounts, and of what signs in to them, as they are read, and what they mean.

use domain::account::{Account, Email};
use domain::clock::Timestamp;
use domain::ids::{AccountId, KeyId, SessionId};
use domain::scope::Scopes;

use crate::error::{Result, StoreError};
use crate::outcome::{ApiKey, Session};
use crate::rows::{json, parse, time};
use crate::sealing::texts::AccountCipher;

#[derive(sqlx::FromRow)]
pub(crate) struct AccountRow {
    pub(crate) id: String,
    sealed: Option<Vec<u8>>,
    roles: String,
    created_at: i64,
}

impl AccountRow {
    pub(crate) fn read(self, cipher: &AccountCipher) -> Result<Account> {
        let no_address = || StoreError::unreadable("accounts", &self.id, "it has no address");
        let email = cipher.open("accounts", &self.id, self.sealed.as_deref().ok_or_else(no_address)?)?;
        Ok(Account {
            email: parse("accounts", &self.id, &email, Email::parse)?,
            roles: json("accounts", &self.id, &self.roles)?,
            created_at: Timestamp::from_micros(self.created_at),
            id: parse("accounts", &self.id, &self.id, AccountId::parse)?,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct SessionRow {
    id: String,
    account_id: String,
    device: String,
    created_at: i64,
    expires_at: i64,
}

impl SessionRow {
    pub(crate) fn account(&self) -> Result<AccountId> {
        parse("sessions", &self.id, &self.account_id, AccountId::parse)
    }

    pub(crate) fn read(self) -> Result<Session> {
        Ok(Session {
            id: parse("sessions", &self.id, &self.id, SessionId::parse)?,
            device: self.device,
            created_at: Timestamp::from_micros(self.created_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct ApiKeyRow {
    id: String,
    account_id: String,
    name: String,
    sealed: Option<Vec<u8>>,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
}

impl ApiKeyRow {
    pub(crate) fn account(&self) -> Result<AccountId> {
        parse("api_keys", &self.id, &self.account_id, AccountId::parse)
    }

    /// What it may do.
    pub(crate) fn scopes(&self) -> Result<Scopes> {
        json("api_keys", &self.id, &self.scopes)
    }

    pub(crate) fn read(self, cipher: &AccountCipher) -> Result<ApiKey> {
        Ok(ApiKey {
            id: parse("api_keys", &self.id, &self.id, KeyId::parse)?,
            scopes: self.scopes()?,
            name: match &self.sealed {
                Some(sealed) => cipher.open("api_keys", &self.id, sealed)?,
                None => self.name,
            },
            created_at: Timestamp::from_micros(self.created_at),
            expires_at: time(self.expires_at),
        })
    }
}
