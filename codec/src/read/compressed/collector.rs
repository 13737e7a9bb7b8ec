//! Decoded frames, gathered as they come: memory grows with what was decoded, not with what was claimed.

use dsp::audio::{Audio, Channel, Layout, Samples};
use dsp::units::SampleRate;
use rayon::prelude::*;
use symphonia::core::audio::{Audio as _, AudioBuffer, AudioSpec, Channels, GenericAudioBufferRef};

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::note::DecodeNote;
use crate::read::compressed::stream::{ENCODER_FRAMES_MAX, Trim};
use crate::read::plan;

/// No packet of any codec we read holds more frames; a claim beyond is a lie.
const PACKET_FRAMES_MAX: u64 = 65_536;

pub(crate) struct Collector {
    limits: Limits,
    trim: Trim,
    shape: Option<Shape>,
    channels: Vec<Vec<f32>>,
    /// Where the stream that is being decoded began.
    stream_start: u64,
    /// What to add to a packet's time to get its frame, once a packet has shown it.
    timeline: Option<i64>,
}

/// What must not change within a file.
#[derive(Clone, PartialEq)]
struct Shape {
    rate: SampleRate,
    layout: Layout,
    frames_max: u64,
    spec: AudioSpec,
}

impl Collector {
    pub(crate) fn new(limits: &Limits, trim: Trim) -> Self {
        Self { limits: *limits, trim, shape: None, channels: Vec::new(), stream_start: 0, timeline: None }
    }

    /// How many frames there are, those of the encoder included.
    pub(crate) fn frames(&self) -> u64 {
        self.channels.first().map_or(0, |channel| channel.len() as u64)
    }

    pub(crate) fn rate_hertz(&self) -> f64 {
        self.shape.as_ref().map_or(1.0, |shape| shape.rate.as_f64())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.frames() as f64 / self.rate_hertz()
    }

    /// Rate and channels, for messages.
    pub(crate) fn shape(&self) -> String {
        match &self.shape {
            Some(shape) => describe(shape.rate.hertz(), shape.layout.count()),
            None => "nothing".to_owned(),
        }
    }

    /// How much is done of what is claimed.
    pub(crate) fn done(&self, frames_claimed: Option<u64>) -> f64 {
        frames_claimed.map_or(0.0, |claimed| (self.frames() as f64 / claimed.max(1) as f64).min(1.0))
    }

    pub(crate) fn corrupt(&self, what: &str) -> DecodeError {
        DecodeError::Corrupt { what: format!("at {:.1} s ({what})", self.seconds()) }
    }

    /// A packet must begin where the last one ended.
    pub(crate) fn expect_frame(&self, frame: i64) -> Result<(), DecodeError> {
        if i64::try_from(self.frames()) == Ok(frame) {
            Ok(())
        } else {
            Err(self.corrupt("frames are missing or out of order"))
        }
    }

    /// Fills with silence what is missing before a packet that begins at `time`, so that it stays in its place;
    /// how many gaps that were.
    pub(crate) fn bridge_gap(&mut self, time: i64) -> Result<u64, DecodeError> {
        // The first packet of a stream may give nothing: it only fills the decoder.
        if self.frames() == self.stream_start {
            return Ok(0);
        }
        let here = self.frames() as i64;
        let offset = *self.timeline.get_or_insert(here.saturating_sub(time));
        let gap = time.saturating_add(offset).saturating_sub(here);
        match u64::try_from(gap) {
            Ok(0) | Err(_) => Ok(0),
            Ok(gap) => self.extend_silence(gap).map(|()| 1),
        }
    }

    /// The next packet begins another stream, whose time has nothing to do with this one's.
    pub(crate) fn new_timeline(&mut self) {
        self.stream_start = self.frames();
        self.timeline = None;
    }

    /// Takes what a packet held.
    pub(crate) fn push(&mut self, buffer: GenericAudioBufferRef<'_>) -> Result<(), DecodeError> {
        if buffer.frames() == 0 {
            return Ok(());
        }
        let frames_max = self.frames_max_for(buffer.spec())?;
        self.make_room(buffer.frames() as u64, frames_max)?;
        match buffer {
            GenericAudioBufferRef::F32(buffer) => self.extend(buffer, |sample| sample),
            // Decoders of integers fill 32 bits from the top: exact up to 24 bits, and rounded above.
            GenericAudioBufferRef::S32(buffer) => {
                self.extend(buffer, |sample| sample as f32 / 2_147_483_648.0)
            }
            _ => return Err(DecodeError::malformed("its decoder gives samples of an unknown form")),
        }
        Ok(())
    }

    /// Silence where a packet cannot be decoded, so that what follows stays in its place.
    pub(crate) fn push_silence(&mut self, frames: u64) -> Result<(), DecodeError> {
        self.extend_silence(frames.min(PACKET_FRAMES_MAX))
    }

    fn extend_silence(&mut self, frames: u64) -> Result<(), DecodeError> {
        let Some(shape) = &self.shape else { return Ok(()) };
        let frames_max = shape.frames_max;
        self.make_room(frames, frames_max)?;
        for channel in &mut self.channels {
            channel.resize(channel.len() + frames as usize, 0.0);
        }
        Ok(())
    }

    /// The audio, without what the encoder had put around it.
    pub(crate) fn finish(self, notes: &mut Vec<DecodeNote>) -> Result<Audio, DecodeError> {
        let total = self.frames();
        let Some(shape) = self.shape else {
            return Err(DecodeError::Empty { seconds: 0.0, seconds_min: self.limits.seconds_min });
        };
        let (before, frames) = match self.trim {
            Trim::Window { before, frames } => {
                let before = before.min(total);
                (before, frames.unwrap_or(u64::MAX).min(total - before))
            }
            Trim::Nothing | Trim::Unknown => (0, total),
        };
        let frames_max = self.limits.frames_max(shape.rate, shape.layout.count());
        if frames > frames_max {
            return Err(DecodeError::TooLong { seconds_max: frames_max as f64 / shape.rate.as_f64() });
        }
        if frames < total {
            let frames_after = total - before - frames;
            notes.push(DecodeNote::PrimingTrimmed { frames_before: before, frames_after });
        }
        let range = before as usize..(before + frames) as usize;
        let channels = self.channels.into_par_iter().map(|c| Samples::copied(&c[range.clone()])).collect();
        Ok(Audio::with_layout(shape.rate, shape.layout, channels))
    }

    fn extend<T: symphonia::core::audio::sample::Sample>(
        &mut self,
        buffer: &AudioBuffer<T>,
        convert: impl Fn(T) -> f32,
    ) {
        for (channel, plane) in self.channels.iter_mut().zip(buffer.iter_planes()) {
            channel.extend(plane.iter().map(|sample| convert(*sample)));
        }
    }

    /// The limit for audio of this shape, which the first packet decides and no later one may change.
    fn frames_max_for(&mut self, spec: &AudioSpec) -> Result<u64, DecodeError> {
        if let Some(shape) = &self.shape {
            if shape.spec == *spec {
                return Ok(shape.frames_max);
            }
            return Err(DecodeError::ChangesFormat {
                seconds: self.seconds(),
                from: self.shape(),
                to: describe(spec.rate(), spec.channels().count()),
            });
        }
        let count = plan::channels(spec.channels().count() as i64, &self.limits)?;
        let rate = plan::rate(f64::from(spec.rate()))?;
        let layout = layout_of(spec.channels(), count);
        let around = if matches!(self.trim, Trim::Window { .. }) { ENCODER_FRAMES_MAX } else { 0 };
        let frames_max = self.limits.frames_max(rate, count) + around;
        self.channels = vec![Vec::new(); count];
        self.shape = Some(Shape { rate, layout, frames_max, spec: spec.clone() });
        Ok(frames_max)
    }

    fn make_room(&self, frames: u64, frames_max: u64) -> Result<(), DecodeError> {
        if self.frames() + frames > frames_max {
            return Err(DecodeError::TooLong { seconds_max: frames_max as f64 / self.rate_hertz() });
        }
        Ok(())
    }
}

fn describe(hertz: u32, channels: usize) -> String {
    format!("{hertz} Hz in {channels} channels")
}

/// Decoders give channels in the order of the WAVE mask's bits.
fn layout_of(channels: &Channels, count: usize) -> Layout {
    let Channels::Positioned(places) = channels else { return Layout::usual(count) };
    if count <= 2 {
        return Layout::usual(count);
    }
    const SIDES: u64 = 0x600;
    let mask = places.bits();
    let places = (0..64).filter(|bit| mask >> bit & 1 == 1).map(|bit| match bit {
        0 => Channel::Left,
        1 => Channel::Right,
        2 => Channel::Centre,
        3 | 18 => Channel::Lfe,
        4 if mask & SIDES == 0 => Channel::LeftSurround,
        5 if mask & SIDES == 0 => Channel::RightSurround,
        9 => Channel::LeftSurround,
        10 => Channel::RightSurround,
        _ => Channel::Other,
    });
    Layout::of(places.collect())
}
