//! Whole signals at another rate.
//!
//! By Fourier transform (the crate `rubato`), in double precision: blocks are filtered by a windowed sinc as long as
//! the block and their spectra cut or continued to the other rate. Where two rates have so little in common that a
//! block would be huge, the sinc is evaluated sample by sample instead (`irregular.rs`).

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction};

use super::irregular::Interpolator;
use crate::audio::Audio;
use crate::progress::{Cancelled, Watch};
use crate::units::SampleRate;

/// The least frames in a block at the lower rate, which is the length of the filter too: it passes up to 0.97 of the
/// lower Nyquist frequency within 0.01 dB.
const BLOCK_FRAMES_MIN: usize = 1024;
/// The most frames in a block at the lower rate. The filter is as long, and rings right below that rate's Nyquist
/// frequency where sound begins and ends: for up to a tenth of a second at 44.1 kHz.
const BLOCK_FRAMES_MAX: usize = 1 << 13;

/// `audio` at `rate`: its frames times the ratio, rounded, the first on the first.
///
/// Flat within 0.01 dB up to 0.9 of the lower Nyquist frequency, and nothing from that frequency on (120 dB down).
/// At its own rate it comes back as it is. A signal is taken as silent before and after itself.
pub fn resample(audio: &Audio, rate: SampleRate, watch: &dyn Watch) -> Result<Audio, Cancelled> {
    if audio.rate() == rate {
        return Ok(audio.clone());
    }
    let frames = frames_after(audio.frames(), audio.rate(), rate);
    let mut out = Audio::silence(rate, audio.layout().clone(), frames);
    let progress =
        Progress { watch, done: AtomicUsize::new(0), total: (frames * audio.channel_count()).max(1) };
    let channels = out.channels_mut().par_iter_mut().zip(audio.channels());
    match Plan::new(audio.rate(), rate) {
        Plan::Blocks { frames_in, frames_out } => channels.for_each(|(out, samples)| {
            if let Some(mut blocks) = Blocks::new(audio.rate(), rate, frames_in, frames_out) {
                blocks.resample(samples, out, &progress);
            }
        }),
        Plan::SampleBySample => {
            let interpolator = Interpolator::new(audio.rate(), rate);
            channels.for_each(|(out, samples)| interpolator.resample(samples, out, &progress));
        }
    }
    if watch.is_cancelled() { Err(Cancelled) } else { Ok(out) }
}

/// How many frames there are at another rate: the nearest whole number.
#[must_use]
pub fn frames_after(frames: usize, from: SampleRate, to: SampleRate) -> usize {
    let (from, to) = (u128::from(from.hertz()), u128::from(to.hertz()));
    ((2 * frames as u128 * to + from) / (2 * from)) as usize
}

/// What all channels report together.
pub(super) struct Progress<'a> {
    watch: &'a dyn Watch,
    done: AtomicUsize,
    total: usize,
}

impl Progress<'_> {
    /// So many more frames are done; whether to go on.
    pub(super) fn goes_on(&self, frames: usize) -> bool {
        let done = self.done.fetch_add(frames, Ordering::Relaxed) + frames;
        self.watch.done((done as f64 / self.total as f64).min(1.0));
        !self.watch.is_cancelled()
    }
}

/// How to get from one rate to another.
enum Plan {
    Blocks {
        frames_in: usize,
        frames_out: usize,
    },
    /// Where two rates have too little in common.
    SampleBySample,
}

impl Plan {
    fn new(from: SampleRate, to: SampleRate) -> Self {
        let (from, to) = (from.hertz() as usize, to.hertz() as usize);
        let common = greatest_common_divisor(from, to);
        // The filter's middle has to fall on a frame at both rates, else the output lies between frames: so each
        // block is twice a whole number of the shortest.
        let (least_in, least_out) = (2 * from / common, 2 * to / common);
        let times = BLOCK_FRAMES_MIN.div_ceil(least_in.min(least_out));
        let (frames_in, frames_out) = (times * least_in, times * least_out);
        if frames_in.min(frames_out) > BLOCK_FRAMES_MAX {
            return Self::SampleBySample;
        }
        Self::Blocks { frames_in, frames_out }
    }
}

/// The resampler of one channel and its delay.
struct Blocks {
    fft: Fft<f64>,
    input: Vec<f64>,
    output: Vec<f64>,
    /// Frames of output before the first of the signal.
    delay: usize,
}

impl Blocks {
    /// None only for what [`Plan`] never asks.
    fn new(from: SampleRate, to: SampleRate, frames_in: usize, frames_out: usize) -> Option<Self> {
        let (from, to) = (from.hertz() as usize, to.hertz() as usize);
        let window = WindowFunction::BlackmanHarris2;
        let fft = Fft::new_custom(from, to, frames_in, 1, 1, window, FixedSync::Both).ok()?;
        let (input, output) = (vec![0.0; frames_in], vec![0.0; frames_out]);
        let mut blocks = Self { fft, input, output, delay: 0 };
        blocks.delay = blocks.measured_delay()?;
        blocks.fft.reset();
        Some(blocks)
    }

    /// Where a click at the first frame comes out. Measured, because it is what everything is aligned by.
    fn measured_delay(&mut self) -> Option<usize> {
        self.input[0] = 1.0;
        let mut response = Vec::with_capacity(2 * self.output.len());
        for _ in 0..2 {
            self.process()?;
            response.extend_from_slice(&self.output);
            self.input[0] = 0.0;
        }
        (0..response.len()).max_by(|&a, &b| response[a].total_cmp(&response[b]))
    }

    /// One block; none only if the buffers had another size than they have.
    fn process(&mut self) -> Option<()> {
        let input = SequentialSlice::new(&self.input, 1, self.input.len()).ok()?;
        let frames = self.output.len();
        let mut output = SequentialSlice::new_mut(&mut self.output, 1, frames).ok()?;
        self.fft.process_into_buffer(&input, &mut output, None::<&Indexing>).ok()?;
        Some(())
    }

    fn resample(&mut self, samples: &[f32], out: &mut [f32], progress: &Progress<'_>) {
        let mut blocks_in = samples.chunks(self.input.len());
        let (mut skip, mut written) = (self.delay, 0);
        while written < out.len() {
            let block = blocks_in.next().unwrap_or_default();
            self.input[..block.len()].iter_mut().zip(block).for_each(|(input, x)| *input = f64::from(*x));
            self.input[block.len()..].fill(0.0);
            if self.process().is_none() {
                return;
            }
            let ready = &self.output[skip.min(self.output.len())..];
            skip -= self.output.len() - ready.len();
            let count = ready.len().min(out.len() - written);
            out[written..written + count].iter_mut().zip(ready).for_each(|(out, y)| *out = *y as f32);
            written += count;
            if !progress.goes_on(count) {
                return;
            }
        }
    }
}

fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
