//! One common room: a network of delays that feed each other (Jot and Chaigne, "Digital delay networks for designing
//! artificial reverberators", AES 90, 1991), mixed by a Householder reflection, each delay with its own decay.

use crate::audio::{Audio, Samples};
use crate::parts::biquad::Biquad;
use crate::parts::cascade::{Cascade, Form, State};
use crate::units::{Hertz, Milliseconds, SampleRate};

const LINES: usize = 8;
/// Lengths with little in common: a small room's first reflections.
const LENGTHS_MS: [f64; LINES] = [23.1, 29.3, 31.7, 37.9, 41.3, 47.1, 53.9, 59.7];
/// Before the first of them.
const BEFORE: Milliseconds = Milliseconds::literal(12.0);
/// Until it has fallen by 60 dB.
const DECAY_SECONDS: f64 = 0.9;
/// Above this it falls faster.
const DAMPED_FROM: Hertz = Hertz::literal(4500.0);
/// A room full of bass is mud.
const FROM: Hertz = Hertz::literal(220.0);
/// Which of the delays each side hears, and how turned.
const LEFT: [f64; LINES] = [1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0];
const RIGHT: [f64; LINES] = [0.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0];

/// The network at rest.
struct Network {
    lines: [Vec<f64>; LINES],
    at: [usize; LINES],
    damped: [f64; LINES],
    decay: [f64; LINES],
    damping: f64,
}

/// What the room answers to `sent`, as long as that, with the energy of what came.
pub(super) fn answer(sent: Audio) -> Audio {
    let rate = sent.rate();
    let mut sent = sent;
    high_pass(&mut sent);
    let gain = 1.0 / loudness_of_room(rate);
    let mut network = Network::new(rate);
    let before = rate.frames_in(BEFORE);
    let frames = sent.frames();
    let mut out = [Samples::silence(frames), Samples::silence(frames)];
    for n in before..frames {
        let input = [0, 1].map(|side| f64::from(sent.channel(side)[n - before]));
        let answer = network.next(input);
        out.iter_mut().zip(answer).for_each(|(out, answer)| out[n] = (answer * gain) as f32);
    }
    Audio::from_channels(rate, out.into())
}

/// The amplitude gain of the network for noise in both channels: its response to an impulse in each, summed.
fn loudness_of_room(rate: SampleRate) -> f64 {
    let mut energy = 0.0;
    for side in 0..2 {
        let mut network = Network::new(rate);
        for n in 0..(DECAY_SECONDS * rate.as_f64()) as usize {
            let mut input = [0.0; 2];
            input[side] = if n == 0 { 1.0 } else { 0.0 };
            energy += network.next(input).iter().map(|x| x * x).sum::<f64>();
        }
    }
    (0.5 * energy).sqrt()
}

impl Network {
    fn new(rate: SampleRate) -> Self {
        let lengths = LENGTHS_MS.map(|length| rate.frames_in(Milliseconds::literal(length)).max(1));
        let decay = lengths.map(|length| 10f64.powf(-3.0 * rate.seconds(length) / DECAY_SECONDS));
        let damping = (-std::f64::consts::TAU * DAMPED_FROM.value() / rate.as_f64()).exp();
        Self {
            lines: lengths.map(|length| vec![0.0; length]),
            at: [0; LINES],
            damped: [0.0; LINES],
            decay,
            damping,
        }
    }

    #[inline]
    fn next(&mut self, input: [f64; 2]) -> [f64; 2] {
        const GONE: f64 = 1e-30;
        let out: [f64; LINES] = std::array::from_fn(|line| {
            let delayed = self.lines[line][self.at[line]] * self.decay[line];
            let damped = delayed + (self.damped[line] - delayed) * self.damping;
            self.damped[line] = if damped.abs() > GONE { damped } else { 0.0 };
            self.damped[line]
        });
        let shared = out.iter().sum::<f64>() * (2.0 / LINES as f64);
        for (index, (line, at)) in self.lines.iter_mut().zip(&mut self.at).enumerate() {
            line[*at] = out[index] - shared + input[index % 2];
            *at = (*at + 1) % line.len();
        }
        [LEFT, RIGHT].map(|side| side.iter().zip(&out).map(|(sign, out)| sign * out).sum())
    }
}

fn high_pass(audio: &mut Audio) {
    const TILE: usize = 2048;
    let cascade = Cascade::new(&[Biquad::high_pass(FROM, audio.rate())]);
    let mut state = State::default();
    let (mut left, mut right) = (vec![0.0; TILE], vec![0.0; TILE]);
    // A frame late in a room is nothing.
    for first in (0..audio.frames()).step_by(TILE) {
        let to = (first + TILE).min(audio.frames());
        let input = [&audio.channel(0)[first..to], &audio.channel(1)[first..to]];
        let count = to - first;
        cascade.run(&mut state, input, [&mut left[..count], &mut right[..count]], Form::LeftRight);
        audio.channel_mut(0)[first..to].copy_from_slice(&left[..count]);
        audio.channel_mut(1)[first..to].copy_from_slice(&right[..count]);
    }
}
