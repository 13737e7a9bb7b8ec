//! The four bands of dynamics of one block, as far as their levels at the control rate need them.
//!
//! A band that ends far below half the rate comes back through a short transform, at a part of the rate. Its power in a
//! run is then taken from fewer samples: by the trapezoidal rule, so that the run's centre does not move.

use realfft::num_complex::Complex32;

use crate::analysis::control::CONTROL_FRAMES;
use crate::analysis::stereo::Image;
use crate::effects::multiband::band_gain;
use crate::parts::fft::{Fft, Framing};
use crate::simd::{Kernel, dispatch};
use crate::units::{Hertz, SampleRate};

/// The way of one block from spectra to levels. One per thread.
#[derive(Clone, Debug)]
pub(super) struct Split {
    framing: Framing,
    bands: [Band; 4],
}

/// One band: its gains, and the transform that brings it back.
#[derive(Clone, Debug)]
struct Band {
    /// The first bin that passes.
    first: usize,
    /// Of each bin that passes.
    gains: Vec<f32>,
    /// Frames of the audio for each that comes back.
    decimation: usize,
    fft: Fft,
    spectrum: Vec<Complex32>,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl Split {
    pub(super) fn new(rate: SampleRate, framing: Framing) -> Self {
        Self { framing, bands: std::array::from_fn(|band| Band::new(band, rate, framing)) }
    }

    /// Adds the levels of so many runs of the block's new frames to `levels`; gives what each band is over all of
    /// them, in mean squares. No `right` is a `left` that stands in both channels.
    pub(super) fn levels(
        &mut self,
        left: &[Complex32],
        right: Option<&[Complex32]>,
        runs: usize,
        levels: &mut [Vec<f32>; 4],
    ) -> [Image; 4] {
        let framing = self.framing;
        let mut images = [Image::default(); 4];
        for ((band, levels), image) in self.bands.iter_mut().zip(levels).zip(&mut images) {
            if !band.gains.is_empty() {
                *image = band.levels(left, right, framing, runs, levels);
            } else {
                levels.resize(levels.len() + runs, 0.0);
            }
        }
        images
    }
}

impl Band {
    fn new(band: usize, rate: SampleRate, framing: Framing) -> Self {
        let bin_hz = rate.as_f64() / framing.fft_frames as f64;
        let gain = |bin: usize| band_gain(band, Hertz::literal(bin as f64 * bin_hz)) as f32;
        let mut passing = (0..framing.bins()).filter(|&bin| gain(bin) > 0.0);
        let first = passing.next().unwrap_or(framing.bins());
        let end = passing.next_back().map_or(first, |last| last + 1);
        let decimation = decimation(end, framing);
        let fft = Fft::new(framing.fft_frames / decimation);
        Self {
            first,
            gains: (first..end).map(gain).collect(),
            decimation,
            spectrum: vec![Complex32::ZERO; fft.bins()],
            left: vec![0.0; fft.frames()],
            right: vec![0.0; fft.frames()],
            fft,
        }
    }

    fn levels(
        &mut self,
        left: &[Complex32],
        right: Option<&[Complex32]>,
        framing: Framing,
        runs: usize,
        levels: &mut Vec<f32>,
    ) -> Image {
        let end = self.first + self.gains.len();
        for (whole, filtered) in [(Some(left), &mut self.left), (right, &mut self.right)] {
            let Some(whole) = whole else { continue };
            self.spectrum.fill(Complex32::ZERO);
            let passing = self.spectrum[self.first..end].iter_mut().zip(&whole[self.first..end]);
            for ((bin, value), gain) in passing.zip(&self.gains) {
                *bin = value * gain;
            }
            self.fft.inverse(&mut self.spectrum, filtered);
        }
        let per_run = CONTROL_FRAMES / self.decimation;
        let from = framing.margin / self.decimation;
        let right = if right.is_some() { &self.right } else { &self.left };
        // One more than the runs take: where the trapezoidal rule ends.
        let frames = from..from + runs * per_run + 1;
        let scale = 1.0 / framing.fft_frames as f32;
        dispatch(Squares { left: &self.left[frames.clone()], right: &right[frames], per_run, scale, levels })
    }
}

/// How many frames may share one that comes back: a power of two, so few that squares of the band are told apart
/// from their images by the average over a run.
fn decimation(end_bin: usize, framing: Framing) -> usize {
    const LARGEST: usize = CONTROL_FRAMES / 4;
    let mut decimation = 1;
    while decimation < LARGEST && 3 * end_bin <= framing.fft_frames / (2 * decimation) {
        decimation *= 2;
    }
    decimation
}

/// Squares of a band in each run of control.
struct Squares<'a> {
    left: &'a [f32],
    right: &'a [f32],
    per_run: usize,
    scale: f32,
    levels: &'a mut Vec<f32>,
}

impl Kernel for Squares<'_> {
    type Output = Image;

    #[inline(always)]
    fn run(self) -> Image {
        let factor = self.scale * self.scale / self.per_run as f32;
        let runs = self.left.len() / self.per_run;
        let mut image = Image::default();
        for run in 0..runs {
            let from = run * self.per_run;
            let to = from + self.per_run;
            let (left, right) = (&self.left[from..to], &self.right[from..to]);
            let mut sums = if self.per_run >= 8 { in_lanes(left, right) } else { one_by_one(left, right) };
            if self.per_run < CONTROL_FRAMES {
                let (l, r) = ([self.left[from], self.left[to]], [self.right[from], self.right[to]]);
                sums[0] += 0.5 * (l[1] * l[1] - l[0] * l[0]);
                sums[1] += 0.5 * (r[1] * r[1] - r[0] * r[0]);
                sums[2] += 0.5 * (l[1] * r[1] - l[0] * r[0]);
            }
            let [left, right, product] = sums.map(|sum| sum * factor);
            let mid = 0.25 * (left + right + 2.0 * product).max(0.0);
            self.levels.push(0.7 * left.max(right) + 0.3 * mid);
            image.add(f64::from(left), f64::from(right), f64::from(product));
        }
        image.divided_by(runs.max(1) as f64)
    }
}

/// Left squared, right squared, and their product.
#[inline(always)]
fn in_lanes(left: &[f32], right: &[f32]) -> [f32; 3] {
    let mut lanes = [[0.0f32; 8]; 3];
    for (l, r) in left.chunks_exact(8).zip(right.chunks_exact(8)) {
        for lane in 0..8 {
            lanes[0][lane] += l[lane] * l[lane];
            lanes[1][lane] += r[lane] * r[lane];
            lanes[2][lane] += l[lane] * r[lane];
        }
    }
    lanes.map(|lanes| lanes.iter().sum())
}

#[inline(always)]
fn one_by_one(left: &[f32], right: &[f32]) -> [f32; 3] {
    let mut sums = [0.0; 3];
    for (l, r) in left.iter().zip(right) {
        sums[0] += l * l;
        sums[1] += r * r;
        sums[2] += l * r;
    }
    sums
}
