//! What a person wrote or is known by, sealed in the rows.
//!
//! ```text
//! version 1, 12 bytes of nonce, the text, a tag of 16
//! ```
//!
//! Each account has a key of its own, wrapped by a KEK and bound to the account's id. A text is AES-256-GCM (NIST SP
//! 800-38D) under it, with the table's name and the row's id as associated data: what was moved to another row does
//! not open. Whoever deletes the account's key has deleted its texts, in every copy of the database.

use std::sync::OnceLock;

use domain::ids::Entropy;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::hmac;
use zeroize::Zeroizing;

use super::keyring::{KekId, Keyring, KeyringError, random_key};
use super::segments::{KEY_BYTES, TAG_BYTES, aes};
use crate::error::{Result, StoreError};

const VERSION: u8 = 1;

/// A key as a row keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrapped {
    pub(crate) kek: KekId,
    pub(crate) bytes: Vec<u8>,
}

/// What opens the texts of all accounts, once the program has given it keys.
#[derive(Default)]
pub(crate) struct Texts(OnceLock<TextVault>);

impl Texts {
    /// The first keys stand.
    pub(crate) fn unlock(&self, vault: TextVault) {
        let _ = self.0.set(vault);
    }

    pub(crate) fn vault(&self) -> Result<&TextVault> {
        self.0.get().ok_or(StoreError::Locked)
    }

    pub(crate) fn is_unlocked(&self) -> bool {
        self.0.get().is_some()
    }
}

/// The KEKs, and the key of the tags.
pub(crate) struct TextVault {
    keyring: Keyring,
    lookup: hmac::Key,
}

impl TextVault {
    pub(crate) fn new(keyring: Keyring, lookup: &Wrapped) -> Result<Self> {
        let of = || "the tags".to_owned();
        let key = keyring.unwrap_bound(LOOKUP, lookup.kek, &lookup.bytes, of)?;
        Ok(Self { lookup: hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), keyring })
    }

    /// A fresh key for an account, and as its row keeps it.
    pub(crate) fn new_account(
        &self,
        account: &str,
        entropy: &dyn Entropy,
    ) -> Result<(AccountCipher, Wrapped)> {
        let key = random_key(entropy);
        let wrapped = wrapped(&self.keyring, &bound_to(account), &key, entropy)?;
        Ok((AccountCipher(aes(&key)), wrapped))
    }

    pub(crate) fn of_account(&self, account: &str, row: &Wrapped) -> Result<AccountCipher> {
        let of = || format!("account {account}");
        let key = self.keyring.unwrap_bound(&bound_to(account), row.kek, &row.bytes, of)?;
        Ok(AccountCipher(aes(&key)))
    }

    /// By which something is found again without being kept: HMAC-SHA-256 of what it is and its value, 64 hexadecimal
    /// digits. `kind` and `scope` keep equal values of different things apart.
    pub(crate) fn tag(&self, kind: &str, scope: &str, value: &str) -> String {
        let mut context = hmac::Context::with_key(&self.lookup);
        for part in [kind, scope] {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        context.update(value.as_bytes());
        context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A fresh key of the tags, as its row keeps it.
pub(crate) fn new_lookup(keyring: &Keyring, entropy: &dyn Entropy) -> Result<Wrapped> {
    wrapped(keyring, LOOKUP, &random_key(entropy), entropy)
}

/// The same keys under the newest KEK: of an account, or with no account that of the tags.
pub(crate) fn wrapped_anew(
    keyring: &Keyring,
    account: Option<&str>,
    row: &Wrapped,
    entropy: &dyn Entropy,
) -> Result<Wrapped> {
    let bound = account.map_or_else(|| LOOKUP.to_vec(), bound_to);
    let of = || account.map_or_else(|| "the tags".to_owned(), |account| format!("account {account}"));
    let key = keyring.unwrap_bound(&bound, row.kek, &row.bytes, of)?;
    wrapped(keyring, &bound, &key, entropy)
}

fn wrapped(
    keyring: &Keyring,
    bound: &[u8],
    key: &Zeroizing<[u8; KEY_BYTES]>,
    entropy: &dyn Entropy,
) -> Result<Wrapped> {
    let none = || KeyringError::Empty("memory".into());
    let (kek, bytes) = keyring.wrap_bound(bound, key, entropy).ok_or_else(none)?;
    Ok(Wrapped { kek, bytes })
}

const LOOKUP: &[u8] = b"mixrunners lookup key\0";

fn bound_to(account: &str) -> Vec<u8> {
    [b"mixrunners account key\0", account.as_bytes()].concat()
}

/// One account's key, ready for use.
pub(crate) struct AccountCipher(LessSafeKey);

impl AccountCipher {
    /// Seals one text of one row.
    pub(crate) fn seal(&self, table: &str, row: &str, text: &str, entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        // Random nonces are safe for 2^32 texts of one account (SP 800-38D, section 8.3).
        entropy.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len() + TAG_BYTES);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        let start = sealed.len();
        sealed.extend_from_slice(text.as_bytes());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aad = Aad::from(place(table, row));
        #[expect(clippy::expect_used, reason = "only a text of 64 GiB is too long")]
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, aad, &mut sealed[start..])
            .expect("a row is shorter than 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what was sealed for this row.
    pub(crate) fn open(&self, table: &'static str, row: &str, sealed: &[u8]) -> Result<String> {
        let opened = || {
            let (nonce, text) = sealed.strip_prefix(&[VERSION])?.split_first_chunk::<NONCE_LEN>()?;
            let mut text = text.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length = self.0.open_in_place(nonce, Aad::from(place(table, row)), &mut text).ok()?.len();
            text.truncate(length);
            String::from_utf8(text).ok()
        };
        opened().ok_or_else(|| StoreError::unreadable(table, row, "what is sealed in it does not open"))
    }
}

fn place(table: &str, row: &str) -> Vec<u8> {
    [b"mixrunners text\0", table.as_bytes(), b"\0", row.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use domain::ids::SeededEntropy;

    use super::*;

    fn vault() -> (TextVault, SeededEntropy) {
        let entropy = SeededEntropy::new(3);
        let keyring = Keyring::fleeting(&entropy);
        let lookup = new_lookup(&keyring, &entropy).unwrap();
        (TextVault::new(keyring, &lookup).unwrap(), entropy)
    }

    #[test]
    fn a_text_opens_in_its_row_under_its_accounts_key_alone() {
        let (vault, entropy) = vault();
        let (anna, row) = vault.new_account("acc_anna", &entropy).unwrap();
        let sealed = anna.seal("uploads", "upl_1", "Lullaby.wav", &entropy);
        assert!(!sealed.windows(7).any(|bytes| bytes == b"Lullaby"));
        assert_ne!(sealed, anna.seal("uploads", "upl_1", "Lullaby.wav", &entropy), "never the same twice");
        let again = vault.of_account("acc_anna", &row).unwrap();
        assert_eq!(again.open("uploads", "upl_1", &sealed).unwrap(), "Lullaby.wav");
        assert!(again.open("uploads", "upl_2", &sealed).is_err(), "another row");
        assert!(again.open("artifacts", "upl_1", &sealed).is_err(), "another table");
        let (ben, _) = vault.new_account("acc_ben", &entropy).unwrap();
        assert!(ben.open("uploads", "upl_1", &sealed).is_err(), "another account");
        assert!(vault.of_account("acc_ben", &row).is_err(), "a key moved to another account");
        for position in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[position] ^= 1;
            assert!(anna.open("uploads", "upl_1", &broken).is_err(), "bit {position}");
            assert!(anna.open("uploads", "upl_1", &sealed[..position]).is_err(), "cut at {position}");
        }
    }

    #[test]
    fn a_tag_is_the_same_for_the_same_thing_alone_and_needs_the_key() {
        let (vault, entropy) = vault();
        let tag = vault.tag("address", "", "anna@example.org");
        assert_eq!((tag.len(), &tag), (64, &vault.tag("address", "", "anna@example.org")));
        assert_ne!(tag, vault.tag("address", "", "ben@example.org"));
        assert_ne!(vault.tag("order", "acc_1", "key"), vault.tag("order", "acc_2", "key"));
        let other = Keyring::fleeting(&entropy);
        let other = TextVault::new(other.clone(), &new_lookup(&other, &entropy).unwrap()).unwrap();
        assert_ne!(
            tag,
            other.tag("address", "", "anna@example.org"),
            "no plain hash, which anybody can guess"
        );
    }

    #[test]
    fn keys_wrapped_anew_are_the_same_keys() {
        let old = "1:0707070707070707070707070707070707070707070707070707070707070707";
        let new = "2:0909090909090909090909090909090909090909090909090909090909090909";
        let entropy = SeededEntropy::new(4);
        let (before, both) = (Keyring::parse(old).unwrap(), Keyring::parse(&format!("{old},{new}")).unwrap());
        let lookup = new_lookup(&before, &entropy).unwrap();
        let vault = TextVault::new(before, &lookup).unwrap();
        let (anna, row) = vault.new_account("acc_anna", &entropy).unwrap();
        let sealed = anna.seal("uploads", "upl_1", "Lullaby.wav", &entropy);
        let row = wrapped_anew(&both, Some("acc_anna"), &row, &entropy).unwrap();
        let lookup_anew = wrapped_anew(&both, None, &lookup, &entropy).unwrap();
        let after = TextVault::new(Keyring::parse(new).unwrap(), &lookup_anew).unwrap();
        let anna = after.of_account("acc_anna", &row).unwrap();
        assert_eq!(anna.open("uploads", "upl_1", &sealed).unwrap(), "Lullaby.wav");
        assert_eq!(after.tag("address", "", "a@b"), vault.tag("address", "", "a@b"));
    }
}
