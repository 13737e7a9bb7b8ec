//! Short texts that a row holds and that nobody shall read in it: sealed by a KEK itself, or under a secret that its
//! owner alone has.

use std::fmt;

use domain::ids::Entropy;
use domain::secret::Secret;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::hmac;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::keyring::{KekId, Keyring, KeyringError};
use super::segments::{KEY_BYTES, aes};

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

    /// A key for tags by which equal things are found and from which nobody learns what they are; it lies nowhere, and
    /// follows from the newest KEK. A new KEK makes new tags, so let no tag be needed for long.
    pub fn tag_key(&self, purpose: &str) -> Result<TagKey, KeyringError> {
        // Under one nonce that is kept for this, and over nothing but zeros, the cipher is a function of the key that
        // nobody can tell from a random one; the zeros are sealed the same way every time.
        let secret = self.read(|keys| {
            let (_, kek) = keys.last_key_value()?;
            let nonce = Nonce::assume_unique_for_key([0xff; NONCE_LEN]);
            let mut zeros = Zeroizing::new([0; KEY_BYTES]);
            let _unused = kek.seal_in_place_separate_tag(nonce, Aad::empty(), zeros.as_mut_slice()).ok()?;
            Some(zeros)
        });
        let secret = secret.ok_or_else(|| KeyringError::Empty("memory".into()))?;
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice());
        let derived = hmac::sign(&root, format!("mixrunners tag\0{purpose}").as_bytes());
        Ok(TagKey(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())))
    }
}

/// What makes tags. `Debug` does not show it.
#[derive(Clone)]
pub struct TagKey(hmac::Key);

impl TagKey {
    /// The tag of a text.
    #[must_use]
    pub fn tag(&self, text: &str) -> Tag {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.0, text.as_bytes()).as_ref());
        Tag(tag)
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Stands for a text that nobody can read from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tag([u8; 32]);

impl Tag {
    /// As it is stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
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

    #[test]
    fn tags_agree_under_one_key_and_purpose_and_differ_otherwise() {
        let entropy = SeededEntropy::new(3);
        let (ring, other) = (Keyring::fleeting(&entropy), Keyring::fleeting(&entropy));
        let tag = |ring: &Keyring, purpose: &str| ring.tag_key(purpose).unwrap().tag("anna");
        assert_eq!(tag(&ring, "address"), tag(&ring, "address"));
        assert_ne!(tag(&ring, "address"), tag(&ring, "network"));
        assert_ne!(tag(&ring, "address"), tag(&other, "address"));
    }
}
