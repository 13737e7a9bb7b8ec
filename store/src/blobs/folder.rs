//! Blobs as files below a folder. For one host, or for several that see the same files.

use std::ffi::OsString;
use std::io::{ErrorKind, Result, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use domain::blob::{BlobKey, BlobPrefix};
use tokio::fs::{self, File};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader};

use super::BUFFER_BYTES;
use super::place::Sealed;
use crate::sealing::segments::{HEADER_BYTES, Layout, SealId};
use crate::sealing::stream::{Sealing, Span, Supply};

#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        Ok(Self { root: root.to_owned() })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    pub(super) async fn put<R: AsyncRead + Unpin>(
        &self,
        key: &BlobKey,
        sealing: &mut Sealing<R>,
    ) -> Result<()> {
        let path = self.path(key);
        let part = part_path(&path, sealing.seal());
        let mut file = self.create(&part).await?;
        let written = async {
            let mut buffer = Vec::with_capacity(2 * BUFFER_BYTES);
            while sealing.fill(&mut buffer, BUFFER_BYTES).await? == Supply::More {
                file.write_all(&buffer).await?;
                buffer.clear();
            }
            file.write_all(&buffer).await?;
            file.flush().await?;
            file.sync_all().await?;
            fs::rename(&part, &path).await?;
            self.sync_folders_above(&path).await
        }
        .await;
        if written.is_err() {
            // Best effort: whatever stays goes with the prefix it lies under.
            let _ = fs::remove_file(&part).await;
        }
        written
    }

    pub(super) async fn mark(&self, key: &BlobKey) -> Result<()> {
        let path = self.path(key);
        make_folders_for(&path).await?;
        File::create(&path).await?.sync_all().await?;
        self.sync_folders_above(&path).await
    }

    pub(super) async fn folders(&self, prefix: &BlobPrefix) -> Result<Vec<String>> {
        let mut entries = match fs::read_dir(self.root.join(prefix.as_str())).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            names.extend(entry.file_name().into_string());
        }
        Ok(names)
    }

    /// A new file, and the folders it needs. A sweep may remove an empty folder in between: then again.
    async fn create(&self, path: &Path) -> Result<File> {
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

    pub(super) async fn open(&self, key: &BlobKey, span: Span) -> Result<Option<Sealed>> {
        let mut file = match File::open(self.path(key)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let size_bytes = file.metadata().await?.len();
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header).await?;
        let first = Layout::segment_of(span.from);
        if first > 0 {
            file.seek(SeekFrom::Start(Layout::sealed_offset(first))).await?;
        }
        let segments = Box::pin(BufReader::with_capacity(BUFFER_BYTES, file));
        Ok(Some(Sealed { size_bytes, header, segments }))
    }

    pub(super) async fn delete(&self, key: &BlobKey) -> Result<()> {
        let path = self.path(key);
        unless_missing(fs::remove_file(&path).await)?;
        self.sync_folders_above(&path).await
    }

    /// Deletes what is no blob yet.
    pub(super) async fn delete_part(&self, name: &str) -> Result<()> {
        unless_missing(fs::remove_file(self.root.join(name)).await)
    }

    pub(super) async fn delete_prefix(&self, prefix: &BlobPrefix) -> Result<()> {
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
    async fn sync_folders_above(&self, path: &Path) -> Result<()> {
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

async fn make_folders_for(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).await,
        None => Ok(()),
    }
}

/// Where a blob grows until it is whole: beside its place, so that it goes with the same prefix; no key
/// begins with a dot; no two writers share one, on whatever hosts: the id of a write's key is random, and the number
/// of a process would be that of another one in another container.
fn part_path(path: &Path, seal: SealId) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{seal:?}.0.part"));
    path.with_file_name(name)
}

/// The blob that a file, by its name, is a part of; `None` if it is a blob already.
pub(super) fn blob_of_part(name: &str) -> Option<BlobKey> {
    let (folder, name) = name.rsplit_once('/')?;
    let name = name.strip_prefix('.')?.strip_suffix(".part")?;
    let mut from_the_end = name.rsplitn(3, '.');
    let (_number, _seal) = (from_the_end.next()?, from_the_end.next()?);
    BlobKey::parse(&format!("{folder}/{}", from_the_end.next()?)).ok()
}

fn unless_missing(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
