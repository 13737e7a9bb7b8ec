//! Makes the samples of a plan, all of them or a few again.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::audio::Audio;
use crate::effects::dither::{Quantiser, SEAM_FRAMES};
use crate::effects::limiter::GainCurve;
use crate::progress::{Cancelled, Watch};

/// Frames of one channel that one task renders. Fixed, so that the number of threads changes nothing.
const SEGMENT_FRAMES: usize = 1 << 16;
/// The same where noise is shaped, which goes on over samples from seam to seam: four of them side by side.
const SHAPED_SEGMENT_FRAMES: usize = 4 * SEAM_FRAMES;
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
    /// Renders all of `mix`. Every sample of `room` is overwritten, if there is one as long as the mix: memory that is
    /// there already need not be fetched.
    pub(crate) fn render(
        &self,
        mix: &Audio,
        room: Option<Audio>,
        watch: &dyn Watch,
    ) -> Result<Audio, Cancelled> {
        let fits = |room: &Audio| {
            (room.rate(), room.layout(), room.frames()) == (mix.rate(), mix.layout(), mix.frames())
        };
        let mut out = room
            .filter(fits)
            .unwrap_or_else(|| Audio::silence(mix.rate(), mix.layout().clone(), mix.frames()));
        let total = (mix.channel_count() * mix.frames()).max(1);
        let done = AtomicUsize::new(0);
        let segment_frames = if self.has_seams() { SHAPED_SEGMENT_FRAMES } else { SEGMENT_FRAMES };
        let channels = out.channels_mut().par_iter_mut().enumerate();
        channels.for_each(|(channel, samples)| {
            let source = mix.channel(channel);
            samples.par_chunks_mut(segment_frames).enumerate().for_each(|(segment, out)| {
                if watch.is_cancelled() {
                    return;
                }
                self.render_frames(channel, source, segment * segment_frames, out);
                let done = done.fetch_add(out.len(), Ordering::Relaxed) + out.len();
                watch.done(done as f64 / total as f64);
            });
        });
        if watch.is_cancelled() { Err(Cancelled) } else { Ok(out) }
    }

    /// Renders `ranges` again, which start on blocks of the gain curve and follow one another; where noise is shaped,
    /// all from seam to seam.
    pub(crate) fn render_again(&self, mix: &Audio, ranges: &[Range<usize>], out: &mut Audio) {
        let whole = if self.has_seams() { Some(to_seams(ranges, mix.frames())) } else { None };
        let ranges = whole.as_deref().unwrap_or(ranges);
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
            if let Some(quantisers) = self.quantisers.as_ref().filter(|_| !self.has_seams()) {
                quantisers[channel].quantise(from, out);
                blank(&self.silence[channel], from, out);
            }
        }
        if let Some(quantisers) = self.quantisers.as_ref().filter(|_| self.has_seams()) {
            quantisers[channel].quantise(first, out);
            blank(&self.silence[channel], first, out);
        }
    }

    fn has_seams(&self) -> bool {
        self.quantisers.iter().flatten().any(Quantiser::has_seams)
    }
}

/// What lies between the seams around `ranges`, each stretch once.
fn to_seams(ranges: &[Range<usize>], frames: usize) -> Vec<Range<usize>> {
    let mut whole: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        let start = range.start / SEAM_FRAMES * SEAM_FRAMES;
        let end = range.end.next_multiple_of(SEAM_FRAMES).min(frames);
        match whole.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => whole.push(start..end),
        }
    }
    whole
}

/// Puts the zeros of digital silence back.
fn blank(silence: &[Range<usize>], first: usize, out: &mut [f32]) {
    let end = first + out.len();
    let next = silence.partition_point(|run| run.end <= first);
    for run in silence[next..].iter().take_while(|run| run.start < end) {
        out[run.start.max(first) - first..run.end.min(end) - first].fill(0.0);
    }
}
