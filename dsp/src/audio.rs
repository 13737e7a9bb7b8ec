//! `Audio`: planar f32 at one rate, each channel on a 64-byte boundary.

use std::fmt;

use crate::units::SampleRate;

/// What a channel is for; decides its weight in loudness (ITU-R BS.1770-5, table 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// The only channel. Weight 1.
    Mono,
    /// Front left. Weight 1.
    Left,
    /// Front right. Weight 1.
    Right,
    /// Front centre. Weight 1.
    Centre,
    /// Low-frequency effects. Not counted.
    Lfe,
    /// Left surround. Weight 1.41.
    LeftSurround,
    /// Right surround. Weight 1.41.
    RightSurround,
    /// A channel without a known place. Weight 1.
    Other,
}

/// The channels of an [`Audio`], in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout(Vec<Channel>);

impl Layout {
    /// One channel.
    #[must_use]
    pub fn mono() -> Self {
        Self(vec![Channel::Mono])
    }

    /// Left and right.
    #[must_use]
    pub fn stereo() -> Self {
        Self(vec![Channel::Left, Channel::Right])
    }

    /// The usual layout of so many channels in WAV order: 1 mono, 2 stereo, 5 `L R C Ls Rs`,
    /// 6 `L R C LFE Ls Rs`; others are unplaced.
    #[must_use]
    pub fn usual(channels: usize) -> Self {
        use Channel::{Centre, Left, LeftSurround, Lfe, Other, Right, RightSurround};
        match channels {
            1 => Self::mono(),
            2 => Self::stereo(),
            5 => Self(vec![Left, Right, Centre, LeftSurround, RightSurround]),
            6 => Self(vec![Left, Right, Centre, Lfe, LeftSurround, RightSurround]),
            n => Self(vec![Other; n]),
        }
    }

    /// Channels as given.
    #[must_use]
    pub fn of(channels: Vec<Channel>) -> Self {
        Self(channels)
    }

    /// The channels in order.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.0
    }

    /// How many channels.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// One channel's samples, full scale ±1.0, starting on a 64-byte boundary (a cache line, and the widest vector).
#[derive(Default)]
pub struct Samples {
    /// Longer than `frames` by up to one cache line, so that an aligned start exists. Never grown.
    storage: Vec<f32>,
    start: usize,
    frames: usize,
}

impl Samples {
    const ALIGNMENT_BYTES: usize = 64;
    const SLACK: usize = Self::ALIGNMENT_BYTES / size_of::<f32>() - 1;

    /// So many zeros. The pages are not touched before they are written.
    #[must_use]
    pub fn silence(frames: usize) -> Self {
        let storage = vec![0.0f32; frames + Self::SLACK];
        let offset_bytes = storage.as_ptr().addr().wrapping_neg() % Self::ALIGNMENT_BYTES;
        Self { storage, start: offset_bytes / size_of::<f32>(), frames }
    }

    /// A copy of `samples`, aligned.
    #[must_use]
    pub fn copied(samples: &[f32]) -> Self {
        let mut copy = Self::silence(samples.len());
        copy.copy_from_slice(samples);
        copy
    }
}

impl Clone for Samples {
    fn clone(&self) -> Self {
        Self::copied(self)
    }
}

impl std::ops::Deref for Samples {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.storage[self.start..self.start + self.frames]
    }
}

impl std::ops::DerefMut for Samples {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.storage[self.start..self.start + self.frames]
    }
}

impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Samples({} frames)", self.frames)
    }
}

/// Audio in memory: one or more channels of equal length at one rate.
#[derive(Clone, PartialEq, Debug)]
pub struct Audio {
    rate: SampleRate,
    layout: Layout,
    frames: usize,
    channels: Vec<Samples>,
}

impl Audio {
    /// Zeros.
    #[must_use]
    pub fn silence(rate: SampleRate, layout: Layout, frames: usize) -> Self {
        let channels = layout.channels().iter().map(|_| Samples::silence(frames)).collect();
        Self { rate, layout, frames, channels }
    }

    /// From channels that are there already; the usual layout for their number.
    ///
    /// # Panics
    /// If there is no channel, or their lengths differ: a mistake of the caller, never of a file.
    #[must_use]
    pub fn from_channels(rate: SampleRate, channels: Vec<Samples>) -> Self {
        let layout = Layout::usual(channels.len());
        Self::with_layout(rate, layout, channels)
    }

    /// From channels that are there already.
    ///
    /// # Panics
    /// If the layout names another number of channels, there is none, or their lengths differ.
    #[must_use]
    pub fn with_layout(rate: SampleRate, layout: Layout, channels: Vec<Samples>) -> Self {
        assert_eq!(layout.count(), channels.len(), "one place in the layout for each channel");
        assert!(!channels.is_empty(), "audio has at least one channel");
        let frames = channels[0].len();
        assert!(channels.iter().all(|c| c.len() == frames), "channels of one length");
        Self { rate, layout, frames, channels }
    }

    /// Frames per second.
    #[must_use]
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// What each channel is for.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many frames: samples per channel.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// How long it lasts.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.rate.seconds(self.frames)
    }

    /// How many channels.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// One channel's samples.
    #[must_use]
    pub fn channel(&self, index: usize) -> &[f32] {
        &self.channels[index]
    }

    /// One channel's samples, to change.
    #[must_use]
    pub fn channel_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.channels[index]
    }

    /// All channels in order.
    #[must_use]
    pub fn channels(&self) -> &[Samples] {
        &self.channels
    }

    /// All channels in order, to change (their lengths cannot be).
    #[must_use]
    pub fn channels_mut(&mut self) -> &mut [Samples] {
        &mut self.channels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_starts_on_a_cache_line() {
        for frames in [0, 1, 15, 16, 17, 1000, 44_100] {
            let audio = Audio::silence(SampleRate::literal(44_100), Layout::stereo(), frames);
            for channel in audio.clone().channels() {
                assert_eq!(channel.as_ptr().addr() % 64, 0, "{frames} frames");
                assert_eq!(channel.len(), frames);
            }
        }
    }
}
