//! Samples that are no numbers, or lie beyond any level, are replaced from their neighbours, or refused.

use dsp::audio::Audio;
use dsp::simd::{Kernel, dispatch};
use rayon::prelude::*;

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::note::DecodeNote;

/// +120 dBFS: beyond, a float is no sample but damage.
const LEVEL_MAX: f32 = 1.0e6;
/// Gaps up to this many samples are bridged by a line; longer ones are silenced.
const BRIDGED_MAX: usize = 32;
/// The fades beside a silenced gap, in seconds.
const FADE_SECONDS: f64 = 0.001;

/// Repairs `audio` and says how much, or refuses it.
pub(crate) fn repair(audio: &mut Audio, limits: &Limits) -> Result<Option<DecodeNote>, DecodeError> {
    let samples: u64 = audio.channels().par_iter().map(|channel| dispatch(CountBad(channel))).sum();
    if samples == 0 {
        return Ok(None);
    }
    let samples_total = audio.frames() as u64 * audio.channel_count() as u64;
    if samples as f64 > samples_total as f64 * limits.not_finite_share_max {
        let percent_max = limits.not_finite_share_max * 100.0;
        return Err(DecodeError::NotFinite { samples, samples_total, percent_max });
    }
    let fade = (audio.rate().as_f64() * FADE_SECONDS) as usize;
    for channel in audio.channels_mut() {
        repair_channel(channel, fade);
    }
    Ok(Some(DecodeNote::NotFiniteReplaced { samples }))
}

/// Whether a sample is a number of a possible level. Infinities and NaNs are the largest magnitudes as bits.
#[inline(always)]
fn is_bad(sample: f32) -> bool {
    sample.to_bits() & 0x7fff_ffff > LEVEL_MAX.to_bits()
}

struct CountBad<'a>(&'a [f32]);

impl Kernel for CountBad<'_> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let count = |block: &[f32]| block.iter().map(|s| u32::from(is_bad(*s))).sum::<u32>();
        self.0.chunks(1 << 16).map(|block| u64::from(count(block))).sum()
    }
}

fn repair_channel(samples: &mut [f32], fade: usize) {
    let mut from = 0;
    while let Some(start) = samples[from..].iter().position(|s| is_bad(*s)).map(|at| from + at) {
        let end = samples[start..].iter().position(|s| !is_bad(*s)).map_or(samples.len(), |at| start + at);
        if end - start <= BRIDGED_MAX {
            bridge(samples, start, end);
        } else {
            silence(samples, start, end, fade);
        }
        from = end;
    }
}

/// A line from the last good sample to the next; at an end of the audio, the one neighbour there is.
fn bridge(samples: &mut [f32], start: usize, end: usize) {
    let before = start.checked_sub(1).map(|at| samples[at]);
    let after = samples.get(end).copied();
    let (a, b) = match (before, after) {
        (Some(a), Some(b)) => (a, b),
        (Some(a), None) | (None, Some(a)) => (a, a),
        (None, None) => (0.0, 0.0),
    };
    let steps = (end - start + 1) as f32;
    for (step, sample) in samples[start..end].iter_mut().enumerate() {
        *sample = a + (b - a) * ((step + 1) as f32 / steps);
    }
}

/// Zeros, with a fade towards them on either side. Bad samples within a fade are met by their own turn.
fn silence(samples: &mut [f32], start: usize, end: usize, fade: usize) {
    samples[start..end].fill(0.0);
    let gain = |step: usize| (step + 1) as f32 / (fade + 1) as f32;
    for (step, sample) in samples[..start].iter_mut().rev().take(fade).enumerate() {
        *sample *= gain(step);
    }
    for (step, sample) in samples[end..].iter_mut().take(fade).enumerate() {
        *sample *= gain(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::audio::Samples;
    use dsp::units::SampleRate;

    fn with_gap(frames: usize, gap: std::ops::Range<usize>, bad: f32) -> Audio {
        let mut samples = Samples::silence(frames);
        samples.fill(0.5);
        samples[gap].fill(bad);
        Audio::from_channels(SampleRate::literal(48_000), vec![samples])
    }

    #[test]
    fn a_short_gap_is_bridged_and_a_long_one_silenced_with_fades() {
        for bad in [f32::NAN, f32::NEG_INFINITY, 3.0e38, -1.1e6] {
            let mut short = with_gap(100_000, 500..532, bad);
            let note = repair(&mut short, &Limits::SERVICE).unwrap();
            assert_eq!(note, Some(DecodeNote::NotFiniteReplaced { samples: 32 }));
            assert!(short.channel(0).iter().all(|s| *s == 0.5), "a line between equals is flat");

            let mut long = with_gap(100_000, 500..533, bad);
            repair(&mut long, &Limits::SERVICE).unwrap();
            let samples = long.channel(0);
            assert!(samples[500..533].iter().all(|s| *s == 0.0));
            assert!(samples[499] < 0.02 && samples[533] < 0.02 && samples[451] == 0.5 && samples[581] == 0.5);
            let step = samples.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
            assert!(step < 0.011, "no click: the largest step is {step}");
        }
    }

    #[test]
    fn levels_up_to_120_dbfs_are_left_alone() {
        let mut audio = with_gap(1000, 10..20, 1.0e6);
        assert_eq!(repair(&mut audio, &Limits::SERVICE).unwrap(), None);
    }

    #[test]
    fn more_than_the_limit_is_refused_with_both_numbers() {
        let mut audio = with_gap(100_000, 0..101, f32::NAN);
        let error = repair(&mut audio, &Limits::SERVICE).unwrap_err();
        assert_eq!(error.code(), "audio_not_finite");
        assert!(error.to_string().contains("101 of 100000"), "{error}");
    }

    #[test]
    fn audio_without_a_single_number_becomes_silence_where_that_is_allowed() {
        let mut audio = with_gap(20, 0..20, f32::NAN);
        let limits = Limits { not_finite_share_max: 1.0, ..Limits::SERVICE };
        repair(&mut audio, &limits).unwrap();
        assert!(audio.channel(0).iter().all(|s| *s == 0.0));
    }
}
