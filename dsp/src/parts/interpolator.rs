//! Band-limited interpolation between samples: tables of windowed sinc filters.

use std::f64::consts::PI;

use crate::parts::window::kaiser;

/// The filter that reads a signal `fraction` of a frame after sample `taps / 2 - 1` of `taps` samples.
///
/// A sinc with its corner at the Nyquist frequency under a Kaiser window, scaled to gain 1 at 0 Hz.
/// `taps` is even and `fraction` 0 to 1; at 0 and 1 it is one tap of 1 and the rest 0, up to rounding.
#[must_use]
pub fn fractional_delay(taps: usize, beta: f64, fraction: f64) -> Vec<f64> {
    let half = taps as f64 / 2.0;
    let filter: Vec<f64> = (0..taps)
        .map(|k| {
            let distance = k as f64 - (half - 1.0) - fraction;
            sinc(distance) * kaiser(beta, distance / half)
        })
        .collect();
    let sum: f64 = filter.iter().sum();
    filter.into_iter().map(|tap| tap / sum).collect()
}

/// sin(pi x) / (pi x).
#[must_use]
pub fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halfway_filters_are_symmetric_and_pass_a_constant() {
        let filter = fractional_delay(32, 5.0, 0.5);
        assert!((filter.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        for k in 0..16 {
            assert!((filter[k] - filter[31 - k]).abs() < 1e-15);
        }
    }

    #[test]
    fn a_quarter_before_is_the_mirror_of_a_quarter_after() {
        let after = fractional_delay(32, 5.0, 0.25);
        let before = fractional_delay(32, 5.0, 0.75);
        for k in 0..32 {
            assert!((after[k] - before[31 - k]).abs() < 1e-15);
        }
    }
}
