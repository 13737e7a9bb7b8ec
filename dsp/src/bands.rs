//! The grid on which spectra and tone curves live: sixths of an octave from 20 Hz to 20.5 kHz.

use crate::units::Hertz;

/// How many bands.
pub const BANDS: usize = 61;
/// Bands in an octave.
pub const PER_OCTAVE: usize = 6;
/// The centre of the lowest band.
pub const LOWEST: Hertz = Hertz::literal(20.0);

/// Something known of each band: a level, a gain, a ratio; in whatever unit its owner says.
pub type PerBand = [f64; BANDS];

/// The centre of band `index`: 20 Hz · 2^(index / 6).
#[must_use]
pub fn centre(index: usize) -> Hertz {
    Hertz::literal(LOWEST.value() * 2f64.powf(index as f64 / PER_OCTAVE as f64))
}

/// Where a frequency lies on the grid: 0 at the lowest centre, one more for each band; negative below.
#[must_use]
pub fn position(frequency: Hertz) -> f64 {
    PER_OCTAVE as f64 * (frequency.value() / LOWEST.value()).log2()
}

/// The lower and the upper edge of band `index`, a twelfth of an octave from its centre.
#[must_use]
pub fn edges(index: usize) -> (Hertz, Hertz) {
    let half = 2f64.powf(0.5 / PER_OCTAVE as f64);
    let centre = centre(index).value();
    (Hertz::literal(centre / half), Hertz::literal(centre * half))
}

/// A gain in dB at every frequency: given at the centres, a cubic through four neighbours between them (Catmull and
/// Rom 1974, in octaves), constant beyond the outermost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Curve(pub PerBand);

impl Curve {
    /// No gain anywhere.
    pub const FLAT: Self = Self([0.0; BANDS]);

    /// A gain that is a function of frequency.
    #[must_use]
    pub fn of(gain_db: impl Fn(Hertz) -> f64) -> Self {
        Self(std::array::from_fn(|band| gain_db(centre(band))))
    }

    /// Whether it is no gain anywhere.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.0.iter().all(|&gain| gain == 0.0)
    }

    /// The gain at any frequency, in dB.
    #[must_use]
    pub fn at_db(&self, frequency: Hertz) -> f64 {
        if frequency.value() <= LOWEST.value() {
            return self.0[0];
        }
        let place = position(frequency).min((BANDS - 1) as f64);
        let index = (place as usize).min(BANDS - 2);
        let t = place - index as f64;
        let point = |offset: isize| {
            let wanted = index as isize + offset;
            self.0[wanted.clamp(0, BANDS as isize - 1) as usize]
        };
        let (before, from, to, after) = (point(-1), point(0), point(1), point(2));
        let linear = to - before;
        let square = 2.0 * before - 5.0 * from + 4.0 * to - after;
        let cube = 3.0 * (from - to) + after - before;
        from + 0.5 * t * (linear + t * (square + t * cube))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_through_its_points_and_straight_lines_stay_straight() {
        let slope = Curve::of(|f| position(f) * 0.5);
        for band in 0..BANDS {
            assert!((slope.at_db(centre(band)) - slope.0[band]).abs() < 1e-9);
        }
        let between = Hertz::literal(20.0 * 2f64.powf(20.37 / 6.0));
        assert!((slope.at_db(between) - 20.37 * 0.5).abs() < 1e-9);
        assert_eq!(slope.at_db(Hertz::literal(5.0)), 0.0);
        assert_eq!(slope.at_db(Hertz::literal(22_000.0)), 30.0);
    }

    #[test]
    fn neighbouring_bands_share_an_edge() {
        for band in 1..BANDS {
            assert!((edges(band).0.value() / edges(band - 1).1.value() - 1.0).abs() < 1e-12);
        }
    }
}
