//! What there is at a place, whatever the database says: for sweeps that look for what nobody knows any more, and for
//! the proof that nothing is left.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use domain::blob::BlobPrefix;
use domain::clock::Timestamp;
use futures_util::FutureExt;
use tokio::fs;

use super::{BlobError, Blobs, Kind, Result, bucket};

/// One thing that lies there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its name. Mostly a blob's key; in a folder a part of a blob that is being written has another, in a bucket it
    /// has its blob's, and so has each former version.
    pub name: String,
    /// How many bytes it takes, sealed as it is.
    pub size_bytes: u64,
    /// When it was written, by the clock of the place.
    pub modified: Timestamp,
}

/// What there is, page by page, in no order. What comes or goes meanwhile may or may not be told.
#[derive(Debug)]
pub struct Listing(Pages);

#[derive(Debug)]
enum Pages {
    Folder(Walk),
    Bucket(Box<bucket::Pages>),
}

impl Listing {
    /// The next things, at least one; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Listed>>> {
        match &mut self.0 {
            Pages::Folder(walk) => {
                let page = walk.next().await;
                page.map_err(BlobError::io(walk.root.display(), "listed"))
            }
            Pages::Bucket(pages) => pages.next().boxed().await,
        }
    }
}

impl Blobs {
    /// All that lies below a prefix, or at the whole place.
    #[must_use]
    pub fn list(&self, within: Option<&BlobPrefix>) -> Listing {
        match &self.place.0 {
            Kind::Folder(folder) => {
                let start = within
                    .map_or_else(|| folder.root().to_owned(), |prefix| folder.root().join(prefix.as_str()));
                Listing(Pages::Folder(Walk { root: folder.root().to_owned(), left: vec![start] }))
            }
            Kind::Bucket(bucket) => Listing(Pages::Bucket(Box::new(bucket.pages(within)))),
        }
    }

    /// Whether nothing lies below a prefix: no blob, no part of one, and in a bucket no former version either.
    pub async fn is_empty(&self, prefix: &BlobPrefix) -> Result<bool> {
        Ok(self.list(Some(prefix)).next().await?.is_none())
    }
}

/// A folder and all below, one folder at a time.
#[derive(Debug)]
struct Walk {
    root: PathBuf,
    left: Vec<PathBuf>,
}

impl Walk {
    async fn next(&mut self) -> std::io::Result<Option<Vec<Listed>>> {
        while let Some(folder) = self.left.pop() {
            let page = self.page(&folder).await?;
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    async fn page(&mut self, folder: &Path) -> std::io::Result<Vec<Listed>> {
        let mut page = Vec::new();
        let Some(mut entries) = unless_gone(fs::read_dir(folder).await)? else { return Ok(page) };
        while let Some(entry) = entries.next_entry().await? {
            let Some(metadata) = unless_gone(entry.metadata().await)? else { continue };
            let path = entry.path();
            if metadata.is_dir() {
                self.left.push(path);
                continue;
            }
            let name = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned();
            let since_epoch = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            let modified = Timestamp::from_micros(0) + since_epoch;
            page.push(Listed { name, size_bytes: metadata.len(), modified });
        }
        Ok(page)
    }
}

fn unless_gone<T>(result: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
