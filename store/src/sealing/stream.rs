//! Sealing on the way in, opening on the way out. One segment is in memory, however long the blob.

use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::pin::Pin;

use bytes::Bytes;
use domain::digest::Digest;
use futures_util::stream::{self, Stream, StreamExt};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::segments::{BlobCipher, HEADER_BYTES, Layout, SEGMENT_BYTES, SealId, TAG_BYTES, Turn};
use crate::blobs::{BlobError, Stored};

/// Whether there is more to be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Supply {
    /// There may be.
    More,
    /// All of it was sealed.
    Done,
}

/// A source of bytes, sealed as it is asked for.
pub(crate) struct Sealing<R> {
    cipher: BlobCipher,
    source: R,
    /// Read, not yet sealed: whether it is the last segment is known once the next one was read.
    held: Option<Vec<u8>>,
    next: Vec<u8>,
    number: u64,
    hasher: Sha256,
    size_bytes: u64,
}

impl<R: AsyncRead + Unpin> Sealing<R> {
    pub(crate) fn new(cipher: BlobCipher, source: R) -> Self {
        let next = Vec::with_capacity(SEGMENT_BYTES);
        Self { cipher, source, held: None, next, number: 0, hasher: Sha256::new(), size_bytes: 0 }
    }

    /// Adds to `sealed` what is stored, until it holds at least `enough` bytes or there is no more.
    pub(crate) async fn fill(&mut self, sealed: &mut Vec<u8>, enough: usize) -> IoResult<Supply> {
        let mut held = match self.held.take() {
            Some(held) => held,
            None if self.number == 0 => {
                sealed.extend_from_slice(&self.header());
                let mut first = Vec::with_capacity(SEGMENT_BYTES);
                self.read_into(&mut first).await?;
                first
            }
            None => return Ok(Supply::Done),
        };
        while sealed.len() < enough {
            let mut next = std::mem::take(&mut self.next);
            self.read_into(&mut next).await?;
            let turn = if next.is_empty() { Turn::Last } else { Turn::Inner };
            self.cipher.seal(self.number, turn, &held, sealed);
            self.number += 1;
            if turn == Turn::Last {
                return Ok(Supply::Done);
            }
            self.next = std::mem::replace(&mut held, next);
        }
        self.held = Some(held);
        Ok(Supply::More)
    }

    /// The source's next segment, empty at its end.
    async fn read_into(&mut self, segment: &mut Vec<u8>) -> IoResult<()> {
        segment.clear();
        (&mut self.source).take(SEGMENT_BYTES as u64).read_to_end(segment).await?;
        self.hasher.update(&segment);
        self.size_bytes += segment.len() as u64;
        Ok(())
    }

    /// What a stored blob begins with, which no other write of any blob does.
    pub(crate) fn header(&self) -> [u8; HEADER_BYTES] {
        self.cipher.id().header()
    }

    /// The id of the key that seals it.
    pub(crate) fn seal(&self) -> SealId {
        self.cipher.id()
    }

    /// What was read from the source.
    pub(crate) fn stored(self) -> Stored {
        Stored { size_bytes: self.size_bytes, sha256: Digest::from_bytes(self.hasher.finalize().into()) }
    }
}

/// Bytes of a blob, as they were before they were sealed.
pub type BlobReader = Pin<Box<dyn AsyncRead + Send>>;

/// Where to begin and to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) length: u64,
}

impl Span {
    /// Not beyond the blob's end.
    pub(crate) fn within(self, layout: Layout) -> Self {
        Self { length: self.length.min(layout.plain_bytes().saturating_sub(self.from)), ..self }
    }
}

struct Opening<R> {
    blob: String,
    cipher: BlobCipher,
    layout: Layout,
    sealed: R,
    number: u64,
    /// Bytes of the next segment that nobody asked for.
    skip: usize,
    left: u64,
}

/// Opens what `sealed` gives, which must begin with the segment that holds the span's first byte. That segment is
/// opened before this returns, so that most damage is known before anything was given away.
pub(crate) async fn open(
    blob: String,
    cipher: BlobCipher,
    layout: Layout,
    span: Span,
    sealed: impl AsyncRead + Unpin + Send + 'static,
) -> IoResult<BlobReader> {
    let span = span.within(layout);
    let number = Layout::segment_of(span.from);
    let skip = (span.from - Layout::plain_offset(number)) as usize;
    let opening = Opening { blob, cipher, layout, sealed, number, skip, left: span.length };
    let mut pieces = Box::pin(pieces(opening));
    let Some(first) = pieces.next().await.transpose()? else { return Ok(Box::pin(tokio::io::empty())) };
    let all = stream::once(async { Ok(first) }).chain(pieces);
    Ok(Box::pin(StreamReader::new(Box::pin(all))))
}

fn pieces<R: AsyncRead + Unpin + Send>(opening: Opening<R>) -> impl Stream<Item = IoResult<Bytes>> + Send {
    stream::try_unfold(opening, async |mut opening| match opening.left {
        0 => Ok(None),
        _ => Ok(Some((opening.piece().await?, opening))),
    })
}

impl<R: AsyncRead + Unpin> Opening<R> {
    async fn piece(&mut self) -> IoResult<Bytes> {
        let (sealed_bytes, turn) = self.layout.segment(self.number);
        let mut segment = vec![0; sealed_bytes];
        match self.sealed.read_exact(&mut segment).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(self.damaged()),
            Err(error) => return Err(error),
        }
        if self.cipher.open(self.number, turn, &mut segment).is_err() {
            return Err(self.damaged());
        }
        segment.truncate(sealed_bytes - TAG_BYTES);
        let asked = Bytes::from(segment).slice(std::mem::take(&mut self.skip)..);
        let asked = asked.slice(..asked.len().min(usize::try_from(self.left).unwrap_or(usize::MAX)));
        self.left -= asked.len() as u64;
        self.number += 1;
        Ok(asked)
    }

    fn damaged(&self) -> IoError {
        let detail = format!("segment {} of {} bytes does not open", self.number, self.layout.plain_bytes());
        IoError::new(ErrorKind::InvalidData, BlobError::Damaged { blob: self.blob.clone(), detail })
    }
}
