//! The pass of transforms: what each block of the signal says.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use realfft::num_complex::Complex32;

use crate::analysis::control::CONTROL_FRAMES;
use crate::analysis::grid::Grid;
use crate::analysis::split::Split;
use crate::analysis::stereo::Image;
use crate::audio::Audio;
use crate::bands::BANDS;
use crate::meter::excerpt::LOUDEST;
use crate::parts::fft::{Fft, Framing};
use crate::progress::{Cancelled, Watch};
use crate::simd::{Kernel, dispatch};
use crate::units::{Hertz, SampleRate};

/// The signal, block by block.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) rate: SampleRate,
    pub(super) frames: usize,
    pub(super) framing: Framing,
    /// 1 or 2.
    pub(super) channels: usize,
    /// Width of a strip.
    pub(super) strip: Hertz,
    pub(super) blocks: Vec<Block>,
}

/// What one block says. Powers are mean squares of the windowed block, the mean of both channels where not said
/// otherwise.
#[derive(Debug)]
pub(super) struct Block {
    /// In each band of the grid, of (L + R) / 2.
    pub(super) mid: [f32; BANDS],
    /// The same of (L − R) / 2.
    pub(super) side: [f32; BANDS],
    /// In each bin up to [`Blocks::LOW`].
    pub(super) low: Vec<f32>,
    /// In each strip of [`Blocks::strip`], from 0 Hz up.
    pub(super) strips: Vec<f32>,
    /// Below [`Blocks::BASS`].
    pub(super) bass: Image,
    /// In each band of dynamics, over the block's new frames, without a window.
    pub(super) bands: [Image; 4],
    /// The levels at the control rate of each band of dynamics, over the block's new frames.
    pub(super) levels: [Vec<f32>; 4],
}

impl Blocks {
    /// Up to here single bins are kept.
    pub(super) const LOW: Hertz = Hertz::literal(330.0);
    /// What counts as bass for the image.
    pub(super) const BASS: Hertz = Hertz::literal(120.0);

    /// `dc` is the mean of each channel.
    pub(super) fn of(audio: &Audio, dc: &[f64], watch: &dyn Watch) -> Result<Self, Cancelled> {
        let framing = Framing::at(audio.rate());
        let room = Room::new(audio.rate(), framing, dc);
        let count = framing.blocks(audio.frames());
        let done = AtomicUsize::new(0);
        let blocks = (0..count)
            .into_par_iter()
            .map_init(
                || room.clone(),
                |room, index| {
                    if watch.is_cancelled() {
                        return Err(Cancelled);
                    }
                    let block = room.block(audio, index);
                    watch.done((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / count as f64);
                    Ok(block)
                },
            )
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            rate: audio.rate(),
            frames: audio.frames(),
            framing,
            channels: audio.channel_count().min(2),
            strip: room.grid.strip(),
            blocks,
        })
    }

    /// The width of a bin, in hertz.
    pub(super) fn bin_hz(&self) -> f64 {
        self.rate.as_f64() / self.framing.fft_frames as f64
    }

    /// How many of a block's frames are new in it and within the signal.
    pub(super) fn new_frames(&self, index: usize) -> usize {
        self.framing.hop.min(self.frames - index * self.framing.hop)
    }
}

/// Room to work in. One per thread.
#[derive(Clone, Debug)]
struct Room {
    framing: Framing,
    /// What is taken off each channel.
    constants: [f32; 2],
    grid: Grid,
    split: Split,
    fft: Fft,
    block: Vec<f32>,
    left: Vec<Complex32>,
    right: Vec<Complex32>,
    mid: Vec<f32>,
    side: Vec<f32>,
    low_bins: usize,
    bass_bins: usize,
}

impl Room {
    fn new(rate: SampleRate, framing: Framing, dc: &[f64]) -> Self {
        /// Every piece of music has a mean; only one from −70 dBFS on is a defect, that would pass for a level.
        const LEAST: f64 = 3e-4;
        let constant = |channel: usize| dc.get(channel).copied().filter(|mean| mean.abs() >= LEAST);
        let bins_to = |frequency: Hertz| {
            let bins = frequency.value() * framing.fft_frames as f64 / rate.as_f64();
            bins.ceil() as usize + 1
        };
        Self {
            framing,
            constants: [0, 1].map(|channel| constant(channel).unwrap_or(0.0) as f32),
            grid: Grid::new(rate, framing.fft_frames),
            split: Split::new(rate, framing),
            fft: Fft::new(framing.fft_frames),
            block: vec![0.0; framing.fft_frames],
            left: vec![Complex32::ZERO; framing.bins()],
            right: vec![Complex32::ZERO; framing.bins()],
            mid: vec![0.0; framing.bins()],
            side: vec![0.0; framing.bins()],
            low_bins: bins_to(Blocks::LOW),
            bass_bins: bins_to(Blocks::BASS),
        }
    }

    fn block(&mut self, audio: &Audio, index: usize) -> Block {
        let stereo = audio.channel_count() > 1;
        self.transform(audio, index, 0);
        if stereo {
            self.transform(audio, index, 1);
        }
        let right = stereo.then_some(&self.right[..]);
        dispatch(HannPowers { left: &self.left, right, mid: &mut self.mid, side: &mut self.side });
        let new_frames = self.framing.hop.min(audio.frames() - index * self.framing.hop);
        let runs = new_frames.div_ceil(CONTROL_FRAMES);
        let mut levels = std::array::from_fn(|_| Vec::with_capacity(runs));
        let bands = self.split.levels(&self.left, right, runs, &mut levels);
        let scale = self.power_scale(audio.frames(), index);
        let low = self.mid.iter().zip(&self.side).take(self.low_bins).map(|(m, s)| (m + s) * scale);
        Block {
            mid: self.grid.band_powers(&self.mid, scale),
            side: self.grid.band_powers(&self.side, scale),
            low: low.collect(),
            strips: self.grid.strip_powers(&self.mid, &self.side, scale),
            bass: self.bass(right, scale),
            bands,
            levels,
        }
    }

    fn transform(&mut self, audio: &Audio, index: usize, channel: usize) {
        self.framing.read(audio.channel(channel), index, &mut self.block);
        let inside = self.inside(audio.frames(), index);
        dispatch(Clean { samples: &mut self.block[inside], constant: self.constants[channel] });
        let spectrum = if channel == 0 { &mut self.left } else { &mut self.right };
        self.fft.forward(&self.block, spectrum);
    }

    /// What turns the squares of a windowed spectrum's bins into mean squares of the frames that are there (the
    /// signal may begin or end within the block), counting each bin for its mirror image too.
    fn power_scale(&self, frames: usize, index: usize) -> f32 {
        let fft_frames = self.framing.fft_frames;
        let inside = self.inside(frames, index);
        let energy = if inside.len() == fft_frames {
            0.375 * fft_frames as f64
        } else {
            let turn = std::f64::consts::TAU / fft_frames as f64;
            inside.map(|n| (0.5 - 0.5 * (turn * n as f64).cos()).powi(2)).sum()
        };
        (2.0 / (fft_frames as f64 * energy)) as f32
    }

    /// Where in the block the signal is.
    fn inside(&self, frames: usize, index: usize) -> Range<usize> {
        let Framing { fft_frames, margin, hop } = self.framing;
        let first = index * hop;
        margin.saturating_sub(first)..(frames + margin - first).min(fft_frames)
    }

    fn bass(&self, right: Option<&[Complex32]>, scale: f32) -> Image {
        let mut image = Image::default();
        for bin in 1..self.bass_bins {
            let left = windowed(&self.left, bin);
            let right = right.map_or(left, |right| windowed(right, bin));
            let product = left.re * right.re + left.im * right.im;
            image.add(
                f64::from(left.norm_sqr() * scale),
                f64::from(right.norm_sqr() * scale),
                f64::from(product * scale),
            );
        }
        image
    }
}

/// A bin as if the block had been under a Hann window.
#[inline(always)]
fn windowed(spectrum: &[Complex32], bin: usize) -> Complex32 {
    spectrum[bin] * 0.5 - (spectrum[bin - 1] + spectrum[bin + 1]) * 0.25
}

/// Broken samples, and those so faint that their squares would be denormal, read as 0; then the constant goes.
struct Clean<'a> {
    samples: &'a mut [f32],
    constant: f32,
}

impl Kernel for Clean<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for sample in self.samples {
            *sample = clean(*sample) - self.constant;
        }
    }
}

/// A sample, or 0 if it is broken or below −300 dBFS.
#[inline(always)]
pub(super) fn clean(sample: f32) -> f32 {
    const FAINTEST: f32 = 1e-15;
    let magnitude = sample.abs();
    // What is no number fails both.
    if (FAINTEST..=LOUDEST).contains(&magnitude) { sample } else { 0.0 }
}

/// Squares of the windowed bins of mid and side, from spectra without a window: a Hann window is three taps there
/// (Harris 1978, section V.C). Both ends are left out: neither is in the grid.
struct HannPowers<'a> {
    left: &'a [Complex32],
    right: Option<&'a [Complex32]>,
    mid: &'a mut [f32],
    side: &'a mut [f32],
}

impl Kernel for HannPowers<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let inner = self.mid.len() - 2;
        let mid = &mut self.mid[1..=inner];
        let Some(right) = self.right else {
            let taps = [&self.left[..inner], &self.left[1..=inner], &self.left[2..inner + 2]];
            for k in 0..inner {
                let re = 0.5 * taps[1][k].re - 0.25 * (taps[0][k].re + taps[2][k].re);
                let im = 0.5 * taps[1][k].im - 0.25 * (taps[0][k].im + taps[2][k].im);
                mid[k] = re * re + im * im;
            }
            return;
        };
        let side = &mut self.side[1..=inner];
        let left = [&self.left[..inner], &self.left[1..=inner], &self.left[2..inner + 2]];
        let right = [&right[..inner], &right[1..=inner], &right[2..inner + 2]];
        for k in 0..inner {
            let l_re = 0.25 * left[1][k].re - 0.125 * (left[0][k].re + left[2][k].re);
            let l_im = 0.25 * left[1][k].im - 0.125 * (left[0][k].im + left[2][k].im);
            let r_re = 0.25 * right[1][k].re - 0.125 * (right[0][k].re + right[2][k].re);
            let r_im = 0.25 * right[1][k].im - 0.125 * (right[0][k].im + right[2][k].im);
            mid[k] = (l_re + r_re) * (l_re + r_re) + (l_im + r_im) * (l_im + r_im);
            side[k] = (l_re - r_re) * (l_re - r_re) + (l_im - r_im) * (l_im - r_im);
        }
    }
}
