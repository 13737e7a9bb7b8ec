//! What a plan needs to know of a mix at first.

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::effects::dither::digital_silence;
use crate::meter::{Measurements, measure, true_peak};
use crate::units::Dbtp;

/// What a plan needs to know of a mix at first; if it then needs a limiter, also a
/// [`Programme`](super::loudness_target::Programme).
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) before: Measurements,
    /// True peak, certified where it decides whether the mix may stay as it is.
    pub(crate) peak: Dbtp,
    /// Digital silence of each channel.
    pub(crate) silence: Vec<Vec<Range<usize>>>,
    /// Of the content: the same mix gets the same dither.
    pub(crate) fingerprint: u64,
    seconds: f64,
}

impl Analysis {
    pub(crate) fn of(mix: &Audio, ceiling: Dbtp) -> Self {
        let before = measure(mix);
        let scanned = before.true_peak;
        // The scan may read low; where that could matter, look closer.
        let close = scanned <= ceiling && scanned > ceiling - true_peak::SCAN_TOLERANCE;
        let peak = if close { true_peak::certify(mix, ceiling) } else { scanned };
        let silence = mix.channels().par_iter().map(|channel| digital_silence(channel)).collect();
        Self { fingerprint: fingerprint(&before), before, peak, silence, seconds: mix.seconds() }
    }

    /// Whether loudness is not defined because a block of 400 ms does not fit.
    pub(crate) fn is_too_short(&self) -> bool {
        self.seconds < 0.4
    }

    /// Whether there is not one sample but zero.
    pub(crate) fn is_empty(&self) -> bool {
        self.peak.value() == f64::NEG_INFINITY
    }

    /// Loud, full of peaks at the top, with little between peaks and loudness: a master, not a mix.
    pub(crate) fn is_dense_master(&self) -> bool {
        let Some(loudness) = self.before.integrated else { return false };
        let peak = self.peak.value();
        loudness.value() > -11.0 && peak > -1.0 && peak - loudness.value() < 10.0
    }
}

/// FNV-1a, word by word, over all that was measured at each tenth of a second.
fn fingerprint(before: &Measurements) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let loudness = before.integrated.map_or(0.0, |loudness| loudness.value());
    let readings = [before.frames as f64, before.sample_peak.value(), before.true_peak.value(), loudness];
    let words = readings.iter().chain(&before.short_term).map(|reading| reading.to_bits());
    words.fold(OFFSET, |hash, word| (hash ^ word).wrapping_mul(PRIME))
}
