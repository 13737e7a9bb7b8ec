//! A look-ahead limiter that watches the signal between its samples and moves its gain only slowly.
//!
//! The detector reads the reconstructed waveform (`meter::true_peak::peak_map`), the gain is applied at the
//! signal's own rate. That is enough, because the gain is smooth: it moves over `lookahead` to either side, so
//! it adds next to nothing above a few hundred hertz, and needs no oversampled audio path, with its droop and
//! its aliases. What is left above the ceiling (the detector's reading error and the bandwidth of the gain,
//! a few hundredths of a decibel) is found by the certifying meter and taken away by [`dips`].
//!
//! The gain lives on blocks of [`BLOCK`] frames:
//! 1. `required`: how far each block must come down, from its highest reconstructed level;
//! 2. `held`: the largest requirement within the window (sliding maximum);
//! 3. `released`: comes back fast to a share of a slow average, and slowly from there to nothing, so that a short
//!    peak is forgotten quickly and dense music does not pump (dual release);
//! 4. `smoothed`: a non-negative kernel of unit sum over the window, then a quadratic B-spline between blocks.
//!
//! Every value that enters the smoothing at a frame is at least that frame's own requirement, and the weights sum
//! to one: so gain × level is at or below the threshold at every frame. That is the guarantee.

pub mod dips;
mod gain_curve;
mod window;

pub use gain_curve::{BLOCK, BlockPeaks, GainCurve};

use crate::error::{ParamError, within};
use crate::units::{Milliseconds, SampleRate};

/// How the gain moves. One gain for all channels, so the image does not move.
///
/// Zero latency and the same length: the look-ahead reads forward in the signal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limiter {
    lookahead: Milliseconds,
    release: Milliseconds,
    steadiness: f64,
}

impl Limiter {
    /// Long enough that a full step of gain stays inaudible as a click, short enough to hide before an attack
    /// (backward masking lasts some milliseconds: Fastl and Zwicker, Psychoacoustics, section 4.4).
    pub const LOOKAHEAD: Milliseconds = Milliseconds::literal(1.5);
    /// How fast the slow average follows more reduction.
    pub const SLOW_IN: Milliseconds = Milliseconds::literal(80.0);
    /// How fast the slow average, and with it the limiter at rest, lets go.
    pub const SLOW_OUT: Milliseconds = Milliseconds::literal(600.0);

    /// `lookahead`: 0.5 to 10 ms to either side. `release`: the time constant of the fast return, 5 to 1000 ms.
    /// `steadiness`: the share of the slow average at which the fast return ends, 0 to 1. At 1 the gain is
    /// calmest, but dense music is held down so evenly that more drive makes it hardly louder; at 0 every peak
    /// is for itself.
    pub fn new(lookahead: Milliseconds, release: Milliseconds, steadiness: f64) -> Result<Self, ParamError> {
        within("look-ahead", lookahead.value(), 0.5, 10.0, "ms")?;
        within("release", release.value(), 5.0, 1000.0, "ms")?;
        within("steadiness", steadiness, 0.0, 1.0, "of 1")?;
        Ok(Self { lookahead, release, steadiness })
    }

    /// The limiters worth trying on a programme whose peaks stand so far above its loudness, the calmest first.
    ///
    /// Peaky music can be let go in 40 ms, dense music takes 120 ms: there peaks come so often that a fast gain
    /// would be heard. The others give loudness for calm where a target asks for much: on music at -9 LUFS
    /// the middle one takes some 3 dB less of gain reduction for 1 to 3 dB more of modulation.
    #[must_use]
    pub fn candidates(peak_to_loudness_db: f64) -> [Self; 3] {
        let dense = ((16.0 - peak_to_loudness_db) / 8.0).clamp(0.0, 1.0);
        let calm = (40.0 + 80.0 * dense).round();
        [(calm, 0.6), (calm / 2.0, 0.3), (20.0, 0.0)].map(|(release_ms, steadiness)| Self {
            lookahead: Self::LOOKAHEAD,
            release: Milliseconds::literal(release_ms),
            steadiness,
        })
    }

    /// How far the gain looks ahead, and behind.
    #[must_use]
    pub fn lookahead(&self) -> Milliseconds {
        self.lookahead
    }

    /// The fast release.
    #[must_use]
    pub fn release(&self) -> Milliseconds {
        self.release
    }

    /// The share of the slow average at which the fast release ends.
    #[must_use]
    pub fn steadiness(&self) -> f64 {
        self.steadiness
    }

    /// The numbers for blocks of `block_frames` at `rate`.
    fn pace(&self, rate: SampleRate, block_frames: usize) -> Pace {
        let block_ms = block_frames as f64 * 1000.0 / rate.as_f64();
        let reach = ((self.lookahead.value() / block_ms).round() as usize).max(1);
        let part = |time: Milliseconds| 1.0 - (-block_ms / time.value()).exp();
        Pace {
            hold: reach + 1,
            kernel: window::smoothing_kernel(reach),
            keep_fast: 1.0 - part(self.release),
            slow_in: part(Self::SLOW_IN),
            slow_out: part(Self::SLOW_OUT),
            steadiness: self.steadiness,
        }
    }
}

/// A [`Limiter`] on the time grid of its blocks.
struct Pace {
    /// Blocks to either side over which a requirement is held: the kernel's reach, and one for the spline.
    hold: usize,
    /// Symmetric, non-negative, of odd length, summing to one or a hair more.
    kernel: Vec<f32>,
    keep_fast: f64,
    slow_in: f64,
    slow_out: f64,
    steadiness: f64,
}

impl Pace {
    /// Blocks to either side that the kernel sees.
    fn reach(&self) -> usize {
        self.kernel.len() / 2
    }
}
