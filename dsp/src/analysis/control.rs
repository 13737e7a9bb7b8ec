//! Levels of the four bands of dynamics at the control rate: what compressors work from.

use crate::units::SampleRate;

/// Frames that share one level.
pub const CONTROL_FRAMES: usize = 64;

/// Power of each band of dynamics (`effects::multiband::CROSSOVERS`) in each run of [`CONTROL_FRAMES`] frames: 0.7 times
/// that of the louder channel and 0.3 times that of the mid, so that one gain can serve both channels.
#[derive(Clone, PartialEq, Debug)]
pub struct ControlLevels {
    /// Of the audio.
    pub rate: SampleRate,
    /// Frames of the audio.
    pub frames: usize,
    /// Mean squares, lowest band first; each `frames.div_ceil(CONTROL_FRAMES)` long.
    pub powers: [Vec<f32>; 4],
}
