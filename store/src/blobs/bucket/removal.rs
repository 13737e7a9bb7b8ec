//! Deleting from a bucket: every version, every mark, every unfinished upload, until a listing shows nothing.

use std::time::Duration;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use domain::blob::{BlobKey, BlobPrefix};

use super::versions::{Page, Unfinished, Version, Write};
use super::{Bucket, failure};
use crate::blobs::{BlobError, Result};

/// So often it is listed and deleted. The last time, nothing may be found.
const ROUNDS: u32 = 4;
const BETWEEN_ROUNDS: Duration = Duration::from_millis(200);
/// One request deletes no more.
const BATCH: usize = 1000;

/// What is to go.
#[derive(Clone, Copy)]
enum Doomed<'a> {
    One(&'a BlobKey),
    All(&'a BlobPrefix),
}

impl Bucket {
    pub(in crate::blobs) async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.delete_all(Doomed::One(key)).await
    }

    pub(in crate::blobs) async fn delete_prefix(&self, prefix: &BlobPrefix) -> Result<()> {
        self.delete_all(Doomed::All(prefix)).await
    }

    /// Ends a write that nobody goes on with.
    pub(in crate::blobs) async fn give_up(&self, write: &Write) -> Result<()> {
        self.abort(&write.upload.object, &write.upload.id).await
    }

    pub(super) async fn abort(&self, object: &str, id: &str) -> Result<()> {
        let request =
            self.client.abort_multipart_upload().bucket(&self.address.name).key(object).upload_id(id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|answer| answer.is_no_such_upload()) => Ok(()),
            Err(error) => Err(BlobError::io(object, "deleted")(failure(&error))),
        }
    }

    async fn delete_all(&self, doomed: Doomed<'_>) -> Result<()> {
        let within = match doomed {
            Doomed::One(key) => key.as_str(),
            Doomed::All(prefix) => prefix.as_str(),
        };
        // Other blobs may have longer names that begin with this one's.
        let object = format!("{}{within}", self.address.prefix);
        let is_meant = |name: &str| matches!(doomed, Doomed::All(_)) || name == object;
        let mut round = Round::default();
        for number in 0..ROUNDS {
            if number > 1 {
                tokio::time::sleep(BETWEEN_ROUNDS).await;
            }
            round = self.round(within, is_meant).await?;
            if round.found == 0 {
                return Ok(());
            }
        }
        let detail = round.refusal.unwrap_or_else(|| "it answers that they were deleted".to_owned());
        Err(BlobError::StillThere { blob: within.to_owned(), left: round.found, detail })
    }

    /// Deletes what a listing shows.
    async fn round(&self, within: &str, is_meant: impl Fn(&str) -> bool) -> Result<Round> {
        let (mut pages, mut round) = (self.pages_of(within), Round::default());
        while let Some(page) = pages.page().await? {
            match page {
                Page::Versions(mut versions) => {
                    versions.retain(|one| is_meant(&one.object));
                    round.found += versions.len();
                    for batch in versions.chunks(BATCH) {
                        let refusal = self.delete_versions(batch).await?;
                        round.refusal = round.refusal.or(refusal);
                    }
                }
                Page::Uploads(uploads) => {
                    for Unfinished { object, id } in uploads.iter().filter(|one| is_meant(&one.object)) {
                        round.found += 1;
                        self.abort(object, id).await?;
                    }
                }
            }
        }
        Ok(round)
    }

    /// Why one of them could not be deleted, if so.
    async fn delete_versions(&self, versions: &[Version]) -> Result<Option<String>> {
        let failed = |cause| BlobError::io(&self.address, "deleted")(cause);
        let named = |one: &Version| ObjectIdentifier::builder().key(&one.object).version_id(&one.id).build();
        let objects = versions.iter().map(named).collect::<std::result::Result<Vec<_>, _>>();
        let objects = objects.map_err(|error| failed(std::io::Error::other(error)))?;
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|error| failed(std::io::Error::other(error)))?;
        let request = self.client.delete_objects().bucket(&self.address.name).delete(delete);
        let answer = request.send().await.map_err(|error| failed(failure(&error)))?;
        let told = |error: &aws_sdk_s3::types::Error| {
            format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
        };
        Ok(answer.errors().first().map(told))
    }
}

#[derive(Default)]
struct Round {
    found: usize,
    refusal: Option<String>,
}
