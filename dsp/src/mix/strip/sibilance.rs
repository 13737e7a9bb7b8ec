//! Sibilants of a voice: how far they stand out, and turning them down alone.

use crate::analysis::CONTROL_FRAMES;
use crate::audio::Audio;
use crate::master::chain::gains::smoothed;
use crate::mix::plan::DeEsser;
use crate::parts::biquad::Biquad;
use crate::parts::cascade::{Cascade, Form, State};
use crate::units::{Hertz, Milliseconds, SampleRate};

/// Powers at the control rate of where sibilants are and of where the voice itself is.
#[derive(Debug)]
pub(in crate::mix) struct Sibilance {
    rate: SampleRate,
    channels: f32,
    sharp: Vec<f32>,
    voice: Vec<f32>,
}

/// Sibilants: from here up.
const SHARP_FROM: Hertz = Hertz::literal(5000.0);
/// The voice itself: about here, some three octaves wide.
const VOICE: Hertz = Hertz::literal(1100.0);
const VOICE_Q: f64 = 0.35;
/// Of each dB over the threshold so much is taken off.
const SLOPE: f64 = 0.6;
/// How fast: it is there before the sibilant, because levels are taken about their middle.
const ATTACK: Milliseconds = Milliseconds::literal(1.0);
const RELEASE: Milliseconds = Milliseconds::literal(40.0);
const WINDOW: Milliseconds = Milliseconds::literal(4.0);
/// A sibilant has no voice of its own: it is held against the vowels around it.
const AROUND: Milliseconds = Milliseconds::literal(400.0);
/// Sharp sounds so far below the voice's loud moments are breath.
const FAINT: f32 = 1e-3;
/// How wide the band is that is turned down.
const BAND_Q: f64 = 0.9;

impl Sibilance {
    pub(super) fn of(audio: &Audio) -> Self {
        let rate = audio.rate();
        let corner = Hertz::literal(SHARP_FROM.value().min(0.4 * rate.as_f64()));
        let high_pass = Biquad::high_pass(corner, rate);
        let sharp = smoothed(&band_powers(audio, &[high_pass, high_pass]), WINDOW, rate);
        let voice = smoothed(&band_powers(audio, &[Biquad::band_pass(VOICE, VOICE_Q, rate)]), AROUND, rate);
        Self { rate, channels: audio.channel_count() as f32, sharp, voice }
    }

    /// How far sharp sounds lie over the voice in dB, where there is anything; and the rest left out.
    fn over_db(&self, run: usize, faint: f32) -> Option<f64> {
        let (sharp, voice) = (self.sharp[run], self.voice[run]);
        (sharp > faint).then(|| 10.0 * f64::from(sharp / voice.max(1e-12)).log10())
    }

    fn faint(&self) -> f32 {
        let mut sorted = self.voice.clone();
        let rank = (sorted.len().saturating_sub(1) as f64 * 0.95) as usize;
        if sorted.is_empty() {
            return 0.0;
        }
        *sorted.select_nth_unstable_by(rank, f32::total_cmp).1 * FAINT
    }

    /// What half of the moments in which the voice sounds stay under, in dB.
    pub(in crate::mix) fn usual_db(&self) -> Option<f64> {
        let faint = self.faint();
        let voiced = (0..self.voice.len()).filter(|&run| self.voice[run] > 10.0 * faint);
        let mut levels: Vec<f64> = voiced
            .map(|run| 10.0 * (f64::from(self.sharp[run]).max(1e-12) / f64::from(self.voice[run])).log10())
            .collect();
        if levels.is_empty() {
            return None;
        }
        let middle = levels.len() / 2;
        Some(*levels.select_nth_unstable_by(middle, f64::total_cmp).1)
    }

    /// Takes from K-weighted energies what `reductions` (in dB) take from sharp sounds: they weigh 4 dB more than
    /// their power, and the band that is turned down holds about 0.6 of them.
    pub(super) fn take_from(&self, energies: &mut [f32], reductions: &[f32]) {
        const SHARE: f32 = 2.5 * 0.6;
        let runs = energies.iter_mut().zip(&self.sharp).zip(reductions);
        for ((energy, sharp), reduction) in runs.filter(|(_, reduction)| **reduction > 0.0) {
            let lost = 1.0 - 10f32.powf(-reduction / 10.0);
            let sharp = sharp * CONTROL_FRAMES as f32 * self.channels * SHARE;
            *energy = (*energy - sharp * lost).max(0.25 * *energy);
        }
    }

    /// Reduction in dB at the control rate.
    pub(in crate::mix) fn reductions(&self, de_esser: &DeEsser) -> Vec<f32> {
        let faint = self.faint();
        let point_ms = CONTROL_FRAMES as f64 * 1000.0 / self.rate.as_f64();
        let share = |time: Milliseconds| 1.0 - (-point_ms / time.value()).exp();
        let (attack, release) = (share(ATTACK), share(RELEASE));
        let mut at = 0.0f64;
        let step = |run: usize| {
            let over = self.over_db(run, faint).map_or(0.0, |over| over - de_esser.threshold.value());
            let asked = (SLOPE * over).clamp(0.0, de_esser.reduction_max.value());
            at += (asked - at) * if asked > at { attack } else { release };
            at as f32
        };
        (0..self.sharp.len()).map(step).collect()
    }
}

/// Mean squares of the mid after `sections`, at the control rate.
fn band_powers(audio: &Audio, sections: &[Biquad]) -> Vec<f32> {
    let cascade = Cascade::new(sections);
    let mut state = State::default();
    let (left, right) = (audio.channel(0), audio.channel(audio.channel_count() - 1));
    let mut out = [[0.0f32; CONTROL_FRAMES]; 2];
    // The filter's lag of a few frames is nothing to levels over so many.
    let power = |(left, right): (&[f32], &[f32])| {
        let count = left.len();
        let [l, r] = &mut out;
        cascade.run(&mut state, [left, right], [&mut l[..count], &mut r[..count]], Form::LeftRight);
        let mid = l[..count].iter().zip(&r[..count]).map(|(l, r)| 0.25 * (l + r) * (l + r));
        mid.sum::<f32>() / CONTROL_FRAMES as f32
    };
    left.chunks(CONTROL_FRAMES).zip(right.chunks(CONTROL_FRAMES)).map(power).collect()
}

/// Turns a band about `centre` by `gains` (at the control rate): what the band-pass passes is added, times what the
/// gain differs from 1.
pub(in crate::mix) fn turn_band(audio: &mut Audio, centre: Hertz, gains: &[f32]) {
    let rate = audio.rate();
    let cascade = Cascade::new(&[Biquad::band_pass(
        Hertz::literal(centre.value().min(0.4 * rate.as_f64())),
        BAND_Q,
        rate,
    )]);
    let (lag, frames, mono) = (cascade.lag(), audio.frames(), audio.channel_count() == 1);
    let mut state = State::default();
    let mut out = [[0.0f32; CONTROL_FRAMES]; 2];
    let mut input = [[0.0f32; CONTROL_FRAMES]; 2];
    for first in (0..frames + lag).step_by(CONTROL_FRAMES) {
        let there = frames.saturating_sub(first).min(CONTROL_FRAMES);
        for (lane, input) in input.iter_mut().enumerate() {
            if there > 0 {
                let channel = audio.channel(if mono { 0 } else { lane });
                input[..there].copy_from_slice(&channel[first..first + there]);
            }
            input[there..].fill(0.0);
        }
        let [left, right] = &mut out;
        cascade.run(&mut state, [&input[0], &input[1]], [left, right], Form::LeftRight);
        for n in lag.saturating_sub(first)..CONTROL_FRAMES.min((frames + lag).saturating_sub(first)) {
            let frame = first + n - lag;
            let more = gain_at(gains, frame) - 1.0;
            if more == 0.0 {
                continue;
            }
            for (channel, out) in audio.channels_mut().iter_mut().zip(&out) {
                channel[frame] += more * out[n];
            }
        }
    }
}

/// In straight lines from the middle of one run to the middle of the next.
#[inline(always)]
fn gain_at(gains: &[f32], frame: usize) -> f32 {
    const HALF: usize = CONTROL_FRAMES / 2;
    let last = gains.len().saturating_sub(1);
    let after = (frame + HALF) / CONTROL_FRAMES;
    let (from, to) = (gains[after.saturating_sub(1).min(last)], gains[after.min(last)]);
    let share = ((frame + HALF) % CONTROL_FRAMES) as f32 + 0.5;
    from + (to - from) * share / CONTROL_FRAMES as f32
}
