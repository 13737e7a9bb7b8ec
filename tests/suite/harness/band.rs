//! A small band made here: five stems with plain names, mono and stereo, one at another rate, out of balance.

use std::f64::consts::TAU;
use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};

/// The stems' files.
pub const STEMS: [&str; 5] = ["Lead Vox.wav", "bass.wav", "keys.wav", "kick.wav", "pad.wav"];

/// Writes all stems of `seconds` into `folder`. The keys are far too loud, the voice is buried.
pub fn write(folder: &Path, seconds: f64) {
    stem(&folder.join("kick.wav"), seconds, 44_100, 1, |t| {
        let since = t % 0.5;
        [0.7 * (-since * 28.0).exp() * (TAU * 55.0 * since).sin(); 2]
    });
    stem(&folder.join("bass.wav"), seconds, 44_100, 1, |t| {
        let note = 55.0 * (1.0 + (t / 2.0).floor() % 3.0 / 4.0);
        let harmonics = (1..=6).map(|n| (TAU * note * f64::from(n) * t).sin() / f64::from(n * n));
        [0.22 * harmonics.sum::<f64>() * (0.6 + 0.4 * (TAU * 2.0 * t).cos()); 2]
    });
    stem(&folder.join("keys.wav"), seconds, 44_100, 2, |t| {
        let since = t % 1.0;
        let chord = |detune: f64| -> f64 {
            let notes = [261.63, 329.63, 392.0].map(|hertz| (TAU * hertz * detune * t).sin());
            notes.iter().sum::<f64>() * (-since * 3.0).exp()
        };
        [0.3 * chord(1.0), 0.3 * chord(1.003)]
    });
    stem(&folder.join("Lead Vox.wav"), seconds, 44_100, 1, |t| {
        let syllable = (0.5 - 0.5 * (TAU * 3.5 * t).cos()) * f64::from(u8::from(t % 4.0 < 3.0));
        let phase = TAU * 220.0 * t + 4.0 * (TAU * 5.5 * t).sin();
        let voice = (1..=14).map(|n| (phase * f64::from(n)).sin() / f64::from(n).powf(0.8));
        [0.02 * syllable * voice.sum::<f64>(); 2]
    });
    stem(&folder.join("pad.wav"), seconds, 48_000, 2, |t| {
        let swell = 0.6 + 0.4 * (TAU * t / 6.0).sin();
        let voices = |spread: f64| [130.81, 196.0, 311.13].map(|hertz| (TAU * hertz * spread * t).sin());
        [1.0, 1.006].map(|spread| 0.05 * swell * voices(spread).iter().sum::<f64>())
    });
}

/// One stem as 24-bit WAV by another writer than ours.
pub fn stem(path: &Path, seconds: f64, rate: u32, channels: u16, sound: impl Fn(f64) -> [f64; 2]) {
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: 24, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(path, spec).expect("a writable folder");
    for n in 0..(seconds * f64::from(rate)) as usize {
        for sample in &sound(n as f64 / f64::from(rate))[..usize::from(channels)] {
            writer.write_sample((sample * 8_388_607.0).round() as i32).expect("space on the disk");
        }
    }
    writer.finalize().expect("space on the disk");
}

/// The samples of a file of floats, interleaved.
pub fn floats(path: &Path) -> Vec<f32> {
    let mut reader = hound::WavReader::open(path).expect("hound reads it");
    reader.samples::<f32>().map(|sample| sample.expect("a sample")).collect()
}

/// Adds up files of stereo floats in `folder` into another.
pub fn write_sum(folder: &Path, stems: &[&str], path: &Path) {
    let mut sum: Vec<f32> = Vec::new();
    for stem in stems {
        let samples = floats(&folder.join(stem));
        sum.resize(sum.len().max(samples.len()), 0.0);
        sum.iter_mut().zip(samples).for_each(|(sum, sample)| *sum += sample);
    }
    let spec =
        WavSpec { channels: 2, sample_rate: 44_100, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let mut writer = WavWriter::create(path, spec).expect("a writable folder");
    sum.into_iter().for_each(|sample| writer.write_sample(sample).expect("space on the disk"));
    writer.finalize().expect("space on the disk");
}
