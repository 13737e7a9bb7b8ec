//! Levels and gains in dB, many at a time: polynomials instead of library calls, within 0.0001 dB.

use crate::simd::{Kernel, dispatch};

/// The lowest level there is, in dB: powers below 10⁻²⁰ count as that.
pub const LOWEST_DB: f32 = -200.0;

/// `levels` = 10 log10 of `powers`.
///
/// # Panics
/// If the lengths differ.
pub fn levels(powers: &[f32], levels: &mut [f32]) {
    assert_eq!(powers.len(), levels.len(), "a level for each power");
    dispatch(Levels { powers, levels });
}

/// Turns gains in dB, −400 to 400, into factors on amplitudes. 0 dB is exactly 1.
pub fn amplitudes(gains: &mut [f32]) {
    dispatch(Amplitudes { gains });
}

struct Levels<'a> {
    powers: &'a [f32],
    levels: &'a mut [f32],
}

impl Kernel for Levels<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (level, &power) in self.levels.iter_mut().zip(self.powers) {
            *level = level_db(power);
        }
    }
}

struct Amplitudes<'a> {
    gains: &'a mut [f32],
}

impl Kernel for Amplitudes<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for gain in self.gains {
            *gain = amplitude(*gain);
        }
    }
}

/// log2 by its series in (m − 1) / (m + 1), after the exponent is taken off so that m lies within √½ and √2, where the
/// first term left out is below 3 · 10⁻⁸.
#[inline(always)]
fn level_db(power: f32) -> f32 {
    const DB_PER_OCTAVE: f32 = 3.010_3;
    const SCALE: f32 = 2.0 * std::f32::consts::LOG2_E;
    let power = if power > 1e-20 { power } else { 1e-20 };
    // The exponent of power · √2, so that the mantissa's range is about one.
    let bits = power.to_bits() as i32;
    let exponent = (bits - std::f32::consts::FRAC_1_SQRT_2.to_bits() as i32) >> 23;
    let mantissa = f32::from_bits((bits - (exponent << 23)) as u32);
    let u = (mantissa - 1.0) / (mantissa + 1.0);
    let square = u * u;
    let series = u * (1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0))));
    DB_PER_OCTAVE * (exponent as f32 + SCALE * series)
}

/// exp2 by its series about the nearest whole number, where the first term left out is below 2 · 10⁻⁷.
#[inline(always)]
fn amplitude(gain_db: f32) -> f32 {
    const OCTAVES_PER_DB: f32 = 0.166_096_4;
    /// Adding it rounds to a whole number: one and a half times 2²³.
    const ROUND: f32 = 12_582_912.0;
    let octaves = gain_db * OCTAVES_PER_DB;
    let whole = (octaves + ROUND) - ROUND;
    let x = (octaves - whole) * std::f32::consts::LN_2;
    let tail = 1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0)));
    let series = 1.0 + x * (1.0 + x * (0.5 + x * tail));
    series * f32::from_bits((((whole as i32) + 127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_library() {
        let powers: Vec<f32> = (-3300..200).map(|i| 2f64.powf(f64::from(i) / 50.0) as f32).collect();
        let mut got = vec![0.0; powers.len()];
        levels(&powers, &mut got);
        for (got, power) in got.iter().zip(&powers) {
            let want = 10.0 * f64::from(*power).log10();
            assert!((f64::from(*got) - want).abs() < 1e-4, "{power}: {got} is not {want}");
        }
        levels(&[0.0, -1.0, f32::MIN_POSITIVE, 1.0], &mut got[..4]);
        assert_eq!((got[0], got[1], got[2], got[3]), (LOWEST_DB, LOWEST_DB, LOWEST_DB, 0.0));
    }

    #[test]
    fn gains_are_those_of_the_library_and_none_is_one() {
        let mut got: Vec<f32> = (-6000..6000).map(|i| i as f32 / 100.0).collect();
        let given = got.clone();
        amplitudes(&mut got);
        for (got, gain_db) in got.iter().zip(&given) {
            let back_db = 20.0 * f64::from(*got).log10();
            assert!((back_db - f64::from(*gain_db)).abs() < 1e-4, "{gain_db} dB came as {back_db}");
        }
        assert_eq!(got[6000], 1.0);
    }
}
