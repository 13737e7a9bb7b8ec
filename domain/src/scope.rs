//! What a key may do. A session may do everything its account may.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// One permission of an API key.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum Scope {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Scope {
            /// Every scope there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The text form, as in `jobs:read`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

scopes! {
    /// Send and delete uploads.
    UploadsWrite = "uploads:write",
    /// See jobs.
    JobsRead = "jobs:read",
    /// Order, cancel and erase jobs.
    JobsWrite = "jobs:write",
    /// Download artifacts.
    ArtifactsRead = "artifacts:read",
    /// See credits, orders and invoices.
    BillingRead = "billing:read",
    /// Buy.
    BillingWrite = "billing:write",
    /// Manage webhooks.
    WebhooksWrite = "webhooks:write",
    /// See the account.
    AccountRead = "account:read",
    /// Change or erase the account.
    AccountWrite = "account:write",
    /// See the operators' pages.
    OpsRead = "ops:read",
    /// Act as an operator.
    OpsWrite = "ops:write",
}

impl Scope {
    /// The scope with this text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes; written as a JSON array of their texts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of [`Scope::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_reads_what_it_writes() {
        assert_eq!(Scope::ALL.len(), 11);
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
            assert_eq!(serde_json::to_string(scope).unwrap(), format!("\"{scope}\""));
        }
        assert_eq!(Scope::parse("jobs:own"), None);
        assert!(serde_json::from_str::<Scopes>("[\"jobs:own\"]").is_err());
    }
}
