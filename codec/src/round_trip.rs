//! What listeners of a lossy form will hear.

use std::io::Cursor;

use dsp::audio::Audio;
use dsp::progress::Watch;

use crate::decode::decode;
use crate::delivery::Delivery;
use crate::encode::{EncodeOptions, encode};
use crate::error::{DecodeError, EncodeError};
use crate::limits::Limits;

/// `audio` as it comes out of `format` again: encoded in memory, and decoded by our own decoder. It has the same
/// rate, layout and number of frames, each in its place, so both can be compared sample by sample; what was not
/// heard to matter is gone, and the true peak may have risen, beyond full scale too: nothing is clipped.
///
/// Holds the file and both versions of the audio in memory. Whoever has written the file already decodes that
/// instead, and has the same.
///
/// # Errors
/// Where the form cannot hold the audio (as [`encode`]), or on cancelling. Anything else is a defect of ours.
pub fn lossy_round_trip(audio: &Audio, format: Delivery, watch: &dyn Watch) -> Result<Audio, RoundTripError> {
    let mut bytes = Cursor::new(Vec::new());
    encode(audio, format, &EncodeOptions::default(), &mut bytes, &Half { watch, from: 0.0 })?;
    let limits = Limits { seconds_min: 0.0, seconds_max: f64::INFINITY, ..Limits::COMMAND_LINE };
    bytes.set_position(0);
    let decoded = decode(bytes, Some(format.extension()), &limits, &Half { watch, from: 0.5 })?;
    let heard = decoded.audio;
    let shape = |audio: &Audio| (audio.rate(), audio.frames(), audio.channel_count());
    if shape(&heard) != shape(audio) {
        return Err(RoundTripError::Misshapen { before: describe(audio), after: describe(&heard) });
    }
    Ok(heard)
}

/// Why there is nothing to hear.
#[derive(Debug, thiserror::Error)]
pub enum RoundTripError {
    /// It cannot be encoded.
    #[error("{0}")]
    Encode(#[from] EncodeError),
    /// It cannot be decoded again.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// It comes back in another shape: a defect of ours.
    #[error("{before} came back as {after}")]
    Misshapen {
        /// What went in.
        before: String,
        /// What came out.
        after: String,
    },
}

impl RoundTripError {
    /// The stable code of this error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Encode(error) => error.code(),
            Self::Decode(error) => error.code(),
            Self::Misshapen { .. } => "encoder_failed",
        }
    }
}

fn describe(audio: &Audio) -> String {
    format!("{} frames in {} channels at {}", audio.frames(), audio.channel_count(), audio.rate())
}

/// One of two stretches of work, each of which counts as half.
struct Half<'a> {
    watch: &'a dyn Watch,
    from: f64,
}

impl Watch for Half<'_> {
    fn done(&self, fraction: f64) {
        self.watch.done(self.from + fraction / 2.0);
    }

    fn is_cancelled(&self) -> bool {
        self.watch.is_cancelled()
    }
}
