//! How two signals differ: where one lies in the other, which gain brings it closest, and what is left then.

use realfft::num_complex::Complex32;

use crate::audio::Audio;
use crate::parts::fft::Fft;
use crate::units::{Dbfs, Decibels};

/// Frames of the excerpt that is looked for.
const EXCERPT_FRAMES: usize = 1 << 18;
/// Frames of the stretch that it is looked for in: 9 s to either side at 44.1 kHz.
const STRETCH_FRAMES: usize = 1 << 20;
/// Below this correlation of the excerpts the two are not the same music.
const LEAST_CORRELATION: f64 = 0.3;
/// What is left of signals that are the same but for a gain: relative to the signal…
const SAME_RELATIVE: Decibels = Decibels::literal(-80.0);
/// …or, for quiet ones, at most the rounding of 16 bits, dithered (−96 dBFS, and shaped some decibels more).
const SAME_LEVEL: Dbfs = Dbfs::literal(-90.0);

/// How `b` differs from `a`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Likeness {
    /// In one word.
    pub kinship: Kinship,
    /// Frames that `b` is later than `a`; negative when it is earlier. Zero for strangers.
    pub offset_frames: i64,
    /// Correlation of both at that offset, −1 to 1, where it was looked for.
    pub correlation: f64,
    /// What is left; none for strangers and for silence.
    pub residual: Option<Residual>,
}

/// How two signals are related.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kinship {
    /// Every sample is the same.
    Identical,
    /// The same but for one gain, one offset and the rounding of samples.
    UpToGain,
    /// The same music, treated otherwise.
    Different,
    /// Nothing of one was found in the other.
    Strangers,
}

/// What is left of `b` after the gain that brings `a` closest to it (least squares) is taken away: `b − g·a`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Residual {
    /// `g`.
    pub gain: Decibels,
    /// The sign of `g`.
    pub polarity: Polarity,
    /// Energy of what is left over that of `b`; negative infinity for nothing.
    pub relative: Decibels,
    /// Level of what is left: 10 log10 of its mean square over all channels.
    pub level: Dbfs,
}

/// Which way up a signal is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Polarity {
    /// As the other.
    Same,
    /// Upside down.
    Inverted,
}

/// Compares two signals of one rate and number of channels; none if these differ, for then no sample has a counterpart.
///
/// `b` is looked for up to 9 s (at 44.1 kHz) before and after its place in `a`.
#[must_use]
pub fn likeness(a: &Audio, b: &Audio) -> Option<Likeness> {
    if a.rate() != b.rate() || a.channel_count() != b.channel_count() {
        return None;
    }
    if a.frames() == b.frames() && a.channels() == b.channels() {
        let residual = residual(a, b, 0);
        return Some(Likeness { kinship: Kinship::Identical, offset_frames: 0, correlation: 1.0, residual });
    }
    let (offset_frames, correlation) = offset(a, b);
    let stranger = Likeness { kinship: Kinship::Strangers, offset_frames: 0, correlation, residual: None };
    if correlation.abs() < LEAST_CORRELATION {
        return Some(stranger);
    }
    let residual = residual(a, b, offset_frames);
    let is_same = residual.is_some_and(|left| left.relative <= SAME_RELATIVE || left.level <= SAME_LEVEL);
    let kinship = if is_same { Kinship::UpToGain } else { Kinship::Different };
    Some(Likeness { kinship, offset_frames, correlation, residual })
}

/// Where `b` lies in `a`, and how alike the excerpts are there.
///
/// The excerpt of `a` with the most movement is looked for in `b` by correlation of first differences, which make the
/// peak narrow where the music is mostly bass.
fn offset(a: &Audio, b: &Audio) -> (i64, f64) {
    let (ours, theirs) = (movement(a), movement(b));
    let length = EXCERPT_FRAMES.min(ours.len());
    if length == 0 {
        return (0, 0.0);
    }
    let start = liveliest(&ours, length);
    let first = start as i64 - ((STRETCH_FRAMES - EXCERPT_FRAMES) / 2) as i64;
    let stretch: Vec<f32> = (0..STRETCH_FRAMES as i64)
        .map(|n| usize::try_from(first + n).ok().and_then(|n| theirs.get(n)).copied().unwrap_or(0.0))
        .collect();
    let excerpt = &ours[start..start + length];
    let products = correlate(excerpt, &stretch);
    // Where the excerpt would reach over the end of the stretch, the transform wraps around.
    let lags = STRETCH_FRAMES - length + 1;
    let best =
        (0..lags).fold(0, |best, lag| if products[lag].abs() > products[best].abs() { lag } else { best });
    let other = &stretch[best..best + length];
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let energy = dot(excerpt, excerpt) * dot(other, other);
    let correlation = if energy > 0.0 { dot(excerpt, other) / energy.sqrt() } else { 0.0 };
    (first + best as i64 - start as i64, correlation)
}

/// First differences of the sum of all channels.
fn movement(audio: &Audio) -> Vec<f32> {
    let mut sum = audio.channel(0).to_vec();
    for channel in audio.channels().iter().skip(1) {
        sum.iter_mut().zip(channel.iter()).for_each(|(sum, sample)| *sum += sample);
    }
    sum.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Where the window of `length` with the most energy begins, to an eighth of it.
fn liveliest(signal: &[f32], length: usize) -> usize {
    let step = (length / 8).max(1);
    let energies: Vec<f64> =
        signal.chunks(step).map(|run| run.iter().map(|x| f64::from(*x) * f64::from(*x)).sum()).collect();
    let count = length.div_ceil(step).min(energies.len()).max(1);
    let sums = energies.windows(count).map(|run| run.iter().sum::<f64>());
    let best = sums.enumerate().fold((0, -1.0), |best, next| if next.1 > best.1 { next } else { best }).0;
    (best * step).min(signal.len() - length)
}

/// Sums of products of `excerpt` with `stretch` at every lag.
fn correlate(excerpt: &[f32], stretch: &[f32]) -> Vec<f32> {
    let mut fft = Fft::new(STRETCH_FRAMES);
    let mut spectrum = |samples: &[f32]| {
        let mut block = vec![0.0f32; STRETCH_FRAMES];
        block[..samples.len()].copy_from_slice(samples);
        let mut bins = vec![Complex32::ZERO; STRETCH_FRAMES / 2 + 1];
        fft.forward(&block, &mut bins);
        bins
    };
    let (ours, mut theirs) = (spectrum(excerpt), spectrum(stretch));
    theirs.iter_mut().zip(&ours).for_each(|(theirs, ours)| *theirs *= ours.conj());
    let mut products = vec![0.0f32; STRETCH_FRAMES];
    fft.inverse(&mut theirs, &mut products);
    products
}

/// What is left of `b` where both overlap; none if one of them is silent there.
fn residual(a: &Audio, b: &Audio, offset_frames: i64) -> Option<Residual> {
    let distance = offset_frames.unsigned_abs() as usize;
    let (from_a, from_b) = if offset_frames > 0 { (0, distance) } else { (distance, 0) };
    let frames = a.frames().checked_sub(from_a)?.min(b.frames().checked_sub(from_b)?);
    let pairs = || {
        let channels = a.channels().iter().zip(b.channels());
        channels.flat_map(move |(a, b)| {
            let pairs = a[from_a..from_a + frames].iter().zip(&b[from_b..from_b + frames]);
            pairs.map(|(a, b)| (f64::from(*a), f64::from(*b)))
        })
    };
    let (mut ours, mut theirs, mut cross) = (0.0, 0.0, 0.0);
    pairs().for_each(|(a, b)| {
        ours += a * a;
        theirs += b * b;
        cross += a * b;
    });
    if ours == 0.0 || theirs == 0.0 || cross == 0.0 {
        return None;
    }
    let gain = cross / ours;
    // A second pass: the difference of the sums would end where their rounding begins, near −150 dB.
    let left: f64 = pairs().map(|(a, b)| (b - gain * a) * (b - gain * a)).sum();
    let samples = (frames * a.channel_count()) as f64;
    Some(Residual {
        gain: Decibels::from_amplitude(gain.abs()),
        polarity: if gain < 0.0 { Polarity::Inverted } else { Polarity::Same },
        relative: Decibels::literal(10.0 * (left / theirs).log10()),
        level: Dbfs::literal(10.0 * (left / samples).log10()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Samples;
    use crate::signal;
    use crate::units::SampleRate;

    const RATE: SampleRate = SampleRate::literal(44_100);

    fn music(seconds: f64) -> Vec<Vec<f32>> {
        let audio = signal::programme(RATE, 2, seconds, 11);
        audio.channels().iter().map(|channel| channel.to_vec()).collect()
    }

    fn audio(channels: &[Vec<f32>]) -> Audio {
        Audio::from_channels(RATE, channels.iter().map(|channel| Samples::copied(channel)).collect())
    }

    fn later(channels: &[Vec<f32>], frames: usize) -> Vec<Vec<f32>> {
        channels.iter().map(|channel| [vec![0.0; frames], channel.clone()].concat()).collect()
    }

    fn scaled(channels: &[Vec<f32>], gain: f32) -> Vec<Vec<f32>> {
        channels.iter().map(|channel| channel.iter().map(|sample| gain * sample).collect()).collect()
    }

    #[test]
    fn offset_gain_and_polarity_are_found_again() {
        let song = music(20.0);
        for (gain, frames) in [(0.25f32, 0usize), (0.5, 1234), (-0.5, 100_001)] {
            let changed = scaled(&later(&song, frames), gain);
            for (a, b, offset, gain) in
                [(&song, &changed, frames as i64, gain), (&changed, &song, -(frames as i64), 1.0 / gain)]
            {
                let found = likeness(&audio(a), &audio(b)).unwrap();
                let left = found.residual.unwrap();
                assert_eq!((found.kinship, found.offset_frames), (Kinship::UpToGain, offset));
                let wanted = 20.0 * f64::from(gain.abs()).log10();
                assert!((left.gain.value() - wanted).abs() < 1e-6, "{left:?}");
                let upside_down = if gain < 0.0 { Polarity::Inverted } else { Polarity::Same };
                assert_eq!(left.polarity, upside_down);
                assert!(left.relative.value() < -140.0, "{left:?}");
            }
        }
    }

    #[test]
    fn the_residual_is_the_level_of_what_was_added() {
        let song = music(10.0);
        let mut noisy = song.clone();
        for (channel, seed) in noisy.iter_mut().zip(1u32..) {
            let mut state = seed;
            for sample in channel {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample += 0.003 * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0);
            }
        }
        let found = likeness(&audio(&song), &audio(&noisy)).unwrap();
        let wanted = 10.0 * (0.003f64 * 0.003 / 3.0).log10();
        assert_eq!((found.kinship, found.offset_frames), (Kinship::Different, 0));
        assert!((found.residual.unwrap().level.value() - wanted).abs() < 0.02, "{found:?} and {wanted}");
    }

    #[test]
    fn copies_are_identical_and_other_music_is_a_stranger() {
        let song = music(10.0);
        let found = likeness(&audio(&song), &audio(&song)).unwrap();
        assert_eq!((found.kinship, found.correlation), (Kinship::Identical, 1.0));
        assert_eq!(found.residual.unwrap().relative.value(), f64::NEG_INFINITY);
        let mut touched = song.clone();
        touched[1][5000] += 1e-3;
        assert_ne!(likeness(&audio(&song), &audio(&touched)).unwrap().kinship, Kinship::Identical);
        let noise = signal::noise(RATE, 2, Dbfs::literal(-20.0), 441_000, 5);
        assert_eq!(likeness(&audio(&song), &noise).unwrap().kinship, Kinship::Strangers);
        let silence = Audio::silence(RATE, crate::audio::Layout::stereo(), 1000);
        assert_eq!(likeness(&audio(&song), &silence).unwrap().kinship, Kinship::Strangers);
        assert_eq!(likeness(&audio(&song), &audio(&song[..1])), None);
    }
}
