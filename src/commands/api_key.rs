//! `mixrunners api-key create`: a key for programs. The secret is the last line on standard output, and the only one.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::account::{Email, Role};
use domain::clock::Clock;
use domain::scope::{Scope, Scopes};
use domain::secret::{Secret, SecretKind};
use store::outcome::{NewAccount, NewApiKey};

use super::installation::Rows;
use super::service::runtime;
use crate::ambient::{SteadyClock, SystemEntropy};
use crate::exit::Failure;

/// What can be done with keys here; the rest is in the API.
#[derive(Subcommand, Debug)]
pub enum Action {
    /// Make a key; its secret is printed once and stored only as a hash
    Create(Create),
}

/// What `create` takes.
#[derive(Args, Debug)]
pub struct Create {
    /// Whose key it is; the account is made where needed
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// What it may do, with commas between: uploads:write,jobs:read,jobs:write,artifacts:read,…
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    scopes: Vec<String>,
    /// When it ends, 1 to 365 days from now
    #[arg(long, value_name = "N", default_value_t = 365)]
    expires_in_days: u32,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "command line")]
    name: String,
    /// Make the account an operator's. One that is there already has to be one
    #[arg(long)]
    operator: bool,
    #[command(flatten)]
    rows: Rows,
}

const DAYS_MAX: u32 = 365;
const DAY: Duration = Duration::from_secs(86_400);

/// Makes the account where needed, then the key.
pub fn run(action: Action) -> Result<ExitCode, Failure> {
    let Action::Create(create) = action;
    let email = Email::parse(&create.email)
        .map_err(|error| Failure::usage(format!("--email is {:?}: {error}", create.email)))?;
    let scopes = scopes(&create.scopes)?;
    if !(1..=DAYS_MAX).contains(&create.expires_in_days) {
        let days = create.expires_in_days;
        return Err(Failure::usage(format!("--expires-in-days is {days}; it can be 1 to {DAYS_MAX}")));
    }
    let secret = Secret::new(SecretKind::ApiKey, &SystemEntropy);
    runtime()?.block_on(async {
        let clock = SteadyClock::new();
        let store = create.rows.open_with_keys().await?;
        let mut roles = BTreeSet::from([Role::Producer]);
        roles.extend(create.operator.then_some(Role::Operator));
        let account = store.ensure_account(&NewAccount { email, roles }, clock.now()).await;
        let account = account.map_err(Failure::ours)?;
        if create.operator && !account.is_operator() {
            return Err(Failure::usage("the account is there already, and is no operator's".to_owned())
                .hint("give an address that has no account yet"));
        }
        let expires_at = clock.now() + DAY * create.expires_in_days;
        let key = NewApiKey {
            account: account.id,
            name: create.name,
            scopes,
            hash: secret.hash(),
            expires_at: Some(expires_at),
        };
        store.create_api_key(&key, clock.now()).await.map_err(Failure::ours)?;
        store.close().await;
        Ok::<_, Failure>(())
    })?;
    println!("{}", secret.reveal());
    Ok(ExitCode::SUCCESS)
}

fn scopes(names: &[String]) -> Result<Scopes, Failure> {
    names
        .iter()
        .map(|name| {
            Scope::parse(name.trim()).ok_or_else(|| {
                let known = Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
                Failure::usage(format!("there is no scope {name:?}")).hint(format!("there are {known}"))
            })
        })
        .collect()
}
