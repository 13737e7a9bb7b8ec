//! Signals, and programs of others that judge our files or make some.
// Every test program takes this module as its own, and none needs all of it.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "which of the tools is unused differs from test to test"
)]

use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use codec::{DecodeError, Decoded, Delivery, EncodeOptions, Limits, decode, encode};
use dsp::audio::{Audio, Samples};
use dsp::progress::Unwatched;
use dsp::units::SampleRate;

/// Noise over the whole range, extremes included, on the grid of so many bits; channels differ.
pub fn noise(hertz: u32, channels: usize, frames: usize, bits: u32) -> Audio {
    let scale = 2f64.powi(bits as i32 - 1);
    let channel = |index: usize| {
        let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ (index as u64 + 1) << 32;
        let samples: Vec<f32> = (0..frames)
            .map(|frame| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                match frame {
                    1 => -1.0,
                    2 => ((scale - 1.0) / scale) as f32,
                    _ => {
                        (((state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0) * scale).floor() as f32
                            / scale as f32
                    }
                }
            })
            .collect();
        Samples::copied(&samples)
    };
    Audio::from_channels(SampleRate::literal(hertz), (0..channels).map(channel).collect())
}

/// Tones at −12 dBFS that swell and fade, so that no two places look alike; on the grid of 16 bits.
pub fn music(hertz: u32, channels: usize, frames: usize) -> Audio {
    let channel = |index: usize| {
        let samples: Vec<f32> = (0..frames)
            .map(|frame| {
                let t = frame as f64 / f64::from(hertz);
                let swell = (t * (3.1 + index as f64)).sin() * (t * 0.77).cos();
                let tone =
                    (t * 1_400.0 * (1.0 + 0.2 * t.sin())).sin() + 0.5 * (t * 5_000.0 + 3.0 * swell).sin();
                ((tone * swell * 0.17 * 32_768.0).round() / 32_768.0) as f32
            })
            .collect();
        Samples::copied(&samples)
    };
    Audio::from_channels(SampleRate::literal(hertz), (0..channels).map(channel).collect())
}

/// The forms that give back the samples themselves.
pub fn lossless() -> impl Iterator<Item = Delivery> {
    Delivery::ALL.into_iter().filter(|delivery| !delivery.is_lossy())
}

/// The others.
pub fn lossy() -> impl Iterator<Item = Delivery> {
    Delivery::ALL.into_iter().filter(|delivery| delivery.is_lossy() && delivery.is_built_in())
}

pub fn encoded(audio: &Audio, delivery: Delivery) -> Vec<u8> {
    encoded_with(audio, delivery, &EncodeOptions::default())
}

pub fn encoded_with(audio: &Audio, delivery: Delivery, options: &EncodeOptions<'_>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    encode(audio, delivery, options, &mut bytes, &Unwatched).expect("memory takes all");
    bytes.into_inner()
}

pub fn decoded(bytes: &[u8], extension: &str) -> Result<Decoded, DecodeError> {
    decode(Cursor::new(bytes.to_vec()), Some(extension), &Limits::COMMAND_LINE, &Unwatched)
}

/// Decodes a file that must be sound.
pub fn decoded_file(path: &Path) -> Decoded {
    let extension = path.extension().and_then(|e| e.to_str()).expect("named by us");
    decoded(&std::fs::read(path).expect("written by us"), extension).expect("a sound file")
}

/// By how many frames `late` lags behind `sound`, −`reach` to `reach`, by the highest correlation.
pub fn lag(sound: &[f32], late: &[f32], reach: usize) -> i64 {
    let span = 32_768;
    let from = sound.len() / 2;
    let window = &sound[from..from + span];
    let correlation = |lag: i64| {
        let start = (from as i64 + lag) as usize;
        let pairs = window.iter().zip(&late[start..start + span]).step_by(7);
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
    };
    let reach = reach as i64;
    let lags = (-reach..=reach).map(|lag| (lag, correlation(lag)));
    lags.max_by(|a, b| a.1.total_cmp(&b.1)).expect("some lags").0
}

/// The difference of two signals, relative to the first, in dB.
pub fn error_db(sound: &[f32], other: &[f32]) -> f64 {
    let energy = |pairs: &mut dyn Iterator<Item = f64>| pairs.map(|x| x * x).sum::<f64>();
    let difference = energy(&mut sound.iter().zip(other).map(|(a, b)| f64::from(a - b)));
    10.0 * (difference / energy(&mut sound.iter().map(|a| f64::from(*a)))).log10()
}

/// Runs `program`, which must succeed. If it is not installed the caller's test cannot judge: that is said on
/// the terminal, and a failure where `CI` is set.
pub fn run(program: &str, arguments: &[&str]) -> bool {
    output(program, arguments).is_some()
}

/// What `program` writes to its standard output, or none if it is not installed.
pub fn output(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {arguments:?}: {complaint}");
            Some(output.stdout)
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program} is needed in CI: {error}");
            println!("not judged, since {program} is not installed");
            None
        }
    }
}

/// A path of ours, which is text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the temporary folder has a name in UTF-8")
}
