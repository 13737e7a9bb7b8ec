//! Accounts, sessions and keys.

use domain::account::{Account, Role};
use domain::ids::SessionId;
use domain::scope::{Scope, Scopes};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use store::outcome::{ApiKey, Session};

use super::rfc3339;
use crate::error::ApiResult;
use crate::json::Fields;

/// Who is calling.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountView {
    id: String,
    email: String,
    /// `producer`, `operator`.
    roles: Vec<&'static str>,
    created_at: String,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        let role = |role: &Role| match role {
            Role::Producer => "producer",
            Role::Operator => "operator",
        };
        Self {
            id: account.id.to_string(),
            email: account.email.as_str().to_owned(),
            roles: account.roles.iter().map(role).collect(),
            created_at: rfc3339(account.created_at),
        }
    }
}

/// The body of `POST /v1/sessions`.
#[derive(Debug, ToSchema)]
pub(crate) struct NewSession {
    /// What follows the `#` in a sign-in link.
    pub(crate) token: String,
}

impl NewSession {
    pub(crate) fn read(body: &Value) -> ApiResult<Self> {
        let mut fields = Fields::of_body(body)?;
        let token = fields.text("token", 200);
        let token = fields.require("token", token);
        fields.finish(token.map(|token| Self { token }))
    }
}

/// One browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    id: String,
    /// What the browser calls itself.
    device: String,
    created_at: String,
    expires_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionView {
    /// A session, told to the one with the id `own`.
    pub(crate) fn new(session: Session, own: Option<&SessionId>) -> Self {
        Self {
            current: own == Some(&session.id),
            id: session.id.to_string(),
            device: session.device,
            created_at: rfc3339(session.created_at),
            expires_at: rfc3339(session.expires_at),
        }
    }
}

/// The body of `POST /v1/api-keys`.
#[derive(Debug, ToSchema)]
pub(crate) struct NewKey {
    /// What the key is for, at most 100 characters.
    pub(crate) name: String,
    /// What it may do, at least one.
    #[schema(value_type = Vec<String>, example = json!(["uploads:write", "jobs:write", "jobs:read"]))]
    pub(crate) scopes: Scopes,
    /// How long it works; 365 when left out.
    #[schema(minimum = 1, maximum = 365)]
    pub(crate) expires_in_days: u64,
}

impl NewKey {
    pub(crate) fn read(body: &Value, days_max: u64) -> ApiResult<Self> {
        let mut fields = Fields::of_body(body)?;
        let name = fields.text("name", 100);
        let name = fields.require("name", name);
        let scopes = scopes(&mut fields);
        let scopes = fields.require("scopes", scopes);
        let days = fields.integer("expires_in_days", 1, days_max).unwrap_or(days_max);
        let key = name.zip(scopes).map(|(name, scopes)| Self { name, scopes, expires_in_days: days });
        fields.finish(key)
    }
}

fn scopes(fields: &mut Fields<'_>) -> Option<Scopes> {
    let list = fields.list("scopes", Scope::ALL.len())?;
    if list.is_empty() {
        return fields.refuse("scopes", "too_short", "a key without any scope can do nothing");
    }
    let mut scopes = Vec::new();
    for (index, value) in list.iter().enumerate() {
        match value.as_str().and_then(Scope::parse) {
            Some(scope) => scopes.push(scope),
            None => {
                let names: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
                let detail = format!("{value} is not one of {}", names.join(", "));
                fields.refuse::<()>(&format!("scopes/{index}"), "unknown_value", detail);
            }
        }
    }
    Some(scopes.into_iter().collect())
}

/// One key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyView {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    created_at: String,
    /// Null when it works until it is revoked.
    expires_at: Option<String>,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            created_at: rfc3339(key.created_at),
            expires_at: key.expires_at.map(rfc3339),
        }
    }
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(crate) struct NewKeyView {
    /// Shown this once and stored hashed. Send it as `Authorization: Bearer SECRET`.
    pub(crate) secret: String,
    #[serde(flatten)]
    pub(crate) key: KeyView,
}
