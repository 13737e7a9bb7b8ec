//! EBU Tech 3341, cases 1 to 6 and 9 to 14: loudness.

use dsp::audio::Audio;
use dsp::meter::loudness::BlockEnergies;
use dsp::signal::{Segment, tones};
use dsp::units::{Dbfs, Hertz, Lufs, SampleRate};

use crate::judges::{Reading, crate_reading, ffmpeg_reading, our_reading};

const RATE: SampleRate = SampleRate::literal(48_000);
/// What the standard allows.
const ALLOWED: f64 = 0.1;
/// What we allow: the tones are exact.
const OURS: f64 = 0.02;

/// `(dBFS, seconds)`, the same in both channels.
fn stereo(segments: &[(f64, f64)]) -> Audio {
    let segments: Vec<Segment> = segments.iter().map(|&(level, s)| Segment::stereo(level, s)).collect();
    tones(RATE, Hertz::literal(1000.0), &segments)
}

fn near(what: &str, value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{what}: {value:.4}, expected {expected:.4} ±{tolerance}");
}

/// Our reading against the standard, and the judges' against ours: both at a hop of 100 ms, since ffmpeg has
/// no other.
fn expect(what: &str, audio: &Audio, expected: f64, tolerance: f64, reading: fn(&Reading) -> f64) {
    near(what, reading(&our_reading(audio, 1)), expected, tolerance);
    let ours = reading(&our_reading(audio, 10));
    near(&format!("{what}, by the crate"), reading(&crate_reading(audio, 10)), ours, OURS);
    if let Some(other) = ffmpeg_reading(audio) {
        near(&format!("{what}, by ffmpeg"), reading(&other), ours, ALLOWED);
    }
}

#[test]
fn case_1_a_steady_tone_reads_its_level() {
    let audio = stereo(&[(-23.0, 20.0)]);
    expect("integrated", &audio, -23.0, OURS, |r| r.integrated);
    expect("momentary", &audio, -23.0, OURS, |r| r.momentary_max);
    expect("short-term", &audio, -23.0, OURS, |r| r.short_term_max);
}

#[test]
fn case_2_a_quieter_tone_reads_as_much_less() {
    let audio = stereo(&[(-33.0, 20.0)]);
    expect("integrated", &audio, -33.0, OURS, |r| r.integrated);
    expect("momentary", &audio, -33.0, OURS, |r| r.momentary_max);
    expect("short-term", &audio, -33.0, OURS, |r| r.short_term_max);
}

#[test]
fn case_3_the_relative_gate_drops_quiet_ends() {
    expect("integrated", &stereo(&[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)]), -23.0, OURS, |r| {
        r.integrated
    });
}

#[test]
fn case_4_the_absolute_gate_drops_near_silence() {
    let ends = [(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)];
    expect("integrated", &stereo(&ends), -23.0, OURS, |r| r.integrated);
}

#[test]
fn case_5_what_is_within_the_gate_counts() {
    // Blocks overlap, so the first and the last 0.3 s count less: the standard's own answer is -22.98.
    let audio = stereo(&[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)]);
    expect("integrated", &audio, -22.98, OURS, |r| r.integrated);
}

#[test]
fn case_6_surround_channels_count_more_and_lfe_not_at_all() {
    let levels = |dbfs: &[f64]| dbfs.iter().map(|&level| Some(Dbfs::literal(level))).collect::<Vec<_>>();
    let front = [-28.0, -28.0, -24.0];
    let five = Segment { levels: levels(&[&front[..], &[-30.0, -30.0]].concat()), seconds: 20.0 };
    let mut six = Segment { levels: levels(&[&front[..], &[-10.0, -30.0, -30.0]].concat()), seconds: 20.0 };
    let audio = tones(RATE, Hertz::literal(1000.0), &[five]);
    expect("integrated, 5 channels", &audio, -23.0, OURS, |r| r.integrated);
    let audio = tones(RATE, Hertz::literal(1000.0), &[six.clone()]);
    expect("integrated, 6 channels with a loud LFE", &audio, -23.0, OURS, |r| r.integrated);
    six.levels[3] = None;
    let audio = tones(RATE, Hertz::literal(1000.0), &[six]);
    expect("integrated, 6 channels", &audio, -23.0, OURS, |r| r.integrated);
}

#[test]
fn case_9_short_term_loudness_is_constant_where_its_window_holds_one_period() {
    let audio = stereo(&[(-20.0, 1.34), (-30.0, 1.66)].repeat(5));
    expect("short-term", &audio, -23.0, OURS, |r| r.short_term_max);
    for loudness in BlockEnergies::of(&audio).short_term() {
        near("short-term at any time", loudness.value(), -23.0, OURS);
    }
}

#[test]
fn case_10_short_term_loudness_finds_three_seconds_wherever_they_begin() {
    for file in 0..20 {
        let silence = 0.15 * f64::from(file);
        let segments = [Segment::silence(silence), Segment::stereo(-23.0, 3.0), Segment::silence(1.0)];
        let audio = tones(RATE, Hertz::literal(1000.0), &segments);
        expect(&format!("short-term, file {}", file + 1), &audio, -23.0, OURS, |r| r.short_term_max);
        let judge = crate_reading(&audio, 5).short_term_max;
        near("short-term, by the crate every 50 ms", judge, -23.0, OURS);
    }
}

#[test]
fn case_11_short_term_loudness_finds_each_burst_in_turn() {
    let burst = |i: u8| {
        let offset = 0.15 * f64::from(i);
        [Segment::silence(offset), Segment::stereo(-38.0 + f64::from(i), 3.0), Segment::silence(3.0 - offset)]
    };
    let audio = tones(RATE, Hertz::literal(1000.0), &(0..20).flat_map(burst).collect::<Vec<_>>());
    expect("short-term", &audio, -19.0, OURS, |r| r.short_term_max);
    let curve: Vec<Lufs> = BlockEnergies::of(&audio).short_term().collect();
    for i in 0..20 {
        // The window that ends `t` ticks of 10 ms after the start is number `t - 300`.
        let ends = (600 * i).max(300)..600 * (i + 1);
        let highest = ends.map(|end| curve[end - 300].value()).fold(f64::MIN, f64::max);
        near(&format!("short-term of burst {i}"), highest, -38.0 + i as f64, OURS);
    }
}

#[test]
fn case_12_momentary_loudness_is_constant_where_its_window_holds_one_period() {
    let audio = stereo(&[(-20.0, 0.18), (-30.0, 0.22)].repeat(25));
    // Each step of the level makes the high-pass ring, and a window holds one or two steps: that is in the
    // signal.
    let ringing = 0.05;
    expect("momentary", &audio, -23.0, ringing, |r| r.momentary_max);
    // The standard looks from the first second on.
    for loudness in BlockEnergies::of(&audio).momentary().skip(60) {
        near("momentary at any time", loudness.value(), -23.0, ringing);
    }
}

#[test]
fn case_13_momentary_loudness_finds_four_tenths_of_a_second_wherever_they_begin() {
    for file in 0..20 {
        let silence = 0.02 * f64::from(file);
        let segments = [Segment::silence(silence), Segment::stereo(-23.0, 0.4), Segment::silence(1.0)];
        let audio = tones(RATE, Hertz::literal(1000.0), &segments);
        expect(&format!("momentary, file {}", file + 1), &audio, -23.0, OURS, |r| r.momentary_max);
        let judge = crate_reading(&audio, 1).momentary_max;
        near("momentary, by the crate every 10 ms", judge, -23.0, OURS);
    }
}

#[test]
fn case_14_momentary_loudness_finds_each_burst_in_turn() {
    let burst = |i: u8| {
        let offset = 0.02 * f64::from(i);
        [Segment::silence(offset), Segment::stereo(-38.0 + f64::from(i), 0.4), Segment::silence(0.4 - offset)]
    };
    let audio = tones(RATE, Hertz::literal(1000.0), &(0..20).flat_map(burst).collect::<Vec<_>>());
    expect("momentary", &audio, -19.0, OURS, |r| r.momentary_max);
    let curve: Vec<Lufs> = BlockEnergies::of(&audio).momentary().collect();
    for i in 0..20 {
        let ends = (80 * i).max(40)..80 * (i + 1);
        let highest = ends.map(|end| curve[end - 40].value()).fold(f64::MIN, f64::max);
        near(&format!("momentary of burst {i}"), highest, -38.0 + i as f64, OURS);
    }
}
