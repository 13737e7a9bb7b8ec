//! The checksum extension: a body is kept only when it is what the client says it sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// The value of `Tus-Checksum-Algorithm`.
pub(crate) const ALGORITHMS: &str = "sha1,sha256,crc32c";

static CRC32C: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

/// A running checksum and what it must come to.
pub(crate) struct Checksum {
    running: Running,
    expected: Vec<u8>,
}

enum Running {
    Sha1(Sha1),
    Sha256(Sha256),
    Crc32c(crc::Digest<'static, u32>),
}

impl Checksum {
    /// Reads `Upload-Checksum: ALGORITHM BASE64`. The error is a sentence for the client.
    pub(crate) fn parse(header: &str) -> Result<Self, String> {
        let (algorithm, value) = header
            .trim()
            .split_once(' ')
            .ok_or_else(|| format!("{header:?} is not an algorithm, a space and a base64 value"))?;
        let (running, size) = match algorithm {
            "sha1" => (Running::Sha1(Sha1::new()), 20),
            "sha256" => (Running::Sha256(Sha256::new()), 32),
            "crc32c" => (Running::Crc32c(CRC32C.digest()), 4),
            other => return Err(format!("{other:?} is not one of {ALGORITHMS}")),
        };
        let expected = STANDARD.decode(value.trim()).map_err(|_| "the checksum is not base64".to_owned())?;
        if expected.len() != size {
            return Err(format!("a {algorithm} checksum has {size} bytes, not {}", expected.len()));
        }
        Ok(Self { running, expected })
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        match &mut self.running {
            Running::Sha1(sum) => sum.update(bytes),
            Running::Sha256(sum) => sum.update(bytes),
            Running::Crc32c(sum) => sum.update(bytes),
        }
    }

    /// Whether all the bytes added come to the expected value. CRC-32C is compared as big-endian bytes.
    pub(crate) fn agrees(self) -> bool {
        match self.running {
            Running::Sha1(sum) => sum.finalize()[..] == self.expected[..],
            Running::Sha256(sum) => sum.finalize()[..] == self.expected[..],
            Running::Crc32c(sum) => sum.finalize().to_be_bytes()[..] == self.expected[..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values of `printf 'hello world' | openssl dgst -sha1 -binary | base64`, `-sha256`, and RFC 3720's
    // CRC-32C.
    const HELLO: [&str; 3] = [
        "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        "sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",
        "crc32c yZRlqg==",
    ];

    #[test]
    fn a_checksum_agrees_with_the_bytes_it_was_made_of_and_no_others() {
        for header in HELLO {
            let mut same = Checksum::parse(header).unwrap();
            same.add(b"hello ");
            same.add(b"world");
            assert!(same.agrees(), "{header}");
            let mut other = Checksum::parse(header).unwrap();
            other.add(b"hello_world");
            assert!(!other.agrees(), "{header}");
        }
    }

    #[test]
    fn an_unknown_algorithm_and_a_broken_value_are_refused() {
        for header in ["md5 XrY7u+Ae7tCTyyK7j1rNww==", "sha1", "sha1 !!", "sha1 AAAA", "", "SHA1 AAAA"] {
            assert!(Checksum::parse(header).is_err(), "{header}");
        }
    }
}
