//! What is known of uncompressed samples before they are read.

use std::io::{Read, Seek};

use dsp::audio::Layout;
use dsp::units::SampleRate;

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::note::DecodeNote;
use crate::read::chunks::Chunk;
use crate::read::input::Input;
use crate::read::pcm::Encoding;
use crate::source_format::SourceFormat;

/// Where uncompressed samples lie, and how they are written.
#[derive(Debug)]
pub(crate) struct PcmPlan {
    pub(crate) source: SourceFormat,
    pub(crate) encoding: Encoding,
    pub(crate) rate: SampleRate,
    pub(crate) layout: Layout,
    pub(crate) data: DataSpan,
    pub(crate) notes: Vec<DecodeNote>,
}

/// The bytes that are audio.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DataSpan {
    /// Where they begin.
    pub(crate) start: u64,
    /// How many exist.
    pub(crate) bytes: u64,
    /// How many are missing of what the header claims.
    pub(crate) bytes_lost: u64,
    /// Whether the header was of no help.
    pub(crate) open_ended: bool,
}

impl DataSpan {
    /// The span of a chunk whose size can be believed as far as the file goes.
    pub(crate) fn of<S: Read + Seek>(chunk: &Chunk, input: &Input<S>) -> Self {
        let bytes = chunk.found(input);
        Self { start: chunk.body, bytes, bytes_lost: chunk.size - bytes, open_ended: false }
    }

    /// The span from `start` to the end of the file.
    pub(crate) fn to_the_end<S: Read + Seek>(start: u64, input: &Input<S>) -> Self {
        Self { start, bytes: input.length().saturating_sub(start), bytes_lost: 0, open_ended: true }
    }
}

/// Sizes that writers leave in a header when they cannot go back to it: all ones (also less a header), and the
/// largest signed number (SoX leaves 2^31 − 4 096, less a header). Zero is judged by the caller.
pub(crate) fn is_placeholder(size: u64) -> bool {
    (0xffff_ff00..=0xffff_ffff).contains(&size)
        || (0x7fff_0000..=0x8000_0000).contains(&size)
        || size >= 1 << 62
}

impl PcmPlan {
    /// Bytes of one frame.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.encoding.bytes() as u64 * self.layout.count() as u64
    }

    /// How many whole frames exist: within the limits, and not fewer than they allow to be lost.
    pub(crate) fn frames(&self, limits: &Limits) -> Result<usize, DecodeError> {
        let frames = self.data.bytes / self.frame_bytes();
        let frames_max = limits.frames_max(self.rate, self.layout.count());
        if frames > frames_max {
            return Err(DecodeError::TooLong { seconds_max: frames_max as f64 / self.rate.as_f64() });
        }
        let claimed = self.data.bytes + self.data.bytes_lost;
        if self.data.bytes_lost as f64 > claimed as f64 * limits.lost_share_max {
            return Err(DecodeError::Truncated {
                seconds_found: self.seconds_of(self.data.bytes),
                seconds_lost: Some(self.seconds_of(self.data.bytes_lost)),
            });
        }
        usize::try_from(frames)
            .map_err(|_| DecodeError::TooLong { seconds_max: usize::MAX as f64 / self.rate.as_f64() })
    }

    /// What should be known, once all `frames` are read.
    pub(crate) fn into_notes(self, frames: usize) -> Vec<DecodeNote> {
        let lost = (self.data.bytes_lost > 0).then(|| DecodeNote::Truncated {
            seconds_lost: Some(self.data.bytes_lost as f64 / self.frame_bytes() as f64 / self.rate.as_f64()),
        });
        let open_ended = self.data.open_ended.then(|| DecodeNote::LengthCorrected {
            seconds_claimed: None,
            seconds_found: self.rate.seconds(frames),
        });
        self.notes.into_iter().chain(lost).chain(open_ended).collect()
    }

    /// How long so many bytes of it last.
    pub(crate) fn seconds_of(&self, bytes: u64) -> f64 {
        (bytes / self.frame_bytes()) as f64 / self.rate.as_f64()
    }
}

/// The rate, if it is one we take.
pub(crate) fn rate(hertz: f64) -> Result<SampleRate, DecodeError> {
    let refused = DecodeError::SampleRateUnsupported { hertz };
    // A cast saturates, and takes what is no number for 0: both are refused by the range.
    SampleRate::new(hertz.round() as u32).map_err(|_| refused)
}

/// The number of channels, if it is one we take.
pub(crate) fn channels(count: i64, limits: &Limits) -> Result<usize, DecodeError> {
    if (1..=i64::from(limits.channels_max)).contains(&count) {
        Ok(count as usize)
    } else {
        Err(DecodeError::ChannelsUnsupported {
            what: format!("the file has {count} channels"),
            channels_max: limits.channels_max,
        })
    }
}
