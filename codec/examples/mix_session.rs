//! Mixes a folder of stems, writes the mix in floats, and prints what was decided as JSON, for scripts to judge.
//!
//! `cargo run --release -p codec --example mix_session -- FOLDER OUT.wav [key=value …]`
//!
//! `intensity=0.5`, `space=0`, `threads=2`, `seconds=60` (the first so many of each stem), `role:STEM=kick`,
//! `gain:STEM=-3.5` (dB, before anything else), `mute:STEM=1`, `stems=FOLDER` (writes what went into the sum).
#![expect(clippy::disallowed_methods, reason = "a measuring program reads the clock")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use codec::{Delivery, EncodeOptions, Limits, decode, encode};
use dsp::audio::{Audio, Samples};
use dsp::mix::{self, MixWish, Mixed, Part, ReelError, Role, Stem, StemSink, StemWish};
use dsp::parts::resampler::resample;
use dsp::progress::Unwatched;
use dsp::units::Decibels;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, rest @ ..] = &arguments[..] else {
        return Err("a folder and an output are needed".into());
    };
    let asked: BTreeMap<&str, &str> = rest.iter().filter_map(|pair| pair.split_once('=')).collect();
    let number = |key: &str| asked.get(key).and_then(|value| value.parse::<f64>().ok());
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(number("threads").unwrap_or(0.0) as usize).build()?;
    let audios = load(Path::new(folder), &asked)?;
    let stems: Vec<Stem<'_>> = audios
        .iter()
        .map(|(name, audio)| Stem {
            name: name.clone(),
            reel: audio,
            starts_at_frame: None,
            wish: StemWish {
                role: asked.get(format!("role:{name}").as_str()).and_then(|role| Role::parse(role)),
                part: number(&format!("mute:{name}")).map(|_| Part::Muted),
                ..StemWish::default()
            },
        })
        .collect();
    let wish = MixWish::new(number("intensity").unwrap_or(0.5), number("space").unwrap_or(0.0))?;
    let folder = asked.get("stems").map(|folder| Folder(PathBuf::from(folder)));
    if let Some(folder) = &folder {
        fs::create_dir_all(&folder.0)?;
    }
    let sink = folder.as_ref().map(|folder| folder as &dyn StemSink);
    let start = Instant::now();
    let mixed = pool.install(|| mix::mix(&stems, &wish, sink, &Unwatched))?;
    let seconds = start.elapsed().as_secs_f64();
    write(&mixed.audio, Path::new(out))?;
    println!("{}", json(&mixed, seconds));
    Ok(())
}

/// Stems as files.
struct Folder(PathBuf);

impl StemSink for Folder {
    fn take(&self, stem: &str, audio: &Audio) -> Result<(), ReelError> {
        write(audio, &self.0.join(format!("{stem}.wav"))).map_err(|error| ReelError(error.to_string()))
    }
}

fn write(audio: &Audio, path: &Path) -> Result<(), Box<dyn Error>> {
    encode(audio, Delivery::Wav32f, &EncodeOptions::default(), File::create(path)?, &Unwatched)?;
    Ok(())
}

/// Every file of the folder, by its name without extension, all at the rate that most have.
fn load(folder: &Path, asked: &BTreeMap<&str, &str>) -> Result<Vec<(String, Audio)>, Box<dyn Error>> {
    let seconds = asked.get("seconds").and_then(|value| value.parse::<f64>().ok());
    let mut audios = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|e| e.to_str()).map(str::to_owned);
        if !extension.as_deref().is_some_and(|e| ["wav", "flac", "ogg", "mp3"].contains(&e)) {
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or("?").to_owned();
        let audio =
            decode(File::open(&path)?, extension.as_deref(), &Limits::COMMAND_LINE, &Unwatched)?.audio;
        let frames =
            seconds.map_or(audio.frames(), |s| ((s * audio.rate().as_f64()) as usize).min(audio.frames()));
        let gain = asked.get(format!("gain:{name}").as_str()).and_then(|value| value.parse::<f64>().ok());
        let gain = gain.map_or(1.0, |gain| Decibels::literal(gain).amplitude() as f32);
        let scaled =
            |c: &Samples| Samples::copied(&c[..frames].iter().map(|x| x * gain).collect::<Vec<f32>>());
        audios
            .push((name, Audio::from_channels(audio.rate(), audio.channels().iter().map(scaled).collect())));
    }
    let mut rates: Vec<_> = audios.iter().map(|(_, audio)| audio.rate()).collect();
    rates.sort();
    let Some(rate) = rates.get(rates.len() / 2).copied() else { return Err("no stems there".into()) };
    for (_, audio) in &mut audios {
        *audio = resample(audio, rate, &Unwatched)?;
    }
    Ok(audios)
}

fn json(mixed: &Mixed, seconds: f64) -> String {
    let text = |value: &str| format!("{value:?}").replace("\\u{2009}", " ").replace('\u{2009}', " ");
    let some = |value: Option<f64>| value.map_or("null".to_owned(), |value| format!("{value:.3}"));
    let choices = |choices: &[dsp::mix::StemChoice]| {
        let one = |c: &dsp::mix::StemChoice| {
            let value = c.value.map_or("off".to_owned(), |value| format!("{value} {}", c.unit));
            text(&format!("{} {value}: {} ({:?})", c.what, c.reason, c.by))
        };
        choices.iter().map(one).collect::<Vec<_>>().join(",")
    };
    let stems = mixed.plan.stems.iter().zip(&mixed.stems).map(|(plan, account)| {
        let findings: Vec<String> = account.findings.iter().map(|f| text(&f.to_string())).collect();
        format!(
            "{{\"name\":{},\"role\":\"{}\",\"certainty\":{:.2},\"part\":\"{:?}\",\"fader\":{},\"pan\":{},\
             \"ride\":{},\"eq\":{},\"before\":{},\"after\":{},\"aim\":{},\"standing\":{},\
             \"findings\":[{}],\"choices\":[{}]}}",
            text(&plan.name),
            plan.role.as_str(),
            account.certainty,
            plan.part,
            plan.fader.value(),
            plan.pan.value(),
            plan.ride.len(),
            plan.eq.len(),
            some(account.loudness_before.map(|l| l.value())),
            some(account.loudness_after.map(|l| l.value())),
            some(account.aim.map(|l| l.value())),
            some(account.standing.map(|l| l.value())),
            findings.join(","),
            choices(&plan.choices),
        )
    });
    format!(
        "{{\"seconds\":{seconds:.3},\"mix_gain\":{},\"masking\":[{:.4},{:.4}],\"choices\":[{}],\"stems\":[\n{}]}}",
        mixed.plan.mix_gain.value(),
        mixed.masking.index_before,
        mixed.masking.index_after,
        choices(&mixed.plan.choices),
        stems.collect::<Vec<_>>().join(",\n"),
    )
}
