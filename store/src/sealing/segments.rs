//! The form of a sealed blob.
//!
//! ```text
//! header   "MXRB", version 1, two to the 16th bytes a segment, 2 bytes of zero, 16 bytes: which key
//! segments 65,536 bytes and a tag of 16 each; the last one is shorter, or as long, and never missing
//! ```
//!
//! Each segment is AES-256-GCM (NIST SP 800-38D) under the blob's key. Its nonce is its number and whether it is the
//! last, its associated data the header: segments that were swapped, repeated or dropped do not open, and neither does
//! one under another header. Numbers may serve as nonces because no key ever seals twice.

use std::fmt;

use domain::ids::Entropy;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

pub(crate) const SEGMENT_BYTES: usize = 1 << SEGMENT_BITS;
pub(crate) const TAG_BYTES: usize = 16;
pub(crate) const SEALED_SEGMENT_BYTES: usize = SEGMENT_BYTES + TAG_BYTES;
pub(crate) const HEADER_BYTES: usize = 24;
pub(crate) const KEY_BYTES: usize = 32;

const SEGMENT_BITS: u8 = 16;
const BEGINNING: [u8; 8] = [b'M', b'X', b'R', b'B', 1, SEGMENT_BITS, 0, 0];

/// Which key of a blob sealed it: random, written into its header and its key's row. No secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealId(pub(crate) [u8; 16]);

impl SealId {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The key that a header names; `None` if it is no header that this program knows.
    pub(crate) fn of_header(header: &[u8; HEADER_BYTES]) -> Option<Self> {
        header.strip_prefix(&BEGINNING)?.try_into().ok().map(Self)
    }

    pub(crate) fn header(&self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        let (beginning, id) = header.split_at_mut(BEGINNING.len());
        beginning.copy_from_slice(&BEGINNING);
        id.copy_from_slice(&self.0);
        header
    }
}

impl fmt::Debug for SealId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where a segment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// Others follow.
    Inner,
    /// It ends the blob.
    Last,
}

/// A segment is not what was sealed: bits have changed, or it belongs elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Broken;

/// One blob's key, ready for use.
pub(crate) struct BlobCipher {
    id: SealId,
    key: LessSafeKey,
}

impl BlobCipher {
    pub(crate) fn new(id: SealId, key: &Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self { id, key: aes(key) }
    }

    pub(crate) fn id(&self) -> SealId {
        self.id
    }

    /// Adds the segment to `sealed`, in the form that is stored.
    pub(crate) fn seal(&self, number: u64, turn: Turn, segment: &[u8], sealed: &mut Vec<u8>) {
        let start = sealed.len();
        sealed.extend_from_slice(segment);
        let aad = Aad::from(self.id.header());
        let tag = self.key.seal_in_place_separate_tag(nonce(number, turn), aad, &mut sealed[start..]);
        // The one way to fail is a segment of 64 GiB.
        sealed.extend_from_slice(tag.as_ref().map_or(&[0; TAG_BYTES], AsRef::as_ref));
    }

    /// Opens a segment in its place, and gives how many bytes of it are the blob's.
    pub(crate) fn open(&self, number: u64, turn: Turn, sealed: &mut [u8]) -> Result<usize, Broken> {
        let opened = self.key.open_in_place(nonce(number, turn), Aad::from(self.id.header()), sealed);
        opened.map(|plain| plain.len()).map_err(|_| Broken)
    }
}

/// For keys of 256 bits, which is what all of ours have.
pub(super) fn aes(key: &Zeroizing<[u8; KEY_BYTES]>) -> LessSafeKey {
    #[expect(clippy::expect_used, reason = "the length is part of the type")]
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_slice()).expect("32 bytes are a key"))
}

fn nonce(number: u64, turn: Turn) -> Nonce {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(turn == Turn::Last);
    Nonce::assume_unique_for_key(bytes)
}

/// How long a blob is, and where its segments lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    plain_bytes: u64,
}

impl Layout {
    /// Of what is stored; `None` if nothing that was sealed is so long.
    pub(crate) fn of_sealed(sealed_bytes: u64) -> Option<Self> {
        let body = sealed_bytes.checked_sub(HEADER_BYTES as u64)?;
        let segments = body.div_ceil(SEALED_SEGMENT_BYTES as u64);
        let layout = Self { plain_bytes: body.checked_sub(segments * TAG_BYTES as u64)? };
        (layout.sealed_bytes() == sealed_bytes).then_some(layout)
    }

    /// The length of the blob.
    pub(crate) fn plain_bytes(self) -> u64 {
        self.plain_bytes
    }

    fn sealed_bytes(self) -> u64 {
        HEADER_BYTES as u64 + self.plain_bytes + self.segments() * TAG_BYTES as u64
    }

    fn segments(self) -> u64 {
        self.plain_bytes.div_ceil(SEGMENT_BYTES as u64).max(1)
    }

    /// Which segment holds the byte at `offset` of the blob.
    pub(crate) fn segment_of(offset: u64) -> u64 {
        offset / SEGMENT_BYTES as u64
    }

    /// Where the segment begins in the blob.
    pub(crate) fn plain_offset(segment: u64) -> u64 {
        segment * SEGMENT_BYTES as u64
    }

    /// Where the segment begins in what is stored.
    pub(crate) fn sealed_offset(segment: u64) -> u64 {
        HEADER_BYTES as u64 + segment * SEALED_SEGMENT_BYTES as u64
    }

    /// How long the segment is as it is stored, and whether it is the last.
    pub(crate) fn segment(self, number: u64) -> (usize, Turn) {
        match number + 1 == self.segments() {
            true => ((self.plain_bytes - Self::plain_offset(number)) as usize + TAG_BYTES, Turn::Last),
            false => (SEALED_SEGMENT_BYTES, Turn::Inner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_nothing_sealed_has_is_no_layout() {
        const SEGMENT: u64 = SEGMENT_BYTES as u64;
        for plain_bytes in [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 3 * SEGMENT + 7] {
            let sealed_bytes = Layout { plain_bytes }.sealed_bytes();
            assert_eq!(Layout::of_sealed(sealed_bytes), Some(Layout { plain_bytes }));
        }
        let one_full = Layout { plain_bytes: SEGMENT }.sealed_bytes();
        for impossible in [0, 23, 24, 39, one_full + 1, one_full + TAG_BYTES as u64] {
            assert_eq!(Layout::of_sealed(impossible), None, "{impossible}");
        }
    }

    #[test]
    fn a_segment_opens_at_its_place_under_its_header_and_nowhere_else() {
        let key = Zeroizing::new([7; KEY_BYTES]);
        let cipher = BlobCipher::new(SealId([1; 16]), &key);
        let mut sealed = Vec::new();
        cipher.seal(3, Turn::Inner, b"samples", &mut sealed);
        assert_eq!(cipher.open(3, Turn::Inner, &mut sealed.clone()), Ok(7));
        assert_eq!(cipher.open(2, Turn::Inner, &mut sealed.clone()), Err(Broken));
        assert_eq!(cipher.open(3, Turn::Last, &mut sealed.clone()), Err(Broken));
        let other_header = BlobCipher::new(SealId([2; 16]), &key);
        assert_eq!(other_header.open(3, Turn::Inner, &mut sealed.clone()), Err(Broken));
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(cipher.open(3, Turn::Inner, &mut flipped), Err(Broken), "bit {bit}");
        }
    }

    #[test]
    fn the_form_is_the_published_algorithm() {
        // Sealed by another implementation (Python's `cryptography`): key 32 x 0x42, id 16 x 0x24, "mixrunners" as
        // segment 1, the last.
        let cipher = BlobCipher::new(SealId([0x24; 16]), &Zeroizing::new([0x42; KEY_BYTES]));
        let mut sealed = Vec::new();
        cipher.seal(1, Turn::Last, b"mixrunners", &mut sealed);
        let text: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "b8e514289b3112b15f93e644d12cb1acf86c9890b7123b10562c");
    }
}
