//! Bytes by key. A blob appears whole or not at all, and once it is there it never changes. What lies on a disk or in
//! a bucket is sealed ([`crate::sealing`]): whoever has it has nothing, and what is not what we stored is never given
//! out.
//!
//! | module | what |
//! |---|---|
//! | this page | what can be done with blobs, wherever they are |
//! | `place` | where they are: one of the next two |
//! | `folder` | on this host's disk |
//! | `bucket` | in a bucket of an object store |
//! | `pieces` | an upload that is still arriving |
//! | `listing` | what there is |
//! | `abandoned` | writes that nobody goes on with |

mod abandoned;
mod bucket;
mod folder;
mod listing;
mod pieces;
mod place;
mod removal_log;

use std::fmt;
use std::io::Error as IoError;
use std::sync::Arc;

use domain::blob::{BlobKey, BlobPrefix};
use domain::clock::Clock;
use domain::digest::Digest;
use domain::ids::{Entropy, UploadId};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};

pub use self::abandoned::ABANDONED_AFTER;
pub use self::bucket::{Access, BucketAddress, BucketAddressError};
pub use self::listing::{Listed, Listing};
pub use self::pieces::Append;
use self::place::Kind;
pub use self::place::Place;
use crate::figures::BlobOperation;
use crate::sealing::segments::{Layout, SealId};
pub use crate::sealing::stream::BlobReader;
use crate::sealing::stream::{self, Sealing, Span};
use crate::sealing::vault::Vault;
use crate::sealing::{Keyring, KeyringError};
use crate::{Store, StoreError};

/// Read and written at once. Large enough that the disk, not the calls, sets the pace.
const BUFFER_BYTES: usize = 256 * 1024;

/// Blobs. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Blobs {
    place: Place,
    vault: Vault,
}

/// What was stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Its length.
    pub size_bytes: u64,
    /// Of its bytes.
    pub sha256: Digest,
}

/// A part of a blob, to be read.
pub struct BlobRead {
    /// The length of the whole blob.
    pub size_bytes: u64,
    /// The part; ends early if it was asked to go beyond the blob's end. Where the blob turns out to be damaged it
    /// fails with [`std::io::ErrorKind::InvalidData`]: what came before was as it was stored, but it is not all.
    pub reader: BlobReader,
}

impl fmt::Debug for BlobRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobRead").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

/// Why a blob could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk refused.
    #[error("blob {blob} could not be {action}: {cause}")]
    Io {
        /// Which, or the folder of all.
        blob: String,
        /// What was tried: `read`, `written`, …
        action: &'static str,
        /// What the system says.
        cause: IoError,
    },
    /// It is not what was stored. Nothing of it may be used.
    #[error("blob {blob} is damaged: {detail}")]
    Damaged {
        /// Which.
        blob: String,
        /// How that shows.
        detail: String,
    },
    /// It was deleted while it was being written, and is not kept.
    #[error("blob {blob} was deleted while it was written")]
    Deleted {
        /// Which.
        blob: String,
    },
    /// A deletion was answered, and a listing still shows something. Its keys are gone, so nobody can read it.
    #[error("{left} things are still at {blob} after their deletion: {detail}")]
    StillThere {
        /// Which, or below which prefix.
        blob: String,
        /// How many, former versions and unfinished writes included.
        left: usize,
        /// What the place says of it.
        detail: String,
    },
    /// The database with the keys of blobs failed.
    #[error("the keys of blobs cannot be had: {0}")]
    Rows(#[from] StoreError),
    /// The keys that unwrap the keys of blobs are not there, or not the right ones.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// An upload has fewer bytes than we acknowledged: some were lost.
    #[error("upload {upload} has {found} bytes, but {recorded} were acknowledged")]
    Shorter {
        /// Which.
        upload: UploadId,
        /// What we told the sender.
        recorded: u64,
        /// What is there.
        found: u64,
    },
}

impl BlobError {
    fn io(blob: impl ToString, action: &'static str) -> impl FnOnce(IoError) -> Self {
        move |cause| Self::Io { blob: blob.to_string(), action, cause }
    }

    fn damaged(blob: &BlobKey, detail: impl ToString) -> Self {
        Self::Damaged { blob: blob.to_string(), detail: detail.to_string() }
    }

    /// What a reader found, which has no other way to say it.
    fn of_reader(blob: &BlobKey, cause: IoError) -> Self {
        match cause.downcast::<Self>() {
            Ok(inner) => inner,
            Err(cause) => Self::io(blob, "read")(cause),
        }
    }
}

type Result<T> = std::result::Result<T, BlobError>;

impl Blobs {
    /// The blobs at a place, with their keys in `store`. [`KeyringError::Missing`] if the keyring lacks a key that the
    /// database needs; an error of the place if it does not let us list what there is.
    pub async fn open(
        place: Place,
        store: Store,
        keyring: Keyring,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        let vault = Vault::open(store, keyring, clock, entropy).await?;
        place.answers().await?;
        Ok(Self { place, vault })
    }

    /// Whether the place answers.
    pub async fn ping(&self) -> Result<()> {
        self.place.answers().await
    }

    /// Stores what `source` gives until its end. When this returns, the blob survives a power cut.
    pub async fn put(&self, key: &BlobKey, source: impl AsyncRead + Unpin + Send) -> Result<Stored> {
        let _timed = BlobOperation::begin("put");
        let cipher = self.vault.new_key(key).await?;
        let seal = cipher.id();
        let mut sealing = Sealing::new(cipher, source);
        if let Err(error) = self.place.put(key, &mut sealing).await {
            // Best effort: a key without bytes opens nothing, and goes with its prefix.
            let _ = self.vault.store.forget_blob_key(key, seal).await;
            return Err(error);
        }
        let rows = self.vault.store.blob_keys(key).await?;
        if rows.iter().any(|row| row.seal == seal) {
            return Ok(sealing.stored());
        }
        if rows.is_empty() {
            self.delete(key).await?;
        }
        Err(BlobError::Deleted { blob: key.to_string() })
    }

    /// The part of a blob that begins at `from` and is at most `length` long; `None` if there is no such blob.
    pub async fn read(&self, key: &BlobKey, from: u64, length: u64) -> Result<Option<BlobRead>> {
        let _timed = BlobOperation::begin("read");
        let rows = self.vault.store.blob_keys(key).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let span = Span { from, length };
        let Some(sealed) = self.place.open(key, span).await? else { return Ok(None) };
        let seal = SealId::of_header(&sealed.header)
            .ok_or_else(|| BlobError::damaged(key, "it does not begin as a sealed blob does"))?;
        let layout = Layout::of_sealed(sealed.size_bytes).ok_or_else(|| {
            BlobError::damaged(key, format!("no sealed blob has {} bytes", sealed.size_bytes))
        })?;
        let cipher = self.vault.cipher(key, &rows, seal)?;
        let cipher = cipher.ok_or_else(|| BlobError::damaged(key, "it was sealed for another blob"))?;
        let opened = stream::open(key.to_string(), cipher, layout, span, sealed.segments).await;
        let reader = opened.map_err(|cause| BlobError::of_reader(key, cause))?;
        Ok(Some(BlobRead { size_bytes: layout.plain_bytes(), reader }))
    }

    /// Reads a blob and tells its length and hash; `None` if there is no such blob.
    pub async fn measure(&self, key: &BlobKey) -> Result<Option<Stored>> {
        let Some(mut whole) = self.read(key, 0, u64::MAX).await? else { return Ok(None) };
        let (mut hasher, mut size_bytes) = (Sha256::new(), 0);
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = whole.reader.read(&mut buffer).await;
            let count = read.map_err(|cause| BlobError::of_reader(key, cause))?;
            if count == 0 {
                return Ok(Some(Stored { size_bytes, sha256: Digest::from_bytes(hasher.finalize().into()) }));
            }
            hasher.update(&buffer[..count]);
            size_bytes += count as u64;
        }
    }

    /// Deletes a blob: its keys first, from when on nobody can read it. One that is not there is no error.
    pub async fn delete(&self, key: &BlobKey) -> Result<()> {
        let _timed = BlobOperation::begin("delete");
        self.vault.store.shred_blob(key).await?;
        self.place.delete(key).await
    }

    /// Deletes all blobs whose keys begin with this: their keys first, from when on nobody can read them; then the
    /// bytes, former versions and unfinished writes included, until a listing shows nothing. None being there is no
    /// error.
    pub async fn delete_prefix(&self, prefix: &BlobPrefix) -> Result<()> {
        let _timed = BlobOperation::begin("delete_prefix");
        self.vault.store.shred_blobs(prefix).await?;
        self.place.delete_prefix(prefix).await
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blobs").field(&self.place).finish()
    }
}

#[cfg(test)]
mod contract;
