//! Where bytes lie. This file knows every key there is; nothing a user wrote is ever part of one.

use std::fmt;

use crate::ids::{JobId, UploadId};
use crate::lease::LeaseId;
use crate::removal::{Day, REMOVALS};

/// The place of one blob: a relative path of plain names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlobKey(String);

/// All blobs whose keys begin with this; ends with a slash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlobPrefix(String);

/// A text that cannot be (part of) a key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a blob's key is made of names of 1 to 64 of a-z, 0-9, dot, dash and underscore; this one is not: {0:?}"
)]
pub struct BlobKeyError(String);

impl BlobKey {
    /// The file as it was uploaded.
    #[must_use]
    pub fn upload_source(upload: &UploadId) -> Self {
        Self(format!("u/{upload}/source"))
    }

    /// The overview of its waveform.
    #[must_use]
    pub fn upload_peaks(upload: &UploadId) -> Self {
        Self(format!("u/{upload}/peaks"))
    }

    /// The header of its metadata as it came, where name and type alone do not give it.
    #[must_use]
    pub fn upload_metadata(upload: &UploadId) -> Self {
        Self(format!("u/{upload}/metadata"))
    }

    /// A piece of an upload that is still arriving: its bytes from `from` to before `to`, stored by whoever held the
    /// upload's lock under `fence`. All three are part of the key, so that a sender who is late overwrites nothing.
    #[must_use]
    pub fn upload_piece(upload: &UploadId, from: u64, to: u64, fence: u64) -> Self {
        Self(format!("{}{from:015}-{to:015}-{fence}", BlobPrefix::upload_pieces(upload).0))
    }

    /// Where a piece of an upload begins and ends; `None` for any other blob.
    #[must_use]
    pub fn piece_span(&self) -> Option<(u64, u64)> {
        let mut numbers = self.piece_name()?.split('-');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }

    /// The fence under which a piece of an upload was stored; 0 where none is told, and for any other blob.
    #[must_use]
    pub fn piece_fence(&self) -> u64 {
        let fence = self.piece_name().and_then(|name| name.split('-').nth(2));
        fence.and_then(|fence| fence.parse().ok()).unwrap_or(0)
    }

    fn piece_name(&self) -> Option<&str> {
        let mut names = self.0.strip_prefix("u/")?.split('/').skip(1);
        let (PIECES, name) = (names.next()?, names.next()?) else { return None };
        Some(name)
    }

    /// A file made by one attempt. Job and fence are part of the key, so no two attempts ever write the same
    /// blob.
    pub fn artifact(lease: &LeaseId, name: &str) -> Result<Self, BlobKeyError> {
        Self::parse(&format!("{}{name}", BlobPrefix::attempt(lease).0))
    }

    /// A key that was stored.
    pub fn parse(text: &str) -> Result<Self, BlobKeyError> {
        match text.split('/').all(is_plain_name) {
            true => Ok(Self(text.to_owned())),
            false => Err(BlobKeyError(text.to_owned())),
        }
    }

    /// The text form, with `/` between names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BlobPrefix {
    /// All of an upload.
    #[must_use]
    pub fn upload(upload: &UploadId) -> Self {
        Self(format!("u/{upload}/"))
    }

    /// The pieces of an upload that is still arriving.
    #[must_use]
    pub fn upload_pieces(upload: &UploadId) -> Self {
        Self(format!("u/{upload}/{PIECES}/"))
    }

    /// All of a job.
    #[must_use]
    pub fn job(job: &JobId) -> Self {
        Self(format!("j/{job}/"))
    }

    /// All of one attempt.
    #[must_use]
    pub fn attempt(lease: &LeaseId) -> Self {
        Self(format!("j/{}/{}/", lease.job, lease.fence))
    }

    /// The place of the attempt or upload that something of this name lies in; `None` for what this program never
    /// wrote.
    #[must_use]
    pub fn of_place(name: &str) -> Option<Self> {
        let mut names = name.split('/');
        let depth = match names.next() {
            Some("j") => 3,
            Some("u") => 2,
            _ => return None,
        };
        let place: Vec<&str> = name.split('/').take(depth).collect();
        let is_below = name.split('/').count() > depth;
        Self::parse(&format!("{}/", place.join("/"))).ok().filter(|_| is_below)
    }

    /// All removals that are written down beside the bytes, day by day.
    #[must_use]
    pub fn all_removals() -> Self {
        Self(format!("{REMOVALS}/"))
    }

    /// The removals of a day, as they are written down beside the bytes.
    #[must_use]
    pub fn removals(day: Day) -> Self {
        Self(format!("{REMOVALS}/{}/", day.number()))
    }

    /// A prefix that was stored.
    pub fn parse(text: &str) -> Result<Self, BlobKeyError> {
        match text.strip_suffix('/') {
            Some(names) if names.split('/').all(is_plain_name) => Ok(Self(text.to_owned())),
            _ => Err(BlobKeyError(text.to_owned())),
        }
    }

    /// The text form, with a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first text after all that begin with this, byte by byte: whoever is at least [`Self::as_str`] and below this
    /// lies under it.
    #[must_use]
    pub fn end(&self) -> String {
        let names = self.0.trim_end_matches('/');
        format!("{names}{AFTER_SLASH}")
    }
}

const PIECES: &str = "pieces";
/// Comes right after the slash in ASCII.
const AFTER_SLASH: char = '0';

fn is_plain_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'))
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BlobPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeededEntropy;

    #[test]
    fn what_lies_somewhere_belongs_to_an_attempt_an_upload_or_nobody() {
        let place = |name: &str| BlobPrefix::of_place(name).map(|place| place.to_string());
        assert_eq!(place("j/job_1/2/0-master.wav").as_deref(), Some("j/job_1/2/"));
        assert_eq!(place("u/upl_1/.source.1.0.part").as_deref(), Some("u/upl_1/"));
        assert_eq!(place("u/upl_1/p/0").as_deref(), Some("u/upl_1/"));
        for nobodys in ["lost+found/1", "j/job_1", "j", "", "/etc/passwd", "j/../../x/y"] {
            assert_eq!(place(nobodys), None, "{nobodys:?}");
        }
    }

    #[test]
    fn a_piece_tells_its_span_and_nothing_else_is_a_piece() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let piece = BlobKey::upload_piece(&upload, 8_388_608, 2_147_483_648, 7);
        assert_eq!((piece.piece_span(), piece.piece_fence()), (Some((8_388_608, 2_147_483_648)), 7));
        let before_fences = BlobKey::parse(piece.as_str().strip_suffix("-7").unwrap()).unwrap();
        assert_eq!((before_fences.piece_span(), before_fences.piece_fence()), (piece.piece_span(), 0));
        assert_eq!(BlobKey::parse(piece.as_str()), Ok(piece.clone()));
        assert!(piece.as_str().starts_with(BlobPrefix::upload_pieces(&upload).as_str()));
        assert!(
            piece < BlobKey::upload_piece(&upload, 10_000_000_000, 10_000_000_001, 1),
            "in the order of offsets"
        );
        let lease = LeaseId { job: JobId::new(&SeededEntropy::new(1)), fence: 3 };
        for other in [BlobKey::upload_source(&upload), BlobKey::artifact(&lease, "1-2").unwrap()] {
            assert_eq!(other.piece_span(), None, "{other}");
        }
    }

    #[test]
    fn what_lies_under_a_prefix_is_a_range_of_texts() {
        let (one, other) = (UploadId::new(&SeededEntropy::new(1)), UploadId::new(&SeededEntropy::new(2)));
        let prefix = BlobPrefix::upload(&one);
        let is_under = |key: &BlobKey| (prefix.as_str()..prefix.end().as_str()).contains(&key.as_str());
        assert!(is_under(&BlobKey::upload_source(&one)) && is_under(&BlobKey::upload_piece(&one, 0, 1, 1)));
        assert!(!is_under(&BlobKey::upload_source(&other)));
        assert!(!is_under(&BlobKey::parse(&format!("u/{one}0/source")).unwrap()));
    }

    #[test]
    fn a_key_never_leaves_its_folder() {
        let lease = LeaseId { job: JobId::new(&SeededEntropy::new(1)), fence: 3 };
        let key = BlobKey::artifact(&lease, "master.wav24").unwrap();
        assert!(key.as_str().starts_with(BlobPrefix::attempt(&lease).as_str()));
        assert!(key.as_str().starts_with(BlobPrefix::job(&lease.job).as_str()));
        for name in ["../x", "..", "", "a/../../b", "Über.wav", ".hidden", "a\0b", "a b", &"a".repeat(65)] {
            assert!(BlobKey::artifact(&lease, name).is_err(), "{name:?}");
        }
        assert!(BlobKey::parse("/etc/passwd").is_err());
        assert!(BlobPrefix::parse("/").is_err() && BlobPrefix::parse("").is_err());
    }
}
