//! A look-ahead limiter that watches the signal between its samples and moves its gain only slowly.
//!
//! The detector reads the reconstructed waveform (`meter::true_peak::peak_map`), the gain is applied at the
//! signal's own rate. That is enough, because the gain is smooth: it moves over `lookahead` to either side, so
//! it adds next to nothing above one or two kilohertz, and needs no oversampled audio path, with its droop and its
//! aliases. What is left above the ceiling (the detector's reading error and the bandwidth of the gain,
//! a few hundredths of a decibel) is found by the certifying meter and taken away by [`dips`].
//!
//! The gain lives on blocks of [`BLOCK`] frames:
//! 1. `required`: how far each block must come down, from its highest reconstructed level;
//! 2. `held`: the largest requirement within the window (sliding maximum);
//! 3. [`floor`]: what the gain keeps of that between peaks, so that it moves little in dense music, not at all
//!    under a tone, and is soon forgotten after a single peak;
//! 4. `smoothed`: a non-negative kernel of unit sum over the window, then a quadratic B-spline between blocks.
//!
//! Every value that enters the smoothing at a frame is at least that frame's own requirement, and the weights sum
//! to one: so gain × level is at or below the threshold at every frame. That is the guarantee.

pub mod dips;
mod floor;
mod gain_curve;
mod window;

pub use gain_curve::{BLOCK, BlockPeaks, GainCurve};

use crate::error::{ParamError, within};
use crate::units::{Milliseconds, SampleRate};
use floor::Calm;

/// How the gain moves. One gain for all channels, so the image does not move.
///
/// Zero latency and the same length: the look-ahead reads forward in the signal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limiter {
    lookahead: Milliseconds,
    release: Milliseconds,
}

impl Limiter {
    /// Long enough that a full step of gain stays inaudible as a click, short enough to hide before an attack
    /// (backward masking lasts some milliseconds: Fastl and Zwicker, Psychoacoustics, section 4.4).
    pub const LOOKAHEAD: Milliseconds = Milliseconds::literal(1.5);

    /// `lookahead`: 0.5 to 10 ms to either side. `release`: the time constant with which the gain comes back where
    /// nothing holds it down, 5 to 100 ms. The longer, the calmer; but then dense music is held down so evenly that
    /// more drive makes it hardly louder.
    pub fn new(lookahead: Milliseconds, release: Milliseconds) -> Result<Self, ParamError> {
        within("look-ahead", lookahead.value(), 0.5, 10.0, "ms")?;
        within("release", release.value(), 5.0, 100.0, "ms")?;
        Ok(Self { lookahead, release })
    }

    /// The limiters worth trying on a programme whose peaks stand so far above its loudness, the calmest first.
    ///
    /// Where peaks are few, the first does it: its gain moves slowest. Where a target asks for much, holding each
    /// peak for 3 ms costs loudness, which is then made up by drive: on music at −9 LUFS a look-ahead of 0.5 ms
    /// leaves the same distortion and a quarter less of wobble and of lost range than 1.5 ms. A shorter release
    /// gives some 0.5 dB of distortion for another fifth of the wobble.
    #[must_use]
    pub fn candidates(peak_to_loudness_db: f64) -> [Self; 3] {
        let dense = ((16.0 - peak_to_loudness_db) / 8.0).clamp(0.0, 1.0);
        let calm = (40.0 + 20.0 * dense).round();
        [(1.5, calm), (0.5, 36.0), (0.5, 22.0)].map(|(lookahead_ms, release_ms)| Self {
            lookahead: Milliseconds::literal(lookahead_ms),
            release: Milliseconds::literal(release_ms),
        })
    }

    /// How far the gain looks ahead, and behind.
    #[must_use]
    pub fn lookahead(&self) -> Milliseconds {
        self.lookahead
    }

    /// The time constant with which the gain comes back.
    #[must_use]
    pub fn release(&self) -> Milliseconds {
        self.release
    }

    /// The numbers for blocks of `block_frames` at `rate`.
    fn pace(&self, rate: SampleRate, block_frames: usize) -> Pace {
        let block_ms = block_frames as f64 * 1000.0 / rate.as_f64();
        let reach = ((self.lookahead.value() / block_ms).round() as usize).max(1);
        Pace {
            hold: reach + 1,
            kernel: window::smoothing_kernel(reach),
            calm: Calm::new(self.release, rate, block_frames),
        }
    }
}

/// A [`Limiter`] on the time grid of its blocks.
struct Pace {
    /// Blocks to either side over which a requirement is held: the kernel's reach, and one for the spline.
    hold: usize,
    /// Symmetric, non-negative, of odd length, summing to one or a hair more.
    kernel: Vec<f32>,
    calm: Calm,
}

impl Pace {
    /// Blocks to either side that the kernel sees.
    fn reach(&self) -> usize {
        self.kernel.len() / 2
    }
}
