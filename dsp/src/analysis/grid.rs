//! Powers of bins gathered into the bands of the grid and into strips of equal width.

use crate::bands::{self, BANDS};
use crate::units::{Hertz, SampleRate};

/// Where bands and strips lie among the bins of a spectrum.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// From where to where each band reaches, in bins; bin `k` takes up `k − ½ .. k + ½`, so these are half a bin up.
    bands: [(f64, f64); BANDS],
    bins: usize,
    bin_hz: f64,
    bins_per_strip: usize,
}

impl Grid {
    /// How wide a strip is, about.
    const STRIP_HZ: f64 = 130.0;

    pub(super) fn new(rate: SampleRate, fft_frames: usize) -> Self {
        let bin_hz = rate.as_f64() / fft_frames as f64;
        let bins = fft_frames / 2 + 1;
        let place = |edge: Hertz| (edge.value() / bin_hz + 0.5).min(bins as f64);
        Self {
            bands: std::array::from_fn(|band| {
                let (low, high) = bands::edges(band);
                (place(low), place(high))
            }),
            bins,
            bin_hz,
            bins_per_strip: (Self::STRIP_HZ / bin_hz).round().max(1.0) as usize,
        }
    }

    /// The power in each band. A bin across an edge is shared in proportion.
    pub(super) fn band_powers(&self, powers: &[f32], scale: f32) -> [f32; BANDS] {
        self.bands.map(|(from, to)| {
            if from >= to {
                return 0.0;
            }
            let (first, last) = (from as usize, (to as usize).min(self.bins - 1));
            let sum = if first == last {
                powers[first] * (to - from) as f32
            } else {
                powers[first] * ((first + 1) as f64 - from) as f32
                    + sum(&powers[first + 1..last])
                    + powers[last] * (to - last as f64) as f32
            };
            sum * scale
        })
    }

    /// The power in each strip, from 0 Hz up to half the rate; what is left at the top is left out.
    pub(super) fn strip_powers(&self, mid: &[f32], side: &[f32], scale: f32) -> Vec<f32> {
        let width = self.bins_per_strip;
        mid.chunks_exact(width)
            .zip(side.chunks_exact(width))
            .map(|(m, s)| (sum(m) + sum(s)) * scale)
            .collect()
    }

    /// The width of a strip.
    pub(super) fn strip(&self) -> Hertz {
        Hertz::literal(self.bins_per_strip as f64 * self.bin_hz)
    }
}

/// In eight lanes, so that the order of additions is fixed and rounding stays small.
fn sum(powers: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let chunks = powers.chunks_exact(8);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, power) in lanes.iter_mut().zip(chunk) {
            *lane += power;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_density_gives_each_band_its_width() {
        let grid = Grid::new(SampleRate::literal(44_100), 16_384);
        let powers = grid.band_powers(&[1.0; 8193], 1.0);
        for (band, power) in powers.iter().enumerate().take(60) {
            let (low, high) = bands::edges(band);
            let bins = (high.value() - low.value()) / (44_100.0 / 16_384.0);
            assert!((f64::from(*power) / bins - 1.0).abs() < 1e-5, "band {band}: {power} for {bins} bins");
        }
    }

    #[test]
    fn bands_above_half_the_rate_have_nothing() {
        let grid = Grid::new(SampleRate::literal(8000), 16_384);
        let powers = grid.band_powers(&[1.0; 8193], 1.0);
        for (band, power) in powers.iter().enumerate() {
            assert_eq!(*power == 0.0, bands::edges(band).0.value() > 4000.3, "band {band}");
        }
    }
}
