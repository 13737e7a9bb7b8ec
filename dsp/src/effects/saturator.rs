//! Colour: a gentle curve that adds a second and a third harmonic.
//!
//! `y = x − k₂ x² − k₃ x³`, at four times the rate. A sine of amplitude `a` gets a second harmonic of `k₂ a² / 2` and a
//! third of `k₃ a³ / 4`; both are made equal at −10 dBFS. The third grows by 2 dB for each dB of level, the second by
//! 1 dB: quiet sounds stay as they are. Like every curve with even harmonics it moves the mean too, by `k₂` times the
//! power of the signal: at most −57 dBFS at the strongest setting for a mix of −12 dBFS RMS.

use rayon::prelude::*;

use crate::audio::Audio;
use crate::error::{ParamError, within};
use crate::parts::oversampler::{Residue, Scratch, add_residue};
use crate::units::Dbfs;

/// The level at which the amount of saturation is told.
pub const REFERENCE: Dbfs = Dbfs::literal(-10.0);
/// The most harmonic distortion at the reference level that can be asked for, in percent.
pub const THD_MAX_PERCENT: f64 = 0.5;
/// Beyond this level the curve goes on straight. At the strongest setting its slope is 0.28 there, so it never turns.
const STRAIGHT_FROM: f32 = 1.25;
/// Frames of one channel that one task does. Fixed; a cut changes nothing anyway.
const SEGMENT_FRAMES: usize = 1 << 16;

/// Adds a second and a third harmonic.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Saturator {
    curve: Curve,
}

impl Saturator {
    /// With so much total harmonic distortion, 0 to 0.5 percent, of a sine at [`REFERENCE`].
    pub fn new(thd_percent: f64) -> Result<Self, ParamError> {
        let thd = within("saturation", thd_percent, 0.0, THD_MAX_PERCENT, "%")? / 100.0;
        let (amplitude, each) = (REFERENCE.amplitude(), thd / 2f64.sqrt());
        let (even, odd) = (2.0 * each / amplitude, 4.0 * each / (amplitude * amplitude));
        Ok(Self { curve: Curve { even: even as f32, odd: odd as f32 } })
    }

    /// Whether it leaves everything as it is.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.curve.even == 0.0 && self.curve.odd == 0.0
    }

    /// Frames on either side of a segment that it depends on.
    #[must_use]
    pub fn reach_frames(&self) -> usize {
        if self.is_identity() { 0 } else { crate::parts::oversampler::REACH_FRAMES }
    }

    /// Writes frames `first..` of all channels; `source` are whole channels. Where it is cut changes nothing.
    pub fn process_segment(
        &self,
        source: &[&[f32]],
        first: usize,
        out: &mut [&mut [f32]],
        scratch: &mut Scratch,
    ) {
        for (source, out) in source.iter().zip(out) {
            self.process_channel(source, first, out, scratch);
        }
    }

    fn process_channel(&self, source: &[f32], first: usize, out: &mut [f32], scratch: &mut Scratch) {
        out.copy_from_slice(&source[first..first + out.len()]);
        if !self.is_identity() {
            add_residue(self.curve, 0..source.len(), source, first, out, scratch);
        }
    }

    /// Colours all of `audio`.
    pub fn apply(&self, audio: &mut Audio) {
        if self.is_identity() {
            return;
        }
        let source = audio.clone();
        let channels = audio.channels_mut().par_iter_mut().zip(source.channels());
        channels.for_each(|(out, source)| {
            let segments = out.par_chunks_mut(SEGMENT_FRAMES).enumerate();
            segments.for_each_init(Scratch::new, |scratch, (segment, out)| {
                self.process_channel(source, segment * SEGMENT_FRAMES, out, scratch);
            });
        });
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Curve {
    even: f32,
    odd: f32,
}

impl Residue for Curve {
    #[inline(always)]
    fn of(self, value: f32) -> f32 {
        let low = if value > -STRAIGHT_FROM { value } else { -STRAIGHT_FROM };
        let bent = if low < STRAIGHT_FROM { low } else { STRAIGHT_FROM };
        let slope = bent * (2.0 * self.even + 3.0 * self.odd * bent);
        -(bent * bent * (self.even + self.odd * bent)) - slope * (value - bent)
    }
}
