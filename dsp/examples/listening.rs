//! What the engine makes of stems on disk: their roles and why, and for the training of the model what it hears.
//!
//! ```text
//! cargo run --release -p dsp --example listening -- roles FILE.wav…       name and sound together
//! cargo run --release -p dsp --example listening -- features FILE.wav…    tab-separated
//! cargo run --release -p dsp --example listening -- session FILE.wav…     all as one session: what is prepared
//! ```
#![expect(clippy::print_stdout, reason = "it prints")]

use std::error::Error;

use dsp::audio::{Audio, Samples};
use dsp::mix::role::{Sound, guess};
use dsp::mix::{Stem, StemWish, prepare};
use dsp::parts::resampler::resample;
use dsp::progress::Unwatched;
use dsp::units::SampleRate;
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((what, files)) = arguments.split_first() else {
        return Err("say what: roles or features".into());
    };
    if what == "session" {
        return session(files);
    }
    let lines = files.par_iter().map(|file| line(what, file).map_err(|error| format!("{file}: {error}")));
    for line in lines.collect::<Result<Vec<_>, _>>()? {
        println!("{line}");
    }
    Ok(())
}

fn session(files: &[String]) -> Result<(), Box<dyn Error>> {
    let mut audio = files.iter().map(|file| read_wav(file)).collect::<Result<Vec<_>, _>>()?;
    let Some(rate) = audio.iter().map(Audio::rate).max() else { return Ok(()) };
    for stem in &mut audio {
        *stem = resample(stem, rate, &Unwatched).map_err(|error| error.to_string())?;
    }
    let stems: Vec<Stem<'_>> = files
        .iter()
        .zip(&audio)
        .map(|(file, reel)| Stem { name: name(file), reel, starts_at_frame: None, wish: StemWish::default() })
        .collect();
    let prepared = prepare(&stems, &Unwatched).map_err(|error| format!("{error:?}"))?;
    for (stem, prepared) in stems.iter().zip(prepared) {
        let (role, guess) = (prepared.role.as_str(), &prepared.guess);
        let (next, next_certainty) = guess.runner_up;
        println!(
            "{}\t{role} {:.2} ({} {next_certainty:.2})\t{:?} {:?} {} from {:?}",
            stem.name,
            guess.certainty,
            next.as_str(),
            prepared.part,
            prepared.polarity,
            prepared.delay,
            prepared.mono_from
        );
        println!("\t{guess}");
        prepared.findings.iter().for_each(|finding| println!("\t* {finding}"));
    }
    Ok(())
}

fn name(file: &str) -> String {
    file.rsplit('/').next().unwrap_or(file).to_owned()
}

fn line(what: &str, file: &str) -> Result<String, Box<dyn Error>> {
    let sound = Sound::of(&read_wav(file)?)?;
    let name = name(file);
    if what == "features" {
        let values: Vec<String> = sound.features().iter().map(|value| format!("{value:.5}")).collect();
        return Ok(format!(
            "{file}\t{:.2}\t{:.2}\t{}",
            sound.active_seconds,
            sound.width_db,
            values.join("\t")
        ));
    }
    let guess = guess(&name, &sound);
    let (next, next_certainty) = guess.runner_up;
    Ok(format!(
        "{name}\t{}\t{:.2}\t{}\t{next_certainty:.2}\t{guess}",
        guess.role.as_str(),
        guess.certainty,
        next.as_str()
    ))
}

/// Whole-number and float WAV files as they are most often written.
fn read_wav(path: &str) -> Result<Audio, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let word =
        |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    let (mut at, mut format) = (12, None);
    while at + 8 <= bytes.len() {
        let (kind, size) = (&bytes[at..at + 4], word(at + 4) as usize);
        let body = at + 8;
        if kind == b"fmt " {
            format = Some((word(body) & 0xffff, word(body) >> 16, word(body + 4), word(body + 12) >> 16));
        } else if kind == b"data" {
            let (code, channels, rate, bits) = format.ok_or("data before fmt")?;
            let data = &bytes[body..bytes.len().min(body.saturating_add(size))];
            let samples = samples(data, bits, code == 3 || (code == 0xfffe && bits == 32))?;
            let channel = |index: usize| -> Vec<f32> {
                samples.iter().skip(index).step_by(channels as usize).copied().collect()
            };
            let channels: Vec<Samples> =
                (0..channels as usize).map(|index| Samples::copied(&channel(index))).collect();
            return Ok(Audio::from_channels(SampleRate::new(rate)?, channels));
        }
        at = body.saturating_add(size + size % 2);
    }
    Err("no data".into())
}

fn samples(data: &[u8], bits: u32, is_float: bool) -> Result<Vec<f32>, Box<dyn Error>> {
    let whole = |bytes: &[u8]| {
        let mut wide = [0u8; 4];
        wide[4 - bytes.len()..].copy_from_slice(bytes);
        i32::from_le_bytes(wide) as f32 / 2f32.powi(31)
    };
    match (bits, is_float) {
        (32, true) => Ok(data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        (16 | 24 | 32, false) => Ok(data.chunks_exact(bits as usize / 8).map(whole).collect()),
        _ => Err(format!("{bits} bits are not read here").into()),
    }
}
