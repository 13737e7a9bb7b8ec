//! True peak: the highest level that a signal reaches between its samples too (ITU-R BS.1770-5, annex 2).
//!
//! In two stages. The scan interpolates everything at four times the rate (twice from 88.2 kHz up) with 32
//! taps and reads the top of each peak from the sinusoid through its three highest points. Certification
//! evaluates the few peaks that matter again, at 32 times the rate with 96 taps. Meant for content below
//! 0.907 of the Nyquist frequency: above, no filter of finite length gives an answer.

mod bound;
mod fine;
mod grid;
mod rows;
mod standard;

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::{Audio, Samples};
use crate::meter::excerpt::{Excerpt, MARGIN};
use crate::simd::dispatch;
use crate::units::{Dbtp, Decibels, SampleRate};

use grid::{Grid, Of};

pub(crate) use grid::RUN;
pub(crate) use rows::{ROW_FRAMES, Rows};
pub use standard::standard;

/// How far the scan may read low, with room to spare: peaks within this of the highest are evaluated again.
pub const SCAN_TOLERANCE: Decibels = Decibels::literal(0.4);

/// Frames that one task takes.
const SEGMENT_FRAMES: usize = 1 << 16;
/// Frames whose excerpt and interpolated points stay in the cache.
const BLOCK_FRAMES: usize = 2048;

/// A place where the true peak is above the ceiling that was asked for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Over {
    /// The frame at or before the peak: it lies between this frame and the next.
    pub frame: usize,
    /// The highest level there, over all channels.
    pub peak: Dbtp,
}

/// The largest interpolated magnitude, linear, over all channels within one frame before and after each
/// frame.
#[must_use]
pub fn peak_map(audio: &Audio) -> Samples {
    let mut map = Samples::silence(audio.frames());
    let grid = Grid::of(audio.rate());
    map.par_chunks_mut(BLOCK_FRAMES).enumerate().for_each_init(Scratch::default, |scratch, (block, out)| {
        let first = block * BLOCK_FRAMES;
        for channel in audio.channels() {
            scratch.excerpt.read(channel, first..first + out.len());
            // From one frame before the block to one after it.
            let (tops, heads) = scratch.tops(grid, Of::Everything, MARGIN - 1..MARGIN + out.len() + 1);
            dispatch(grid::WidenInto { out, tops, heads });
        }
        out.iter_mut().for_each(|square| *square = square.sqrt());
    });
    map
}

/// True peak by interpolation at 4 times the rate (2 times from 88.2 kHz up): within 0.05 dB for content
/// below 40 kHz and below 0.907 of the Nyquist frequency, up to 0.3 dB low for what is above 40 kHz. Silence,
/// or no frame at all, is negative infinity.
#[must_use]
pub fn scan(audio: &Audio) -> Dbtp {
    amplitude_to_level(highest_of(&scanned_blocks(audio, sample_peak(audio))))
}

/// True peak, certified: [`scan`], then every peak within [`SCAN_TOLERANCE`] of the highest, or of `at_least`
/// if that is higher, evaluated at 32 times the rate with 96 taps.
#[must_use]
pub fn certify(audio: &Audio, at_least: Dbtp) -> Dbtp {
    let blocks = scanned_blocks(audio, within_tolerance_of(sample_peak(audio)));
    certify_blocks(audio, &blocks, at_least)
}

/// [`certify`] for audio whose blocks have been scanned already.
pub(crate) fn certify_blocks(audio: &Audio, blocks: &[Scanned], at_least: Dbtp) -> Dbtp {
    let scanned = highest_of(blocks);
    let threshold = within_tolerance_of(scanned.max(at_least.amplitude() as f32));
    let fine = fine_peaks(audio, blocks, threshold);
    amplitude_to_level(fine.iter().map(|peak| peak.magnitude).reduce(f32::max).unwrap_or(scanned))
}

/// Some frames, and the highest magnitude that the scan found in them, over all channels.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Scanned {
    pub(crate) frames: Range<usize>,
    pub(crate) peak: f32,
}

/// The highest magnitudes of one block, over all channels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Peaks {
    pub(crate) sample: f32,
    pub(crate) scanned: f32,
    /// By the standard's filter, or that of an earlier block where this one has none higher.
    pub(crate) itu: f32,
}

impl Peaks {
    /// Of the excerpts of all channels at `frames`.
    pub(crate) fn of(rate: SampleRate, excerpts: &[Excerpt], frames: &Range<usize>, itu: f32) -> Self {
        let grid = Grid::of(rate);
        let inside = inside(frames);
        let sample = highest_sample(excerpts);
        Self {
            sample,
            scanned: excerpts.iter().fold(sample, |best, e| grid.highest(e, inside.clone(), best)),
            itu: excerpts.iter().fold(itu, |best, e| standard::highest(e, inside.clone(), best)),
        }
    }

    /// The same, raising the rows from number `row` on; what is no higher than `floor` may be missing there.
    /// `frames` begin on a whole run.
    pub(crate) fn with_rows(
        rate: SampleRate,
        excerpts: &[Excerpt],
        frames: &Range<usize>,
        itu: f32,
        (rows, row): (&mut Rows, usize),
        floor: f32,
    ) -> Self {
        let grid = Grid::of(rate);
        let sample = highest_sample(excerpts);
        // Where nobody asks for the highest of all, only the rows count.
        let mut scanned = if itu == f32::INFINITY { f32::INFINITY } else { sample };
        for excerpt in excerpts {
            scanned = rows.raise(row, grid, excerpt, floor, scanned);
            if frames.start == 0 {
                let early = grid.highest(excerpt, MARGIN - 1..MARGIN, 0.0);
                rows.raise_first(early);
                scanned = scanned.max(early);
            }
        }
        let inside = inside(frames);
        Self {
            sample,
            scanned,
            itu: excerpts.iter().fold(itu, |best, e| standard::highest(e, inside.clone(), best)),
        }
    }
}

fn highest_sample(excerpts: &[Excerpt]) -> f32 {
    excerpts.iter().fold(0.0f32, |highest, excerpt| highest.max(excerpt.highest()))
}

/// The certified peaks above `ceiling`, in order, at most one for each frame.
#[must_use]
pub fn overs(audio: &Audio, ceiling: Dbtp) -> Vec<Over> {
    let threshold = within_tolerance_of(ceiling.amplitude() as f32);
    let mut peaks = fine_peaks(audio, &scanned_blocks(audio, threshold), threshold);
    // Compared as levels, as a caller compares what `certify` says: a ceiling is met by both or by neither.
    peaks.retain(|peak| amplitude_to_level(peak.magnitude) > ceiling);
    peaks.sort_by(|a, b| a.frame.cmp(&b.frame).then(b.magnitude.total_cmp(&a.magnitude)));
    peaks.dedup_by_key(|peak| peak.frame);
    let over = |peak: Located| Over { frame: peak.frame, peak: amplitude_to_level(peak.magnitude) };
    peaks.into_iter().map(over).collect()
}

/// The highest magnitude of any sample.
pub(crate) fn sample_peak(audio: &Audio) -> f32 {
    let segments = audio.channels().par_iter().flat_map(|channel| channel.par_chunks(SEGMENT_FRAMES));
    segments.map(|samples| dispatch(grid::HighestSample(samples))).reduce(|| 0.0, f32::max)
}

/// Buffers that one task reuses from block to block.
#[derive(Default)]
struct Scratch {
    excerpt: Excerpt,
    tops: Vec<f32>,
    heads: Vec<f32>,
}

impl Scratch {
    fn tops(&mut self, grid: Grid, of: Of, frames: Range<usize>) -> (&[f32], &[f32]) {
        self.tops.resize(frames.len(), 0.0);
        self.heads.resize(frames.len(), 0.0);
        grid.tops(of, &self.excerpt, frames, &mut self.tops, &mut self.heads);
        (&self.tops, &self.heads)
    }
}

/// Scans blocks of [`BLOCK_FRAMES`]; the peak is `floor` where nothing exceeds it.
fn scanned_blocks(audio: &Audio, floor: f32) -> Vec<Scanned> {
    let grid = Grid::of(audio.rate());
    let scanned = |excerpt: &mut Excerpt, block: usize| {
        let first = block * BLOCK_FRAMES;
        let frames = first..(first + BLOCK_FRAMES).min(audio.frames());
        let peak = audio.channels().iter().fold(floor, |floor, channel| {
            excerpt.read(channel, frames.clone());
            grid.highest(excerpt, inside(&frames), floor)
        });
        Scanned { frames, peak }
    };
    let blocks = audio.frames().div_ceil(BLOCK_FRAMES);
    (0..blocks).into_par_iter().map_init(Excerpt::default, scanned).collect()
}

/// Where `frames` lie in their excerpt; before the first frame of all, the filter may ring one frame early.
fn inside(frames: &Range<usize>) -> Range<usize> {
    let early = usize::from(frames.start == 0);
    MARGIN - early..MARGIN + frames.len()
}

fn highest_of(blocks: &[Scanned]) -> f32 {
    blocks.iter().fold(0.0, |highest, block| highest.max(block.peak))
}

/// One peak after fine evaluation.
#[derive(Clone, Copy, Debug)]
struct Located {
    frame: usize,
    magnitude: f32,
}

/// Fine evaluation of all peaks that the scan reads above `threshold`, in the order of blocks and channels.
fn fine_peaks(audio: &Audio, blocks: &[Scanned], threshold: f32) -> Vec<Located> {
    let grid = Grid::of(audio.rate());
    let evaluate = |scratch: &mut Scratch, block: &Scanned| {
        let mut found = Vec::new();
        if block.peak <= threshold {
            return found;
        }
        for channel in audio.channels() {
            scratch.excerpt.read(channel, block.frames.clone());
            let inside = inside(&block.frames);
            scratch.tops(grid, Of::Peaks, inside.clone());
            for (at, _) in inside.zip(&scratch.tops).filter(|(_, top)| **top > threshold * threshold) {
                let peak = fine::evaluate(scratch.excerpt.whole(), at);
                let position = block.frames.start + at - usize::from(peak.is_before);
                found.push(Located { frame: position.saturating_sub(MARGIN), magnitude: peak.magnitude });
            }
        }
        found
    };
    let found: Vec<Vec<Located>> = blocks.par_iter().map_init(Scratch::default, evaluate).collect();
    found.concat()
}

fn within_tolerance_of(magnitude: f32) -> f32 {
    magnitude / SCAN_TOLERANCE.amplitude() as f32
}

fn amplitude_to_level(amplitude: f32) -> Dbtp {
    Dbtp::from_amplitude(f64::from(amplitude))
}
