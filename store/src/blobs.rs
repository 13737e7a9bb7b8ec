//! Bytes by key. A blob appears whole or not at all, and once it is there it never changes; only an upload in
//! progress grows.

use std::ffi::OsString;
use std::io::{Error as IoError, ErrorKind, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use domain::blob::{BlobKey, BlobPrefix};
use domain::digest::Digest;
use domain::ids::UploadId;
use sha2::{Digest as _, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, Take};

use crate::figures::BlobOperation;

/// Read and written at once. Large enough that the disk, not the calls, sets the pace.
const BUFFER_BYTES: usize = 256 * 1024;

/// Where the bytes are.
#[derive(Clone, Debug)]
pub enum Blobs {
    /// Files below a folder. For one host.
    Folder(Folder),
}

/// Files below a folder; made by [`Blobs::folder`].
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
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
#[derive(Debug)]
pub struct BlobRead {
    /// The length of the whole blob.
    pub size_bytes: u64,
    /// The part; ends early if it was asked to go beyond the blob's end.
    pub reader: Take<File>,
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
    /// An upload has fewer bytes than we acknowledged: the disk lost some.
    #[error("upload {upload} has {found} bytes on disk, but {recorded} were acknowledged")]
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
}

type Result<T> = std::result::Result<T, BlobError>;

impl Blobs {
    /// A folder, made if it is missing; only this user may look inside.
    pub fn folder(root: &Path) -> Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .map_err(BlobError::io(root.display(), "made"))?;
        Ok(Self::Folder(Folder { root: root.to_owned() }))
    }

    /// Whether the place answers.
    pub async fn ping(&self) -> Result<()> {
        let Self::Folder(folder) = self;
        let found = fs::metadata(&folder.root).await;
        found.map(drop).map_err(BlobError::io(folder.root.display(), "found"))
    }

    /// Stores what `source` gives until its end. When this returns, the blob survives a power cut.
    pub async fn put(&self, key: &BlobKey, source: impl AsyncRead + Unpin) -> Result<Stored> {
        let _timed = BlobOperation::begin("put");
        let Self::Folder(folder) = self;
        folder.put(key, source).await.map_err(BlobError::io(key, "written"))
    }

    /// The part of a blob that begins at `from` and is at most `length` long; `None` if there is no such
    /// blob.
    pub async fn read(&self, key: &BlobKey, from: u64, length: u64) -> Result<Option<BlobRead>> {
        let _timed = BlobOperation::begin("read");
        let Self::Folder(folder) = self;
        match folder.read(key, from, length).await {
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(BlobError::io(key, "read")),
        }
    }

    /// Reads a blob and tells its length and hash; `None` if there is no such blob.
    pub async fn measure(&self, key: &BlobKey) -> Result<Option<Stored>> {
        let Some(whole) = self.read(key, 0, u64::MAX).await? else { return Ok(None) };
        let measured = copy(whole.reader, tokio::io::sink()).await;
        measured.map(Some).map_err(BlobError::io(key, "read"))
    }

    /// Where a child process finds the bytes; they need not exist.
    #[must_use]
    pub fn path_for_child(&self, key: &BlobKey) -> PathBuf {
        let Self::Folder(folder) = self;
        folder.path(key)
    }

    /// Deletes a blob. One that is not there is no error.
    pub async fn delete(&self, key: &BlobKey) -> Result<()> {
        let _timed = BlobOperation::begin("delete");
        let Self::Folder(folder) = self;
        folder.delete(key).await.map_err(BlobError::io(key, "deleted"))
    }

    /// Deletes all blobs whose keys begin with this. None being there is no error.
    pub async fn delete_prefix(&self, prefix: &BlobPrefix) -> Result<()> {
        let _timed = BlobOperation::begin("delete_prefix");
        let Self::Folder(folder) = self;
        folder.delete_prefix(prefix).await.map_err(BlobError::io(prefix, "deleted"))
    }

    /// Opens the growing file of an upload at the offset that is recorded for it. What lies beyond was never
    /// acknowledged and is cut off. One writer at a time: the caller holds the upload's lock.
    pub async fn open_append(&self, upload: &UploadId, recorded: u64) -> Result<Append> {
        let _timed = BlobOperation::begin("open_append");
        let Self::Folder(folder) = self;
        let path = folder.path(&BlobKey::upload_source(upload));
        let opened = folder.open_append(&path, recorded).await;
        let (file, found) = opened.map_err(BlobError::io(upload, "opened"))?;
        if found < recorded {
            return Err(BlobError::Shorter { upload: upload.clone(), recorded, found });
        }
        Ok(Append { upload: upload.clone(), file, offset: recorded })
    }
}

/// The growing file of an upload.
#[derive(Debug)]
pub struct Append {
    upload: UploadId,
    file: File,
    offset: u64,
}

impl Append {
    /// Adds bytes. They are not durable yet.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).await.map_err(BlobError::io(&self.upload, "written"))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Makes all that was written durable, and tells the offset that may be recorded and acknowledged now.
    pub async fn sync(&mut self) -> Result<u64> {
        let _timed = BlobOperation::begin("sync");
        let synced = async {
            self.file.flush().await?;
            self.file.sync_data().await
        };
        synced.await.map_err(BlobError::io(&self.upload, "synced"))?;
        Ok(self.offset)
    }
}

impl Folder {
    fn path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    async fn put(&self, key: &BlobKey, source: impl AsyncRead + Unpin) -> std::io::Result<Stored> {
        let path = self.path(key);
        let part = part_path(&path);
        let mut file = self.create(&part).await?;
        let stored = async {
            let stored = copy(source, &mut file).await?;
            file.sync_all().await?;
            fs::rename(&part, &path).await?;
            self.sync_folders_above(&path).await?;
            Ok(stored)
        }
        .await;
        if stored.is_err() {
            // Best effort: whatever stays goes with the prefix it lies under.
            let _ = fs::remove_file(&part).await;
        }
        stored
    }

    /// A new file, and the folders it needs. A sweep may remove an empty folder in between: then again.
    async fn create(&self, path: &Path) -> std::io::Result<File> {
        let mut tries_left = 5;
        loop {
            let created = async {
                make_folders_for(path).await?;
                File::create_new(path).await
            };
            match created.await {
                Err(error) if error.kind() == ErrorKind::NotFound && tries_left > 0 => tries_left -= 1,
                other => return other,
            }
        }
    }

    async fn read(&self, key: &BlobKey, from: u64, length: u64) -> std::io::Result<BlobRead> {
        let mut file = File::open(self.path(key)).await?;
        file.set_max_buf_size(BUFFER_BYTES);
        let size_bytes = file.metadata().await?.len();
        file.seek(SeekFrom::Start(from)).await?;
        Ok(BlobRead { size_bytes, reader: file.take(length) })
    }

    async fn open_append(&self, path: &Path, recorded: u64) -> std::io::Result<(File, u64)> {
        let is_new = !fs::try_exists(path).await?;
        make_folders_for(path).await?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path).await?;
        let found = file.metadata().await?.len();
        if found > recorded {
            file.set_len(recorded).await?;
        }
        if is_new {
            file.sync_all().await?;
            self.sync_folders_above(path).await?;
        }
        file.seek(SeekFrom::Start(recorded)).await?;
        file.set_max_buf_size(BUFFER_BYTES);
        Ok((file, found))
    }

    async fn delete(&self, key: &BlobKey) -> std::io::Result<()> {
        let path = self.path(key);
        unless_missing(fs::remove_file(&path).await)?;
        self.sync_folders_above(&path).await
    }

    async fn delete_prefix(&self, prefix: &BlobPrefix) -> std::io::Result<()> {
        let folder = self.root.join(prefix.as_str());
        unless_missing(fs::remove_dir_all(&folder).await)?;
        // The job's folder goes with its last attempt; `j` and `u` may stay. It fails if anything is left
        // inside.
        if let Some(above) = folder.parent().filter(|above| above.parent() != Some(&self.root)) {
            let _ = fs::remove_dir(above).await;
        }
        self.sync_folders_above(&folder).await
    }

    /// Makes the names of a path durable: a file's own sync does not cover the folder that names it.
    async fn sync_folders_above(&self, path: &Path) -> std::io::Result<()> {
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root)) {
            match File::open(folder).await {
                Ok(folder) => folder.sync_all().await?,
                Err(error) if error.kind() == ErrorKind::NotFound => {} // then its parent is what names it
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

async fn make_folders_for(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).await,
        None => Ok(()),
    }
}

/// Where a blob grows until it is whole: beside its place, so that it goes with the same prefix; no key
/// begins with a dot; no two writers of this process share one, and none with another process's.
fn part_path(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.{number}.part", std::process::id()));
    path.with_file_name(name)
}

async fn copy(
    mut source: impl AsyncRead + Unpin,
    target: impl tokio::io::AsyncWrite,
) -> std::io::Result<Stored> {
    tokio::pin!(target);
    let mut hasher = Sha256::new();
    let mut size_bytes = 0;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = source.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        target.write_all(&buffer[..count]).await?;
        size_bytes += count as u64;
    }
    target.flush().await?;
    Ok(Stored { size_bytes, sha256: Digest::from_bytes(hasher.finalize().into()) })
}

fn unless_missing(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
#[path = "blobs_tests.rs"]
mod tests;
