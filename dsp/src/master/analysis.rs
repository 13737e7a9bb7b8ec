//! What a plan needs to know of a premaster at first.

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::effects::dither::digital_silence;
use crate::meter::{Measurements, true_peak};
use crate::units::{Dbtp, Lufs, SampleRate};

/// What a plan needs to know of a premaster at first; if it then needs a limiter, also a
/// [`Programme`](super::loudness_target::Programme).
#[derive(Clone, Debug)]
pub(crate) struct Analysis {
    /// Of the premaster.
    pub(crate) levels: Measurements,
    /// Loudness of the mix that it was made from.
    pub(crate) mix_loudness: Option<Lufs>,
    /// Whether the mix was a finished, dense master.
    pub(crate) is_dense_master: bool,
    /// Whether nothing was done to the mix yet.
    pub(crate) is_the_mix: bool,
    /// Digital silence of each channel.
    pub(crate) silence: Vec<Vec<Range<usize>>>,
    /// Of the mix: the same mix gets the same dither.
    pub(crate) fingerprint: u64,
}

impl Analysis {
    /// Of a mix that nothing was done to.
    pub(crate) fn of_mix(mix: &Audio, levels: Measurements) -> Self {
        Self {
            mix_loudness: levels.integrated,
            is_dense_master: is_dense_master(&levels),
            is_the_mix: true,
            silence: mix.channels().par_iter().map(|channel| digital_silence(channel)).collect(),
            fingerprint: fingerprint(&levels),
            levels,
        }
    }

    /// The same mix after tone, dynamics and width, which now has these levels.
    pub(crate) fn after_chain(self, levels: Measurements) -> Self {
        let silence = self.silence.into_iter().map(|runs| within_silence(runs, levels.rate)).collect();
        Self { levels, is_the_mix: false, silence, ..self }
    }

    /// The same premaster at another rate.
    pub(crate) fn at_rate(&self, levels: Measurements) -> Self {
        let times = levels.rate.as_f64() / self.levels.rate.as_f64();
        let place = |frame: usize| ((frame as f64 * times).round() as usize).min(levels.frames);
        let scaled = |runs: &Vec<Range<usize>>| {
            within_silence(runs.iter().map(|run| place(run.start)..place(run.end)).collect(), levels.rate)
        };
        let silence = self.silence.iter().map(scaled).collect();
        Self { levels, is_the_mix: false, silence, ..self.clone() }
    }

    /// True peak, certified where it decides whether the premaster may stay as it is.
    pub(crate) fn peak(&self, premaster: &Audio, ceiling: Dbtp) -> Dbtp {
        let scanned = self.levels.true_peak;
        // The scan may read low; where that could matter, look closer.
        let close = scanned <= ceiling && scanned > ceiling - true_peak::SCAN_TOLERANCE;
        if close { true_peak::certify(premaster, ceiling) } else { scanned }
    }

    /// Whether loudness is not defined because a block of 400 ms does not fit.
    pub(crate) fn is_too_short(&self) -> bool {
        self.levels.rate.seconds(self.levels.frames) < 0.4
    }

    /// Whether there is not one sample but zero.
    pub(crate) fn is_empty(&self) -> bool {
        self.levels.sample_peak.value() == f64::NEG_INFINITY
    }
}

/// Loud, full of peaks at the top, with little between peaks and loudness: a master, not a mix.
pub(crate) fn is_dense_master(levels: &Measurements) -> bool {
    let Some(loudness) = levels.integrated else { return false };
    let peak = levels.true_peak.value();
    loudness.value() > -11.0 && peak > -1.0 && peak - loudness.value() < 10.0
}

/// What of silence is still silent after filters that ring: they are done within a tenth of a second before and half a
/// second after what they filter.
fn within_silence(runs: Vec<Range<usize>>, rate: SampleRate) -> Vec<Range<usize>> {
    let (before, after) = (rate.hertz() as usize / 10, rate.hertz() as usize / 2);
    let shrunk = |run: Range<usize>| {
        // Nothing rings before the first frame.
        let start = if run.start == 0 { 0 } else { run.start + after };
        start..run.end.saturating_sub(before)
    };
    runs.into_iter().map(shrunk).filter(|run| run.start < run.end).collect()
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
