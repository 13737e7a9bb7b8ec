//! Levels of the four bands of dynamics at the control rate: what compressors work from.

use crate::analysis::blocks::Blocks;
use crate::audio::Audio;
use crate::units::SampleRate;

/// Frames that share one level.
pub const CONTROL_FRAMES: usize = 64;

/// Power of each band of dynamics (`effects::multiband::band_gain`) in each run of [`CONTROL_FRAMES`] frames: 0.7 times
/// that of the louder channel and 0.3 times that of the mid, so that one gain can serve both channels.
#[derive(Clone, PartialEq, Debug)]
pub struct ControlLevels {
    /// Of the audio.
    pub rate: SampleRate,
    /// Frames of the audio.
    pub frames: usize,
    /// Mean squares, lowest band first; each `frames.div_ceil(CONTROL_FRAMES)` long. Silence stands after the last
    /// frame, and a constant (`Features::dc`) from −70 dBFS on is taken off before. What another band holds shows 55 dB
    /// lower at least.
    pub powers: [Vec<f32>; 4],
}

/// The blocks' levels one after the other.
pub(super) fn levels(blocks: &Blocks, audio: &Audio) -> ControlLevels {
    let powers = std::array::from_fn(|band| {
        let mut powers = Vec::with_capacity(audio.frames().div_ceil(CONTROL_FRAMES));
        for block in &blocks.blocks {
            powers.extend_from_slice(&block.levels[band]);
        }
        powers
    });
    ControlLevels { rate: audio.rate(), frames: audio.frames(), powers }
}
