//! Accounts, sessions and keys.

use domain::account::{Account, Email, Role};
use domain::fields::FieldError;
use domain::ids::SessionId;
use domain::policy::{AGE_MIN_YEARS, TERMS};
use domain::scope::{Scope, Scopes};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use store::mail::Agreement;
use store::outcome::{ApiKey, Erased, Session};

use super::{ReceiptView, rfc3339};
use crate::error::{ApiError, ApiResult};
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
    /// Whether it was said that its owner is old enough; false where nobody was asked, as for accounts that were made
    /// on the command line.
    age_confirmed: bool,
    /// Which version of the terms its owner agreed to, if anybody asked.
    terms_version: Option<String>,
    /// Under which version of the terms it was last said, at a purchase, that whoever pays may; null before the first.
    payer_terms_version: Option<String>,
}

impl AccountView {
    pub(crate) fn new(account: Account, agreement: Option<Agreement>, payer: Option<String>) -> Self {
        let role = |role: &Role| match role {
            Role::Producer => "producer",
            Role::Operator => "operator",
        };
        Self {
            id: account.id.to_string(),
            email: account.email.as_str().to_owned(),
            roles: account.roles.iter().map(role).collect(),
            created_at: rfc3339(account.created_at),
            age_confirmed: agreement.as_ref().is_some_and(|agreement| agreement.age_confirmed),
            terms_version: agreement.map(|agreement| agreement.terms_version),
            payer_terms_version: payer,
        }
    }
}

/// The body of `POST /v1/sign-in`. Nothing else can be given.
#[derive(Debug, ToSchema)]
pub(crate) struct NewSignIn {
    /// Where the link goes.
    #[schema(value_type = String)]
    pub(crate) email: Email,
    /// True: whoever asks is 16 or older. No date of birth is taken.
    #[expect(dead_code, reason = "it is true, or there is no such body")]
    age_confirmed: bool,
    /// The version of the terms that is agreed to: the one that `GET /v1/policies` tells.
    #[schema(example = "2026-12-01")]
    pub(crate) terms_version: String,
}

impl NewSignIn {
    pub(crate) fn read(body: &Value) -> ApiResult<Self> {
        let mut fields = Fields::of_body(body)?;
        let email = email(&mut fields);
        let email = fields.require("email", email);
        let detail = format!("must be true: accounts are for people of {AGE_MIN_YEARS} or older");
        let age = fields.confirmed("age_confirmed", detail);
        let terms = match fields.text("terms_version", 40) {
            Some(text) if text != TERMS.version => {
                let detail = format!("is {text:?}; the terms are of {:?} now", TERMS.version);
                fields.refuse("terms_version", "unknown_value", detail)
            }
            other => other,
        };
        let terms = fields.require("terms_version", terms);
        let all = email.zip(age).zip(terms);
        let all =
            all.map(|((email, age_confirmed), terms_version)| Self { email, age_confirmed, terms_version });
        fields.finish(all)
    }
}

/// An address that a mail can go to.
fn email(fields: &mut Fields<'_>) -> Option<Email> {
    // Longer than any address, so that it is the address that is told to be wrong.
    match Email::parse(&fields.text("email", 1000)?) {
        Ok(email) if email.is_local() => {
            fields.refuse("email", "out_of_range", "is of this machine, where no mail goes")
        }
        Ok(email) => Some(email),
        Err(error) => fields.refuse("email", "malformed", error.to_string()),
    }
}

/// The body of `PATCH /v1/account`: one of the two.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Correction {
    /// The address that the account is to have. A link goes there; until it is opened nothing changes.
    #[schema(value_type = String, title = "email")]
    Email(Email),
    /// What follows the `#` in that link.
    #[schema(title = "token")]
    Token(String),
}

impl Correction {
    pub(crate) fn read(body: &Value) -> ApiResult<Self> {
        let mut fields = Fields::of_body(body)?;
        let (has_email, has_token) = (fields.value("email").is_some(), fields.value("token").is_some());
        let correction = match (has_email, has_token) {
            (true, true) => fields.refuse("token", "conflict", "must not be there beside email"),
            (false, true) => fields.text("token", 200).map(Self::Token),
            _ => {
                let email = email(&mut fields);
                fields.require("email", email).map(Self::Email)
            }
        };
        fields.finish(correction)
    }
}

/// The body of `DELETE /v1/account`.
#[derive(Debug, ToSchema)]
pub(crate) struct Confirmation {
    /// The address of the account: nobody erases one by accident.
    pub(crate) email: String,
}

impl Confirmation {
    pub(crate) fn read(body: &Value) -> ApiResult<Self> {
        let mut fields = Fields::of_body(body)?;
        let email = fields.text("email", Email::LENGTH_MAX);
        let email = fields.require("email", email);
        fields.finish(email.map(|email| Self { email }))
    }

    /// An error unless it is the address of the one who asks.
    pub(crate) fn must_be_of(&self, account: &Account) -> ApiResult<()> {
        if self.email.trim().to_lowercase() == account.email.as_str() {
            return Ok(());
        }
        let detail = "it must be the address of your account";
        Err(ApiError::Invalid(vec![FieldError::new("/email", "unknown_value", detail)]))
    }
}

/// What became of an account. Nothing in it leads to a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erased)]
pub(crate) struct ErasedView {
    receipt: ReceiptView,
    /// How many jobs went with it, running ones included.
    jobs: u64,
    /// How many uploads.
    uploads: u64,
    /// How many purchases are paid back, because nothing of them was used.
    purchases_returned: u32,
    /// Credits that were left after that, and are lost.
    credits_lost: i64,
    /// What stays, and why.
    #[schema(example = json!(["invoices, for as long as bookkeeping demands, without your name or address"]))]
    remains: Vec<&'static str>,
}

impl ErasedView {
    pub(crate) fn new(id: String, erased: Erased) -> Self {
        Self {
            receipt: ReceiptView::new(id, erased.receipt),
            jobs: erased.jobs,
            uploads: erased.uploads,
            purchases_returned: erased.purchases_returned,
            credits_lost: erased.credits_lost,
            remains: vec![
                "invoices and movements of credits, for as long as bookkeeping demands, without your name or address",
                "this receipt, for two years: days, and the hash of a random id",
            ],
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
    /// The family of the browser and of its system, `Firefox on Linux`.
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
