//! Who: an e-mail address and an id are all we keep of a person.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::AccountId;

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Where its sign-in links go.
    pub email: Email,
    /// What it is here for.
    pub roles: BTreeSet<Role>,
    /// Since when.
    pub created_at: Timestamp,
}

impl Account {
    /// Whether it may see the operators' pages.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.roles.contains(&Role::Operator)
    }
}

/// What an account is here for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Orders masters.
    Producer,
    /// Runs the service.
    Operator,
}

/// A text that is not an e-mail address we could write to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an e-mail address has one @ between a name and a domain, no spaces, and at most 254 characters")]
pub struct EmailError;

/// An e-mail address, lower case, so that one mailbox is one account. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// The longest address that fits a mail's path (RFC 5321 section 4.5.3.1.3, less the brackets).
    pub const LENGTH_MAX: usize = 254;

    /// An address from outside. Whether it exists, only a mail to it can tell.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let (name, domain) = text.split_once('@').ok_or(EmailError)?;
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;:\"()[]\\@".contains(c);
        let is_label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let is_name = (1..=64).contains(&name.len()) && name.chars().all(is_plain);
        if is_name && domain.split('.').all(is_label) && text.len() <= Self::LENGTH_MAX {
            Ok(Self(text.to_lowercase()))
        } else {
            Err(EmailError)
        }
    }

    /// Whether it is of this machine, as the local owner's is: no mail goes there.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0.ends_with("@localhost")
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;
    fn try_from(text: String) -> Result<Self, EmailError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_is_one_address_and_is_not_printed() {
        let email = Email::parse("Anna.Berg+mix@Example.ORG").unwrap();
        assert_eq!(email.as_str(), "anna.berg+mix@example.org");
        assert_eq!(format!("{email:?}"), "[redacted]");
        assert!(!email.is_local());
        assert!(Email::parse("owner@localhost").unwrap().is_local(), "the local owner's");
    }

    #[test]
    fn what_could_carry_a_header_or_a_second_mailbox_is_refused() {
        let long = format!("a@{}.org", "b".repeat(260));
        for text in
            ["", "anna", "@b.org", "a@", "a@b..org", "a@b@c.org", "a b@c.org", "a@b.org\r\nBcc: c@d.org"]
        {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert!(Email::parse(&long).is_err());
    }
}
