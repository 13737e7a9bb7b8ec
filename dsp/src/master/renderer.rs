//! Makes the samples of a plan, all of them or a few again.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::audio::Audio;
use crate::effects::dither::Quantiser;
use crate::effects::limiter::GainCurve;
use crate::progress::{Cancelled, Watch};

/// Frames of one channel that one task renders. Fixed, so that the number of threads changes nothing.
const SEGMENT_FRAMES: usize = 1 << 16;
/// Frames that stay in the innermost cache from gain to dither.
const TILE_FRAMES: usize = 2048;

/// How samples are made, all but the audio.
#[derive(Debug)]
pub(crate) struct Renderer<'a> {
    /// Gain on everything, linear. Single precision, as it is multiplied.
    pub(crate) drive: f32,
    pub(crate) curve: Option<GainCurve>,
    /// One for each channel; none for floats and for samples on the grid.
    pub(crate) quantisers: Option<Vec<Quantiser>>,
    /// Digital silence of each channel, which stays exact.
    pub(crate) silence: &'a [Vec<Range<usize>>],
}

impl Renderer<'_> {
    /// Renders all of `mix`.
    pub(crate) fn render(&self, mix: &Audio, watch: &dyn Watch) -> Result<Audio, Cancelled> {
        let mut out = Audio::silence(mix.rate(), mix.layout().clone(), mix.frames());
        let total = (mix.channel_count() * mix.frames()).max(1);
        let done = AtomicUsize::new(0);
        let channels = out.channels_mut().par_iter_mut().enumerate();
        channels.for_each(|(channel, samples)| {
            let source = mix.channel(channel);
            samples.par_chunks_mut(SEGMENT_FRAMES).enumerate().for_each(|(segment, out)| {
                if watch.is_cancelled() {
                    return;
                }
                self.render_frames(channel, source, segment * SEGMENT_FRAMES, out);
                let done = done.fetch_add(out.len(), Ordering::Relaxed) + out.len();
                watch.done(done as f64 / total as f64);
            });
        });
        if watch.is_cancelled() { Err(Cancelled) } else { Ok(out) }
    }

    /// Renders `ranges` again, which start on blocks of the gain curve.
    pub(crate) fn render_again(&self, mix: &Audio, ranges: &[Range<usize>], out: &mut Audio) {
        out.channels_mut().par_iter_mut().enumerate().for_each(|(channel, samples)| {
            for range in ranges {
                self.render_frames(channel, mix.channel(channel), range.start, &mut samples[range.clone()]);
            }
        });
    }

    /// Frames `first..first + out.len()` of one channel.
    fn render_frames(&self, channel: usize, source: &[f32], first: usize, out: &mut [f32]) {
        for (tile, out) in out.chunks_mut(TILE_FRAMES).enumerate() {
            let from = first + tile * TILE_FRAMES;
            let input = &source[from..from + out.len()];
            match &self.curve {
                Some(curve) => curve.apply(from, self.drive, input, out),
                None => out.iter_mut().zip(input).for_each(|(out, sample)| *out = sample * self.drive),
            }
            if let Some(quantisers) = &self.quantisers {
                quantisers[channel].quantise(from, out);
                blank(&self.silence[channel], from, out);
            }
        }
    }
}

/// Puts the zeros of digital silence back.
fn blank(silence: &[Range<usize>], first: usize, out: &mut [f32]) {
    let end = first + out.len();
    let next = silence.partition_point(|run| run.end <= first);
    for run in silence[next..].iter().take_while(|run| run.start < end) {
        out[run.start.max(first) - first..run.end.min(end) - first].fill(0.0);
    }
}
