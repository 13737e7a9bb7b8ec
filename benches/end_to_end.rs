//! A song of four minutes, file to file, on one core: ours beside ffmpeg on the same file in the same run.
//!
//! `cargo bench --bench end_to_end`. Prints the median of the runs in seconds of processor time and of wall time, as
//! times real time, and the ratio to ours. Nothing is asserted: times belong to a machine and a moment.

#[path = "../tests/suite/harness/song.rs"]
mod song;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const SONG_SECONDS: f64 = 240.0;
const RUNS: usize = 5;

/// A way to the same goal.
struct Contender {
    name: &'static str,
    program: &'static str,
    arguments: Vec<String>,
}

#[expect(clippy::disallowed_methods, reason = "a bench is about time")]
fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only wants to know that it builds
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let input = folder.path().join("song.wav");
    song::wav24(&input, SONG_SECONDS);
    let contenders = contenders(&input, folder.path());
    let mut times = vec![Vec::new(); contenders.len()];
    for run in 0..=RUNS {
        for (contender, times) in contenders.iter().zip(&mut times) {
            let started = Instant::now();
            let done = on_one_core(contender).status();
            let elapsed = started.elapsed().as_secs_f64();
            match done {
                Ok(status) if status.success() || status.code() == Some(4) => {}
                other => println!("{}: {other:?}", contender.name),
            }
            if run > 0 {
                times.push(elapsed); // the first one only warms the disk's cache
            }
        }
    }
    println!(
        "{:<44}{:>10}{:>16}{:>12}",
        "4 min, 44.1 kHz stereo, WAV 24, one core", "seconds", "x real time", "ours is"
    );
    let ours = median(&mut times[0].clone());
    for (contender, times) in contenders.iter().zip(&mut times) {
        let seconds = median(times);
        println!(
            "{:<44}{seconds:>10.3}{:>16.0}{:>11.1}x",
            contender.name,
            SONG_SECONDS / seconds,
            seconds / ours
        );
    }
}

fn contenders(input: &Path, folder: &Path) -> Vec<Contender> {
    let input = input.display().to_string();
    let out = |name: &str| folder.join(name).display().to_string();
    let ours = |loudness: &str, intensity: &[&str]| {
        let fixed =
            ["master", &input, "-o", &out("ours.wav"), "--threads", "1", "--force", "--loudness", loudness];
        fixed.iter().chain(intensity).map(|argument| (*argument).to_owned()).collect()
    };
    let loudness_alone = ["--intensity", "0"];
    let ffmpeg = |filter: &str, name: &str| {
        ["-v", "error", "-y", "-i", &input, "-af", filter, "-ar", "44100", "-c:a", "pcm_s24le", &out(name)]
            .map(str::to_owned)
            .to_vec()
    };
    let mixrunners = env!("CARGO_BIN_EXE_mixrunners");
    vec![
        Contender {
            name: "mixrunners master --loudness -14",
            program: mixrunners,
            arguments: ours("-14", &[]),
        },
        Contender {
            name: "mixrunners master --loudness -9",
            program: mixrunners,
            arguments: ours("-9", &[]),
        },
        Contender {
            name: "the same at -14, --intensity 0",
            program: mixrunners,
            arguments: ours("-14", &loudness_alone),
        },
        Contender {
            name: "mixrunners analyze",
            program: mixrunners,
            arguments: ["analyze", &input, "--threads", "1"].map(str::to_owned).to_vec(),
        },
        Contender {
            name: "ffmpeg ebur128, true peaks",
            program: "ffmpeg",
            arguments: ["-v", "error", "-i", &input, "-af", "ebur128=peak=true", "-f", "null", "-"]
                .map(str::to_owned)
                .to_vec(),
        },
        Contender {
            name: "ffmpeg loudnorm (one pass)",
            program: "ffmpeg",
            arguments: ffmpeg("loudnorm=I=-14:TP=-1:LRA=20", "loudnorm.wav"),
        },
        Contender {
            name: "ffmpeg alimiter (sample peaks)",
            program: "ffmpeg",
            arguments: ffmpeg("volume=4dB,alimiter=limit=0.891:level=false", "alimiter.wav"),
        },
        Contender {
            name: "ffmpeg alimiter, 4 times oversampled",
            program: "ffmpeg",
            arguments: ffmpeg(
                "volume=4dB,aresample=176400,alimiter=limit=0.891:level=false,aresample=44100",
                "alimiter4.wav",
            ),
        },
    ]
}

/// Pinned where `taskset` is, so that a second core cannot help anyone.
fn on_one_core(contender: &Contender) -> Command {
    let has_taskset = Command::new("taskset").arg("-V").stdout(Stdio::null()).status().is_ok();
    let mut command = Command::new(if has_taskset { "taskset" } else { contender.program });
    if has_taskset {
        command.args(["-c", "0", contender.program]);
    }
    command.args(&contender.arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
