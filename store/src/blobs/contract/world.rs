//! A place for blobs, rows for their keys, and a hand that reaches into the place past everything.

use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use domain::blob::{BlobKey, BlobPrefix};
use domain::clock::{HandClock, Timestamp};
use domain::digest::Digest;
use domain::ids::{JobId, SeededEntropy, UploadId};
use domain::lease::LeaseId;
use domain::retention::Retention;
use fixtures::moto::Moto;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt;

use crate::blobs::bucket::Bucket;
use crate::blobs::{Access, BlobError, Blobs, BucketAddress, Kind, Place, Result};
use crate::sealing::Keyring;
use crate::{Place as Rows, Store};

pub(super) struct World {
    pub(super) blobs: Blobs,
    pub(super) store: Store,
    pub(super) keyring: Keyring,
    pub(super) clock: Arc<HandClock>,
    pub(super) entropy: Arc<SeededEntropy>,
    pub(super) home: Home,
    folder: tempfile::TempDir,
}

/// Where the bytes are.
pub(super) enum Home {
    Folder(PathBuf),
    Bucket(Bucket),
}

/// Whether a bucket keeps what was overwritten or deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Versions {
    Lost,
    Kept,
    /// And may be locked, so that nobody can delete them.
    Lockable,
}

impl World {
    pub(super) async fn in_a_folder() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("blobs");
        let place = Place::folder(&root).unwrap();
        Some(Self::at(folder, Home::Folder(root), place).await)
    }

    /// `None` if there is no server for buckets.
    pub(super) async fn in_a_bucket(versions: Versions) -> Option<Self> {
        let server = Moto::of_this_process()?;
        let name = server.new_name();
        Self::new_bucket(&server.endpoint, &name, versions).await;
        Some(Self::in_bucket(&server.endpoint, &name).await)
    }

    /// In a bucket that is there, reached by another way.
    pub(super) async fn in_bucket(endpoint: &str, name: &str) -> Self {
        let place = Place::bucket(&address(name), access(endpoint)).await;
        let Kind::Bucket(bucket) = &place.0 else { panic!("a bucket") };
        let home = Home::Bucket(bucket.clone());
        Self::at(tempfile::tempdir().unwrap(), home, place).await
    }

    pub(super) async fn new_bucket(endpoint: &str, name: &str, versions: Versions) {
        let client = Bucket::new(&address(name), access(endpoint)).await.client;
        let create = client.create_bucket().bucket(name);
        create.object_lock_enabled_for_bucket(versions == Versions::Lockable).send().await.unwrap();
        if versions == Versions::Kept {
            let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            client
                .put_bucket_versioning()
                .bucket(name)
                .versioning_configuration(enabled)
                .send()
                .await
                .unwrap();
        }
    }

    async fn at(folder: tempfile::TempDir, home: Home, place: Place) -> Self {
        let entropy = Arc::new(SeededEntropy::new(1));
        let clock = Arc::new(HandClock::new(Timestamp::from_micros(1_800_000_000_000_000)));
        let rows = Rows::Folder(folder.path());
        let store = Store::open(rows, entropy.clone(), Retention::POLICY).await.unwrap();
        let keys = folder.path().join("keys");
        Keyring::init(&keys, &*entropy).unwrap();
        let keyring = Keyring::of_folder(&keys).unwrap();
        let opened = Blobs::open(place, store.clone(), keyring.clone(), clock.clone(), entropy.clone());
        let blobs = opened.await.unwrap();
        Self { blobs, store, keyring, clock, entropy, home, folder }
    }

    /// As another process with these keys sees the same blobs.
    pub(super) async fn beside(&self, keyring: Keyring) -> Result<Blobs> {
        let (place, store) = (self.blobs.place.clone(), self.store.clone());
        Blobs::open(place, store, keyring, self.clock.clone(), self.entropy.clone()).await
    }

    pub(super) fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    pub(super) async fn put(&self, key: &BlobKey, bytes: &[u8]) {
        let stored = self.blobs.put(key, bytes).await.unwrap();
        assert_eq!((stored.size_bytes, stored.sha256), (bytes.len() as u64, sha256(bytes)));
    }

    /// The whole blob; `None` if there is none.
    pub(super) async fn whole(&self, key: &BlobKey) -> Result<Option<Vec<u8>>> {
        part(&self.blobs, key, 0, u64::MAX).await
    }

    pub(super) async fn is_damaged(&self, key: &BlobKey) -> bool {
        matches!(self.whole(key).await, Err(BlobError::Damaged { blob, .. }) if blob == key.as_str())
    }

    /// What lies at the place, sealed as it is.
    pub(super) async fn raw(&self, key: &BlobKey) -> Vec<u8> {
        match &self.home {
            Home::Folder(root) => std::fs::read(root.join(key.as_str())).unwrap(),
            Home::Bucket(bucket) => {
                let get = bucket.client.get_object().bucket(bucket.address.name()).key(bucket.object(key));
                get.send().await.unwrap().body.collect().await.unwrap().to_vec()
            }
        }
    }

    pub(super) async fn put_raw(&self, key: &BlobKey, bytes: &[u8]) {
        match &self.home {
            Home::Folder(root) => {
                let path = root.join(key.as_str());
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            Home::Bucket(bucket) => {
                let put = bucket.client.put_object().bucket(bucket.address.name()).key(bucket.object(key));
                put.body(bytes.to_vec().into()).send().await.unwrap();
            }
        }
    }

    /// The bytes go, and the key stays.
    pub(super) async fn lose(&self, key: &BlobKey) {
        match &self.home {
            Home::Folder(root) => std::fs::remove_file(root.join(key.as_str())).unwrap(),
            Home::Bucket(bucket) => {
                let delete =
                    bucket.client.delete_object().bucket(bucket.address.name()).key(bucket.object(key));
                delete.send().await.unwrap();
            }
        }
    }

    /// As a process leaves it that dies in the middle of a write.
    pub(super) async fn break_off_a_write(&self, key: &BlobKey) {
        self.blobs.vault.new_key(key).await.unwrap();
        match &self.home {
            Home::Folder(root) => {
                let path = root.join(key.as_str());
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                let name = path.file_name().unwrap().to_str().unwrap();
                std::fs::write(path.with_file_name(format!(".{name}.4242.0.part")), b"half").unwrap();
            }
            Home::Bucket(bucket) => {
                let (name, object) = (bucket.address.name(), bucket.object(key));
                let create = bucket.client.create_multipart_upload().bucket(name).key(&object);
                let begun = create.send().await.unwrap();
                let part = bucket.client.upload_part().bucket(name).key(object).part_number(1);
                let part = part.set_upload_id(begun.upload_id().map(ToOwned::to_owned));
                part.body(b"half".to_vec().into()).send().await.unwrap();
            }
        }
    }

    /// Whether there is a folder for a prefix, which buckets do not have.
    pub(super) fn has_folder(&self, prefix: &BlobPrefix) -> bool {
        match &self.home {
            Home::Folder(root) => root.join(prefix.as_str()).exists(),
            Home::Bucket(_) => false,
        }
    }

    /// Everything below the place: names, also of what is no blob.
    pub(super) async fn names(&self) -> Vec<String> {
        self.names_below(None).await
    }

    pub(super) async fn names_below(&self, prefix: Option<&BlobPrefix>) -> Vec<String> {
        let (mut listing, mut names) = (self.blobs.list(prefix), Vec::new());
        while let Some(page) = listing.next().await.unwrap() {
            assert!(!page.is_empty());
            names.extend(page.into_iter().map(|one| one.name));
        }
        names.sort();
        names
    }
}

/// The part of a blob; an error of its reader is what the reader found.
pub(super) async fn part(blobs: &Blobs, key: &BlobKey, from: u64, length: u64) -> Result<Option<Vec<u8>>> {
    let Some(mut read) = blobs.read(key, from, length).await? else { return Ok(None) };
    let mut bytes = Vec::new();
    let whole = read.reader.read_to_end(&mut bytes).await;
    whole.map_err(|cause| BlobError::of_reader(key, cause))?;
    Ok(Some(bytes))
}

pub(super) fn attempt(fence: i64) -> LeaseId {
    LeaseId { job: JobId::new(&SeededEntropy::new(1)), fence }
}

pub(super) fn upload() -> UploadId {
    UploadId::new(&SeededEntropy::new(2))
}

pub(super) fn master() -> BlobKey {
    BlobKey::artifact(&attempt(1), "0-master.wav").unwrap()
}

/// Bytes of which no two stretches are alike.
pub(super) fn song(length: usize) -> Vec<u8> {
    (0..length.div_ceil(4) as u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(length)
        .collect()
}

pub(super) fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

/// Below a prefix, as a bucket that holds other things too.
fn address(bucket: &str) -> BucketAddress {
    BucketAddress::parse(&format!("s3://{bucket}/mix/runners")).unwrap()
}

fn access(endpoint: &str) -> Access {
    Access::Given { endpoint: endpoint.to_owned(), key: ("tests".to_owned(), "secret".to_owned()) }
}
