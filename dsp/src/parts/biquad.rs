//! Second-order sections in double precision: coefficients, response, matched design.

use std::f64::consts::{PI, SQRT_2};

use crate::units::{Decibels, Hertz, SampleRate};

/// `y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2]`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Biquad {
    /// `b0`, `b1`, `b2`.
    pub b: [f64; 3],
    /// `a1`, `a2`; `a0` is 1.
    pub a: [f64; 2],
}

impl Biquad {
    /// Power gain, |H|², at a frequency.
    #[must_use]
    pub fn power_at(&self, frequency: Hertz, rate: SampleRate) -> f64 {
        let angle = 2.0 * PI * frequency.value() / rate.as_f64();
        let power = |c: [f64; 3]| {
            let re = c[0] + c[1] * angle.cos() + c[2] * (2.0 * angle).cos();
            let im = c[1] * angle.sin() + c[2] * (2.0 * angle).sin();
            re * re + im * im
        };
        power(self.b) / power([1.0, self.a[0], self.a[1]])
    }

    /// Passes everything as it is.
    pub const IDENTITY: Self = Self { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] };

    /// A Butterworth high-pass of second order: −3 dB at `corner`.
    #[must_use]
    pub fn high_pass(corner: Hertz, rate: SampleRate) -> Self {
        Self::bilinear([0.0, 0.0, 1.0], [1.0, SQRT_2, 1.0], corner, rate)
    }

    /// Raises or lowers what lies about `centre`: (s² + s A/Q + 1) / (s² + s/(A Q) + 1), A² the gain (Bristow-Johnson,
    /// "Cookbook formulae for audio EQ biquad filter coefficients").
    #[must_use]
    pub fn bell(centre: Hertz, gain: Decibels, q: f64, rate: SampleRate) -> Self {
        let root = gain.amplitude().sqrt();
        Self::bilinear([1.0, root / q, 1.0], [1.0, 1.0 / (root * q), 1.0], centre, rate)
    }

    /// Raises or lowers what lies below `corner`, where it has half its gain in dB:
    /// A (s² + s √A/Q + A) / (A s² + s √A/Q + 1), A² the gain (same source).
    #[must_use]
    pub fn low_shelf(corner: Hertz, gain: Decibels, q: f64, rate: SampleRate) -> Self {
        let root = gain.amplitude().sqrt();
        let slope = root.sqrt() / q;
        Self::bilinear([root * root, root * slope, root], [1.0, slope, root], corner, rate)
    }

    /// Raises or lowers what lies above `corner`, where it has half its gain in dB:
    /// A (A s² + s √A/Q + 1) / (s² + s √A/Q + A), A² the gain (same source).
    #[must_use]
    pub fn high_shelf(corner: Hertz, gain: Decibels, q: f64, rate: SampleRate) -> Self {
        let root = gain.amplitude().sqrt();
        let slope = root.sqrt() / q;
        Self::bilinear([root, root * slope, root * root], [root, slope, 1.0], corner, rate)
    }

    /// Passes what lies about `centre`, where its gain is 1: (s/Q) / (s² + s/Q + 1) (same source).
    #[must_use]
    pub fn band_pass(centre: Hertz, q: f64, rate: SampleRate) -> Self {
        Self::bilinear([0.0, 1.0 / q, 0.0], [1.0, 1.0 / q, 1.0], centre, rate)
    }

    /// A section in s, lowest power first and 1 rad/s at `corner`, by the bilinear transform.
    fn bilinear(above: [f64; 3], below: [f64; 3], corner: Hertz, rate: SampleRate) -> Self {
        let k = (PI * corner.value() / rate.as_f64()).tan();
        let polynomial = |c: [f64; 3]| {
            let (constant, linear, square) = (c[0] * k * k, c[1] * k, c[2]);
            [constant + linear + square, 2.0 * (constant - square), constant - linear + square]
        };
        let (b, a) = (polynomial(above), polynomial(below));
        Self { b: b.map(|c| c / a[0]), a: [a[1] / a[0], a[2] / a[0]] }
    }

    /// How much of its ringing is left from one frame to the next: the distance of its outer pole from 0.
    #[must_use]
    pub fn decay(&self) -> f64 {
        let half = self.a[0] / 2.0;
        let square = half * half - self.a[1];
        if square > 0.0 { half.abs() + square.sqrt() } else { self.a[1].sqrt() }
    }

    /// The minimum-phase section with gain 1 at 0 Hz and the given power gains at four frequencies.
    ///
    /// |H|² of any section is a ratio of two quadratics in `sin²(w/2)`, so four gains are four linear
    /// equations (the form is that of Vicanek, "Matched Second Order Digital Filters", 2016). `None` where
    /// no stable section has these gains.
    #[must_use]
    pub fn matching(gains: [(Hertz, f64); 4], rate: SampleRate) -> Option<Self> {
        // (1 + n1 s + n2 s²) - power (1 + d1 s + d2 s²) = 0 for each point, unknown n1, n2, d1, d2.
        let mut rows = [[0.0; 5]; 4];
        for (row, (frequency, power)) in rows.iter_mut().zip(gains) {
            let s = (PI * frequency.value() / rate.as_f64()).sin().powi(2);
            *row = [s, s * s, -power * s, -power * s * s, power - 1.0];
        }
        let [n1, n2, d1, d2] = solve(rows)?;
        let b = minimum_phase(n1, n2)?;
        let a = minimum_phase(d1, d2)?;
        Some(Self { b: b.map(|c| c / a[0]), a: [a[1] / a[0], a[2] / a[0]] })
    }
}

/// The polynomial in `z⁻¹` with roots inside the unit circle and power `1 + p1 s + p2 s²`, `s = sin²(w/2)`.
fn minimum_phase(p1: f64, p2: f64) -> Option<[f64; 3]> {
    // s = 1 is the Nyquist frequency, where the sum of the odd coefficients changes sign.
    let at_nyquist = (1.0 + p1 + p2).sqrt();
    let even = (1.0 + at_nyquist) / 2.0;
    let outer = p2 / 16.0; // c0 c2, from the term in s²
    let c0 = (even + (even * even - 4.0 * outer).sqrt()) / 2.0;
    let c = [c0, (1.0 - at_nyquist) / 2.0, even - c0];
    c.iter().all(|v| v.is_finite()).then_some(c)
}

/// Gauss elimination with row pivots; each row holds its right-hand side last.
fn solve(mut rows: [[f64; 5]; 4]) -> Option<[f64; 4]> {
    for column in 0..4 {
        let pivot = (column..4).max_by(|&i, &j| rows[i][column].abs().total_cmp(&rows[j][column].abs()))?;
        rows.swap(column, pivot);
        let lead = rows[column];
        for row in &mut rows[column + 1..] {
            let factor = row[column] / lead[column];
            for (value, lead) in row.iter_mut().zip(lead) {
                *value -= factor * lead;
            }
        }
    }
    let mut solution = [0.0; 4];
    for i in (0..4).rev() {
        let known: f64 = (i + 1..4).map(|j| rows[i][j] * solution[j]).sum();
        solution[i] = (rows[i][4] - known) / rows[i][i];
    }
    solution.iter().all(|v| v.is_finite()).then_some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_again_from_four_of_its_gains() {
        // The first section of K-weighting, ITU-R BS.1770-5 table 1.
        let rate = SampleRate::literal(48_000);
        let shelf = Biquad {
            b: [1.535_124_859_586_97, -2.691_696_189_406_38, 1.198_392_810_852_85],
            a: [-1.690_659_293_182_41, 0.732_480_774_215_85],
        };
        let gains = [300.0, 900.0, 2000.0, 9000.0].map(|hz| {
            let frequency = Hertz::literal(hz);
            (frequency, shelf.power_at(frequency, rate))
        });
        let found = Biquad::matching(gains, rate).unwrap();
        for (got, want) in found.b.iter().chain(&found.a).zip(shelf.b.iter().chain(&shelf.a)) {
            assert!((got - want).abs() < 1e-8, "{got} is not {want}");
        }
    }
}
