//! High-pass and equaliser of a stem: second-order sections in double precision.

use crate::audio::Audio;
use crate::mix::plan::{EqBand, EqShape, StemPlan};
use crate::parts::biquad::Biquad;
use crate::parts::cascade::{Cascade, Form, SECTIONS, State};
use crate::units::{Decibels, Hertz, SampleRate};

/// The sections of a plan, in order.
pub(in crate::mix) fn sections(plan: &StemPlan, rate: SampleRate) -> Vec<Biquad> {
    // What lies above has no meaning at this rate.
    let highest = 0.45 * rate.as_f64();
    let high_pass = plan.high_pass.map(|corner| Biquad::high_pass(corner, rate));
    let works = |band: &&EqBand| band.gain != Decibels::ZERO && band.frequency.value() < highest;
    high_pass.into_iter().chain(plan.eq.iter().filter(works).map(|band| section(band, rate))).collect()
}

fn section(band: &EqBand, rate: SampleRate) -> Biquad {
    let EqBand { shape, frequency, gain, q } = *band;
    match shape {
        EqShape::Bell => Biquad::bell(frequency, gain, q, rate),
        EqShape::LowShelf => Biquad::low_shelf(frequency, gain, q, rate),
        EqShape::HighShelf => Biquad::high_shelf(frequency, gain, q, rate),
    }
}

/// The power gain of all sections at a frequency.
pub(in crate::mix) fn power_at(sections: &[Biquad], frequency: Hertz, rate: SampleRate) -> f64 {
    sections.iter().map(|section| section.power_at(frequency, rate)).product()
}

/// Filters `audio` in place; nothing is delayed.
pub(super) fn run(plan: &StemPlan, audio: &mut Audio) {
    let rate = audio.rate();
    for sections in sections(plan, rate).chunks(SECTIONS) {
        cascade(&Cascade::new(sections), audio);
    }
}

/// Frames at once: they stay in the innermost cache.
const TILE: usize = 2048;

fn cascade(cascade: &Cascade, audio: &mut Audio) {
    let (frames, lag, mono) = (audio.frames(), cascade.lag(), audio.channel_count() == 1);
    let mut state = State::default();
    let (mut input, mut output) = ([[0.0f32; TILE]; 2], [[0.0f32; TILE]; 2]);
    // What comes out is late: the end is pushed out by silence.
    for first in (0..frames + lag).step_by(TILE) {
        let there = frames.saturating_sub(first).min(TILE);
        for (lane, input) in input.iter_mut().enumerate() {
            if there > 0 {
                input[..there]
                    .copy_from_slice(&audio.channel(if mono { 0 } else { lane })[first..first + there]);
            }
            input[there..].fill(0.0);
        }
        let [left, right] = &mut output;
        cascade.run(&mut state, [&input[0], &input[1]], [left, right], Form::LeftRight);
        let from = lag.saturating_sub(first);
        let to = (frames + lag).saturating_sub(first).min(TILE);
        if from >= to {
            continue;
        }
        let at = first + from - lag;
        for (channel, output) in audio.channels_mut().iter_mut().zip(&output) {
            channel[at..at + to - from].copy_from_slice(&output[from..to]);
        }
    }
}
