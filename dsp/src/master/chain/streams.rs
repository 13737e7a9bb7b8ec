//! The frames of a mix in order, with the recursive sections applied, from any frame on.

use std::ops::Range;

use crate::parts::cascade::{self, Cascade, Form};

/// Frames filtered at a time.
const CHUNK: usize = 1024;

/// One or two channels of a mix on their way through the sections. Frames before the start and after the end are
/// silent.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    cascade: Option<&'a Cascade>,
    channels: [&'a [f32]; 2],
    state: cascade::State,
    /// The next frame to come out.
    next: isize,
}

impl<'a> Stream<'a> {
    /// From frame `from` on: the sections begin before it by what they remember.
    pub(super) fn new(cascade: Option<&'a Cascade>, channels: [&'a [f32]; 2], from: isize) -> Self {
        let mut stream = Self { cascade, channels, state: cascade::State::default(), next: from };
        if let Some(cascade) = cascade {
            // The first frames to come out are of the time before the sections began.
            let lead = cascade.memory_frames().max(RUN_IN_MIN) + cascade.lag();
            stream.next = from.saturating_sub_unsigned(lead).max(-(cascade.lag() as isize));
            let mut unheard = [[0.0; CHUNK]; 2];
            while stream.next < from {
                let count = CHUNK.min((from - stream.next).unsigned_abs());
                let [left, right] = &mut unheard;
                stream.fill([&mut left[..count], &mut right[..count]], Form::LeftRight);
            }
            stream.next = from;
        }
        stream
    }

    /// The next frames. Two outputs of one length.
    pub(super) fn fill(&mut self, output: [&mut [f32]; 2], form: Form) {
        let [first, second] = output;
        for (first, second) in first.chunks_mut(CHUNK).zip(second.chunks_mut(CHUNK)) {
            self.chunk([first, second], form);
        }
    }

    fn chunk(&mut self, output: [&mut [f32]; 2], form: Form) {
        let [first, second] = output;
        let count = first.len();
        let mut read = [[0.0f32; CHUNK]; 2];
        let ahead = self.cascade.map_or(0, |cascade| cascade.lag() as isize);
        for (channel, read) in self.channels.iter().zip(&mut read) {
            copy(channel, self.next + ahead, &mut read[..count]);
        }
        self.next += count as isize;
        let [left, right] = &read;
        match (self.cascade, form) {
            (Some(cascade), _) => {
                cascade.run(&mut self.state, [&left[..count], &right[..count]], [first, second], form);
            }
            (None, Form::LeftRight) => {
                first.copy_from_slice(&left[..count]);
                second.copy_from_slice(&right[..count]);
            }
            (None, Form::MidSide) => {
                for (n, (mid, side)) in first.iter_mut().zip(second).enumerate() {
                    (*mid, *side) = ((left[n] + right[n]) * 0.5, (left[n] - right[n]) * 0.5);
                }
            }
        }
    }
}

/// Sections begin at least so many frames early.
const RUN_IN_MIN: usize = 64;

/// Frames `from..` of a channel; silence before its start and after its end.
fn copy(channel: &[f32], from: isize, out: &mut [f32]) {
    let clamped = |frame: isize| frame.clamp(0, channel.len() as isize).unsigned_abs();
    let Range { start, end } = clamped(from)..clamped(from + out.len() as isize);
    let silent = (start as isize - from).unsigned_abs().min(out.len());
    out[..silent].fill(0.0);
    out[silent..silent + (end - start)].copy_from_slice(&channel[start..end]);
    out[silent + (end - start)..].fill(0.0);
}
