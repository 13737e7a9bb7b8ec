//! The facts of a mix, judged by signals whose answers are known and by slow, plain filters.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod control;
mod defects;
mod dynamics;
mod hostile;
mod low_end;
mod spectrum;
mod stereo;
mod top;

use dsp::analysis::{Features, analyse};
use dsp::audio::{Audio, Samples};
use dsp::progress::Unwatched;
use dsp::units::SampleRate;

const RATE: SampleRate = SampleRate::literal(44_100);

fn features(audio: &Audio) -> Features {
    analyse(audio, &Unwatched).unwrap()
}

/// Two channels from functions of the frame number.
fn stereo(
    rate: SampleRate,
    frames: usize,
    left: impl Fn(usize) -> f64,
    right: impl Fn(usize) -> f64,
) -> Audio {
    let channel = |value: &dyn Fn(usize) -> f64| {
        let samples: Vec<f32> = (0..frames).map(|n| value(n) as f32).collect();
        Samples::copied(&samples)
    };
    Audio::from_channels(rate, vec![channel(&left), channel(&right)])
}

/// All channels of several pieces added.
fn mixed(pieces: &[&Audio]) -> Audio {
    let mut sum = pieces[0].clone();
    for piece in &pieces[1..] {
        for channel in 0..sum.channel_count() {
            let added = piece.channel(channel.min(piece.channel_count() - 1));
            for (sample, other) in sum.channel_mut(channel).iter_mut().zip(added) {
                *sample += other;
            }
        }
    }
    sum
}

/// A sine's value at a frame.
fn tone(hz: f64, amplitude: f64, frame: usize) -> f64 {
    amplitude * (std::f64::consts::TAU * hz * frame as f64 / RATE.as_f64()).sin()
}

fn close(name: &str, got: f64, wanted: f64, within: f64) {
    assert!((got - wanted).abs() <= within, "{name}: {got}, not {wanted} within {within}");
}
