//! EBU Tech 3342, cases 1 to 4: loudness range.

use dsp::meter::measure;
use dsp::signal::{Segment, tones};
use dsp::units::{Hertz, SampleRate};

use crate::judges::{crate_reading, ffmpeg_reading};

/// What the standard allows.
const ALLOWED: f64 = 1.0;
/// What we allow.
const OURS: f64 = 0.02;

fn expect(levels: &[f64], expected: f64) {
    let segments: Vec<Segment> = levels.iter().map(|&level| Segment::stereo(level, 20.0)).collect();
    let audio = tones(SampleRate::literal(48_000), Hertz::literal(1000.0), &segments);
    let ours = measure(&audio).loudness_range.unwrap().value();
    assert!((ours - expected).abs() <= OURS, "{ours:.4} LU, expected {expected}");
    let judge = crate_reading(&audio, 10).loudness_range;
    assert!((judge - ours).abs() <= OURS, "{judge:.4} LU by the crate, {ours:.4} by us");
    if let Some(judge) = ffmpeg_reading(&audio) {
        let range = judge.loudness_range;
        assert!((range - expected).abs() <= ALLOWED, "{range} LU by ffmpeg, expected {expected}");
    }
}

#[test]
fn case_1_ten_down() {
    expect(&[-20.0, -30.0], 10.0);
}

#[test]
fn case_2_five_up() {
    expect(&[-20.0, -15.0], 5.0);
}

#[test]
fn case_3_twenty_up() {
    expect(&[-40.0, -20.0], 20.0);
}

#[test]
fn case_4_the_gate_drops_the_quietest() {
    expect(&[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0);
}
