//! Reading from a bucket. Where a connection breaks in the middle, reading goes on with the next one from there.

use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use domain::blob::BlobKey;
use futures_util::stream;
use tokio::io::AsyncReadExt;
use tokio_util::io::StreamReader;

use super::{Bucket, Written, failure};
use crate::blobs::BlobReader;
use crate::blobs::place::Sealed;
use crate::sealing::segments::{HEADER_BYTES, Layout};
use crate::sealing::stream::Span;

/// So often one download may break before it is given up.
const BREAKS_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// A part of an object, and what is known of the whole.
struct Opened {
    size_bytes: u64,
    reader: BlobReader,
}

impl Bucket {
    pub(in crate::blobs) async fn open(&self, key: &BlobKey, span: Span) -> IoResult<Option<Sealed>> {
        let object = self.object(key);
        let first = Layout::segment_of(span.from);
        let end = match span.length {
            0 => HEADER_BYTES as u64,
            length => {
                let last = Layout::segment_of(span.from.saturating_add(length - 1));
                Layout::sealed_offset(last.saturating_add(1).min(u64::from(u32::MAX)))
            }
        };
        // Where the blob's beginning was asked for, its header comes with it.
        let header_end = if first == 0 { end } else { HEADER_BYTES as u64 };
        let Some(mut opened) = self.part(&object, 0, header_end).await? else { return Ok(None) };
        let mut header = [0; HEADER_BYTES];
        opened.reader.read_exact(&mut header).await?;
        let mut segments = opened.reader;
        if first > 0 {
            let from = Layout::sealed_offset(first);
            segments = match from < opened.size_bytes && from < end {
                true => match self.part(&object, from, end).await? {
                    Some(opened) => opened.reader,
                    None => return Ok(None),
                },
                false => Box::pin(tokio::io::empty()),
            };
        }
        Ok(Some(Sealed { size_bytes: opened.size_bytes, header, segments }))
    }

    /// By what the write is known that an object is from; `None` if there is no object.
    pub(super) async fn beginning(&self, object: &str) -> IoResult<Option<Written>> {
        let Some(mut opened) = self.part(object, 0, HEADER_BYTES as u64).await? else { return Ok(None) };
        let mut header = [0; HEADER_BYTES];
        opened.reader.read_exact(&mut header).await?;
        Ok(Some(Written { header, size_bytes: opened.size_bytes }))
    }

    /// From `from` to before `end`, or to the object's end.
    async fn part(&self, object: &str, from: u64, end: u64) -> IoResult<Option<Opened>> {
        let Some(answer) = self.ask(object, from, end, None).await? else { return Ok(None) };
        let Answer { size_bytes, tag, body } = answer;
        let end = end.min(size_bytes);
        let (bucket, object) = (self.clone(), object.to_owned());
        let download =
            Download { bucket, object, at: from, end, tag, body: Some(body), breaks_left: BREAKS_MAX };
        let blocks = stream::try_unfold(download, async |mut download| match download.next().await? {
            Some(block) => Ok::<_, IoError>(Some((block, download))),
            None => Ok(None),
        });
        Ok(Some(Opened { size_bytes, reader: Box::pin(StreamReader::new(Box::pin(blocks))) }))
    }

    async fn ask(&self, object: &str, from: u64, end: u64, tag: Option<String>) -> IoResult<Option<Answer>> {
        let request = self.client.get_object().bucket(&self.address.name).key(object).set_if_match(tag);
        let answer = match request.range(format!("bytes={from}-{}", end - 1)).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(|answer| answer.is_no_such_key()) => {
                return Ok(None);
            }
            // No byte is there, not even of a header.
            Err(error) if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 416) => {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            Err(error) => return Err(failure(&error)),
        };
        let whole = answer.content_range().and_then(|range| range.rsplit('/').next()?.parse().ok());
        let size_bytes = match whole {
            Some(size_bytes) => size_bytes,
            None => return Err(IoError::other("the bucket does not know ranges")),
        };
        Ok(Some(Answer { size_bytes, tag: answer.e_tag().map(ToOwned::to_owned), body: answer.body }))
    }
}

struct Answer {
    size_bytes: u64,
    /// Of this version of the object: what comes later must be of the same.
    tag: Option<String>,
    body: ByteStream,
}

struct Download {
    bucket: Bucket,
    object: String,
    at: u64,
    end: u64,
    tag: Option<String>,
    body: Option<ByteStream>,
    breaks_left: u32,
}

impl Download {
    async fn next(&mut self) -> IoResult<Option<Bytes>> {
        while self.at < self.end {
            let body = match &mut self.body {
                Some(body) => body,
                None => {
                    let answer = self.bucket.ask(&self.object, self.at, self.end, self.tag.clone()).await?;
                    let answer = answer.ok_or_else(|| IoError::other("the object went while it was read"))?;
                    self.body.insert(answer.body)
                }
            };
            let broken = match body.try_next().await {
                Ok(Some(block)) => {
                    self.at += block.len() as u64;
                    return Ok(Some(block));
                }
                Ok(None) => IoError::from(ErrorKind::UnexpectedEof),
                Err(error) => IoError::other(error),
            };
            if self.breaks_left == 0 {
                return Err(IoError::other(format!("the download broke off at byte {}: {broken}", self.at)));
            }
            self.breaks_left -= 1;
            self.body = None;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(None)
    }
}
