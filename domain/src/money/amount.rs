//! What is counted: credits, and money in the smallest unit of its currency. Whole numbers, never fractions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount that is outside what can be counted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AmountError {
    /// Too many credits, or fewer than none.
    #[error("{0} credits are outside 0 to {max}", max = Credits::MAX)]
    Credits(i64),
    /// Too much money, or none.
    #[error("an amount of {0} is outside 1 to {max} of the smallest unit", max = Price::MINOR_MAX)]
    Minor(i64),
    /// No currency.
    #[error("a currency is three lower-case letters, as in eur; this is not: {0:?}")]
    Currency(String),
}

/// A number of credits, 0 to [`Credits::MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Credits(u32);

impl Credits {
    /// None at all.
    pub const ZERO: Self = Self(0);
    /// The most that one job costs or one pack holds.
    pub const MAX: u32 = 1_000_000;

    /// So many.
    pub fn new(count: i64) -> Result<Self, AmountError> {
        match u32::try_from(count) {
            Ok(count) if count <= Self::MAX => Ok(Self(count)),
            _ => Err(AmountError::Credits(count)),
        }
    }

    /// So many, at most [`Credits::MAX`].
    #[must_use]
    pub fn saturating(count: u64) -> Self {
        Self(u32::try_from(count).unwrap_or(u32::MAX).min(Self::MAX))
    }

    /// How many.
    #[must_use]
    pub fn count(self) -> i64 {
        i64::from(self.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl From<Credits> for i64 {
    fn from(credits: Credits) -> Self {
        credits.count()
    }
}

impl TryFrom<i64> for Credits {
    type Error = AmountError;
    fn try_from(count: i64) -> Result<Self, AmountError> {
        Self::new(count)
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 credit"),
            count => write!(f, "{count} credits"),
        }
    }
}

/// A currency by its code of ISO 4217 in lower case, as Stripe writes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"eur");

    /// A code from outside.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_lowercase) => Ok(Self(code)),
            _ => Err(AmountError::Currency(text.chars().take(20).collect())),
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default() // letters, by construction
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl TryFrom<String> for Currency {
    type Error = AmountError;
    fn try_from(text: String) -> Result<Self, AmountError> {
        Self::parse(&text)
    }
}

/// An amount of money, 1 to [`Price::MINOR_MAX`] of the currency's smallest unit (cents of a euro).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Price {
    minor: i64,
    currency: Currency,
}

impl Price {
    /// The most that one payment takes: Stripe's own limit of eight digits.
    pub const MINOR_MAX: i64 = 99_999_999;

    /// So much.
    pub fn new(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        match minor {
            1..=Self::MINOR_MAX => Ok(Self { minor, currency }),
            _ => Err(AmountError::Minor(minor)),
        }
    }

    /// In the smallest unit.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Of which currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_outside_their_bounds_are_refused_by_name() {
        assert_eq!(Credits::new(1_000_000).map(Credits::count), Ok(1_000_000));
        assert_eq!(
            Credits::new(1_000_001).unwrap_err().to_string(),
            "1000001 credits are outside 0 to 1000000"
        );
        assert!(Credits::new(-1).is_err() && serde_json::from_str::<Credits>("-1").is_err());
        assert_eq!(Credits::saturating(u64::MAX).count(), 1_000_000);
        assert!(Price::new(0, Currency::EUR).is_err() && Price::new(100_000_000, Currency::EUR).is_err());
        for code in ["EUR", "eu", "euro", "e1r", ""] {
            assert!(Currency::parse(code).is_err(), "{code:?}");
        }
        assert_eq!(Currency::parse("eur"), Ok(Currency::EUR));
    }
}
