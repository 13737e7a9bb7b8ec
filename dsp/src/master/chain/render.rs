//! The samples of a chain.
//!
//! The mix is cut into segments at fixed seams; each is rendered by itself, block by block, so that all a block needs
//! stays in the second-level cache. In a block: mid and side are transformed, and each is the uppermost band's gain
//! times the whole, plus for every other band the difference of the two gains times that band. Where all gains are
//! equal the splits drop out, so bands sum up exactly, and cost nothing where nothing moves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::ChainPlan;
pub use super::blocks::Scratch;
use super::filters::Filters;
use super::gains::Gains;
use super::streams::Stream;
use crate::audio::Audio;
use crate::effects::equalizer::Equalizer;
use crate::parts::cascade::{Cascade, Form};
use crate::parts::fft::{Fft, Framing};
use crate::progress::{Cancelled, Watch};
use crate::units::SampleRate;

/// A segment holds as many whole hops as come nearest to this.
const SEGMENT_FRAMES: usize = 1 << 18;

/// A [`ChainPlan`] up to the glue, ready to render mixes of one rate and number of channels: zero latency, the same
/// length.
#[derive(Clone, Debug)]
pub struct Chain {
    channels: usize,
    framing: Framing,
    cascade: Option<Cascade>,
    /// Of the mid, or of every channel if there are not two; then of the side.
    filters: [Filters; 2],
    /// Planned if there is any filter.
    fft: Option<Fft>,
    works: bool,
}

impl Chain {
    /// Designs the filters: some milliseconds, on the caller's pool.
    ///
    /// Two channels are left and right. Any other number are channels without a side: each gets the tone, and all get
    /// the same gains.
    #[must_use]
    pub fn new(plan: &ChainPlan, rate: SampleRate, channels: usize) -> Self {
        let framing = Framing::at(rate);
        let equalizer = Equalizer::new(plan, rate);
        let sections = equalizer.sections();
        let [mid, side] = Filters::of_mid_and_side(plan, &equalizer, &framing, rate);
        let side = if channels == 2 { side } else { Filters::default() };
        let filtered = !(mid.is_empty() && side.is_empty());
        let works = filtered || !sections.is_empty() || plan.working_glue().is_some();
        Self {
            channels,
            framing,
            cascade: (!sections.is_empty()).then(|| Cascade::new(&sections)),
            filters: [mid, side],
            fft: filtered.then(|| Fft::new(framing.fft_frames)),
            works,
        }
    }

    /// Whether it leaves every sample as it is. Then rendering only copies.
    #[must_use]
    pub fn is_neutral(&self) -> bool {
        !self.works
    }

    /// Frames of every segment but the last, which has what is left.
    #[must_use]
    pub fn segment_frames(&self) -> usize {
        let hop = self.framing.hop;
        ((SEGMENT_FRAMES + hop / 2) / hop).max(1) * hop
    }

    /// How many segments so many frames have.
    #[must_use]
    pub fn segments(&self, frames: usize) -> usize {
        frames.div_ceil(self.segment_frames())
    }

    /// Room to render in: some megabytes at most.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        Scratch::new(&self.framing, self.fft.as_ref())
    }

    /// All of `mix`, with gains of the same plan, on the caller's pool. Any number of threads gives the same bits.
    pub fn render(&self, mix: &Audio, gains: &Gains, watch: &dyn Watch) -> Result<Audio, Cancelled> {
        if self.is_neutral() {
            return Ok(mix.clone());
        }
        let mut out = Audio::silence(mix.rate(), mix.layout().clone(), mix.frames());
        let mut segments: Vec<Vec<&mut [f32]>> = Vec::new();
        segments.resize_with(self.segments(mix.frames()), Vec::new);
        for channel in out.channels_mut() {
            for (segment, part) in segments.iter_mut().zip(channel.chunks_mut(self.segment_frames())) {
                segment.push(part);
            }
        }
        let (idle, done, total) = (Mutex::new(Vec::new()), AtomicUsize::new(0), segments.len());
        segments.par_iter_mut().enumerate().for_each(|(index, out)| {
            if watch.is_cancelled() {
                return;
            }
            let left_by_another = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut scratch = left_by_another.unwrap_or_else(|| self.scratch());
            self.render_segment(&mut scratch, mix, gains, index, out);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
            watch.done((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / total as f64);
        });
        if watch.is_cancelled() { Err(Cancelled) } else { Ok(out) }
    }

    /// Segment `index` of `mix` into `out`, which has its frames of each channel. Allocates nothing.
    ///
    /// # Panics
    /// If `mix` has another number of channels than this was made for, or `out` is not as long as the segment.
    pub fn render_segment(
        &self,
        scratch: &mut Scratch,
        mix: &Audio,
        gains: &Gains,
        index: usize,
        out: &mut [&mut [f32]],
    ) {
        assert!(mix.channel_count() == self.channels && out.len() == self.channels, "channels as planned");
        let first = index * self.segment_frames();
        let frames = self.segment_frames().min(mix.frames().saturating_sub(first));
        assert!(out.iter().all(|out| out.len() == frames), "room for the segment");
        if let [left, right] = out {
            let stream = self.stream([mix.channel(0), mix.channel(1)], first);
            self.render_pair(scratch, stream, gains, first, [left, right]);
            return;
        }
        for (channel, out) in out.iter_mut().enumerate() {
            let stream = self.stream([mix.channel(channel), &[]], first);
            self.render_pair(scratch, stream, gains, first, [out, &mut []]);
        }
    }

    /// From where the first block, or without blocks the first frame, begins.
    fn stream<'a>(&'a self, channels: [&'a [f32]; 2], first: usize) -> Stream<'a> {
        let margin = if self.fft.is_some() { self.framing.margin } else { 0 };
        Stream::new(self.cascade.as_ref(), channels, first as isize - margin as isize)
    }

    /// Left and right, or one channel and nothing.
    fn render_pair(
        &self,
        scratch: &mut Scratch,
        mut stream: Stream<'_>,
        gains: &Gains,
        first: usize,
        out: [&mut [f32]; 2],
    ) {
        let [left, right] = out;
        let form = if right.is_empty() { Form::LeftRight } else { Form::MidSide };
        if self.fft.is_some() {
            scratch.begin(&mut stream, form);
        }
        for offset in (0..left.len()).step_by(self.framing.hop) {
            let upto = left.len().min(offset + self.framing.hop);
            scratch.move_gains(gains, first + offset);
            let left = &mut left[offset..upto];
            let right = if right.is_empty() { &mut [][..] } else { &mut right[offset..upto] };
            if self.fft.is_some() {
                scratch.filter(&mut stream, &self.filters, form);
                scratch.deliver([left, right], form);
            } else {
                scratch.pass(&mut stream, [left, right]);
            }
        }
    }
}
