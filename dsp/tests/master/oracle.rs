//! Meters that share nothing with the engine: a 16-times true peak, the `ebur128` crate, and ffmpeg if it is there.

use std::io::Write;
use std::process::{Command, Stdio};

use dsp::audio::Audio;
use rayon::prelude::*;

use crate::programmes::bessel;

/// True peak in dBTP by a polyphase FIR: 16 phases of 64 taps, Kaiser of beta 8, double precision.
pub fn true_peak(audio: &Audio) -> f64 {
    const PHASES: usize = 16;
    const TAPS: usize = 64;
    // By tap, then by phase: the sixteen sums grow side by side.
    let filters: Vec<Vec<f64>> =
        (0..PHASES).map(|phase| phase_filter(phase as f64 / PHASES as f64, TAPS)).collect();
    let bank: Vec<[f64; PHASES]> =
        (0..TAPS).map(|k| std::array::from_fn(|phase| filters[phase][k])).collect();
    let point = |window: &[f64]| {
        let mut sums = [0.0f64; PHASES];
        for (x, taps) in window.iter().zip(&bank) {
            for (sum, tap) in sums.iter_mut().zip(taps) {
                *sum += x * tap;
            }
        }
        sums.iter().fold(0.0f64, |a, x| a.max(x.abs()))
    };
    let channel_peak = |samples: &[f32]| {
        let mut padded = vec![0.0f64; TAPS];
        padded.extend(samples.iter().map(|&x| f64::from(x)));
        padded.resize(samples.len() + 2 * TAPS, 0.0);
        padded.par_windows(TAPS).map(point).reduce(|| 0.0, f64::max)
    };
    20.0 * audio.channels().iter().map(|c| channel_peak(c)).fold(0.0, f64::max).log10()
}

fn phase_filter(fraction: f64, taps: usize) -> Vec<f64> {
    let half = taps as f64 / 2.0;
    let tap = |k: usize| {
        let distance = k as f64 - (half - 1.0) - fraction;
        let inside = (1.0 - (distance / half).powi(2)).max(0.0).sqrt();
        dsp::parts::interpolator::sinc(distance) * bessel(8.0 * inside) / bessel(8.0)
    };
    (0..taps).map(tap).collect()
}

/// Integrated loudness in LUFS by the `ebur128` crate.
pub fn loudness(audio: &Audio) -> f64 {
    let mut meter =
        ebur128::EbuR128::new(audio.channel_count() as u32, audio.rate().hertz(), ebur128::Mode::I).unwrap();
    let planes: Vec<&[f32]> = audio.channels().iter().map(|c| &c[..]).collect();
    meter.add_frames_planar_f32(&planes).unwrap();
    meter.loudness_global().unwrap()
}

/// Integrated loudness and true peak by ffmpeg, to a tenth; `None` where there is no ffmpeg.
pub fn ffmpeg(audio: &Audio) -> Option<(f64, f64)> {
    let (rate, channels) = (audio.rate().hertz().to_string(), audio.channel_count().to_string());
    let mut child = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-f", "f32le", "-ar", &rate, "-ac", &channels, "-i", "-"])
        .args(["-af", "ebur128=peak=true", "-f", "null", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let frames = 0..audio.frames();
    let bytes: Vec<u8> =
        frames.flat_map(|n| audio.channels().iter().flat_map(move |c| c[n].to_le_bytes())).collect();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let text = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    let summary = &text[text.rfind("Summary:").expect("ffmpeg measured")..];
    let read = |name: &str| -> f64 {
        let value = summary[summary.find(name).unwrap() + name.len()..].split_whitespace().next().unwrap();
        value.parse().unwrap()
    };
    Some((read(" I:"), read("Peak:")))
}
