//! The key-encryption keys (KEKs) of an installation. The newest wraps; all of them unwrap, so that a new one can be
//! added at any time.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use domain::blob::BlobKey;
use domain::ids::Entropy;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::key_file;
use super::segments::{KEY_BYTES, SealId, aes};

const FINGERPRINT_BYTES: usize = 8;

/// Which KEK: its number, by which the newest is told, and eight bytes of a hash of it, by which a wrong one is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KekId {
    number: u16,
    fingerprint: [u8; FINGERPRINT_BYTES],
}

impl KekId {
    fn of(number: u16, key: &Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let digest = Sha256::new().chain_update("mixrunners kek\0").chain_update(key.as_slice()).finalize();
        let mut fingerprint = [0; FINGERPRINT_BYTES];
        fingerprint.copy_from_slice(&digest[..FINGERPRINT_BYTES]);
        Self { number, fingerprint }
    }

    /// From the form that [`fmt::Display`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, digits) = text.split_once('-')?;
        let is_plain = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|number| is_plain && *number >= 1)?;
        Some(Self { number, fingerprint: from_hex(digits)? })
    }
}

impl fmt::Display for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-", self.number)?;
        self.fingerprint.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why there is no ring of keys, or not the key that is needed.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The folder or a file in it refused.
    #[error("the key file {path} could not be {action}: {cause}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system says.
        cause: std::io::Error,
    },
    /// There is no key at all.
    #[error("there is no key in {0}")]
    Empty(PathBuf),
    /// A new ring was asked for, and there is one.
    #[error("there is a key already: {0}")]
    Exists(PathBuf),
    /// Others may read a key file.
    #[error("the key file {path} has mode {mode:04o}: only its owner may read it (0600)")]
    TooOpen {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A key file does not hold what its name says.
    #[error("the key file {path} does not hold the key that its name says: {detail}")]
    Corrupt {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The text form of a ring is not one. The text is not told: it holds keys.
    #[error(
        "a key is written NUMBER:KEY, with a number from 1 to 9999 and a key of 64 hexadecimal digits; key {0} is not"
    )]
    Text(usize),
    /// What is needed is not on the ring.
    #[error(
        "the database needs the key {needed}, and there is only {}: give this program the keys that were in use \
         (a copy of them: without it what they sealed cannot be read any more)",
        list(.there)
    )]
    Missing {
        /// Which.
        needed: KekId,
        /// What is on the ring.
        there: Vec<KekId>,
    },
    /// A wrapped key is not what was wrapped: its row was changed, or belongs to something else.
    #[error("the wrapped key of {of} does not open under {kek}")]
    Broken {
        /// Whose.
        of: String,
        /// Under which.
        kek: KekId,
    },
    /// A note is not what was sealed.
    #[error("what was sealed about {subject} does not open")]
    Note {
        /// About what.
        subject: String,
    },
}

fn list(ids: &[KekId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The KEKs. Cheap to clone; all clones are one ring.
#[derive(Clone)]
pub struct Keyring(Arc<Held>);

struct Held {
    /// Where the keys are, if they are in a folder: another process may add one.
    folder: Option<PathBuf>,
    keys: RwLock<Keys>,
}

pub(super) type Keys = BTreeMap<KekId, LessSafeKey>;

impl Keyring {
    /// The keys in a folder, one a file. At least one, all as their names say, none that others may read.
    pub fn of_folder(folder: &Path) -> Result<Self, KeyringError> {
        let keys = key_file::read_all(folder)?;
        if keys.is_empty() {
            return Err(KeyringError::Empty(folder.to_owned()));
        }
        Ok(Self::new(Some(folder.to_owned()), keys))
    }

    /// Makes the first key of a folder, and the folder if it is missing.
    pub fn init(folder: &Path, entropy: &dyn Entropy) -> Result<KekId, KeyringError> {
        match key_file::newest(folder)? {
            Some(id) => Err(KeyringError::Exists(key_file::path(folder, id))),
            None => add(folder, 1, entropy),
        }
    }

    /// Adds a key to a folder that has some: from now on it wraps, and the others only unwrap. Processes that run hear
    /// of it when they meet a blob that it wrapped, and wrap with it once they were started again.
    pub fn rotate(folder: &Path, entropy: &dyn Entropy) -> Result<KekId, KeyringError> {
        let newest = key_file::newest(folder)?.ok_or_else(|| KeyringError::Empty(folder.to_owned()))?;
        add(folder, newest.number + 1, entropy)
    }

    /// The keys in a text, `NUMBER:KEY,NUMBER:KEY`, for those who keep them in a vault of their own.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys = Keys::new();
        for (index, one) in (1..).zip(text.split(',')) {
            let read = || {
                let (number, digits) = one.trim().split_once(':')?;
                let number = number.parse().ok().filter(|number| (1..=NUMBER_MAX).contains(number))?;
                let key = Zeroizing::new(from_hex(digits)?);
                Some((KekId::of(number, &key), aes(&key)))
            };
            let (id, key) = read().ok_or(KeyringError::Text(index))?;
            keys.insert(id, key);
        }
        Ok(Self::new(None, keys))
    }

    /// One new key that is kept nowhere: what it wraps is lost with this process. For tests and trials.
    #[must_use]
    pub fn fleeting(entropy: &dyn Entropy) -> Self {
        let key = random_key(entropy);
        Self::new(None, [(KekId::of(1, &key), aes(&key))].into())
    }

    fn new(folder: Option<PathBuf>, keys: Keys) -> Self {
        Self(Arc::new(Held { folder, keys: RwLock::new(keys) }))
    }

    /// All there are, the newest last.
    #[must_use]
    pub fn ids(&self) -> Vec<KekId> {
        self.read(|keys| keys.keys().copied().collect())
    }

    /// The one that wraps.
    pub(crate) fn newest(&self) -> Option<KekId> {
        self.ids().pop()
    }

    /// Whether a key is there; looks into the folder again before it says no.
    pub(crate) fn must_hold(&self, needed: KekId) -> Result<(), KeyringError> {
        if !self.read(|keys| keys.contains_key(&needed)) {
            if let Some(folder) = &self.0.folder {
                let found = key_file::read_all(folder)?;
                self.0.keys.write().unwrap_or_else(PoisonError::into_inner).extend(found);
            }
            if !self.read(|keys| keys.contains_key(&needed)) {
                return Err(KeyringError::Missing { needed, there: self.ids() });
            }
        }
        Ok(())
    }

    /// Wraps a blob's key with the newest KEK.
    pub(crate) fn wrap(
        &self,
        blob: &BlobKey,
        seal: SealId,
        key: &Zeroizing<[u8; KEY_BYTES]>,
        entropy: &dyn Entropy,
    ) -> Option<(KekId, Vec<u8>)> {
        self.wrap_bound(&bound_to(blob, seal), key, entropy)
    }

    /// Unwraps a blob's key.
    pub(crate) fn unwrap(
        &self,
        blob: &BlobKey,
        seal: SealId,
        kek: KekId,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyringError> {
        self.unwrap_bound(&bound_to(blob, seal), kek, wrapped, || format!("blob {blob}"))
    }

    /// Wraps a key with the newest KEK. It opens together with `bound` alone.
    pub(super) fn wrap_bound(
        &self,
        bound: &[u8],
        key: &Zeroizing<[u8; KEY_BYTES]>,
        entropy: &dyn Entropy,
    ) -> Option<(KekId, Vec<u8>)> {
        let mut nonce = [0; NONCE_LEN];
        // Random nonces are safe for 2^32 keys under one KEK (SP 800-38D, section 8.3).
        entropy.fill(&mut nonce);
        let mut secret = Zeroizing::new(**key);
        self.read(|keys| {
            let (id, kek) = keys.last_key_value()?;
            let nonce_again = Nonce::assume_unique_for_key(nonce);
            let tag =
                kek.seal_in_place_separate_tag(nonce_again, Aad::from(bound), secret.as_mut_slice()).ok()?;
            Some((*id, [&nonce, secret.as_slice(), tag.as_ref()].concat()))
        })
    }

    /// Unwraps what was wrapped together with `bound`.
    pub(super) fn unwrap_bound(
        &self,
        bound: &[u8],
        kek: KekId,
        wrapped: &[u8],
        of: impl FnOnce() -> String,
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyringError> {
        self.must_hold(kek)?;
        let unwrapped = || {
            let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LEN>()?;
            let mut sealed = Zeroizing::new(sealed.to_vec());
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let plain =
                self.read(|keys| keys.get(&kek)?.open_in_place(nonce, Aad::from(bound), &mut sealed).ok())?;
            plain.try_into().ok().map(Zeroizing::new)
        };
        unwrapped().ok_or_else(|| KeyringError::Broken { of: of(), kek })
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&Keys) -> T) -> T {
        look(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyring").field(&self.ids()).finish()
    }
}

pub(super) const NUMBER_MAX: u16 = 9999;

fn add(folder: &Path, number: u16, entropy: &dyn Entropy) -> Result<KekId, KeyringError> {
    let key = random_key(entropy);
    let id = KekId::of(number, &key);
    key_file::write(folder, id, &key)?;
    Ok(id)
}

/// A key from a file, if it is the one of this name.
pub(super) fn key_of(id: KekId, bytes: &[u8]) -> Option<LessSafeKey> {
    let key = Zeroizing::new(<[u8; KEY_BYTES]>::try_from(bytes).ok()?);
    (KekId::of(id.number, &key) == id).then(|| aes(&key))
}

pub(super) fn random_key(entropy: &dyn Entropy) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    entropy.fill(key.as_mut_slice());
    key
}

/// A wrapped key opens for this write of this blob alone.
fn bound_to(blob: &BlobKey, seal: SealId) -> Vec<u8> {
    [b"mixrunners blob key\0".as_slice(), &seal.0, blob.as_str().as_bytes()].concat()
}

fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    let value = |digit: u8| char::from(digit).to_digit(16);
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (value(pair[0])? * 16 + value(pair[1])?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
