//! A band of nine stems, made here, and what is measured of mixes of it.

use std::f64::consts::TAU;
use std::sync::OnceLock;

use dsp::audio::{Audio, Samples};
use dsp::mix::{self, MixWish, Mixed, Role, Stem, StemWish};
use dsp::progress::Unwatched;
use dsp::signal::Dice;
use dsp::units::SampleRate;

pub const RATE: SampleRate = SampleRate::literal(44_100);
pub const SECONDS: f64 = 16.0;

/// A stem with its wishes.
#[derive(Clone)]
pub struct Part {
    pub name: &'static str,
    pub audio: Audio,
    pub wish: StemWish,
}

impl Part {
    pub fn new(name: &'static str, role: Role, audio: Audio) -> Self {
        Self { name, audio, wish: StemWish { role: Some(role), ..StemWish::default() } }
    }
}

/// Kick, snare, hats, bass, two guitars, keys, a wide pad and a voice that pauses, at no balance at all.
pub fn band() -> Vec<Part> {
    static BAND: OnceLock<Vec<Part>> = OnceLock::new();
    BAND.get_or_init(played).clone()
}

fn played() -> Vec<Part> {
    vec![
        Part::new("bass", Role::Bass, mono(bass)),
        Part::new("guitar one", Role::RhythmGuitar, mono(|t, dice| plucked(t, 0.5, 196.0, dice))),
        Part::new("guitar two", Role::RhythmGuitar, mono(|t, dice| plucked(t, 0.75, 294.0, dice) * 0.3)),
        Part::new("hats", Role::Hats, mono(|t, dice| 0.05 * dice.normal() * (-(t % 0.25) * 60.0).exp())),
        Part::new("keys", Role::Keys, stereo(keys)),
        Part::new("kick", Role::Kick, mono(kick)),
        Part::new("pad", Role::Pad, stereo(pad)),
        Part::new("snare", Role::Snare, mono(snare)),
        Part::new("voice", Role::LeadVocal, mono(voice)),
    ]
}

pub fn mixed(parts: &[Part], wish: &MixWish) -> Mixed {
    mix::mix(&stems(parts), wish, None, &Unwatched).unwrap()
}

pub fn stems(parts: &[Part]) -> Vec<Stem<'_>> {
    let stem = |part: &'static str, audio, wish| Stem {
        name: part.to_owned(),
        reel: audio,
        starts_at_frame: None,
        wish,
    };
    parts.iter().map(|part| stem(part.name, &part.audio, part.wish.clone())).collect()
}

pub fn mono(value: impl Fn(f64, &mut Dice) -> f64) -> Audio {
    let mut dice = Dice::new(5);
    dsp::signal::from_frames(RATE, frames(), |n| value(n as f64 / RATE.as_f64(), &mut dice))
}

fn stereo(value: impl Fn(f64, &mut Dice) -> [f64; 2]) -> Audio {
    let mut dice = Dice::new(9);
    let mut channels = [Samples::silence(frames()), Samples::silence(frames())];
    for n in 0..frames() {
        let both = value(n as f64 / RATE.as_f64(), &mut dice);
        channels.iter_mut().zip(both).for_each(|(channel, value)| channel[n] = value as f32);
    }
    Audio::from_channels(RATE, channels.into())
}

fn frames() -> usize {
    (SECONDS * RATE.as_f64()) as usize
}

fn kick(t: f64, _: &mut Dice) -> f64 {
    let since = t % 0.5;
    0.8 * (TAU * (55.0 * since + 3.0 * (1.0 - (-since * 40.0).exp()))).sin() * (-since * 14.0).exp()
}

fn snare(t: f64, dice: &mut Dice) -> f64 {
    let since = (t + 0.5) % 1.0;
    0.3 * (0.6 * dice.normal() * (-since * 22.0).exp() + (TAU * 200.0 * since).sin() * (-since * 30.0).exp())
}

fn bass(t: f64, _: &mut Dice) -> f64 {
    let note = [55.0, 55.0, 73.4, 82.4][(t / 2.0) as usize % 4];
    let harmonics = (1..8).map(|k| (TAU * note * f64::from(k) * t).sin() / f64::from(k * k));
    0.25 * harmonics.sum::<f64>() * (0.3 + 0.7 * (-(t % 0.5) * 4.0).exp())
}

fn plucked(t: f64, every: f64, note: f64, _: &mut Dice) -> f64 {
    let since = t % every;
    let harmonics = (1..20).map(|k| (TAU * note * f64::from(k) * t).sin() / f64::from(k).powf(1.2));
    0.12 * harmonics.sum::<f64>() * (-since * 5.0).exp()
}

fn keys(t: f64, _: &mut Dice) -> [f64; 2] {
    let since = t % 1.0;
    let chord = [262.0, 330.0, 392.0];
    let side = |detune: f64| {
        let tone = |note: f64| {
            (1..10).map(|k| (TAU * note * detune * f64::from(k) * t).sin() / f64::from(k)).sum::<f64>()
        };
        0.06 * chord.iter().map(|note| tone(*note)).sum::<f64>() * (-since * 2.0).exp()
    };
    [side(0.9985), side(1.0017)]
}

fn pad(t: f64, dice: &mut Dice) -> [f64; 2] {
    let chord = [131.0, 196.0, 262.0, 330.0];
    let side = |detune: f64| chord.iter().map(|note| (TAU * note * detune * t).sin()).sum::<f64>();
    [0.03 * side(0.9978) + 0.002 * dice.normal(), 0.03 * side(1.0024) + 0.002 * dice.normal()]
}

/// Three seconds of syllables, one of silence; louder and softer lines; a sharp sound now and then.
fn voice(t: f64, dice: &mut Dice) -> f64 {
    if t % 4.0 > 3.0 {
        return 0.0;
    }
    let line = if ((t / 4.0) as usize).is_multiple_of(2) { 1.0 } else { 0.2 };
    let syllable = (0.5 - 0.5 * (TAU * 4.0 * t).cos()).powi(2);
    let note = 220.0 * (1.0 + 0.01 * (TAU * 5.5 * t).sin());
    let formants = |hz: f64| {
        [500.0, 1500.0, 2500.0].iter().map(|f: &f64| 1.0 / (1.0 + ((hz - f) / 200.0).powi(2))).sum::<f64>()
    };
    let tone: f64 =
        (1..16).map(|k| (TAU * note * f64::from(k) * t).sin() * formants(220.0 * f64::from(k))).sum();
    let sharp = if t % 1.0 < 0.08 { 0.3 * dice.normal() } else { 0.0 };
    0.1 * line * (syllable * tone + sharp)
}

/// K-weighted loudness, gated, by a meter that is not ours.
pub fn loudness(audio: &Audio) -> f64 {
    let mut meter =
        ebur128::EbuR128::new(audio.channel_count() as u32, RATE.hertz(), ebur128::Mode::I).unwrap();
    let channels: Vec<&[f32]> = audio.channels().iter().map(|c| &c[..]).collect();
    meter.add_frames_planar_f32(&channels).unwrap();
    meter.loudness_global().unwrap()
}

pub fn scaled(audio: &Audio, gain_db: f64) -> Audio {
    let gain = 10f64.powf(gain_db / 20.0) as f32;
    let channels = audio.channels().iter();
    let scaled = channels.map(|c| Samples::copied(&c.iter().map(|x| x * gain).collect::<Vec<f32>>()));
    Audio::from_channels(audio.rate(), scaled.collect())
}

/// Highest difference of two signals in dBFS.
pub fn apart_db(one: &Audio, other: &Audio) -> f64 {
    assert_eq!(one.frames(), other.frames());
    let channels = one.channels().iter().zip(other.channels());
    let worst =
        channels.flat_map(|(a, b)| a.iter().zip(b.iter()).map(|(a, b)| (a - b).abs())).fold(0.0f32, f32::max);
    20.0 * f64::from(worst).log10()
}
