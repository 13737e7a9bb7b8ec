//! Ids of rows: random, opaque, prefixed, so that neither an order nor a count can be read from them and an
//! upload's id cannot be taken for a job's.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Where randomness comes from. The real one is the operating system's; ids and secrets depend on it.
pub trait Entropy: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// A text that is not an id of the expected kind.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an id is {expected} followed by 26 characters, not {length} characters that begin otherwise")]
pub struct IdError {
    expected: &'static str,
    length: usize,
}

/// Crockford's base 32, lower case: no i, l, o, u, so an id can be read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 characters of 5 bits hold 128 bits.
const LENGTH: usize = 26;

fn random_text(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let digit = |place: usize| char::from(ALPHABET[(number >> (5 * place)) as usize & 31]);
    (0..LENGTH).rev().map(digit).collect()
}

fn is_id_text(text: &str) -> bool {
    // The first of 26 digits carries the top 3 of 128 bits.
    text.len() == LENGTH && text.as_bytes()[0] <= b'7' && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every such id begins with.
            pub const PREFIX: &str = $prefix;

            /// A new id of 128 random bits.
            #[must_use]
            pub fn new(entropy: &dyn Entropy) -> Self {
                Self(format!("{}{}", $prefix, random_text(entropy)))
            }

            /// An id from outside; only the exact form that [`Self::new`] makes is taken.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                match text.strip_prefix($prefix) {
                    Some(rest) if is_id_text(rest) => Ok(Self(text.to_owned())),
                    _ => Err(IdError { expected: $prefix, length: text.chars().count() }),
                }
            }

            /// The text form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }
    };
}

id!(
    /// An account.
    AccountId, "acc_"
);
id!(
    /// An uploaded file.
    UploadId, "upl_"
);
id!(
    /// A job.
    JobId, "job_"
);
id!(
    /// A file that we made.
    ArtifactId, "art_"
);
id!(
    /// An API key (its public name, not its secret).
    KeyId, "key_"
);
id!(
    /// A signed-in browser.
    SessionId, "ses_"
);
id!(
    /// A mail that is to be sent.
    MailId, "mai_"
);

id!(
    /// A customer's credits, and what is kept of them once the customer has gone.
    PurseId, "pur_"
);
id!(
    /// A purchase of credits; its owner reads of it as an order.
    PurchaseId, "ord_"
);
id!(
    /// A line of the ledger.
    EntryId, "led_"
);
id!(
    /// An invoice or a credit note.
    InvoiceId, "inv_"
);

/// Repeatable numbers for tests (SplitMix64, Steele et al. 2014). Never for secrets that matter.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        for piece in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(GOLDEN, Ordering::Relaxed).wrapping_add(GOLDEN);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            piece.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..piece.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant(u8);
    impl Entropy for Constant {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn an_id_holds_all_128_bits_and_reads_back() {
        assert_eq!(JobId::new(&Constant(0xff)).as_str(), "job_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        let id = UploadId::new(&SeededEntropy::new(7));
        assert_eq!(UploadId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_or_form_is_refused() {
        let id = JobId::new(&SeededEntropy::new(1));
        assert!(UploadId::parse(id.as_str()).is_err(), "another kind");
        assert!(JobId::parse(&id.as_str().to_uppercase()).is_err(), "upper case");
        assert!(JobId::parse("job_zzzzzzzzzzzzzzzzzzzzzzzzzz").is_err(), "more than 128 bits");
        assert!(JobId::parse("job_../../../../../../../../../").is_err(), "a path");
        assert!(serde_json::from_str::<JobId>("\"job_1\"").is_err(), "by JSON too");
    }
}
