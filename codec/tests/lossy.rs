//! What is coded with losses comes back whole: every frame, each in its place, by our decoder and by another.

mod tools;

use std::io::Cursor;

use codec::{Delivery, EncodeOptions, encode, lossy_round_trip};
use dsp::audio::{Audio, Layout, Samples};
use dsp::progress::Unwatched;
use dsp::units::SampleRate;

use tools::{decoded, encoded, error_db, lag, lossy, music, noise, output, text};

#[test]
fn probe() {
    let folder = tempfile::tempdir().unwrap();
    for form in lossy() {
        for hertz in [32_000, 44_100, 48_000, 96_000] {
            if !form.accepts(SampleRate::literal(hertz)) { continue; }
            for channels in [1, 2] {
                for frames in [1, 2, 100, 575, 576, 577, 1_151, 1_152, 1_153, 1500, 2_304, 3_000, 4_096, 10_000, 18_432, 123_457] {
                    let audio = music(hertz, channels, frames);
                    let bytes = encoded(&audio, form);
                    let back = match decoded(&bytes, form.extension()) { Ok(b) => b, Err(e) => { println!("{form} {hertz} {channels} {frames}: {e}"); continue } };
                    let path = folder.path().join(format!("x.{}", form.extension()));
                    std::fs::write(&path, &bytes).unwrap();
                    let theirs = output("ffmpeg", &["-v", "error", "-i", text(&path), "-f", "f32le", "-"]).unwrap();
                    let theirs = theirs.len() / 4 / channels;
                    let (l, e) = if frames > 100_000 {
                        (lag(audio.channel(0), back.audio.channel(0), 2000), error_db(audio.channel(0), back.audio.channel(0)))
                    } else { (0, error_db(audio.channel(0), &back.audio.channel(0)[..frames.min(back.audio.frames())])) };
                    println!("{form} {hertz} {channels} {frames}: ours {} theirs {} lag {l} err {e:.1} {:?} {} kbit/s", back.audio.frames() as i64 - frames as i64, theirs as i64 - frames as i64, back.notes, bytes.len() as f64 * 8.0 / 1000.0 / (frames as f64 / hertz as f64));
                }
            }
        }
    }
}
