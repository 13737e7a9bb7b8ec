//! Where the samples of a stem lie: in memory, or wherever a caller keeps what does not fit there.

use std::fmt;

use crate::audio::{Audio, Layout};
use crate::units::SampleRate;

/// Samples that can be read from anywhere in them, by several threads at once.
pub trait Reel: Sync + fmt::Debug {
    /// Frames per second.
    fn rate(&self) -> SampleRate;
    /// One channel or two.
    fn layout(&self) -> Layout;
    /// How many frames.
    fn frames(&self) -> usize;
    /// Fills `into` with the samples of one channel from frame `from` on; all of them exist.
    fn read(&self, channel: usize, from: usize, into: &mut [f32]) -> Result<(), ReelError>;
}

/// Samples could not be read, in the words of whoever keeps them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReelError(pub String);

impl fmt::Display for ReelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "samples of a stem could not be read back: {}", self.0)
    }
}

impl std::error::Error for ReelError {}

impl Reel for Audio {
    fn rate(&self) -> SampleRate {
        Self::rate(self)
    }

    fn layout(&self) -> Layout {
        Self::layout(self).clone()
    }

    fn frames(&self) -> usize {
        Self::frames(self)
    }

    fn read(&self, channel: usize, from: usize, into: &mut [f32]) -> Result<(), ReelError> {
        into.copy_from_slice(&self.channel(channel)[from..from + into.len()]);
        Ok(())
    }
}
