//! What a caller proves itself with. Shown once, stored only as a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::ids::Entropy;

/// What a secret opens; its text form begins with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretKind {
    /// `mxk_`: an API key.
    ApiKey,
    /// `mxs_`: a session cookie.
    Session,
    /// `mxl_`: a sign-in link, one use.
    SignInLink,
    /// `mxa_`: a link that proves who reads an address, one use.
    AddressProof,
}

impl SecretKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "mxk_",
            Self::Session => "mxs_",
            Self::SignInLink => "mxl_",
            Self::AddressProof => "mxa_",
        }
    }
}

/// 256 random bits of one kind. `Debug` does not show them.
#[derive(Clone)]
pub struct Secret {
    kind: SecretKind,
    bytes: [u8; 32],
}

impl Secret {
    /// A new one.
    #[must_use]
    pub fn new(kind: SecretKind, entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self { kind, bytes }
    }

    /// One from outside; `None` if it is not of this kind and form.
    #[must_use]
    pub fn parse(kind: SecretKind, text: &str) -> Option<Self> {
        let decoded = URL_SAFE_NO_PAD.decode(text.strip_prefix(kind.prefix())?).ok()?;
        Some(Self { kind, bytes: decoded.try_into().ok()? })
    }

    /// The text form, 43 characters of base64url (RFC 4648 section 5) after the prefix. Show it once; log it
    /// never.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}{}", self.kind.prefix(), URL_SAFE_NO_PAD.encode(self.bytes))
    }

    /// What is stored. No salt and no stretching: 256 random bits cannot be guessed.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        let digest = Sha256::new().chain_update(self.kind.prefix()).chain_update(self.bytes).finalize();
        SecretHash(digest.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// SHA-256 of a secret and its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeededEntropy;

    #[test]
    fn a_secret_reads_back_and_never_prints_itself() {
        let secret = Secret::new(SecretKind::ApiKey, &SeededEntropy::new(3));
        let text = secret.reveal();
        assert!(text.starts_with("mxk_") && text.len() == 47, "{text}");
        let again = Secret::parse(SecretKind::ApiKey, &text).unwrap();
        assert_eq!(again.hash(), secret.hash());
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "[redacted] [redacted]");
    }

    #[test]
    fn a_secret_of_one_kind_opens_nothing_of_another() {
        let text = Secret::new(SecretKind::Session, &SeededEntropy::new(3)).reveal();
        assert!(Secret::parse(SecretKind::ApiKey, &text).is_none());
        let renamed = text.replace("mxs_", "mxk_");
        let other = Secret::parse(SecretKind::ApiKey, &renamed).unwrap();
        assert_ne!(other.hash(), Secret::parse(SecretKind::Session, &text).unwrap().hash());
    }
}
