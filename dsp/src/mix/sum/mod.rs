//! Stems to groups to the mix, in a fixed order and in double precision.

mod account;
mod bus;
mod room;

use rayon::prelude::*;

use super::error::MixError;
use super::listening::BATCH;
use super::plan::{MixPlan, Part};
use super::role::Group;
use super::strip;
use super::track::Track;
use super::{MixWatch, StemSink};
use crate::audio::{Audio, Samples};
use crate::units::{Decibels, SampleRate};
pub(super) use account::account;

/// Frames that one task adds: fixed seams.
const SEGMENT: usize = 1 << 16;

/// Two channels of sums.
struct Sums {
    channels: [Vec<f64>; 2],
    is_empty: bool,
}

/// The mix: the longest stem that is not muted says how long.
pub(super) fn render(
    tracks: &[Track<'_>],
    plan: &MixPlan,
    sink: Option<&dyn StemSink>,
    watch: &dyn MixWatch,
) -> Result<Audio, MixError> {
    let heard = tracks.iter().filter(|track| track.plan.part != Part::Muted);
    let frames = heard.map(Track::frames).max().unwrap_or(0);
    let rate = tracks.first().map_or(SampleRate::literal(44_100), |track| track.stem.reel.rate());
    let mut total = Sums::new(frames);
    let mut sent = tracks.iter().any(|t| t.plays() && t.plan.send.is_some()).then(|| Sums::new(frames));
    let playing = tracks.iter().filter(|track| track.plays()).count().max(1);
    let mut done = 0;
    for group in Group::ALL {
        let compressor = plan.drums_compressor.filter(|c| group == Group::Drums && !c.is_neutral());
        let dips = group == Group::Music && plan.vocal_dip != Decibels::ZERO;
        let mut own = (compressor.is_some() || dips).then(|| Sums::new(frames));
        let members: Vec<&Track<'_>> =
            tracks.iter().filter(|track| track.plays() && track.plan.role.group() == group).collect();
        for batch in members.chunks(BATCH) {
            let stems = processed(batch, plan.mix_gain, frames, sink, watch)?;
            let sums = own.as_mut().unwrap_or(&mut total);
            for (track, stem) in batch.iter().zip(&stems) {
                sums.add(stem, 1.0);
                if let (Some(sent), Some(send)) = (&mut sent, track.plan.send) {
                    sent.add(stem, send.amplitude());
                }
            }
            done += batch.len();
            watch.done(done as f64 / playing as f64);
        }
        let Some(own) = own.filter(|own| !own.is_empty) else { continue };
        let mut audio = own.into_audio(rate);
        if let Some(compressor) = &compressor {
            bus::compress(&mut audio, compressor);
        }
        if dips {
            bus::dip(&mut audio, plan.vocal_dip, tracks);
        }
        total.add(&audio, 1.0);
    }
    if let Some(sent) = sent.filter(|sent| !sent.is_empty) {
        total.add(&room::answer(sent.into_audio(rate)), 1.0);
    }
    Ok(total.into_audio(rate))
}

/// Some stems as they go into the sum, handed to the sink.
fn processed(
    batch: &[&Track<'_>],
    mix_gain: Decibels,
    frames: usize,
    sink: Option<&dyn StemSink>,
    watch: &dyn MixWatch,
) -> Result<Vec<Audio>, MixError> {
    let one = |track: &&Track<'_>| {
        if watch.is_cancelled() {
            return Err(MixError::Cancelled);
        }
        let audio = strip::processed(track, mix_gain.value(), frames, watch)?;
        if let Some(sink) = sink {
            sink.take(&track.stem.name, &audio)?;
        }
        Ok(audio)
    };
    batch.par_iter().map(one).collect()
}

impl Sums {
    fn new(frames: usize) -> Self {
        Self { channels: [vec![0.0; frames], vec![0.0; frames]], is_empty: true }
    }

    /// Adds a stem times a gain. The first is taken as it is: nothing plus −0 would be +0.
    fn add(&mut self, stem: &Audio, gain: f64) {
        let first = std::mem::take(&mut self.is_empty);
        for (sums, samples) in self.channels.iter_mut().zip(stem.channels()) {
            let tasks = sums.par_chunks_mut(SEGMENT).zip(samples.par_chunks(SEGMENT));
            tasks.for_each(|(sums, samples)| {
                let pairs = sums.iter_mut().zip(samples);
                if first {
                    pairs.for_each(|(sum, sample)| *sum = f64::from(*sample) * gain);
                } else {
                    pairs.for_each(|(sum, sample)| *sum += f64::from(*sample) * gain);
                }
            });
        }
    }

    fn into_audio(self, rate: SampleRate) -> Audio {
        let channels = self.channels.map(|sums| {
            let mut samples = Samples::silence(sums.len());
            let tasks = samples.par_chunks_mut(SEGMENT).zip(sums.par_chunks(SEGMENT));
            tasks.for_each(|(out, sums)| out.iter_mut().zip(sums).for_each(|(out, sum)| *out = *sum as f32));
            samples
        });
        Audio::from_channels(rate, channels.into())
    }
}
