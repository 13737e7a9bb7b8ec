//! What a tag can be made of: a closed list, each in one spelling.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::account::Email;
use crate::artifact::closed_words;

closed_words! {
    /// What a tag is made of. There is no other: no user agent, no device, no sound.
    AbuseKind {
        /// An e-mail address.
        Email = "email",
        /// A whole address of IPv4.
        Ipv4 = "ipv4",
        /// The first 64 bits of an address of IPv6, which is what one household or one host gets.
        Ipv6 = "ipv6",
        /// The payment provider's fingerprint of a card.
        Card = "card",
    }
}

impl AbuseKind {
    /// As it is stored and hashed.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Email => 1,
            Self::Ipv4 => 2,
            Self::Ipv6 => 3,
            Self::Card => 4,
        }
    }

    /// The one with this number.
    #[must_use]
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| i64::from(kind.number()) == number)
    }

    /// Whether it is an address in a network, which is soon somebody else's.
    #[must_use]
    pub const fn is_address(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv6)
    }
}

/// A text that no tag can be made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a card's fingerprint is 1 to {most} letters and digits, not all of them digits; this has {length} characters",
    most = Signal::CARD_LENGTH_MAX
)]
pub struct SignalError {
    length: usize,
}

/// Something a tag can be made of, in the one spelling that all its spellings have. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Signal {
    kind: AbuseKind,
    canonical: String,
}

/// Domains under which dots in a name mean nothing. Elsewhere `a.b` and `ab` may be two people.
const DOTS_MEAN_NOTHING: [&str; 2] = ["gmail.com", "googlemail.com"];

impl Signal {
    /// The longest fingerprint of a card.
    pub const CARD_LENGTH_MAX: usize = 64;

    /// An e-mail address: compatibility characters composed (NFKC), lower case, the domain as the name system has it
    /// (IDNA), without what follows a `+`, and without dots where they mean nothing.
    #[must_use]
    pub fn email(email: &Email) -> Self {
        let plain: String = email.as_str().nfkc().collect::<String>().to_lowercase();
        let (name, domain) = plain.rsplit_once('@').unwrap_or((&plain, ""));
        let domain = domain.trim_end_matches('.');
        // A domain that the name system would not take is a spelling of its own.
        let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
        let name = name.split_once('+').map_or(name, |(name, _)| name);
        let canonical = match DOTS_MEAN_NOTHING.contains(&domain.as_str()) {
            true => format!("{}@{}", name.replace('.', ""), DOTS_MEAN_NOTHING[0]),
            false => format!("{name}@{domain}"),
        };
        Self { kind: AbuseKind::Email, canonical }
    }

    /// An address in a network: all of IPv4, the first 64 bits of IPv6. An IPv4 address written as IPv6 is one of IPv4.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self { kind: AbuseKind::Ipv4, canonical: format!("{address}/32") },
            IpAddr::V6(address) => {
                let network = u128::from(address) >> 64 << 64;
                let canonical = format!("{}/64", std::net::Ipv6Addr::from(network));
                Self { kind: AbuseKind::Ipv6, canonical }
            }
        }
    }

    /// A card, by the fingerprint that the payment provider gives it. A card's number is none: it has never been here.
    pub fn card(fingerprint: &str) -> Result<Self, SignalError> {
        let is_one = (1..=Self::CARD_LENGTH_MAX).contains(&fingerprint.len())
            && fingerprint.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !fingerprint.bytes().all(|byte| byte.is_ascii_digit());
        match is_one {
            true => Ok(Self { kind: AbuseKind::Card, canonical: fingerprint.to_owned() }),
            false => Err(SignalError { length: fingerprint.chars().count() }),
        }
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> AbuseKind {
        self.kind
    }

    pub(super) fn canonical(&self) -> &str {
        &self.canonical
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [redacted]", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(email: &str) -> String {
        Signal::email(&Email::parse(email).unwrap()).canonical
    }

    #[test]
    fn mr_8a_an_unknown_signal_cannot_be_made() {
        assert_eq!(AbuseKind::ALL.len(), 4);
        for word in ["user_agent", "device", "audio", "name", "Email", ""] {
            assert_eq!(AbuseKind::parse(word), None, "{word:?}");
        }
        for number in [-1, 0, 5, 255, i64::MAX] {
            assert_eq!(AbuseKind::of_number(number), None, "{number}");
        }
        for kind in AbuseKind::ALL {
            assert_eq!(AbuseKind::of_number(i64::from(kind.number())), Some(*kind));
        }
        for card in ["", "4242424242424242", "4242 4242", &"a".repeat(65)] {
            assert!(Signal::card(card).is_err(), "{card:?}");
        }
        assert!(Signal::card("Xt5EWLLDS7FJjR1c").is_ok());
    }

    #[test]
    fn all_spellings_of_one_mailbox_are_one() {
        for spelling in ["Anna.Berg@Example.org", "anna.berg+mix@example.org", "ａnna.berg@example.org"] {
            assert_eq!(canonical(spelling), "anna.berg@example.org", "{spelling}");
        }
        assert_eq!(canonical("annaberg@example.org"), "annaberg@example.org", "dots count elsewhere");
        for spelling in ["An.Na@gmail.com", "anna@googlemail.com", "a.n.n.a+b@GMAIL.com"] {
            assert_eq!(canonical(spelling), "anna@gmail.com", "{spelling}");
        }
        assert_eq!(canonical("anna@bücher.example"), canonical("anna@xn--bcher-kva.example"));
        assert_ne!(canonical("anna@example.org"), canonical("anna@example.com"));
    }

    #[test]
    fn an_address_is_one_of_ipv4_or_a_network_of_ipv6() {
        let of = |text: &str| {
            let signal = Signal::address(text.parse().unwrap());
            (signal.kind(), signal.canonical)
        };
        assert_eq!(of("192.0.2.7"), (AbuseKind::Ipv4, "192.0.2.7/32".to_owned()));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), (AbuseKind::Ipv6, "2001:db8:1:2::/64".to_owned()));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:3::1"), of("2001:db8:1:2::1"));
    }

    #[test]
    fn a_signal_is_not_printed() {
        let signal = Signal::email(&Email::parse("anna@example.org").unwrap());
        assert_eq!(format!("{signal:?}"), "email [redacted]");
    }
}
