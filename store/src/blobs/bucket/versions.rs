//! What there is in a bucket: all versions of all objects, what marks them as deleted, and uploads that were never
//! completed.

use aws_sdk_s3::primitives::DateTime;
use domain::blob::{BlobKey, BlobPrefix};
use domain::clock::Timestamp;

use super::{Bucket, failure};
use crate::blobs::{BlobError, Listed, Result};

/// One version of an object, or the mark of its deletion.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) object: String,
    pub(super) id: String,
    size_bytes: u64,
    modified: Option<DateTime>,
}

/// A write that may never end.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) object: String,
    pub(super) id: String,
}

/// A write of ours that may never end.
#[derive(Debug)]
pub(in crate::blobs) struct Write {
    pub(in crate::blobs) blob: BlobKey,
    pub(super) upload: Unfinished,
}

/// Where a listing goes on.
#[derive(Clone, Debug)]
enum Next {
    Versions { after: Option<(String, Option<String>)> },
    Uploads { after: Option<(String, Option<String>)> },
    End,
}

/// All below a prefix, page by page.
#[derive(Debug)]
pub(in crate::blobs) struct Pages {
    bucket: Bucket,
    prefix: String,
    next: Next,
}

#[derive(Debug)]
pub(super) enum Page {
    Versions(Vec<Version>),
    Uploads(Vec<Unfinished>),
}

impl Bucket {
    pub(in crate::blobs) fn pages(&self, within: Option<&BlobPrefix>) -> Pages {
        self.pages_of(within.map_or("", BlobPrefix::as_str))
    }

    pub(super) fn pages_of(&self, within: &str) -> Pages {
        let prefix = format!("{}{within}", self.address.prefix);
        Pages { bucket: self.clone(), prefix, next: Next::Versions { after: None } }
    }

    pub(in crate::blobs) async fn answers(&self) -> Result<()> {
        let refused = |cause| BlobError::io(&self.address, "listed")(cause);
        let request =
            self.client.list_object_versions().bucket(&self.address.name).prefix(&self.address.prefix);
        request.max_keys(1).send().await.map_err(|error| refused(failure(&error)))?;
        let request =
            self.client.list_multipart_uploads().bucket(&self.address.name).prefix(&self.address.prefix);
        request.max_uploads(1).send().await.map_err(|error| refused(failure(&error)))?;
        Ok(())
    }

    /// Every write of a blob that was begun and not ended.
    pub(in crate::blobs) async fn unfinished(&self) -> Result<Vec<Write>> {
        let mut pages = Pages { next: Next::Uploads { after: None }, ..self.pages(None) };
        let mut found = Vec::new();
        while let Some(page) = pages.page().await? {
            let Page::Uploads(uploads) = page else { continue };
            let of_ours = uploads.into_iter().filter_map(|upload| {
                let blob = BlobKey::parse(upload.object.strip_prefix(&self.address.prefix)?).ok()?;
                Some(Write { blob, upload })
            });
            found.extend(of_ours);
        }
        Ok(found)
    }
}

impl Pages {
    pub(in crate::blobs) async fn next(&mut self) -> Result<Option<Vec<Listed>>> {
        while let Some(page) = self.page().await? {
            let name = |object: String| match object.strip_prefix(&self.bucket.address.prefix) {
                Some(name) => name.to_owned(),
                None => object,
            };
            let listed: Vec<Listed> = match page {
                Page::Versions(versions) => versions
                    .into_iter()
                    .map(|one| Listed {
                        name: name(one.object),
                        size_bytes: one.size_bytes,
                        modified: time(one.modified),
                    })
                    .collect(),
                Page::Uploads(uploads) => uploads
                    .into_iter()
                    .map(|one| Listed { name: name(one.object), size_bytes: 0, modified: time(None) })
                    .collect(),
            };
            if !listed.is_empty() {
                return Ok(Some(listed));
            }
        }
        Ok(None)
    }

    /// The next page, which may be empty; `None` at the end.
    pub(super) async fn page(&mut self) -> Result<Option<Page>> {
        match self.next.clone() {
            Next::Versions { after } => self.versions(after).await.map(Some),
            Next::Uploads { after } => self.uploads(after).await.map(Some),
            Next::End => Ok(None),
        }
    }

    async fn versions(&mut self, after: Option<(String, Option<String>)>) -> Result<Page> {
        let (key, id) = after.unzip();
        let request = self.bucket.client.list_object_versions().bucket(&self.bucket.address.name);
        let request = request.prefix(&self.prefix).set_key_marker(key).set_version_id_marker(id.flatten());
        let answer = request.send().await.map_err(|error| self.refused(failure(&error)))?;
        let versions = answer.versions().iter().map(|one| Version {
            object: one.key().unwrap_or_default().to_owned(),
            id: one.version_id().unwrap_or(UNVERSIONED).to_owned(),
            size_bytes: one.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            modified: one.last_modified().copied(),
        });
        let markers = answer.delete_markers().iter().map(|one| Version {
            object: one.key().unwrap_or_default().to_owned(),
            id: one.version_id().unwrap_or(UNVERSIONED).to_owned(),
            size_bytes: 0,
            modified: one.last_modified().copied(),
        });
        let page = versions.chain(markers).collect();
        let after = answer.next_key_marker().map(ToOwned::to_owned);
        let after = after.map(|key| (key, answer.next_version_id_marker().map(ToOwned::to_owned)));
        self.next = match answer.is_truncated() {
            Some(true) if after.is_some() => Next::Versions { after },
            _ => Next::Uploads { after: None },
        };
        Ok(Page::Versions(page))
    }

    async fn uploads(&mut self, after: Option<(String, Option<String>)>) -> Result<Page> {
        let (key, id) = after.unzip();
        let request = self.bucket.client.list_multipart_uploads().bucket(&self.bucket.address.name);
        let request = request.prefix(&self.prefix).set_key_marker(key).set_upload_id_marker(id.flatten());
        let answer = request.send().await.map_err(|error| self.refused(failure(&error)))?;
        let page = answer.uploads().iter().filter_map(|one| {
            let object = one.key()?.to_owned();
            // Not every server heeds the prefix here.
            object.starts_with(&self.prefix).then_some(())?;
            Some(Unfinished { object, id: one.upload_id()?.to_owned() })
        });
        let page = page.collect();
        let after = answer.next_key_marker().map(ToOwned::to_owned);
        let after = after.map(|key| (key, answer.next_upload_id_marker().map(ToOwned::to_owned)));
        self.next = match answer.is_truncated() {
            Some(true) if after.is_some() => Next::Uploads { after },
            _ => Next::End,
        };
        Ok(Page::Uploads(page))
    }

    fn refused(&self, cause: std::io::Error) -> BlobError {
        BlobError::io(&self.prefix, "listed")(cause)
    }
}

/// What an object's one version is called in a bucket without versions.
const UNVERSIONED: &str = "null";

fn time(at: Option<DateTime>) -> Timestamp {
    let micros = at.map_or(0, |at| at.as_nanos() / 1000);
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
