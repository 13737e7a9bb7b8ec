//! The stems as they came, summed: what a mix is compared with.

use rayon::prelude::*;

use super::error::MixError;
use super::plan::{MixPlan, Part};
use super::{Reel, ReelError, Stem};
use crate::audio::{Audio, Samples};
use crate::progress::Watch;
use crate::units::SampleRate;

/// Frames of one task.
const SEGMENT: usize = 1 << 16;

/// The stems that play in `plan`, with every fader at 0 dB and in the middle, one channel at −3 dB in each of two; as
/// long as the longest of them, and turned down together where its samples would go over −1 dBFS. Same samples for any
/// number of threads.
pub fn plain_sum(stems: &[Stem<'_>], plan: &MixPlan, watch: &dyn Watch) -> Result<Audio, MixError> {
    let plays = |stem: &&Stem<'_>| {
        plan.stems.iter().any(|planned| planned.name == stem.name && planned.part == Part::Plays)
    };
    let mut playing: Vec<&Stem<'_>> = stems.iter().filter(plays).collect();
    playing.sort_by(|a, b| a.name.cmp(&b.name));
    let frames = playing.iter().map(|stem| stem.reel.frames()).max().unwrap_or(0);
    let rate = playing.first().map_or(SampleRate::literal(44_100), |stem| stem.reel.rate());
    let mut channels = [Samples::silence(frames), Samples::silence(frames)];
    for (side, channel) in channels.iter_mut().enumerate() {
        channel.par_chunks_mut(SEGMENT).enumerate().try_for_each(|(index, out)| {
            if watch.is_cancelled() {
                return Err(MixError::Cancelled);
            }
            Ok(add(&playing, side, index * SEGMENT, out)?)
        })?;
    }
    let peak = channels.iter().flat_map(|channel| channel.iter()).fold(0f32, |peak, s| peak.max(s.abs()));
    const ROOM: f32 = 0.891; // −1 dBFS
    if peak > ROOM {
        channels.iter_mut().for_each(|channel| channel.iter_mut().for_each(|sample| *sample *= ROOM / peak));
    }
    Ok(Audio::from_channels(rate, channels.into()))
}

/// One side of one segment, in double precision.
fn add(stems: &[&Stem<'_>], side: usize, from: usize, out: &mut [f32]) -> Result<(), ReelError> {
    let mut sums = vec![0f64; out.len()];
    for stem in stems {
        let reel: &dyn Reel = stem.reel;
        let count = reel.frames().saturating_sub(from).min(out.len());
        if count == 0 {
            continue;
        }
        let is_mono = reel.layout().count() < 2;
        let gain = if is_mono { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        reel.read(if is_mono { 0 } else { side }, from, &mut out[..count])?;
        let samples =
            out[..count].iter().map(|sample| if sample.is_finite() { f64::from(*sample) } else { 0.0 });
        sums.iter_mut().zip(samples).for_each(|(sum, sample)| *sum += gain * sample);
    }
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum as f32);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::{MixWish, StemWish, mix};
    use crate::progress::Unwatched;

    fn tone(hertz: f64, level: f64, channels: usize) -> Audio {
        let sample = |n: usize| (level * (std::f64::consts::TAU * hertz * n as f64 / 44_100.0).sin()) as f32;
        let channel = |index: usize| {
            let side = if index == 0 { 1.0 } else { -0.5 };
            Samples::copied(&(0..88_200).map(|n| side * sample(n)).collect::<Vec<_>>())
        };
        Audio::from_channels(SampleRate::literal(44_100), (0..channels).map(channel).collect())
    }

    fn sum_of(level: f64) -> (Audio, [Audio; 3]) {
        let audio = [tone(220.0, level, 1), tone(330.0, level, 2), tone(441.0, level, 2)];
        let parts = [None, None, Some(Part::Muted)];
        let stem = |(index, part): (usize, Option<Part>)| Stem {
            name: format!("{index}.wav"),
            reel: &audio[index],
            starts_at_frame: None,
            wish: StemWish { part, ..StemWish::default() },
        };
        let stems: Vec<Stem<'_>> = parts.into_iter().enumerate().map(stem).collect();
        let plan = mix(&stems, &MixWish::DEFAULT, None, &Unwatched).unwrap().plan;
        let sum = plain_sum(&stems, &plan, &Unwatched).unwrap();
        (sum, audio)
    }

    #[test]
    fn stems_that_play_add_up_as_they_came_and_one_channel_stands_in_the_middle() {
        let (sum, [mono, stereo, _]) = sum_of(0.2);
        for side in 0..2 {
            for frame in [0, 1000, 40_000, 70_001] {
                let half = std::f64::consts::FRAC_1_SQRT_2 * f64::from(mono.channel(0)[frame]);
                let expected = half + f64::from(stereo.channel(side)[frame]);
                assert!((f64::from(sum.channel(side)[frame]) - expected).abs() < 1e-7, "{side} {frame}");
            }
        }
    }

    #[test]
    fn what_would_clip_is_turned_down_as_a_whole() {
        let peak = |audio: &Audio| audio.channel(0).iter().fold(0f32, |peak, s| peak.max(s.abs()));
        let (quiet, loud) = (sum_of(0.2).0, sum_of(0.9).0);
        assert!(peak(&quiet) * 4.5 > 1.0, "the case is real: it would clip");
        assert!((peak(&loud) - 0.891).abs() < 1e-3, "{}", peak(&loud));
        let ratio = loud.channel(1)[5000] / quiet.channel(1)[5000];
        assert!((ratio - peak(&loud) / peak(&quiet)).abs() < 1e-3, "one gain for all");
    }
}
