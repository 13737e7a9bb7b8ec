//! Other meters: the `ebur128` crate, and ffmpeg where it is installed.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Once;

use dsp::audio::Audio;
use dsp::meter::loudness::BlockEnergies;
use dsp::meter::measure;
use dsp::units::{Lu, Lufs};
use ebur128::{EbuR128, Mode};

/// What another meter reads. Loudness in LUFS, range in LU, peak in dBTP; negative infinity where it has
/// none.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub integrated: f64,
    /// Highest 400 ms.
    pub momentary_max: f64,
    /// Highest 3 s.
    pub short_term_max: f64,
    pub loudness_range: f64,
    pub true_peak: f64,
}

/// What our meter reads, momentary and short-term loudness at a hop of so many times 10 ms.
pub fn our_reading(audio: &Audio, hop: usize) -> Reading {
    let m = measure(audio);
    let curves = BlockEnergies::of(audio);
    let highest = |loudness: &mut dyn Iterator<Item = Lufs>| {
        loudness.map(Lufs::value).fold(f64::NEG_INFINITY, f64::max)
    };
    Reading {
        integrated: m.integrated.map_or(f64::NEG_INFINITY, Lufs::value),
        momentary_max: highest(&mut curves.momentary().step_by(hop)),
        short_term_max: highest(&mut curves.short_term().step_by(hop)),
        loudness_range: m.loudness_range.map_or(0.0, Lu::value),
        true_peak: m.true_peak.value(),
    }
}

/// The `ebur128` crate, momentary and short-term loudness at a hop of so many times 10 ms.
pub fn crate_reading(audio: &Audio, hop: usize) -> Reading {
    // Everything but the histogram, which would round to 0.1 LU.
    let mode = Mode::M | Mode::S | Mode::I | Mode::LRA | Mode::TRUE_PEAK;
    let mut meter = EbuR128::new(audio.channel_count() as u32, audio.rate().hertz(), mode).unwrap();
    let mut highest = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    let step = audio.rate().hertz() as usize / 100 * hop;
    for start in (0..audio.frames()).step_by(step) {
        let end = (start + step).min(audio.frames());
        let planes: Vec<&[f32]> = audio.channels().iter().map(|channel| &channel[start..end]).collect();
        meter.add_frames_planar_f32(&planes).unwrap();
        if end - start < step {
            break; // Windows end at whole hops.
        }
        // The crate reads a window that has not filled yet as if silence came before.
        highest.0 = highest.0.max(meter.loudness_momentary().unwrap());
        highest.1 = highest.1.max(meter.loudness_shortterm().unwrap());
    }
    let peaks = (0..audio.channel_count() as u32).map(|channel| meter.true_peak(channel).unwrap());
    Reading {
        integrated: meter.loudness_global().unwrap(),
        momentary_max: highest.0,
        short_term_max: highest.1,
        loudness_range: meter.loudness_range().unwrap(),
        true_peak: 20.0 * peaks.fold(0.0, f64::max).log10(),
    }
}

/// ffmpeg's `ebur128=peak=true`, which prints one decimal and has a hop of 100 ms. `None` without ffmpeg, but
/// on CI it must be there.
pub fn ffmpeg_reading(audio: &Audio) -> Option<Reading> {
    static MISSING: Once = Once::new();
    let layout = match audio.channel_count() {
        1 => "mono",
        2 => "stereo",
        5 => "5.0",
        6 => "5.1",
        other => panic!("no name for a layout of {other} channels"),
    };
    let spawned = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-f", "f32le", "-ar", &audio.rate().hertz().to_string()])
        .args(["-ch_layout", layout, "-i", "pipe:0", "-af", "ebur128=peak=true:framelog=info"])
        .args(["-f", "null", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut ffmpeg) = spawned else {
        #[expect(
            clippy::disallowed_methods,
            reason = "whether a judge may be missing is no configuration of ours"
        )]
        let on_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!on_ci, "ffmpeg is not installed, and without it this is no conformance test");
        MISSING.call_once(|| println!("ffmpeg is not installed: its meter was not asked"));
        return None;
    };
    let bytes: Vec<u8> = (0..audio.frames())
        .flat_map(|frame| audio.channels().iter().flat_map(move |channel| channel[frame].to_le_bytes()))
        .collect();
    let mut stdin = ffmpeg.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = ffmpeg.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    Some(parse(&String::from_utf8(output.stderr).unwrap()))
}

fn parse(log: &str) -> Reading {
    let (frames, summary) =
        log.rsplit_once("Summary:").unwrap_or_else(|| panic!("no summary from ffmpeg: {log}"));
    let highest = |name: &str| {
        frames.lines().filter_map(|line| number_after(line, name)).fold(f64::NEG_INFINITY, f64::max)
    };
    let value = |name: &str| summary.lines().find_map(|line| number_after(line, name));
    Reading {
        integrated: value("I:").unwrap(),
        momentary_max: highest(" M:"),
        short_term_max: highest(" S:"),
        loudness_range: value("LRA:").unwrap(),
        true_peak: value("Peak:").unwrap_or(f64::NEG_INFINITY),
    }
}

/// The number that follows `name` in `line`.
fn number_after(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(name)?;
    rest.split_whitespace().next()?.parse().ok()
}
