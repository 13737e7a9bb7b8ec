//! Every hostile file has the outcome that its maker expects, in little memory and without a panic.

use std::io::Cursor;
use std::path::Path;

use codec::{Limits, decode};
use dsp::progress::Unwatched;
use fixtures::Expect;

#[test]
fn every_hostile_file_has_its_outcome() {
    let files = fixtures::hostile();
    assert!(files.len() > 150, "the set must be real: {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let extension = Path::new(&file.name).extension().and_then(|e| e.to_str());
        let outcome = decode(Cursor::new(file.bytes), extension, &Limits::SERVICE, &Unwatched);
        let right = match (&outcome, file.expect) {
            (Ok(decoded), Expect::Accepted) => decoded.notes.is_empty(),
            (Ok(decoded), Expect::AcceptedWith(note)) => decoded.notes.iter().any(|n| n.code() == note),
            (Err(error), Expect::Refused(code)) => error.code() == code,
            _ => false,
        };
        if let Ok(decoded) = &outcome {
            assert_within_limits(&file.name, decoded);
        }
        if !right {
            let got = match outcome {
                Ok(decoded) => format!("accepted with {:?}", decoded.notes),
                Err(error) => format!("{}: {error}", error.code()),
            };
            wrong.push(format!("{}: expected {}, got {got}", file.name, file.expect));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    match most_memory_kib() {
        Some(kib) => assert!(kib < 200 << 10, "decoding them took up to {kib} KiB"),
        None => println!("memory is not judged: this system does not tell it"),
    }
}

/// The most memory this process ever had, which runs just this one test.
fn most_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

fn assert_within_limits(name: &str, decoded: &codec::Decoded) {
    let audio = &decoded.audio;
    assert!(audio.seconds() >= Limits::SERVICE.seconds_min, "{name}");
    assert!(audio.channel_count() <= usize::from(Limits::SERVICE.channels_max), "{name}");
    let finite = audio.channels().iter().all(|channel| channel.iter().all(|s| s.abs() <= 1.0e6));
    assert!(finite, "{name}: every sample is a number");
}
