//! One stem through its plan: delay, polarity, filters, dynamics, and its place in the mix.
//!
//! | module | what |
//! |---|---|
//! | [`filters`] | high-pass and equaliser |
//! | [`levels`] | what dynamics and faders are decided by |
//! | [`sibilance`] | the de-esser |
//! | [`place`] | gains, width and pan |

pub(super) mod filters;
mod levels;
pub(super) mod place;
mod sibilance;

use super::error::MixError;
use super::plan::{Polarity, StemPlan};
use super::track::Track;
use crate::audio::{Audio, Samples};
use crate::progress::Watch;
pub(super) use levels::Rehearsed;
pub(super) use sibilance::turn_band;

/// The stem after its filters: what its dynamics hear.
pub(super) fn filtered(track: &Track<'_>, watch: &dyn Watch) -> Result<Audio, MixError> {
    let mut audio = track.load(watch)?;
    let plan = &track.plan;
    if let Some(frames) = delay_frames(plan, &audio) {
        audio.channels_mut().iter_mut().for_each(|channel| *channel = delayed(channel, frames));
    }
    if plan.polarity == Polarity::Inverted {
        audio.channels_mut().iter_mut().flat_map(|c| c.iter_mut()).for_each(|sample| *sample = -*sample);
    }
    filters::run(plan, &mut audio);
    Ok(audio)
}

/// The stem as it goes into the sum: stereo, `frames` long, with the gain of the whole mix.
pub(super) fn processed(
    track: &Track<'_>,
    mix_gain_db: f64,
    frames: usize,
    watch: &dyn Watch,
) -> Result<Audio, MixError> {
    let mut audio = filtered(track, watch)?;
    let essing = track.rehearsed.as_ref().and_then(|rehearsed| rehearsed.essing.as_deref());
    if let Some((de_esser, essing)) = track.plan.de_esser.zip(essing) {
        turn_band(&mut audio, de_esser.frequency, essing);
    }
    let gains = track.rehearsed.as_ref().and_then(|rehearsed| rehearsed.gains.as_deref());
    Ok(place::placed(audio, &track.plan, track.shape, gains, mix_gain_db, frames))
}

/// Whole frames of delay, the nearest to what is planned: half a frame is 11 µs, 4 mm of air. None if there is none.
fn delay_frames(plan: &StemPlan, audio: &Audio) -> Option<isize> {
    let frames = (plan.delay.value() / 1000.0 * audio.rate().as_f64()).round() as isize;
    (frames != 0).then_some(frames)
}

/// Later by so many frames, earlier if negative; as long as before, silence where nothing is left.
fn delayed(channel: &[f32], frames: isize) -> Samples {
    let mut out = Samples::silence(channel.len());
    let shift = frames.unsigned_abs().min(channel.len());
    let kept = channel.len() - shift;
    if frames > 0 {
        out[shift..].copy_from_slice(&channel[..kept]);
    } else {
        out[..kept].copy_from_slice(&channel[shift..]);
    }
    out
}
