//! The one walk over chunks: RIFF and RF64 (little-endian), FORM (big-endian), Wave64 (GUIDs, 64 bits), CAF.

use std::io::{Read, Seek};

use crate::error::DecodeError;
use crate::read::input::Input;

/// More chunks than any program writes: beyond, walking is an attack.
const CHUNKS_MAX: usize = 10_000;

/// How chunk headers are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    /// Four letters, 32 bits little-endian, padded to 2 bytes.
    Riff,
    /// Four letters, 32 bits big-endian, padded to 2 bytes.
    Form,
    /// A GUID, 64 bits little-endian that count the header too, padded to 8 bytes.
    Wave64,
    /// Four letters, 64 bits big-endian, no padding.
    Caf,
}

/// One chunk as its header claims it to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chunk {
    pub(crate) id: [u8; 4],
    /// Where its body begins.
    pub(crate) body: u64,
    /// How long its body is, it says.
    pub(crate) size: u64,
}

impl Chunk {
    /// Its name for messages.
    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(&self.id).trim_end().to_owned()
    }

    /// How many bytes of its body exist.
    pub(crate) fn found<S: Read + Seek>(&self, input: &Input<S>) -> u64 {
        self.size.min(input.length().saturating_sub(self.body))
    }
}

/// A walk from chunk to chunk, which ends where the file does or where no chunk follows.
#[derive(Debug)]
pub(crate) struct Walk {
    family: Family,
    position: u64,
    count: usize,
}

impl Walk {
    pub(crate) fn new(family: Family, position: u64) -> Self {
        Self { family, position, count: 0 }
    }

    /// Where the next chunk would begin.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next chunk, or none if what follows is no chunk.
    pub(crate) fn next<S: Read + Seek>(
        &mut self,
        input: &mut Input<S>,
    ) -> Result<Option<Chunk>, DecodeError> {
        let Some(chunk) = self.header_at(input, self.position)? else { return Ok(None) };
        self.count += 1;
        if self.count > CHUNKS_MAX {
            return Err(DecodeError::malformed(format!("it has more than {CHUNKS_MAX} chunks")));
        }
        self.position = self.end_of(input, &chunk)?;
        Ok(Some(chunk))
    }

    fn header_at<S: Read + Seek>(&self, input: &mut Input<S>, at: u64) -> Result<Option<Chunk>, DecodeError> {
        let chunk = match self.family {
            Family::Riff => input.array_at::<8>(at)?.map(|[a, b, c, d, size @ ..]| Chunk {
                id: [a, b, c, d],
                body: at + 8,
                size: u64::from(u32::from_le_bytes(size)),
            }),
            Family::Form => input.array_at::<8>(at)?.map(|[a, b, c, d, size @ ..]| Chunk {
                id: [a, b, c, d],
                body: at + 8,
                size: u64::from(u32::from_be_bytes(size)),
            }),
            Family::Caf => input.array_at::<12>(at)?.map(|[a, b, c, d, size @ ..]| Chunk {
                id: [a, b, c, d],
                body: at + 12,
                size: u64::from_be_bytes(size),
            }),
            Family::Wave64 => input.array_at::<24>(at)?.map(|[a, b, c, d, rest @ ..]| {
                let mut size = [0; 8];
                size.copy_from_slice(&rest[12..]);
                Chunk { id: [a, b, c, d], body: at + 24, size: u64::from_le_bytes(size).saturating_sub(24) }
            }),
        };
        Ok(chunk.filter(|chunk| is_name(chunk.id)))
    }

    /// Where the chunk after `chunk` begins. Some writers forget the padding byte, so if a name stands right
    /// behind an odd body, and none one byte later, it is taken.
    fn end_of<S: Read + Seek>(&self, input: &mut Input<S>, chunk: &Chunk) -> Result<u64, DecodeError> {
        let end = chunk.body.saturating_add(chunk.size);
        match self.family {
            Family::Caf => return Ok(end),
            Family::Wave64 => return Ok(end.checked_next_multiple_of(8).unwrap_or(u64::MAX)),
            Family::Riff | Family::Form if end.is_multiple_of(2) || end >= input.length() => return Ok(end),
            Family::Riff | Family::Form => {}
        }
        let padded = input.array_at::<4>(end + 1)?.is_some_and(is_name);
        let unpadded = input.array_at::<4>(end)?.is_some_and(is_name);
        Ok(if unpadded && !padded { end } else { end + 1 })
    }
}

/// Chunk names are four printable ASCII characters.
fn is_name(id: [u8; 4]) -> bool {
    id.iter().all(|byte| matches!(byte, b' '..=b'~'))
}
