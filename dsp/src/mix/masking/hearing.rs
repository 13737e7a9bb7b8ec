//! Bands as wide as those of hearing, gathered from the bands of the grid.

use std::ops::Range;

use crate::bands::{self, BANDS};
use crate::units::Hertz;

/// Bands of hearing and how excitation spreads from one to the next.
#[derive(Clone, Debug)]
pub(in crate::mix) struct Hearing {
    /// Which bands of the grid each takes.
    pub(in crate::mix) bands: Vec<Range<usize>>,
    /// The middles.
    pub(in crate::mix) centres: Vec<Hertz>,
    /// What of a band's excitation reaches the next one up, and the next one down.
    up: Vec<f32>,
    down: Vec<f32>,
}

/// Where they begin and end.
const RANGE_HZ: Range<f64> = 45.0..16_500.0;
/// How fast excitation falls off (Zwicker and Fastl, "Psychoacoustics", chapter 6: slow towards high frequencies,
/// where it is this slow at middling levels).
const UP_DB_PER_BARK: f64 = -10.0;
const DOWN_DB_PER_BARK: f64 = -25.0;

impl Hearing {
    /// As wide as the equivalent rectangular bandwidth (Glasberg and Moore 1990), or as a band of the grid where that
    /// is wider.
    pub(in crate::mix) fn new() -> Self {
        let mut bands_of: Vec<Range<usize>> = Vec::new();
        let mut first = None;
        for band in (0..BANDS).filter(|band| RANGE_HZ.contains(&bands::centre(*band).value())) {
            let from = *first.get_or_insert(band);
            let (low, high) = (bands::edges(from).0.value(), bands::edges(band).1.value());
            let bandwidth = 24.7 * (4.37e-3 * (low * high).sqrt() + 1.0);
            if high - low >= 0.9 * bandwidth {
                bands_of.push(from..band + 1);
                first = None;
            }
        }
        let centre = |band: &Range<usize>| {
            let (low, high) = (bands::edges(band.start).0.value(), bands::edges(band.end - 1).1.value());
            Hertz::literal((low * high).sqrt())
        };
        let centres: Vec<Hertz> = bands_of.iter().map(centre).collect();
        let steps: Vec<f64> = centres.windows(2).map(|pair| bark(pair[1]) - bark(pair[0])).collect();
        let spread = |db: f64| steps.iter().map(|step| 10f64.powf(db * step / 10.0) as f32).collect();
        Self { bands: bands_of, centres, up: spread(UP_DB_PER_BARK), down: spread(DOWN_DB_PER_BARK) }
    }

    /// How many bands.
    pub(in crate::mix) fn count(&self) -> usize {
        self.bands.len()
    }

    /// Excitation of powers per band of the grid.
    pub(in crate::mix) fn excite(&self, powers: &[f32; BANDS], out: &mut [f32]) {
        for (out, band) in out.iter_mut().zip(&self.bands) {
            *out = powers[band.clone()].iter().sum();
        }
        // Downwards from what is there, then upwards from that: neither feeds back into the other much.
        for band in (0..self.down.len()).rev() {
            out[band] += out[band + 1] * self.down[band];
        }
        for band in 0..self.up.len() {
            out[band + 1] += out[band] * self.up[band];
        }
    }
}

/// Critical-band rate (Traunmüller 1990).
fn bark(frequency: Hertz) -> f64 {
    26.81 * frequency.value() / (1960.0 + frequency.value()) - 0.53
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_follow_each_other_and_are_about_as_many_as_the_ear_has() {
        let hearing = Hearing::new();
        assert!((28..=42).contains(&hearing.count()), "{}", hearing.count());
        assert!(hearing.bands.windows(2).all(|pair| pair[0].end == pair[1].start));
    }

    #[test]
    fn excitation_reaches_farther_up_than_down() {
        let hearing = Hearing::new();
        let mut powers = [0.0; BANDS];
        powers[bands::position(Hertz::literal(1000.0)).round() as usize] = 1.0;
        let mut out = vec![0.0; hearing.count()];
        hearing.excite(&powers, &mut out);
        let peak = (0..out.len()).max_by(|a, b| out[*a].total_cmp(&out[*b])).unwrap();
        assert!(out[peak + 3] > 10.0 * out[peak - 3] && out[peak - 3] > 0.0);
    }
}
