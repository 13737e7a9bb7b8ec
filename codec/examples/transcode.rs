//! Decodes a file, writes it again in a form of delivery, and says how long each took.
//!
//! `cargo run --release -p codec --example transcode -- song.flac [out.wav wav24]`
#![expect(clippy::disallowed_methods, reason = "a measuring program reads the clock")]

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use codec::{Delivery, EncodeOptions, Limits, decode, encode, peaks};
use dsp::progress::Unwatched;

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
    let [source, rest @ ..] = &arguments[..] else { return Err("a file to decode is needed".into()) };
    let extension = Path::new(source).extension().and_then(|e| e.to_str());

    let start = Instant::now();
    let decoded = decode(File::open(source)?, extension, &Limits::COMMAND_LINE, &Unwatched)?;
    report("decode", start, &decoded.audio);
    let (audio, format) = (&decoded.audio, decoded.source);
    println!(
        "{} {} {:?} {:?}: {} frames, {} channels, {}",
        format.container.name(),
        format.codec.name(),
        format.depth,
        format.fidelity(),
        audio.frames(),
        audio.channel_count(),
        audio.rate()
    );
    for note in &decoded.notes {
        println!("note {}: {note}", note.code());
    }
    let start = Instant::now();
    let overview = peaks(audio, 1_800);
    report("peaks", start, audio);
    assert_eq!(overview.frames, audio.frames());

    if let [path, name] = rest {
        let delivery: Delivery = name.parse()?;
        let start = Instant::now();
        encode(audio, delivery, &EncodeOptions::default(), File::create(path)?, &Unwatched)?;
        report("encode", start, audio);
    }
    Ok(())
}

fn report(what: &str, start: Instant, audio: &dsp::audio::Audio) {
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{what}: {seconds:.3} s, {:.0} times real time, {:.2} ns per frame",
        audio.seconds() / seconds,
        seconds * 1e9 / audio.frames() as f64
    );
}
