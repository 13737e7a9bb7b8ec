//! The Kaiser window (Kaiser & Schafer 1980).

/// The Kaiser window at `position`, -1 to 1 from edge to edge; 1 in the middle, 0 outside.
/// A larger `beta` trades a wider transition for lower ripple.
#[must_use]
pub fn kaiser(beta: f64, position: f64) -> f64 {
    let inside = 1.0 - position * position;
    if inside < 0.0 { 0.0 } else { bessel_i0(beta * inside.sqrt()) / bessel_i0(beta) }
}

/// Modified Bessel function of the first kind, order 0, by its power series; exact to rounding for |x| < 40.
fn bessel_i0(x: f64) -> f64 {
    let quarter_square = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = 1.0;
    while term > sum * f64::EPSILON {
        term *= quarter_square / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_meets_its_tabulated_values() {
        // Abramowitz & Stegun, table 9.8.
        assert!((bessel_i0(1.0) - 1.266_065_877_752_008_4).abs() < 1e-14);
        assert!((bessel_i0(5.0) - 27.239_871_823_604_44).abs() < 1e-12);
    }

    #[test]
    fn the_window_is_one_in_the_middle_and_nothing_outside() {
        assert_eq!(kaiser(8.0, 0.0), 1.0);
        assert_eq!(kaiser(8.0, 1.0 + 1e-9), 0.0);
        assert_eq!(kaiser(8.0, 0.3), kaiser(8.0, -0.3));
    }
}
