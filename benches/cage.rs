//! What the cage costs a child: the start of the program without it and with it.
//!
//! `cargo bench --bench cage`. Prints medians and 99th percentiles in milliseconds of wall time, over runs that take
//! turns. Nothing is asserted: times belong to a machine and a moment.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 400;
const PROGRAM: &str = env!("CARGO_BIN_EXE_mixrunners");

#[expect(clippy::disallowed_methods, reason = "a bench is about time")]
fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only wants to know that it builds
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["in", "out"] {
        std::fs::create_dir(folder.path().join(name)).expect("a writable folder");
    }
    std::fs::write(folder.path().join("in/trial"), "of use").expect("a writable folder");
    let contenders: [(&str, &str, &[&str]); 3] = [
        ("true", "true", &[]),
        ("the program, which prints its version", PROGRAM, &["--version"]),
        ("the child in its cage, which copies a small file", PROGRAM, &["render", "--prove", "work"]),
    ];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..RUNS {
        for ((_, program, arguments), times) in contenders.iter().zip(&mut times) {
            let started = Instant::now();
            run(program, arguments, folder.path());
            times.push(started.elapsed());
        }
    }
    for ((name, ..), times) in contenders.iter().zip(&mut times) {
        times.sort_unstable();
        let (median, last) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("{name:<50} p50 {:5.2} ms   p99 {:5.2} ms", milliseconds(median), milliseconds(last));
    }
}

fn run(program: &str, arguments: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    assert!(command.status().is_ok_and(|status| status.success()), "{program} {arguments:?}");
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
