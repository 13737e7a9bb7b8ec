//! Fifty made-up programmes, read by three meters.

use dsp::signal::programme;
use dsp::units::SampleRate;

use crate::judges::{crate_reading, ffmpeg_reading, our_reading};

#[test]
fn three_meters_agree_on_fifty_programmes() {
    let mut audible = 0;
    for seed in 0..50 {
        let rate = SampleRate::literal(if seed % 2 == 0 { 44_100 } else { 48_000 });
        let channels = if seed % 5 == 0 { 1 } else { 2 };
        let audio = programme(rate, channels, 5.0 + seed as f64 / 20.0, seed);
        let ours = our_reading(&audio, 10);
        audible += usize::from(ours.integrated.is_finite());
        let near = |what: &str, ours: f64, other: f64, tolerance: f64| {
            assert!(
                (ours - other).abs() <= tolerance,
                "{what} of {seed}: {ours:.3}, the judge says {other:.3}"
            );
        };
        let judge = crate_reading(&audio, 10);
        near("integrated", ours.integrated, judge.integrated, 0.02);
        near("momentary", ours.momentary_max, judge.momentary_max, 0.02);
        near("short-term", ours.short_term_max, judge.short_term_max, 0.02);
        if let Some(judge) = ffmpeg_reading(&audio) {
            near("integrated, by ffmpeg", ours.integrated, judge.integrated, 0.1);
            near("momentary, by ffmpeg", ours.momentary_max, judge.momentary_max, 0.1);
            near("short-term, by ffmpeg", ours.short_term_max, judge.short_term_max, 0.1);
        }
    }
    assert!(audible == 50, "the case must be real: {audible} of 50 are audible");
}
