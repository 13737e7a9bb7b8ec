//! An upload that is still arriving: pieces, each a sealed blob that never changes, as on a disk so in a bucket.
//!
//! A piece is stored first and acknowledged afterwards. What counts is the offset that the database has: the pieces
//! that lead from 0 to it are the upload, and every other one was never acknowledged.
//!
//! Each piece tells the fence under which it was stored. Of several that end at one offset the acknowledged one has
//! the highest: whoever took the lock later began behind it, and whoever held it before could not acknowledge any
//! more. So a process that was frozen, and goes on without knowing that it lost the lock, harms nothing.

use std::collections::BTreeMap;
use std::io::Error as IoError;

use bytes::Bytes;
use domain::blob::{BlobKey, BlobPrefix};
use domain::ids::UploadId;
use futures_util::stream;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::{BUFFER_BYTES, BlobError, BlobReader, Blobs, Result, Stored};
use crate::uploading::UploadLock;

/// So much is held in memory before it becomes a piece.
const PIECE_BYTES: usize = 8 * 1024 * 1024;

/// An upload at the offset where it goes on.
#[derive(Debug)]
pub struct Append {
    blobs: Blobs,
    lock: UploadLock,
    /// Where the next piece begins.
    stored: u64,
    /// Pieces that were not acknowledged yet.
    waiting: Vec<BlobKey>,
    /// Not yet a piece.
    buffer: Vec<u8>,
}

impl Append {
    /// Adds bytes. They are not durable yet.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE_BYTES - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == PIECE_BYTES {
                self.store().await?;
            }
        }
        Ok(())
    }

    /// Makes all that was written durable, and tells the offset that may be recorded and acknowledged now.
    pub async fn sync(&mut self) -> Result<u64> {
        if !self.buffer.is_empty() {
            self.store().await?;
        }
        Ok(self.stored)
    }

    /// All that was synced is acknowledged.
    pub fn acknowledged(&mut self) {
        self.waiting.clear();
    }

    /// Deletes what was stored and will never be acknowledged.
    pub async fn discard(&mut self) -> Result<()> {
        while let Some(key) = self.waiting.pop() {
            self.blobs.delete(&key).await?;
        }
        Ok(())
    }

    async fn store(&mut self) -> Result<()> {
        let to = self.stored + self.buffer.len() as u64;
        let key = BlobKey::upload_piece(&self.lock.upload, self.stored, to, self.lock.fence);
        self.blobs.put(&key, self.buffer.as_slice()).await?;
        self.waiting.push(key);
        self.stored = to;
        self.buffer.clear();
        Ok(())
    }
}

impl Blobs {
    /// Opens an upload at the offset that was recorded for it after the lock was taken. What earlier holders left
    /// beyond was never acknowledged and is deleted; what a later one left, should there be one already, stays.
    pub async fn open_append(&self, lock: &UploadLock, recorded: u64) -> Result<Append> {
        let upload = &lock.upload;
        let pieces = self.pieces(upload).await?;
        match way_to(recorded, &pieces) {
            Ok(kept) => {
                let left = |piece: &&Piece| piece.fence < lock.fence && !kept.contains(piece);
                for piece in pieces.iter().filter(left) {
                    self.delete(&piece.key).await?;
                }
            }
            // It was assembled already, and only the last word is missing.
            Err(_) if self.is_assembled(upload, recorded).await? => {}
            Err(found) => return Err(shorter(upload, recorded, found)),
        }
        Ok(Append {
            blobs: self.clone(),
            lock: lock.clone(),
            stored: recorded,
            waiting: Vec::new(),
            buffer: Vec::new(),
        })
    }

    /// Makes the upload's source of its pieces, all `size_bytes` of which were acknowledged, and deletes them. May be
    /// called again after it was interrupted, wherever that was. The caller holds the upload's lock.
    pub async fn assemble(&self, upload: &UploadId, size_bytes: u64) -> Result<Stored> {
        let source = BlobKey::upload_source(upload);
        let pieces = self.pieces(upload).await?;
        let stored = match way_to(size_bytes, &pieces) {
            Ok(kept) => self.put(&source, self.joined(kept)).await?,
            // Pieces go only once the source is there.
            Err(found) => match self.measure(&source).await? {
                Some(stored) => stored,
                None => return Err(shorter(upload, size_bytes, found)),
            },
        };
        if stored.size_bytes != size_bytes {
            return Err(shorter(upload, size_bytes, stored.size_bytes));
        }
        self.delete_prefix(&BlobPrefix::upload_pieces(upload)).await?;
        Ok(stored)
    }

    /// Makes an upload's source of the pieces of its parts, each with its length, in their order. The parts stay as
    /// they are. May be called again after it was interrupted. The caller holds the upload's lock.
    pub async fn join(&self, upload: &UploadId, parts: &[(UploadId, u64)]) -> Result<Stored> {
        let (mut all, mut size_bytes) = (Vec::new(), 0);
        for (part, bytes) in parts {
            let pieces = self.pieces(part).await?;
            all.extend(way_to(*bytes, &pieces).map_err(|found| shorter(part, *bytes, found))?);
            size_bytes += bytes;
        }
        let stored = self.put(&BlobKey::upload_source(upload), self.joined(all)).await?;
        match stored.size_bytes == size_bytes {
            true => Ok(stored),
            false => Err(shorter(upload, size_bytes, stored.size_bytes)),
        }
    }

    async fn is_assembled(&self, upload: &UploadId, size_bytes: u64) -> Result<bool> {
        let source = self.read(&BlobKey::upload_source(upload), 0, 0).await?;
        Ok(source.is_some_and(|source| source.size_bytes == size_bytes))
    }

    async fn pieces(&self, upload: &UploadId) -> Result<Vec<Piece>> {
        let keys = self.vault.store.blobs_with_keys(&BlobPrefix::upload_pieces(upload)).await?;
        Ok(keys.into_iter().filter_map(Piece::of).collect())
    }

    /// The pieces, one after the other.
    fn joined(&self, pieces: Vec<Piece>) -> impl AsyncRead + Unpin + Send {
        let state = (self.clone(), pieces.into_iter(), None::<BlobReader>);
        let all = stream::try_unfold(state, async |(blobs, mut left, mut open)| {
            loop {
                let reader = match &mut open {
                    Some(reader) => reader,
                    None => match left.next() {
                        Some(piece) => open.insert(piece.read(&blobs).await.map_err(IoError::other)?),
                        None => return Ok::<_, IoError>(None),
                    },
                };
                let mut bytes = vec![0; BUFFER_BYTES];
                match reader.read(&mut bytes).await? {
                    0 => open = None,
                    count => {
                        bytes.truncate(count);
                        return Ok(Some((Bytes::from(bytes), (blobs, left, open))));
                    }
                }
            }
        });
        StreamReader::new(Box::pin(all))
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Piece {
    key: BlobKey,
    from: u64,
    to: u64,
    fence: u64,
}

impl Piece {
    fn of(key: BlobKey) -> Option<Self> {
        let (from, to) = key.piece_span()?;
        let fence = key.piece_fence();
        (from < to).then_some(Self { key, from, to, fence })
    }

    async fn read(&self, blobs: &Blobs) -> Result<BlobReader> {
        let lost = || BlobError::damaged(&self.key, "it was acknowledged, and is not there");
        let read = blobs.read(&self.key, 0, u64::MAX).await?.ok_or_else(lost)?;
        match read.size_bytes == self.to - self.from {
            true => Ok(read.reader),
            false => Err(BlobError::damaged(&self.key, format!("it has {} bytes", read.size_bytes))),
        }
    }
}

/// The pieces that lead from 0 to `offset`, in order; or how far they lead at most. `pieces` are in the order of their
/// beginnings.
fn way_to(offset: u64, pieces: &[Piece]) -> std::result::Result<Vec<Piece>, u64> {
    // Which piece arrives at an offset that can be reached: of several the one of the highest fence.
    let mut arrivals: BTreeMap<u64, &Piece> = BTreeMap::new();
    for piece in pieces {
        if piece.from == 0 || arrivals.contains_key(&piece.from) {
            let before = arrivals.entry(piece.to).or_insert(piece);
            if before.fence < piece.fence {
                *before = piece;
            }
        }
    }
    let (mut way, mut at) = (Vec::new(), offset);
    while at > 0 {
        let Some(piece) = arrivals.get(&at) else {
            return Err(arrivals.range(..offset).next_back().map_or(0, |(reached, _)| *reached));
        };
        way.push((*piece).clone());
        at = piece.from;
    }
    way.reverse();
    Ok(way)
}

fn shorter(upload: &UploadId, recorded: u64, found: u64) -> BlobError {
    BlobError::Shorter { upload: upload.clone(), recorded, found }
}

#[cfg(test)]
mod tests {
    use domain::ids::SeededEntropy;

    use super::*;

    fn pieces(spans: &[(u64, u64)]) -> Vec<Piece> {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let fenced: Vec<_> = spans.iter().map(|(from, to)| (*from, *to, 1)).collect();
        fenced_pieces(&upload, &fenced)
    }

    fn fenced_pieces(upload: &UploadId, spans: &[(u64, u64, u64)]) -> Vec<Piece> {
        let keys = spans.iter().map(|(from, to, fence)| BlobKey::upload_piece(upload, *from, *to, *fence));
        keys.filter_map(Piece::of).collect()
    }

    #[test]
    fn the_way_to_an_offset_leaves_out_what_was_never_acknowledged() {
        let there = pieces(&[(0, 5), (0, 8), (5, 7), (8, 16), (8, 20), (16, 17)]);
        let way =
            |offset| way_to(offset, &there).map(|way| way.iter().map(|p| (p.from, p.to)).collect::<Vec<_>>());
        assert_eq!(way(0), Ok(vec![]));
        assert_eq!(way(8), Ok(vec![(0, 8)]));
        assert_eq!(way(17), Ok(vec![(0, 8), (8, 16), (16, 17)]));
        assert_eq!(way(20), Ok(vec![(0, 8), (8, 20)]));
        assert_eq!(way(18), Err(17), "no piece ends there");
        assert_eq!(way_to(16, &pieces(&[(8, 16)])), Err(0), "its beginning was lost");
        let beside_the_way = pieces(&[(0, 5), (1, 9), (5, 9)]);
        assert_eq!(
            way_to(9, &beside_the_way),
            Ok(vec![beside_the_way[0].clone(), beside_the_way[2].clone()])
        );
    }

    #[test]
    fn of_pieces_that_end_together_the_one_of_the_latest_holder_counts() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        // The first was frozen at 8 and wrote on at last; meanwhile the second and the third went on to 24.
        let there = [(0, 8, 1), (8, 16, 1), (8, 16, 2), (8, 24, 1), (16, 24, 3)];
        let way = way_to(24, &fenced_pieces(&upload, &there)).unwrap();
        let way: Vec<_> = way.iter().map(|piece| (piece.from, piece.to, piece.fence)).collect();
        assert_eq!(way, [(0, 8, 1), (8, 16, 2), (16, 24, 3)]);
    }
}
