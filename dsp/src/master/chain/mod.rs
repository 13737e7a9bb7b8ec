//! What happens to a mix before its loudness is set: tone, dynamics, width, colour.
//!
//! A [`ChainPlan`] is a plain value that says everything; the same plan renders the same samples. In order: high-pass,
//! tone (and the side's own gain), four bands of dynamics, glue, saturation, peak shaver. What is neutral is skipped.
//!
//! [`Chain`] is everything up to the glue: all that is linear but for gains that move slowly, at the mix's own rate.
//! Saturation and shaver bend the waveform itself; they take over where it ends, at its `render` or, segment by
//! segment, at its `render_segment`.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`gains`] | the compressors' gain curves | `Gains` |
//! | [`render`] | the samples, in parallel | `Chain`, `Scratch` |
//! | `blocks` | one block: input, transforms, gains, output |
//! | `filters`, `streams`, `ramps` | filters of each plane, input with sections applied, gains that move |

mod blocks;
mod filters;
pub mod gains;
mod ramps;
pub mod render;
mod streams;

pub use gains::Gains;
pub use render::{Chain, Scratch};

use crate::bands::Curve;
use crate::units::{Dbfs, Dbtp, Decibels, Hertz, Milliseconds};

/// Everything that is done to a mix before its loudness is set.
#[derive(Clone, PartialEq, Debug)]
pub struct ChainPlan {
    /// Corner of a Butterworth high-pass of second order.
    pub high_pass: Option<Hertz>,
    /// Where the top begins to fade, to nothing at half the sample rate; linear phase.
    pub low_pass: Option<Hertz>,
    /// Gain of both mid and side. Minimum phase below [`Self::LINEAR_FROM`], linear phase above; of minimum phase
    /// everywhere where it is steeper than presets draw it.
    pub tone: Curve,
    /// Gain that the side gets besides: linear phase, or minimum phase if it is as steep.
    pub side: Curve,
    /// Below this frequency the side is taken away, by a ramp that ends an octave above it.
    pub mono_below: Option<Hertz>,
    /// Gain of the side per band of dynamics, lowest first.
    pub width: [Decibels; 4],
    /// A compressor for each band of dynamics, lowest first.
    pub bands: Option<[Compressor; 4]>,
    /// One compressor for everything; it does not hear what lies below the lowest crossover.
    pub glue: Option<Compressor>,
    /// Soft saturation, as the distortion that a tone of −10 dBFS gets, in per cent: 0 (off) to 0.5.
    pub saturation_percent: f64,
    /// Gain that brings the mix to the level at which it is saturated, taken off again after.
    pub saturation_drive: Decibels,
    /// Level above which lone short peaks are shaved off before the limiter sees them.
    pub shave_above: Option<Dbtp>,
}

impl ChainPlan {
    /// Where the tone's phase becomes linear, unless it is steep.
    pub const LINEAR_FROM: Hertz = Hertz::literal(180.0);

    /// Nothing at all.
    pub const NEUTRAL: Self = Self {
        high_pass: None,
        low_pass: None,
        tone: Curve::FLAT,
        side: Curve::FLAT,
        mono_below: None,
        width: [Decibels::ZERO; 4],
        bands: None,
        glue: None,
        saturation_percent: 0.0,
        saturation_drive: Decibels::ZERO,
        shave_above: None,
    };

    /// Whether it leaves every sample as it is.
    #[must_use]
    pub fn is_neutral(&self) -> bool {
        *self == Self::NEUTRAL
    }

    /// The compressors of the bands, if any of them does anything.
    #[must_use]
    pub fn working_bands(&self) -> Option<[Compressor; 4]> {
        self.bands.filter(|bands| !bands.iter().all(Compressor::is_neutral))
    }

    /// The glue, if it does anything.
    #[must_use]
    pub fn working_glue(&self) -> Option<Compressor> {
        self.glue.filter(|glue| !glue.is_neutral())
    }
}

/// A downward compressor (Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", JAES 60-6, 2012:
/// level in dB, quadratic knee, smooth branching detector), working on levels at the control rate.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Compressor {
    /// Level of the detector above which it works.
    pub threshold: Dbfs,
    /// Input over output in dB above the knee; 1 does nothing.
    pub ratio: f64,
    /// Width of the knee.
    pub knee: Decibels,
    /// Time constant of more reduction.
    pub attack: Milliseconds,
    /// Time constant of less.
    pub release: Milliseconds,
    /// Gain after it, on both the compressed and the uncompressed signal.
    pub makeup: Decibels,
    /// How much of the compressed signal there is beside the uncompressed one, 0 to 1.
    pub mix: f64,
}

impl Compressor {
    /// Whether its gain is 1 whatever it hears.
    #[must_use]
    pub fn is_neutral(&self) -> bool {
        self.makeup == Decibels::ZERO && (self.ratio == 1.0 || self.mix == 0.0)
    }
}
