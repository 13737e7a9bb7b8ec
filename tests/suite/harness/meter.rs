//! Meters that are not ours: ffmpeg's `ebur128`, and the samples as hound reads them.

use std::path::Path;
use std::process::Command;

/// What ffmpeg says of a file.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub integrated_lufs: f64,
    pub true_peak_dbtp: f64,
}

/// Runs `ffmpeg -af ebur128=peak=true`. Where ffmpeg is missing the test cannot be judged: it fails.
pub fn ffmpeg(path: &Path) -> Reading {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-i"])
        .arg(path)
        .args(["-af", "ebur128=peak=true", "-f", "null", "-"])
        .output()
        .expect("ffmpeg is installed: `make test` sees to it");
    assert!(output.status.success(), "ffmpeg reads {}", path.display());
    let text = String::from_utf8_lossy(&output.stderr);
    let summary = text.rsplit("Summary:").next().expect("a summary");
    let value = |name: &str| -> f64 {
        let line = summary.lines().find(|l| l.trim_start().starts_with(name)).expect("the value is printed");
        line.split_whitespace().find_map(|word| word.parse().ok()).expect("a number")
    };
    Reading { integrated_lufs: value("I:"), true_peak_dbtp: value("Peak:") }
}

/// Integer samples, interleaved, as hound reads them.
pub fn samples(path: &Path) -> Vec<i32> {
    let mut reader = hound::WavReader::open(path).expect("hound reads it");
    reader.samples::<i32>().map(|s| s.expect("a sample")).collect()
}

/// The tags of a file, as ffprobe prints them.
pub fn ffprobe_tags(path: &Path) -> String {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format_tags:stream_tags",
            "-of",
            "default=noprint_wrappers=1",
        ])
        .arg(path)
        .output()
        .expect("ffprobe is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
