//! The operations on wrapped keys: of accounts, whose words they seal, and of blobs. A key's row is there before the
//! first byte that it seals, and goes before the last one: bytes without a row are bytes that nobody can read.

use domain::blob::{BlobKey, BlobPrefix};
use domain::clock::Timestamp;

use crate::error::Result;
#[cfg(doc)]
use crate::error::StoreError;
use crate::sealing::{KekId, Keyring, SealId};
use crate::{Engine, Store, postgres, sqlite};

/// The key of one write of a blob.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WrappedKey {
    /// Named in the header of what it sealed.
    pub(crate) seal: SealId,
    /// What wrapped it.
    pub(crate) kek: KekId,
    /// It, wrapped.
    pub(crate) wrapped: Vec<u8>,
}

impl std::fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WrappedKey").field("seal", &self.seal).field("kek", &self.kek).finish_non_exhaustive()
    }
}

/// The keys of accounts.
impl Store {
    /// Gives this store, and all clones of it, the keys of what people wrote: without them an operation that reads or
    /// writes an address or a name is [`StoreError::Locked`], and a job has no title. Refuses a keyring that lacks a
    /// key which the database needs. Rows of a database that an older program made are sealed here, before this
    /// returns.
    pub async fn unlock(&self, keyring: &Keyring) -> Result<()> {
        for kek in self.keks_in_use().await? {
            keyring.must_hold(kek)?;
        }
        each!(self, texts::unlock(keyring))?;
        // As long as it takes: nothing is served before.
        match &self.0 {
            Engine::Sqlite(db) => sqlite::older_rows::seal(db).await,
            Engine::Postgres(db) => postgres::older_rows::seal(db).await,
        }
    }

    /// Wraps keys of accounts that this KEK wraps with the newest one, and tells how many; 0 when all is done.
    pub(crate) async fn rewrap_texts(&self, old: KekId, keyring: &Keyring, limit: u32) -> Result<u64> {
        each!(self, texts::rewrap_texts(old, keyring, limit))
    }
}

/// The keys of blobs.
impl Store {
    /// Which KEKs the keys of blobs, of accounts and of tags are wrapped with, oldest first; none in a new database.
    pub async fn keks_in_use(&self) -> Result<Vec<KekId>> {
        each!(self, blob_keys::keks_in_use())
    }

    /// Keeps the key of a write that is about to begin.
    pub(crate) async fn keep_blob_key(&self, blob: &BlobKey, key: &WrappedKey, now: Timestamp) -> Result<()> {
        each!(self, blob_keys::keep_blob_key(blob, key, now))
    }

    /// The keys of a blob: of the write that counts, and of others that were given up or overwritten.
    pub(crate) async fn blob_keys(&self, blob: &BlobKey) -> Result<Vec<WrappedKey>> {
        each!(self, blob_keys::blob_keys(blob))
    }

    /// Forgets the key of a write that failed.
    pub(crate) async fn forget_blob_key(&self, blob: &BlobKey, seal: SealId) -> Result<()> {
        each!(self, blob_keys::forget_blob_key(blob, seal))
    }

    /// Destroys all keys of a blob: nobody can read it any more.
    pub(crate) async fn shred_blob(&self, blob: &BlobKey) -> Result<()> {
        each!(self, blob_keys::shred_blob(blob))
    }

    /// Destroys the keys of all blobs below a prefix.
    pub(crate) async fn shred_blobs(&self, prefix: &BlobPrefix) -> Result<()> {
        each!(self, blob_keys::shred_blobs(prefix))
    }

    /// The blobs below a prefix that have keys, in order.
    pub(crate) async fn blobs_with_keys(&self, prefix: &BlobPrefix) -> Result<Vec<BlobKey>> {
        each!(self, blob_keys::blobs_with_keys(prefix))
    }

    /// When the last write of a blob began; `None` if it has no key.
    pub(crate) async fn blob_written_at(&self, blob: &BlobKey) -> Result<Option<Timestamp>> {
        each!(self, blob_keys::blob_written_at(blob))
    }

    /// Some keys that this KEK wraps.
    pub(crate) async fn blob_keys_under(&self, kek: KekId, limit: u32) -> Result<Vec<(BlobKey, WrappedKey)>> {
        each!(self, blob_keys::blob_keys_under(kek, limit))
    }

    /// Puts the same keys, wrapped anew, in the place of those that are there. What was shredded meanwhile stays so.
    pub(crate) async fn replace_blob_keys(&self, anew: &[(BlobKey, WrappedKey)]) -> Result<()> {
        each!(self, blob_keys::replace_blob_keys(anew))
    }
}
