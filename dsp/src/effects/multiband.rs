//! The four bands of dynamics: where they meet, and what each lets through.
//!
//! A low-pass about each crossover falls along a raised cosine in the logarithm of frequency, an octave wide. A band is
//! the difference of two of them, so the bands sum to one at every frequency and in every sample.

use std::f64::consts::FRAC_PI_2;

use crate::units::Hertz;

/// How many bands.
pub const BANDS: usize = 4;
/// Where each band meets the next, in Hz; there both let half through.
pub const CROSSOVERS_HZ: [f64; BANDS - 1] = [110.0, 700.0, 5000.0];

/// What people call them.
pub const BAND_NAMES: [&str; BANDS] = ["bass", "lower middle", "upper middle", "treble"];

/// The band that a frequency mostly belongs to.
#[must_use]
pub fn band_of(frequency: Hertz) -> usize {
    CROSSOVERS_HZ.iter().filter(|&&crossover| crossover <= frequency.value()).count()
}

/// What band `band` (0 is the lowest) lets through of a frequency, 0 to 1: a gain, not a power. The four sum to 1.
///
/// # Panics
/// If there is no such band.
#[must_use]
pub fn band_gain(band: usize, frequency: Hertz) -> f64 {
    assert!(band < BANDS, "bands 0 to 3");
    let upto = if band + 1 < BANDS { low_pass(band, frequency) } else { 1.0 };
    let below = if band > 0 { low_pass(band - 1, frequency) } else { 0.0 };
    upto - below
}

/// What lies below crossover `crossover`: 1 up to half an octave below it, 0 from half an octave above.
fn low_pass(crossover: usize, frequency: Hertz) -> f64 {
    let octaves = (frequency.value() / CROSSOVERS_HZ[crossover]).log2();
    let fallen = (octaves + 0.5).clamp(0.0, 1.0);
    (FRAC_PI_2 * fallen).cos().powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(hz: f64) -> [f64; BANDS] {
        std::array::from_fn(|band| band_gain(band, Hertz::literal(hz)))
    }

    #[test]
    fn bands_sum_to_one_at_every_frequency() {
        for step in 0..=1200 {
            let hz = 10.0 * 2f64.powf(f64::from(step) / 100.0);
            let bands = all(hz);
            assert!((bands.iter().sum::<f64>() - 1.0).abs() < 1e-15, "{hz} Hz: {bands:?}");
            assert!(bands.iter().all(|gain| (0.0..=1.0).contains(gain)), "{hz} Hz: {bands:?}");
        }
    }

    #[test]
    fn neighbours_share_a_crossover_and_nothing_half_an_octave_from_it() {
        for (band, crossover) in CROSSOVERS_HZ.into_iter().enumerate() {
            let at = all(crossover);
            assert!((at[band] - 0.5).abs() < 1e-12 && (at[band + 1] - 0.5).abs() < 1e-12, "{at:?}");
            let (under, over) =
                (all(crossover * 0.5f64.sqrt() * 0.9999), all(crossover * 2f64.sqrt() * 1.0001));
            assert_eq!((under[band], over[band + 1]), (1.0, 1.0));
        }
        assert_eq!(all(0.0), [1.0, 0.0, 0.0, 0.0]);
    }
}
