//! Blobs as objects of a bucket that speaks S3. For any number of hosts.
//!
//! Whether an object is there, or gone, is told by what a listing of all versions and unfinished uploads shows, never
//! by `HEAD`: in a bucket with versions that says «not there» of what anybody may still read.
//!
//! | module | what |
//! |---|---|
//! | this page | the connection, and writing |
//! | `download` | reading, and going on where a connection broke |
//! | `removal` | deleting until nothing is left |
//! | `versions` | what there is |

mod download;
mod removal;
mod versions;

use std::fmt;
use std::io::{Error as IoError, Result as IoResult};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use aws_sdk_s3::{Client, config};
use aws_smithy_http_client::tls;
use bytes::Bytes;
use domain::blob::{BlobKey, BlobKeyError, BlobPrefix};
use tokio::io::AsyncRead;

pub(super) use self::versions::Pages;
use crate::sealing::segments::HEADER_BYTES;
use crate::sealing::stream::{Sealing, Supply};

/// What is sent at once, and held in memory until it was received; no part but the last may be below 5 MiB. A piece of
/// an upload fits into one.
const PART_BYTES: usize = 9 * 1024 * 1024;
/// To connect, and until an answer begins.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same, when a part has to get there first.
const PATIENCE_FOR_PARTS: Duration = Duration::from_secs(60);
/// Each request is sent so often at most. How many are sent again is limited by a budget besides, which successes fill.
const TRIES: u32 = 5;
/// Before the first time; then twice as long each time, shortened by chance.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Which bucket, and below which prefix in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketAddress {
    name: String,
    /// Empty, or with a slash at its end.
    prefix: String,
}

/// A text that is no address of a bucket.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BucketAddressError {
    /// It does not begin as one does.
    #[error("the address of a bucket is s3://BUCKET or s3://BUCKET/PREFIX, not {0:?}")]
    Form(String),
    /// Its bucket cannot be called so.
    #[error("a bucket's name is 3 to 63 of a-z, 0-9, dot and dash, not {0:?}")]
    Name(String),
    /// Its prefix cannot be the beginning of a key.
    #[error("its prefix cannot be used: {0}")]
    Prefix(#[from] BlobKeyError),
}

impl BucketAddress {
    /// From `s3://BUCKET/PREFIX`.
    pub fn parse(url: &str) -> Result<Self, BucketAddressError> {
        let rest = url.strip_prefix("s3://").ok_or_else(|| BucketAddressError::Form(url.to_owned()))?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
        if !(3..=63).contains(&name.len()) || !name.bytes().all(is_plain) {
            return Err(BucketAddressError::Name(name.to_owned()));
        }
        let prefix = match prefix.trim_end_matches('/') {
            "" => String::new(),
            prefix => format!("{}/", BlobKey::parse(prefix)?),
        };
        Ok(Self { name: name.to_owned(), prefix })
    }
}

#[cfg(test)]
impl BucketAddress {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for BucketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.name, self.prefix)
    }
}

/// How a bucket is reached, and who we are there.
#[derive(Clone, Debug)]
pub enum Access {
    /// By what AWS's own tools read: variables, profiles, roles of the machine.
    Usual {
        /// Another service than AWS, as in `https://s3.example.org`.
        endpoint: Option<String>,
    },
    /// As it is said here.
    Given {
        /// Where it is.
        endpoint: String,
        /// Name and secret of an access key.
        key: (String, String),
    },
}

/// A bucket. Cheap to clone.
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) client: Client,
    pub(super) address: BucketAddress,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.address)
    }
}

impl Bucket {
    pub(super) async fn new(address: &BucketAddress, access: Access) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let config = match access {
            Access::Usual { endpoint } => {
                let usual = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
                let endpoint = endpoint.or_else(|| usual.endpoint_url().map(ToOwned::to_owned));
                let config = Builder::from(&usual);
                match (endpoint, usual.region()) {
                    (Some(endpoint), None) => {
                        elsewhere(config, &endpoint).region(Region::from_static(ANY_REGION))
                    }
                    (Some(endpoint), Some(_)) => elsewhere(config, &endpoint),
                    (None, _) => config,
                }
            }
            Access::Given { endpoint, key: (name, secret) } => {
                let config = Builder::new().behavior_version(BehaviorVersion::latest()).http_client(http);
                let credentials = Credentials::new(name, secret, None, None, "given");
                elsewhere(config, &endpoint)
                    .region(Region::from_static(ANY_REGION))
                    .credentials_provider(credentials)
            }
        };
        let retries = RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(FIRST_PAUSE);
        let config = config.retry_config(retries).timeout_config(patience(PATIENCE)).build();
        Self { client: Client::from_conf(config), address: address.clone() }
    }

    pub(super) fn object(&self, key: &BlobKey) -> String {
        format!("{}{key}", self.address.prefix)
    }

    /// A small blob in one request, a large one in parts; either way it is there whole or not at all.
    pub(super) async fn put<R: AsyncRead + Unpin>(
        &self,
        key: &BlobKey,
        sealing: &mut Sealing<R>,
    ) -> IoResult<()> {
        let object = self.object(key);
        let mut part = Vec::with_capacity(2 * PART_BYTES);
        let supply = sealing.fill(&mut part, PART_BYTES + 1).await?;
        if supply == Supply::Done && part.len() <= PART_BYTES {
            let written = Written { header: sealing.header(), size_bytes: part.len() as u64 };
            let request = self.client.put_object().bucket(&self.address.name).key(&object);
            let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32).body(ByteStream::from(part));
            let sent = request.customize().config_override(slowly()).send().await;
            return match sent {
                Ok(_) => Ok(()),
                Err(error) => self.unless_there(&object, &written, failure(&error)).await,
            };
        }
        let request = self.client.create_multipart_upload().bucket(&self.address.name).key(&object);
        let begun = request.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await;
        let begun = begun.map_err(|error| failure(&error))?;
        let id = begun.upload_id().ok_or_else(|| IoError::other("the upload got no id"))?;
        let sent = self.put_parts(&object, id, sealing, part, supply).await;
        if sent.is_err() {
            // Best effort: what stays goes with its prefix, or once it has been abandoned for a day.
            let _ = self.abort(&object, id).await;
        }
        sent
    }

    pub(super) async fn mark(&self, key: &BlobKey) -> IoResult<()> {
        let request = self.client.put_object().bucket(&self.address.name).key(self.object(key));
        let sent = request.body(ByteStream::from_static(b"")).send().await;
        sent.map(drop).map_err(|error| failure(&error))
    }

    pub(super) async fn folders(&self, prefix: &BlobPrefix) -> IoResult<Vec<String>> {
        let prefix = format!("{}{prefix}", self.address.prefix);
        let request = self.client.list_objects_v2().bucket(&self.address.name).prefix(&prefix).delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure(&error))?;
            let folders = page.common_prefixes().iter().filter_map(|folder| folder.prefix());
            names.extend(
                folders
                    .filter_map(|folder| Some(folder.strip_prefix(&prefix)?.strip_suffix('/')?.to_owned())),
            );
        }
        Ok(names)
    }

    async fn put_parts<R: AsyncRead + Unpin>(
        &self,
        object: &str,
        id: &str,
        sealing: &mut Sealing<R>,
        mut part: Vec<u8>,
        mut supply: Supply,
    ) -> IoResult<()> {
        let mut parts = Vec::new();
        let mut size_bytes = 0;
        while !part.is_empty() {
            let rest = part.split_off(part.len().min(PART_BYTES));
            size_bytes += part.len() as u64;
            parts.push(self.put_part(object, id, parts.len() as i32 + 1, part.into()).await?);
            part = rest;
            if supply == Supply::More {
                supply = sealing.fill(&mut part, PART_BYTES + 1).await?;
            }
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.client.complete_multipart_upload().bucket(&self.address.name).key(object);
        let request = request.upload_id(id).multipart_upload(parts);
        match request.customize().config_override(slowly()).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let written = Written { header: sealing.header(), size_bytes };
                self.unless_there(object, &written, failure(&error)).await
            }
        }
    }

    async fn put_part(&self, object: &str, id: &str, number: i32, part: Bytes) -> IoResult<CompletedPart> {
        let request = self.client.upload_part().bucket(&self.address.name).key(object).upload_id(id);
        let request = request.part_number(number).checksum_algorithm(ChecksumAlgorithm::Crc32);
        let sent = request.body(ByteStream::from(part)).customize().config_override(slowly()).send().await;
        let sent = sent.map_err(|error| failure(&error))?;
        let done =
            CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag().map(ToOwned::to_owned));
        Ok(done.set_checksum_crc32(sent.checksum_crc32().map(ToOwned::to_owned)).build())
    }

    /// The answer to a write can be lost after the write was done, and then to do it again fails. Whether it was done
    /// is told by the object: no other write begins with the same header.
    async fn unless_there(&self, object: &str, written: &Written, error: IoError) -> IoResult<()> {
        match self.beginning(object).await {
            Ok(Some(there)) if there == *written => Ok(()),
            _ => Err(error),
        }
    }
}

/// By what a write is known.
#[derive(PartialEq, Eq, Debug)]
struct Written {
    header: [u8; HEADER_BYTES],
    size_bytes: u64,
}

/// Services that are not AWS's have one region, whatever it is called.
const ANY_REGION: &str = "us-east-1";

/// Services that are not AWS's mostly have no name of its own for each bucket.
fn elsewhere(config: Builder, endpoint: &str) -> Builder {
    config.endpoint_url(endpoint).force_path_style(true)
}

fn patience(longest: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(PATIENCE).read_timeout(longest).build()
}

fn slowly() -> config::Builder {
    Builder::new().timeout_config(patience(PATIENCE_FOR_PARTS))
}

/// What the service says, or what kept us from asking it.
fn failure<E>(error: &SdkError<E>) -> IoError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    if let Some(answer) = error.as_service_error() {
        let code = answer.code().unwrap_or("an error without a code");
        return IoError::other(format!(
            "the bucket answers {code}: {}",
            answer.message().unwrap_or_default()
        ));
    }
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        told = format!("{told}: {inner}");
        cause = inner.source();
    }
    IoError::other(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_bucket_has_a_name_and_perhaps_a_prefix() {
        let key = BlobKey::parse("u/1/source").unwrap();
        for (url, name, object) in [
            ("s3://mix-runners", "mix-runners", "u/1/source"),
            ("s3://mix-runners/", "mix-runners", "u/1/source"),
            ("s3://mix.runners/prod/eu", "mix.runners", "prod/eu/u/1/source"),
            ("s3://mix.runners/prod/eu/", "mix.runners", "prod/eu/u/1/source"),
        ] {
            let address = BucketAddress::parse(url).unwrap();
            assert_eq!(
                (address.name.as_str(), format!("{}{key}", address.prefix).as_str()),
                (name, object),
                "{url}"
            );
        }
        for wrong in
            ["https://mix", "s3://", "s3:///x", "s3://Mix", "s3://mi", "s3://mix/../x", "s3://mix//x"]
        {
            assert!(BucketAddress::parse(wrong).is_err(), "{wrong}");
        }
    }
}
