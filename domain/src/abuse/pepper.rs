//! Peppers, and the tags that are made under them.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use super::signal::{AbuseKind, Signal};
use crate::ids::Entropy;
use crate::removal::Day;

/// Which pepper tags are written under: a run of 90 days, counted from 1970-01-01, so that every process knows without
/// asking which one it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Epoch(u16);

impl Epoch {
    /// Tags are written under one pepper for so many days.
    pub const DAYS: i64 = 90;
    /// And are looked up under it for 13 months and 7 days more; then it is destroyed.
    pub const KEPT_DAYS: i64 = 395 + 7;

    /// The one that this day belongs to. Days before 1970 belong to the first, those after 16,000 years to the last.
    #[must_use]
    pub fn of(day: Day) -> Self {
        Self(u16::try_from(day.number().div_euclid(Self::DAYS).clamp(0, i64::from(u16::MAX))).unwrap_or(0))
    }

    /// The one with this number, if it can be one.
    #[must_use]
    pub fn of_number(number: i64) -> Option<Self> {
        u16::try_from(number).ok().map(Self)
    }

    /// As it is stored.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The first day on which its peppers must be gone.
    #[must_use]
    pub fn destroyed_on(self) -> Day {
        Day::from_number((i64::from(self.0) + 1) * Self::DAYS + Self::KEPT_DAYS)
    }

    /// The oldest one whose peppers are still to be had on this day.
    #[must_use]
    pub fn oldest_kept_on(day: Day) -> Self {
        Self::of(Day::from_number(day.number() - Self::KEPT_DAYS))
    }

    /// Whether its peppers are still to be had on this day.
    #[must_use]
    pub fn is_kept_on(self, day: Day) -> bool {
        day < self.destroyed_on()
    }
}

/// 256 secret bits for one kind in one epoch. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Pepper {
    kind: AbuseKind,
    epoch: Epoch,
    bits: [u8; Self::BYTES],
}

/// By which one pepper is told from another: eight bytes of a hash of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PepperPrint(pub [u8; 8]);

/// A signal as it is remembered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AbuseTag {
    /// What was hashed.
    pub kind: AbuseKind,
    /// Under which pepper.
    pub epoch: Epoch,
    /// What came out.
    pub bits: [u8; 16],
}

impl Pepper {
    /// How many bytes one has.
    pub const BYTES: usize = 32;
    /// Keeps these hashes apart from any other use of the same secret.
    const PREFIX: &[u8] = b"mxr.abuse.v1";

    /// A new one.
    #[must_use]
    pub fn new(kind: AbuseKind, epoch: Epoch, entropy: &dyn Entropy) -> Self {
        let mut bits = [0; Self::BYTES];
        entropy.fill(&mut bits);
        Self { kind, epoch, bits }
    }

    /// One that was kept.
    #[must_use]
    pub const fn from_bytes(kind: AbuseKind, epoch: Epoch, bits: [u8; Self::BYTES]) -> Self {
        Self { kind, epoch, bits }
    }

    /// To be kept where nobody else reads it.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; Self::BYTES] {
        &self.bits
    }

    /// For what it is.
    #[must_use]
    pub const fn kind(&self) -> AbuseKind {
        self.kind
    }

    /// For when it is.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// By which it is told from another. Nobody gets from here back to it.
    #[must_use]
    pub fn print(&self) -> PepperPrint {
        let digest = Sha256::new().chain_update("mixrunners pepper\0").chain_update(self.bits).finalize();
        let mut print = [0; 8];
        print.copy_from_slice(&digest[..8]);
        PepperPrint(print)
    }

    /// The first 128 bits of HMAC-SHA-256 over prefix, kind and spelling; `None` for a signal of another kind.
    #[must_use]
    pub fn tag(&self, signal: &Signal) -> Option<AbuseTag> {
        if signal.kind() != self.kind {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bits).ok()?; // any length is a key
        mac.update(Self::PREFIX);
        mac.update(&[self.kind.number()]);
        mac.update(signal.canonical().as_bytes());
        let mut bits = [0; 16];
        bits.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        Some(AbuseTag { kind: self.kind, epoch: self.epoch, bits })
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pepper").field("kind", &self.kind).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Drop for Pepper {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.bits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Email;
    use crate::ids::SeededEntropy;

    fn anna() -> Signal {
        Signal::email(&Email::parse("anna@example.org").unwrap())
    }

    #[test]
    fn a_tag_is_the_beginning_of_the_hmac_that_the_documentation_says() {
        let epoch = Epoch::of_number(230).unwrap();
        let pepper = Pepper::from_bytes(AbuseKind::Email, epoch, [7; 32]);
        // python3: hmac.new(b"\7" * 32, b"mxr.abuse.v1\1anna@example.org", "sha256").hexdigest()[:32]
        let expected = "ee9de100d42f97d1e216282b4dc6464f";
        let bits = pepper.tag(&anna()).unwrap().bits;
        assert_eq!(bits.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
    }

    #[test]
    fn each_kind_and_each_epoch_has_tags_of_its_own() {
        let entropy = SeededEntropy::new(3);
        let (first, second) = (Epoch::of_number(1).unwrap(), Epoch::of_number(2).unwrap());
        let one = Pepper::new(AbuseKind::Email, first, &entropy);
        let other = Pepper::new(AbuseKind::Email, second, &entropy);
        assert_ne!(one.tag(&anna()).unwrap().bits, other.tag(&anna()).unwrap().bits);
        assert_ne!(one.print(), other.print());
        assert_eq!(Pepper::new(AbuseKind::Card, first, &entropy).tag(&anna()), None);
        assert_eq!(format!("{one:?}"), "Pepper { kind: Email, epoch: Epoch(1), .. }", "it is not printed");
    }

    #[test]
    fn a_pepper_is_written_under_for_90_days_and_gone_13_months_and_7_days_later() {
        let first = Day::from_number(230 * 90);
        let epoch = Epoch::of(first);
        assert_eq!(epoch.number(), 230);
        assert_eq!(Epoch::of(Day::from_number(first.number() + 89)), epoch);
        assert_eq!(Epoch::of(Day::from_number(first.number() + 90)).number(), 231);
        let end = Day::from_number(first.number() + 90 + 402);
        assert!(epoch.is_kept_on(Day::from_number(end.number() - 1)));
        assert!(!epoch.is_kept_on(end));
        let days = [end.number() - 1, end.number()].map(Day::from_number);
        assert_eq!(days.map(Epoch::oldest_kept_on).map(Epoch::number), [230, 231]);
    }
}
