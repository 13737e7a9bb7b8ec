//! Powers per band of the grid over time: what tone and masking are judged by.

use rayon::prelude::*;
use realfft::num_complex::Complex32;

use crate::audio::Audio;
use crate::bands::{self, BANDS, PerBand};
use crate::meter::k_weighting::sections;
use crate::parts::fft::Fft;
use crate::simd::{Kernel, dispatch};
use crate::units::{Hertz, SampleRate};

/// Mean squares per band, the sum over channels, of blocks of 0.19 s under a Hann window, half of which overlap.
#[derive(Debug)]
pub(in crate::mix) struct Spectra {
    pub(in crate::mix) rate: SampleRate,
    /// Frames from one block's middle to the next; the first block's middle is frame 0.
    pub(in crate::mix) hop: usize,
    pub(in crate::mix) blocks: Vec<[f32; BANDS]>,
}

/// Blocks of one task: fixed, and enough to pay for the task.
const BLOCKS_PER_TASK: usize = 64;

impl Spectra {
    pub(super) fn of(audio: &Audio) -> Self {
        let times = (audio.rate().as_f64() / 50_000.0).log2().ceil().max(0.0) as u32;
        let frames = 8192usize << times;
        let hop = frames / 2;
        let grid = Grid::new(audio.rate(), frames);
        let window: Vec<f32> = (0..frames)
            .map(|n| (0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / frames as f64).cos()) as f32)
            .collect();
        let count = audio.frames() / hop + 1;
        let fft = Fft::new(frames);
        let starts: Vec<usize> = (0..count).collect();
        let blocks = starts.par_chunks(BLOCKS_PER_TASK).map_init(
            || (fft.clone(), vec![0.0f32; frames], vec![Complex32::ZERO; frames / 2 + 1]),
            |(fft, block, spectrum), indices| {
                let one = |&index: &usize| {
                    let mut sums = [0.0f32; BANDS];
                    for channel in audio.channels() {
                        if !windowed(channel, index as isize * hop as isize - hop as isize, &window, block) {
                            continue;
                        }
                        fft.forward(block, spectrum);
                        dispatch(Gather { spectrum, edges: &grid.edges, sums: &mut sums });
                    }
                    sums.map(|sum| sum * grid.scale)
                };
                indices.iter().map(one).collect::<Vec<_>>()
            },
        );
        let blocks = blocks.flatten_iter().collect();
        Self { rate: audio.rate(), hop, blocks }
    }

    /// Mean power per band over everything.
    pub(in crate::mix) fn mean(&self) -> PerBand {
        let mut sums = [0.0f64; BANDS];
        for block in &self.blocks {
            sums.iter_mut().zip(block).for_each(|(sum, power)| *sum += f64::from(*power));
        }
        sums.map(|sum| sum / self.blocks.len().max(1) as f64)
    }

    /// Where the middle of its power lies, in octaves.
    pub(in crate::mix) fn centre(&self) -> Hertz {
        let mean = self.mean();
        let total: f64 = mean.iter().sum();
        let sum: f64 = mean.iter().enumerate().map(|(band, power)| band as f64 * power).sum();
        let place = if total > 0.0 { sum / total } else { 0.5 * BANDS as f64 };
        Hertz::literal(bands::LOWEST.value() * 2f64.powf(place / bands::PER_OCTAVE as f64))
    }

    /// K-weighting's power at each band's centre; 0 above half the rate.
    pub(in crate::mix) fn weights(rate: SampleRate) -> PerBand {
        let sections = sections(rate);
        std::array::from_fn(|band| {
            let centre = bands::centre(band);
            if centre.value() >= 0.5 * rate.as_f64() {
                return 0.0;
            }
            sections.iter().map(|section| section.power_at(centre, rate)).product()
        })
    }
}

/// The samples from `from` on under the window, silence beyond the ends; false if all are silent.
fn windowed(channel: &[f32], from: isize, window: &[f32], block: &mut [f32]) -> bool {
    let before = from.min(0).unsigned_abs().min(block.len());
    let start = from.max(0).unsigned_abs().min(channel.len());
    let there = &channel[start..(start + block.len() - before).min(channel.len())];
    if there.iter().all(|sample| *sample == 0.0) {
        return false;
    }
    block.fill(0.0);
    let pairs = block[before..].iter_mut().zip(there).zip(&window[before..]);
    pairs.for_each(|((out, sample), weight)| *out = sample * weight);
    true
}

/// Which bins a band takes.
struct Grid {
    /// From where to where, in bins; whole bins, at least one where there are any.
    edges: [(usize, usize); BANDS],
    /// Turns sums of squares of bins into mean squares of samples.
    scale: f32,
}

impl Grid {
    fn new(rate: SampleRate, frames: usize) -> Self {
        let bin_hz = rate.as_f64() / frames as f64;
        let bins = frames / 2 + 1;
        let edges = std::array::from_fn(|band| {
            let (low, high) = bands::edges(band);
            let first = ((low.value() / bin_hz).round() as usize).min(bins);
            let last = ((high.value() / bin_hz).round() as usize).min(bins);
            (first, last)
        });
        Self { edges, scale: (2.0 / (0.375 * (frames as f64).powi(2))) as f32 }
    }
}

struct Gather<'a> {
    spectrum: &'a [Complex32],
    edges: &'a [(usize, usize); BANDS],
    sums: &'a mut [f32; BANDS],
}

impl Kernel for Gather<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (sum, &(first, last)) in self.sums.iter_mut().zip(self.edges) {
            let (whole, rest) = self.spectrum[first..last].as_chunks::<8>();
            let mut lanes = [0.0f32; 8];
            for bins in whole {
                for (lane, bin) in lanes.iter_mut().zip(bins) {
                    *lane += bin.re * bin.re + bin.im * bin.im;
                }
            }
            for (lane, bin) in lanes.iter_mut().zip(rest) {
                *lane += bin.re * bin.re + bin.im * bin.im;
            }
            *sum += lanes.iter().sum::<f32>();
        }
    }
}
