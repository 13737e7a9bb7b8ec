//! The keys of blobs: made, kept wrapped in the database, unwrapped for a read.

use std::sync::Arc;

use domain::blob::BlobKey;
use domain::clock::Clock;
use domain::ids::Entropy;
use zeroize::Zeroizing;

use super::keyring::{Keyring, KeyringError};
use super::segments::{BlobCipher, KEY_BYTES, SealId};
use crate::blob_keys::WrappedKey;
use crate::blobs::BlobError;
use crate::{Store, StoreError};

/// How many keys are wrapped anew in one transaction.
const PAGE: u32 = 500;

#[derive(Clone)]
pub(crate) struct Vault {
    pub(crate) store: Store,
    keyring: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    /// Refuses a keyring that lacks a key which the database needs, before anything is served or overwritten, and gives
    /// the store the keys of what is sealed in its rows.
    pub(crate) async fn open(
        store: Store,
        keyring: Keyring,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BlobError> {
        store.unlock(&keyring).await.map_err(|error| match error {
            StoreError::Keyring(cause) => BlobError::Keyring(cause),
            other => BlobError::Rows(other),
        })?;
        Ok(Self { store, keyring, clock, entropy })
    }

    /// A fresh key for one write of a blob. Its row is durable when this returns.
    pub(crate) async fn new_key(&self, blob: &BlobKey) -> Result<BlobCipher, BlobError> {
        let seal = SealId::new(&*self.entropy);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        self.entropy.fill(key.as_mut_slice());
        let row = wrapped(&self.keyring, blob, seal, &key, &*self.entropy)?;
        self.store.keep_blob_key(blob, &row, self.clock.now()).await?;
        Ok(BlobCipher::new(seal, &key))
    }

    /// The key among `rows` that a blob's header names; `None` if it is not one of them.
    pub(crate) fn cipher(
        &self,
        blob: &BlobKey,
        rows: &[WrappedKey],
        seal: SealId,
    ) -> Result<Option<BlobCipher>, BlobError> {
        let Some(row) = rows.iter().find(|row| row.seal == seal) else { return Ok(None) };
        let key = self.keyring.unwrap(blob, seal, row.kek, &row.wrapped)?;
        Ok(Some(BlobCipher::new(seal, &key)))
    }
}

/// Wraps every key that an older KEK wraps with the newest one, and tells how many. Blobs stay as they are, and
/// readable all the while. Once this has ended, an older KEK is needed for backups of the database alone.
pub async fn rewrap(store: &Store, keyring: &Keyring, entropy: &dyn Entropy) -> Result<u64, BlobError> {
    let newest = keyring.newest();
    let mut count = 0;
    for old in store.keks_in_use().await?.into_iter().filter(|kek| Some(*kek) != newest) {
        loop {
            let page = store.blob_keys_under(old, PAGE).await?;
            if page.is_empty() {
                break;
            }
            let mut anew = Vec::with_capacity(page.len());
            for (blob, row) in page {
                let key = keyring.unwrap(&blob, row.seal, row.kek, &row.wrapped)?;
                let row = wrapped(keyring, &blob, row.seal, &key, entropy)?;
                anew.push((blob, row));
            }
            count += anew.len() as u64;
            store.replace_blob_keys(&anew).await?;
        }
        loop {
            let some = store.rewrap_texts(old, keyring, PAGE).await?;
            if some == 0 {
                break;
            }
            count += some;
        }
    }
    Ok(count)
}

fn wrapped(
    keyring: &Keyring,
    blob: &BlobKey,
    seal: SealId,
    key: &Zeroizing<[u8; KEY_BYTES]>,
    entropy: &dyn Entropy,
) -> Result<WrappedKey, KeyringError> {
    let none = || KeyringError::Empty("memory".into());
    let (kek, wrapped) = keyring.wrap(blob, seal, key, entropy).ok_or_else(none)?;
    Ok(WrappedKey { seal, kek, wrapped })
}
