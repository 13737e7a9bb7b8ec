//! Short texts that a row holds and that nobody shall read in it: sealed by a KEK itself, or under a secret that its
//! owner alone has.

use domain::ids::Entropy;
use domain::secret::Secret;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::keyring::{KekId, Keyring, KeyringError};
use super::segments::aes;

/// `0001-` and sixteen hexadecimal digits, as [`KekId`] is written.
const KEK_ID_BYTES: usize = 21;

impl Keyring {
    /// Seals a text with the newest KEK. It opens for the same `subject` alone.
    pub fn seal_note(
        &self,
        subject: &str,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, KeyringError> {
        let sealed = self.read(|keys| {
            let (id, kek) = keys.last_key_value()?;
            Some([id.to_string().into_bytes(), seal(kek, &note(subject), plain, entropy)?].concat())
        });
        sealed.ok_or_else(|| KeyringError::Empty("memory".into()))
    }

    /// Opens what [`Self::seal_note`] sealed.
    pub fn open_note(&self, subject: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let broken = || KeyringError::Note { subject: subject.to_owned() };
        let (id, sealed) = sealed.split_first_chunk::<KEK_ID_BYTES>().ok_or_else(broken)?;
        let id = std::str::from_utf8(id).ok().and_then(KekId::parse).ok_or_else(broken)?;
        self.must_hold(id)?;
        self.read(|keys| open(keys.get(&id)?, &note(subject), sealed)).ok_or_else(broken)
    }
}

/// Seals a text so that it opens with the secret alone, of which the database knows a hash: even with every key of the
/// installation nobody else reads it.
#[must_use]
pub fn seal_under(secret: &Secret, plain: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
    seal(&key_of(secret), UNDER_A_SECRET, plain, entropy)
}

/// Opens what [`seal_under`] sealed; `None` if it was another secret.
#[must_use]
pub fn open_under(secret: &Secret, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    open(&key_of(secret), UNDER_A_SECRET, sealed)
}

const UNDER_A_SECRET: &[u8] = b"mixrunners under a secret\0";

fn note(subject: &str) -> Vec<u8> {
    [b"mixrunners note\0".as_slice(), subject.as_bytes()].concat()
}

fn key_of(secret: &Secret) -> LessSafeKey {
    // Another beginning than the hash that is stored has, so that neither follows from the other.
    let digest = Sha256::new().chain_update(UNDER_A_SECRET).chain_update(secret.reveal()).finalize();
    aes(&Zeroizing::new(digest.into()))
}

fn seal(key: &LessSafeKey, bound_to: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce);
    let mut text = plain.to_vec();
    let unique = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(unique, Aad::from(bound_to), &mut text).ok()?;
    Some([nonce.as_slice(), &text].concat())
}

fn open(key: &LessSafeKey, bound_to: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut text = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = key.open_in_place(nonce, Aad::from(bound_to), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use domain::ids::SeededEntropy;
    use domain::secret::SecretKind;

    use super::*;

    #[test]
    fn a_note_opens_for_its_subject_with_its_key_and_not_otherwise() {
        let entropy = SeededEntropy::new(1);
        let ring = Keyring::fleeting(&entropy);
        let sealed = ring.seal_note("mai_1", b"anna@example.org", &entropy).unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"anna"));
        assert_eq!(&**ring.open_note("mai_1", &sealed).unwrap(), b"anna@example.org");
        assert!(ring.open_note("mai_2", &sealed).is_err());
        assert!(Keyring::fleeting(&entropy).open_note("mai_1", &sealed).is_err());
        for (place, length) in
            [(0, sealed.len()), (30, sealed.len()), (sealed.len() - 1, sealed.len()), (0, 9)]
        {
            let mut changed = sealed[..length].to_vec();
            changed[place] ^= 1;
            assert!(ring.open_note("mai_1", &changed).is_err(), "{place} of {length}");
        }
    }

    #[test]
    fn what_is_under_a_secret_opens_with_it_alone() {
        let entropy = SeededEntropy::new(2);
        let secrets = [(); 2].map(|()| Secret::new(SecretKind::SignInLink, &entropy));
        let sealed = seal_under(&secrets[0], b"anna@example.org", &entropy).unwrap();
        assert_eq!(&**open_under(&secrets[0], &sealed).unwrap(), b"anna@example.org");
        assert_eq!(open_under(&secrets[1], &sealed), None);
    }
}
