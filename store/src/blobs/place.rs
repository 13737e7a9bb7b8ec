//! Where the bytes of blobs are. Nobody below knows what they are: they come sealed, and go as they came.
//!
//! What a bucket does is boxed: its library's futures are types within types, too deep for who would hold them.

use std::io::ErrorKind;
use std::path::Path;

use domain::blob::{BlobKey, BlobPrefix};
use futures_util::FutureExt;
use tokio::io::AsyncRead;

use super::bucket::{Access, Bucket, BucketAddress};
use super::folder::Folder;
use super::{BlobError, BlobReader, Result};
use crate::sealing::segments::HEADER_BYTES;
use crate::sealing::stream::{Sealing, Span};

/// A folder or a bucket. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Place(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Folder(Folder),
    Bucket(Bucket),
}

/// What lies at a key, as it is stored.
pub(super) struct Sealed {
    pub(super) size_bytes: u64,
    pub(super) header: [u8; HEADER_BYTES],
    /// From the segment on that holds the first byte that was asked for.
    pub(super) segments: BlobReader,
}

impl Place {
    /// A folder, made if it is missing; only this user may look inside.
    pub fn folder(root: &Path) -> Result<Self> {
        Folder::new(root)
            .map(|folder| Self(Kind::Folder(folder)))
            .map_err(BlobError::io(root.display(), "made"))
    }

    /// A bucket of an object store that speaks S3. [`super::Blobs::open`] is the first to ask it anything.
    pub async fn bucket(address: &BucketAddress, access: Access) -> Self {
        Self(Kind::Bucket(Bucket::new(address, access).boxed().await))
    }

    /// Whether what is needed there is allowed: above all to list what is left after a deletion.
    pub(super) async fn answers(&self) -> Result<()> {
        match &self.0 {
            Kind::Folder(folder) => {
                let found = tokio::fs::metadata(folder.root()).await;
                found.map(drop).map_err(BlobError::io(folder.root().display(), "found"))
            }
            Kind::Bucket(bucket) => bucket.answers().boxed().await,
        }
    }

    pub(super) async fn put<R: AsyncRead + Unpin + Send>(
        &self,
        key: &BlobKey,
        sealing: &mut Sealing<R>,
    ) -> Result<()> {
        let written = match &self.0 {
            Kind::Folder(folder) => folder.put(key, sealing).await,
            Kind::Bucket(bucket) => bucket.put(key, sealing).boxed().await,
        };
        written.map_err(BlobError::io(key, "written"))
    }

    /// Writes an empty file, of which the name says all. Again is no error.
    pub(super) async fn mark(&self, key: &BlobKey) -> Result<()> {
        let written = match &self.0 {
            Kind::Folder(folder) => folder.mark(key).await,
            Kind::Bucket(bucket) => bucket.mark(key).boxed().await,
        };
        written.map_err(BlobError::io(key, "written"))
    }

    /// The names of the folders right below a prefix.
    pub(super) async fn folders(&self, prefix: &BlobPrefix) -> Result<Vec<String>> {
        let names = match &self.0 {
            Kind::Folder(folder) => folder.folders(prefix).await,
            Kind::Bucket(bucket) => bucket.folders(prefix).boxed().await,
        };
        names.map_err(BlobError::io(prefix, "listed"))
    }

    pub(super) async fn open(&self, key: &BlobKey, span: Span) -> Result<Option<Sealed>> {
        let opened = match &self.0 {
            Kind::Folder(folder) => folder.open(key, span).await,
            Kind::Bucket(bucket) => bucket.open(key, span).boxed().await,
        };
        opened.map_err(|cause| match cause.kind() {
            ErrorKind::UnexpectedEof => {
                BlobError::damaged(key, format!("it is shorter than a header of {HEADER_BYTES} bytes"))
            }
            _ => BlobError::io(key, "read")(cause),
        })
    }

    pub(super) async fn delete(&self, key: &BlobKey) -> Result<()> {
        match &self.0 {
            Kind::Folder(folder) => folder.delete(key).await.map_err(BlobError::io(key, "deleted")),
            Kind::Bucket(bucket) => bucket.delete(key).boxed().await,
        }
    }

    pub(super) async fn delete_prefix(&self, prefix: &BlobPrefix) -> Result<()> {
        match &self.0 {
            Kind::Folder(folder) => {
                folder.delete_prefix(prefix).await.map_err(BlobError::io(prefix, "deleted"))
            }
            Kind::Bucket(bucket) => bucket.delete_prefix(prefix).boxed().await,
        }
    }
}
