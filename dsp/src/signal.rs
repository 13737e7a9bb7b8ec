//! Test signals: exact where they can be, and the same bits for the same seed.
//!
//! Public because the tests of every crate above build their cases from these.

use std::f64::consts::{FRAC_PI_4, PI, TAU};

use crate::audio::{Audio, Samples};
use crate::parts::interpolator::sinc;
use crate::parts::window::kaiser;
use crate::units::{Dbfs, Dbtp, Hertz, SampleRate};

/// A source of numbers that look random and are not: SplitMix64 (Steele, Lea & Flood 2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform from `low` up to, but not including, `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal, mean 0, variance 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform(0.0, 1.0)).ln()).sqrt();
        radius * self.uniform(0.0, TAU).cos()
    }
}

/// The same samples in so many channels.
#[must_use]
pub fn in_channels(rate: SampleRate, channels: usize, samples: &[f32]) -> Audio {
    Audio::from_channels(rate, vec![Samples::copied(samples); channels])
}

/// One channel from a function of the frame number.
#[must_use]
pub fn from_frames(rate: SampleRate, frames: usize, value: impl FnMut(usize) -> f64) -> Audio {
    let samples: Vec<f32> = (0..frames).map(value).map(|v| v as f32).collect();
    in_channels(rate, 1, &samples)
}

/// One channel of a sine; `phase` in radians, `peak` that of the sine itself, which its samples may miss.
#[must_use]
pub fn sine(rate: SampleRate, frequency: Hertz, peak: Dbfs, phase: f64, frames: usize) -> Audio {
    let step = TAU * frequency.value() / rate.as_f64();
    from_frames(rate, frames, |n| peak.amplitude() * (phase + step * n as f64).sin())
}

/// A stretch of a tone that goes on through all segments.
#[derive(Clone, PartialEq, Debug)]
pub struct Segment {
    /// Peak level in each channel; `None` is silence.
    pub levels: Vec<Option<Dbfs>>,
    /// How long.
    pub seconds: f64,
}

impl Segment {
    /// The same level in both channels.
    #[must_use]
    pub fn stereo(level_dbfs: f64, seconds: f64) -> Self {
        Self { levels: vec![Some(Dbfs::literal(level_dbfs)); 2], seconds }
    }

    /// Two channels of silence.
    #[must_use]
    pub fn silence(seconds: f64) -> Self {
        Self { levels: vec![None; 2], seconds }
    }
}

/// A sine through segments of different level, without a break in its phase: how EBU Tech 3341 and 3342 make
/// theirs.
///
/// # Panics
/// If segments differ in their number of channels.
#[must_use]
pub fn tones(rate: SampleRate, frequency: Hertz, segments: &[Segment]) -> Audio {
    let lengths: Vec<usize> = segments.iter().map(|s| (s.seconds * rate.as_f64()).round() as usize).collect();
    let step = TAU * frequency.value() / rate.as_f64();
    let channels = segments.first().map_or(1, |s| s.levels.len());
    let mut audio = vec![Vec::with_capacity(lengths.iter().sum()); channels];
    for (segment, &length) in segments.iter().zip(&lengths) {
        assert_eq!(segment.levels.len(), channels, "segments of one number of channels");
        let start = audio[0].len();
        for (channel, level) in audio.iter_mut().zip(&segment.levels) {
            let amplitude = level.map_or(0.0, Dbfs::amplitude);
            channel.extend((start..start + length).map(|n| (amplitude * (step * n as f64).sin()) as f32));
        }
    }
    Audio::from_channels(rate, audio.iter().map(|c| Samples::copied(c)).collect())
}

/// A sine whose frequency rises (or falls) exponentially from `from` to `to`.
#[must_use]
pub fn sweep(rate: SampleRate, from: Hertz, to: Hertz, peak: Dbfs, frames: usize) -> Audio {
    let octaves_e = (to.value() / from.value()).ln();
    let scale = TAU * from.value() * rate.seconds(frames) / octaves_e;
    from_frames(rate, frames, |n| {
        peak.amplitude() * (scale * ((octaves_e * n as f64 / frames as f64).exp() - 1.0)).sin()
    })
}

/// Independent Gaussian noise in each channel, at an RMS level, all frequencies alike.
#[must_use]
pub fn noise(rate: SampleRate, channels: usize, rms: Dbfs, frames: usize, seed: u64) -> Audio {
    let mut dice = Dice::new(seed);
    let mut channel = || {
        let samples: Vec<f32> = (0..frames).map(|_| (rms.amplitude() * dice.normal()) as f32).collect();
        Samples::copied(&samples)
    };
    Audio::from_channels(rate, (0..channels).map(|_| channel()).collect())
}

/// Gaussian noise in one channel with nothing above `bandwidth` times the Nyquist frequency (100 dB down),
/// its highest sample at `peak`.
///
/// Below the bandwidth it is flat but for the last 0.06 of the Nyquist frequency.
#[must_use]
pub fn band_limited_noise(rate: SampleRate, bandwidth: f64, peak: Dbfs, frames: usize, seed: u64) -> Audio {
    // Kaiser: 100 dB at beta 10.06; a transition of 0.06 of Nyquist needs (100 - 8) / (2.285 * 0.06 pi) taps.
    const BETA: f64 = 10.06;
    const HALF: usize = 108;
    let corner = bandwidth - 0.03;
    let filter: Vec<f64> = (0..=2 * HALF)
        .map(|k| {
            let distance = k as f64 - HALF as f64;
            corner * sinc(corner * distance) * kaiser(BETA, distance / HALF as f64)
        })
        .collect();
    let mut dice = Dice::new(seed);
    let white: Vec<f64> = (0..frames + 2 * HALF).map(|_| dice.normal()).collect();
    let limited: Vec<f64> =
        white.windows(2 * HALF + 1).map(|w| w.iter().zip(&filter).map(|(x, tap)| x * tap).sum()).collect();
    let highest = limited.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    from_frames(rate, frames, |n| limited[n] * peak.amplitude() / highest)
}

/// A tone at a quarter of the rate whose samples all lie 3.01 dB below its peaks; faded in and out over a
/// tenth of its length each, so that it begins and ends without a step.
#[must_use]
pub fn peaks_between_samples(rate: SampleRate, peak: Dbtp, frames: usize) -> Audio {
    let fade = (frames / 10).max(1) as f64;
    from_frames(rate, frames, |n| {
        let edge = (n as f64).min((frames - 1 - n) as f64) / fade;
        let gain = if edge < 1.0 { (1.0 - (PI * edge).cos()) / 2.0 } else { 1.0 };
        gain * peak.amplitude() * (TAU / 4.0 * (n % 4) as f64 + FRAC_PI_4).sin()
    })
}

/// A make-believe programme: stretches of chords, noise, clicks and silence at levels from -60 dBFS to nearly
/// full scale, different in each channel. It has loud and quiet passages, so that gates and ranges have work
/// to do.
#[must_use]
pub fn programme(rate: SampleRate, channels: usize, seconds: f64, seed: u64) -> Audio {
    let frames = (seconds * rate.as_f64()).round() as usize;
    let mut dice = Dice::new(seed);
    let mut audio = vec![Vec::with_capacity(frames); channels];
    while audio[0].len() < frames {
        let length = (dice.uniform(0.05, 4.0) * rate.as_f64()) as usize;
        let length = length.min(frames - audio[0].len());
        let level = if dice.uniform(0.0, 1.0) < 0.1 {
            0.0
        } else {
            Dbfs::literal(dice.uniform(-60.0, -3.0)).amplitude()
        };
        let kind = dice.bits() % 3;
        let top = (0.4 * rate.as_f64()).min(16_000.0);
        let partials: Vec<f64> =
            (0..4).map(|_| TAU * 40.0 * (top / 40.0).powf(dice.uniform(0.0, 1.0)) / rate.as_f64()).collect();
        for channel in &mut audio {
            let balance = level * dice.uniform(0.3, 1.0);
            let mut smooth = 0.0;
            for n in 0..length {
                let value = match kind {
                    0 => partials.iter().map(|step| (step * n as f64).sin()).sum::<f64>() / 4.0,
                    1 => {
                        smooth += 0.2 * (dice.uniform(-1.0, 1.0) - smooth);
                        2.0 * smooth
                    }
                    _ => dice.uniform(-1.0, 1.0) * (-((n % 9000) as f64) / 400.0).exp(),
                };
                channel.push((balance * value) as f32);
            }
        }
    }
    Audio::from_channels(rate, audio.iter().map(|c| Samples::copied(c)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::literal(48_000);

    #[test]
    fn the_same_seed_gives_the_same_bits() {
        assert_eq!(programme(RATE, 2, 3.0, 7), programme(RATE, 2, 3.0, 7));
        assert_ne!(programme(RATE, 2, 3.0, 7), programme(RATE, 2, 3.0, 8));
    }

    #[test]
    fn no_sample_shows_the_peak_between_samples() {
        let audio = peaks_between_samples(RATE, Dbtp::FULL_SCALE, 4800);
        let highest = audio.channel(0).iter().fold(0.0f32, |a, v| a.max(v.abs()));
        assert!((f64::from(highest) - 0.5f64.sqrt()).abs() < 1e-6, "{highest}");
    }

    #[test]
    fn noise_has_the_level_it_was_asked_for() {
        let audio = noise(RATE, 1, Dbfs::literal(-20.0), 480_000, 1);
        let power = audio.channel(0).iter().map(|v| f64::from(v * v)).sum::<f64>() / 480_000.0;
        assert!((10.0 * power.log10() + 20.0).abs() < 0.03, "{power}");
    }

    #[test]
    fn band_limited_noise_has_nothing_above_its_band() {
        let audio = band_limited_noise(RATE, 0.5, Dbfs::literal(0.0), 48_000, 1);
        let level = |hz: f64| {
            let step = TAU * hz / RATE.as_f64();
            let (re, im) = audio.channel(0).iter().enumerate().fold((0.0, 0.0), |(re, im), (n, v)| {
                let hann = f64::from(*v) * (1.0 - (TAU * n as f64 / 48_000.0).cos());
                (re + hann * (step * n as f64).cos(), im + hann * (step * n as f64).sin())
            });
            20.0 * (re * re + im * im).sqrt().log10()
        };
        let inside = (0..20).map(|i| level(5_000.0 + 100.0 * f64::from(i))).fold(f64::MIN, f64::max);
        let outside = (0..20).map(|i| level(12_100.0 + 500.0 * f64::from(i))).fold(f64::MIN, f64::max);
        assert!(outside < inside - 90.0, "{inside} dB inside, {outside} dB outside");
    }
}
