//! From the level of each block to the gain of each frame.

use rayon::prelude::*;

use super::{Limiter, Pace, floor, window};
use crate::simd::{Kernel, dispatch};
use crate::units::{Decibels, SampleRate};

/// Frames that share one value of the gain curve before it is smoothed.
pub const BLOCK: usize = 8;

/// Blocks computed together: the unit of parallel work. Fixed, so that the number of threads changes nothing.
const TILE: usize = 4096;

/// The highest level that the waveform reaches in each block of a signal, between samples too, of all channels.
#[derive(Clone, Debug)]
pub struct BlockPeaks {
    rate: SampleRate,
    block_frames: usize,
    peaks: Vec<f32>,
}

impl BlockPeaks {
    /// From the level around each frame (`meter::true_peak::peak_map`), in blocks of [`BLOCK`] frames.
    #[must_use]
    pub fn of_map(map: &[f32], rate: SampleRate) -> Self {
        let mut peaks = vec![0.0f32; map.len().div_ceil(BLOCK)];
        peaks.par_chunks_mut(TILE).zip(map.par_chunks(TILE * BLOCK)).for_each(|(out, map)| {
            dispatch(Maxima { values: map, span: BLOCK, out });
        });
        Self { rate, block_frames: BLOCK, peaks }
    }

    /// From one level for each block of [`BLOCK`] frames (`meter::report::Detail`).
    #[must_use]
    pub fn of_blocks(peaks: Vec<f32>, rate: SampleRate) -> Self {
        Self { rate, block_frames: BLOCK, peaks }
    }

    /// The same signal in blocks `times` as long.
    #[must_use]
    pub fn coarser(&self, times: usize) -> Self {
        let mut peaks = vec![0.0f32; self.peaks.len().div_ceil(times)];
        dispatch(Maxima { values: &self.peaks, span: times, out: &mut peaks });
        Self { rate: self.rate, block_frames: self.block_frames * times, peaks }
    }

    /// One linear level per block.
    #[must_use]
    pub fn levels(&self) -> &[f32] {
        &self.peaks
    }

    /// Frames in a block.
    #[must_use]
    pub fn block_frames(&self) -> usize {
        self.block_frames
    }
}

struct Maxima<'a> {
    values: &'a [f32],
    span: usize,
    out: &'a mut [f32],
}

impl Kernel for Maxima<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (out, values) in self.out.iter_mut().zip(self.values.chunks(self.span)) {
            *out = values.iter().fold(0.0f32, |a, &b| if b > a { b } else { a });
        }
    }
}

/// The gain of a limiter over a whole signal, at most one everywhere.
#[derive(Clone, PartialEq, Debug)]
pub struct GainCurve {
    /// One per block, with one more before the first and after the last for the spline.
    gains: Vec<f32>,
}

impl GainCurve {
    /// The curve that keeps gain × level at or below `threshold` (linear) at every frame.
    ///
    /// Where the limiter has nothing to do the gain is exactly one.
    #[must_use]
    pub fn new(peaks: &BlockPeaks, threshold: f64, limiter: &Limiter) -> Self {
        Self::paced(peaks, threshold, &limiter.pace(peaks.rate, peaks.block_frames))
    }

    /// Nearly the same from longer blocks, for trying things out: no guarantee that it meets every block.
    #[must_use]
    pub fn sketched(peaks: &BlockPeaks, threshold: f64, limiter: &Limiter) -> Self {
        let pace = limiter.pace(peaks.rate, peaks.block_frames);
        // As many frames as the true curve holds: its reach, a block for the spline, and half of its own block.
        let held_frames = peaks.rate.frames_in(limiter.lookahead()) + BLOCK + BLOCK / 2;
        let hold =
            (held_frames.saturating_sub(peaks.block_frames / 2) as f64 / peaks.block_frames as f64).round();
        Self::paced(peaks, threshold, &Pace { hold: (hold as usize).max(1), ..pace })
    }

    fn paced(peaks: &BlockPeaks, threshold: f64, pace: &Pace) -> Self {
        let mut reductions = held(&peaks.peaks, threshold as f32, pace);
        keep_down(&mut reductions, &peaks.peaks, threshold as f32, pace);
        let mut gains = vec![1.0f32; peaks.peaks.len() + 2];
        gains.par_chunks_mut(TILE).enumerate().for_each(|(tile, out)| {
            let from = tile * TILE;
            let reductions = &reductions[from..from + out.len() + pace.kernel.len() - 1];
            dispatch(Smooth { reductions, kernel: &pace.kernel, out });
        });
        Self { gains }
    }

    /// A gain of one all along so many frames.
    #[must_use]
    pub fn open(frames: usize) -> Self {
        Self { gains: vec![1.0; frames.div_ceil(BLOCK) + 2] }
    }

    /// One gain per block.
    #[must_use]
    pub fn blocks(&self) -> &[f32] {
        &self.gains[1..self.gains.len() - 1]
    }

    /// The same, giving up what lies between them.
    #[must_use]
    pub fn into_blocks(self) -> Vec<f32> {
        let mut gains = self.gains;
        gains.pop();
        gains.remove(0);
        gains
    }

    pub(super) fn with_edges_mut(&mut self) -> &mut [f32] {
        &mut self.gains
    }

    /// The deepest gain, zero or negative.
    #[must_use]
    pub fn deepest(&self) -> Decibels {
        Decibels::from_amplitude(self.blocks().iter().fold(1.0f64, |least, &gain| least.min(f64::from(gain))))
    }

    /// `output` = `input` × this gain × `drive`, where `input[0]` is frame `first`, the start of a block.
    ///
    /// Between blocks the gain is a quadratic B-spline, whose weights are non-negative and sum to one; so it stays
    /// within the block's own gain and its neighbours', which all meet the block's requirement. Its images
    /// around multiples of the block rate fall with the third power of sinc.
    pub fn apply(&self, first: usize, drive: f32, input: &[f32], output: &mut [f32]) {
        debug_assert_eq!(first % BLOCK, 0, "ranges start on a block");
        let from = first / BLOCK;
        let gains = &self.gains[from..from + input.len().div_ceil(BLOCK) + 2];
        dispatch(Apply { gains, drive, input, output });
    }
}

/// The sliding maximum of what each block requires. Extended at both ends by the kernel's reach and a block for the
/// spline, so that the gain is down when the first frame comes.
fn held(peaks: &[f32], threshold: f32, pace: &Pace) -> Vec<f32> {
    let edge = pace.reach() + 1;
    let mut held = vec![0.0f32; peaks.len() + 2 * edge];
    held.par_chunks_mut(TILE).enumerate().for_each(|(tile, out)| {
        dispatch(Hold { peaks, threshold, hold: pace.hold, edge, first: tile * TILE, out });
    });
    held
}

struct Hold<'a> {
    peaks: &'a [f32],
    threshold: f32,
    hold: usize,
    edge: usize,
    first: usize,
    out: &'a mut [f32],
}

impl Kernel for Hold<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let window = 2 * self.hold + 1;
        let mut required = vec![0.0f32; self.out.len() + window - 1];
        let mut spare = required.clone();
        // `out[i]` is block `first + i - edge`; its window starts `hold` blocks before.
        let before = self.edge + self.hold;
        let skip = before.saturating_sub(self.first).min(required.len());
        let from = (self.first + skip).saturating_sub(before).min(self.peaks.len());
        for (required, &peak) in required[skip..].iter_mut().zip(&self.peaks[from..]) {
            *required = self::required(self.threshold, peak);
        }
        window::sliding_max(&mut required, &mut spare, window);
        self.out.copy_from_slice(&required);
    }
}

/// Raises the held reductions to the floor between peaks.
fn keep_down(held: &mut [f32], peaks: &[f32], threshold: f32, pace: &Pace) {
    let (edge, span) = (pace.reach() + 1, pace.calm.cell_blocks);
    let cells = peaks.len().div_ceil(span);
    let (mut highest, mut means) = (vec![0.0f32; cells], vec![0.0f32; cells]);
    let blocks = &held[edge..edge + peaks.len()];
    let tiles = highest.par_chunks_mut(TILE).zip(means.par_chunks_mut(TILE));
    let inputs = peaks.par_chunks(TILE * span).zip(blocks.par_chunks(TILE * span));
    tiles.zip(inputs).for_each(|((highest, means), (peaks, held))| {
        dispatch(Maxima { values: peaks, span, out: highest });
        highest.iter_mut().for_each(|level| *level = required(threshold, *level));
        dispatch(Means { values: held, span, out: means });
    });
    floor::raise(held, &floor::floor(&highest, &means, &pace.calm), span, edge);
}

/// How far a level must come down.
#[inline(always)]
fn required(threshold: f32, level: f32) -> f32 {
    window::at_least_zero(1.0 - threshold / level)
}

struct Means<'a> {
    values: &'a [f32],
    span: usize,
    out: &'a mut [f32],
}

impl Kernel for Means<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (out, values) in self.out.iter_mut().zip(self.values.chunks(self.span)) {
            *out = values.iter().sum::<f32>() / values.len() as f32;
        }
    }
}

struct Smooth<'a> {
    reductions: &'a [f32],
    kernel: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Smooth<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        window::smoothed_gains(self.reductions, self.kernel, self.out);
    }
}

/// Weights of the block before, the block itself and the block after, at the middle of each frame of a block:
/// (1 − t)² / 2, 1/2 + t − t², t² / 2. They are multiples of 1/512 and sum to exactly one, so a gain of one stays one.
const SPLINE: [[f32; BLOCK]; 3] = {
    let mut weights = [[0.0; BLOCK]; 3];
    let mut i = 0;
    while i < BLOCK {
        let t = (2 * i + 1) as f32 / (2 * BLOCK) as f32;
        weights[0][i] = (1.0 - t) * (1.0 - t) / 2.0;
        weights[1][i] = 0.5 + t - t * t;
        weights[2][i] = t * t / 2.0;
        i += 1;
    }
    weights
};

struct Apply<'a> {
    gains: &'a [f32],
    drive: f32,
    input: &'a [f32],
    output: &'a mut [f32],
}

impl Kernel for Apply<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let (whole, rest) = self.input.as_chunks::<BLOCK>();
        let (whole_out, rest_out) = self.output.as_chunks_mut::<BLOCK>();
        for ((input, output), gains) in whole.iter().zip(whole_out).zip(self.gains.windows(3)) {
            let gain = spline(gains);
            for i in 0..BLOCK {
                output[i] = input[i] * (gain[i] * self.drive);
            }
        }
        if !rest.is_empty() {
            let gain = spline(&self.gains[whole.len()..whole.len() + 3]);
            for i in 0..rest.len() {
                rest_out[i] = rest[i] * (gain[i] * self.drive);
            }
        }
    }
}

#[inline(always)]
fn spline(gains: &[f32]) -> [f32; BLOCK] {
    let mut out = [0.0; BLOCK];
    for (i, out) in out.iter_mut().enumerate() {
        *out = SPLINE[0][i] * gains[0] + SPLINE[1][i] * gains[1] + SPLINE[2][i] * gains[2];
    }
    out
}
