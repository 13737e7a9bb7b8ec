//! The bytes of a file, with a length that is known and a start that can be moved behind a tag.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// A source whose position 0 is where the audio format begins.
#[derive(Debug)]
pub(crate) struct Input<S> {
    source: S,
    start: u64,
    length: u64,
}

impl<S: Read + Seek> Input<S> {
    /// Asks the source for its length, once.
    pub(crate) fn new(mut source: S) -> io::Result<Self> {
        let length = source.seek(SeekFrom::End(0))?;
        Ok(Self { source, start: 0, length })
    }

    /// How many bytes there are, from the start.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Moves the start forward: what was position `bytes` is position 0 now.
    pub(crate) fn skip(&mut self, bytes: u64) {
        let bytes = bytes.min(self.length);
        self.start += bytes;
        self.length -= bytes;
    }

    /// Reads from `position` until `buffer` is full or the file ends; how many bytes were read.
    pub(crate) fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        // A header can point anywhere; a file, unlike bytes in memory, refuses positions beyond 2^63.
        if position >= self.length {
            return Ok(0);
        }
        self.source.seek(SeekFrom::Start(self.start.saturating_add(position)))?;
        self.read_on(buffer)
    }

    /// Reads on from where the last read ended, until `buffer` is full or the file ends.
    pub(crate) fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.source.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// `N` bytes at `position`, or none if the file ends before.
    pub(crate) fn array_at<const N: usize>(&mut self, position: u64) -> io::Result<Option<[u8; N]>> {
        let mut array = [0; N];
        Ok((self.read_at(position, &mut array)? == N).then_some(array))
    }
}

impl<S: Read> Read for Input<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer)
    }
}

impl<S: Seek> Seek for Input<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(position) if position > self.length => {
                let beyond = io::Error::new(io::ErrorKind::UnexpectedEof, "a position behind the end");
                return Err(beyond);
            }
            SeekFrom::Start(position) => SeekFrom::Start(self.start.saturating_add(position)),
            other => other,
        };
        self.source
            .seek(to)?
            .checked_sub(self.start)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a position before the start"))
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for Input<S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}
