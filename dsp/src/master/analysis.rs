//! All that a plan needs to know of a mix.

use std::ops::Range;

use rayon::prelude::*;

use super::loudness_target::Programme;
use crate::audio::Audio;
use crate::effects::dither::digital_silence;
use crate::effects::limiter::BlockPeaks;
use crate::meter::{Measurements, loudness, measure, true_peak};
use crate::units::Dbtp;

/// All that a plan needs to know of a mix.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) before: Measurements,
    pub(crate) programme: Programme,
    /// The highest level that the limiter's detector reads.
    pub(crate) peak: Dbtp,
    /// The same, certified where it decides whether the mix may stay as it is.
    pub(crate) peak_certified: Dbtp,
    /// Digital silence of each channel.
    pub(crate) silence: Vec<Vec<Range<usize>>>,
    /// Of the content: the same mix gets the same dither.
    pub(crate) fingerprint: u64,
    seconds: f64,
}

impl Analysis {
    pub(crate) fn of(mix: &Audio, ceiling: Dbtp) -> Self {
        let before = measure(mix);
        let peaks = BlockPeaks::of_map(&true_peak::peak_map(mix), mix.rate());
        let peak = highest(peaks.levels());
        // The scan may read low; where that could matter, look closer.
        let close = peak <= ceiling && peak > ceiling - true_peak::SCAN_TOLERANCE;
        let peak_certified = if close { true_peak::certify(mix, ceiling) } else { peak };
        let fingerprint = fingerprint(peaks.levels(), mix.frames());
        let programme = Programme::new(mix.rate(), mix.frames(), peaks, loudness::k_energy(mix));
        let silence = mix.channels().par_iter().map(|channel| digital_silence(channel)).collect();
        Self { before, programme, peak, peak_certified, silence, fingerprint, seconds: mix.seconds() }
    }

    /// Whether loudness is not defined because a block of 400 ms does not fit.
    pub(crate) fn is_too_short(&self) -> bool {
        self.seconds < 0.4
    }

    /// Loud, full of peaks at the top, with little between peaks and loudness: a master, not a mix.
    pub(crate) fn is_dense_master(&self) -> bool {
        let Some(loudness) = self.before.integrated else { return false };
        let peak = self.peak_certified.value();
        loudness.value() > -11.0 && peak > -1.0 && peak - loudness.value() < 10.0
    }
}

fn highest(levels: &[f32]) -> Dbtp {
    Dbtp::from_amplitude(f64::from(levels.iter().fold(0.0f32, |a, &b| a.max(b))))
}

/// FNV-1a over the level of every block, word by word.
fn fingerprint(levels: &[f32], frames: usize) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let words = levels.iter().map(|level| u64::from(level.to_bits())).chain([frames as u64]);
    words.fold(OFFSET, |hash, word| (hash ^ word).wrapping_mul(PRIME))
}
