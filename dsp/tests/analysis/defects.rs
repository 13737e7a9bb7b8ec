//! Clipping, constants, hum, and what is said about them.

use dsp::analysis::{Clipping, Finding, findings};
use dsp::audio::Audio;
use dsp::meter::measure;
use dsp::signal::{self, Segment};
use dsp::units::{Dbfs, Hertz};

use crate::{RATE, close, features, mixed, stereo, tone};

fn codes(audio: &Audio) -> Vec<&'static str> {
    findings(&features(audio), &measure(audio)).iter().map(Finding::code).collect()
}

/// Pieces of music with pauses of a second.
fn music(peak_dbfs: f64) -> Audio {
    let segments: Vec<Segment> = (0..24)
        .map(|i| if i % 4 == 0 { Segment::silence(1.0) } else { Segment::stereo(peak_dbfs, 1.0) })
        .collect();
    let melody = signal::tones(RATE, Hertz::literal(523.3), &segments);
    let noise = signal::noise(RATE, 2, Dbfs::literal(peak_dbfs - 20.0), melody.frames(), 1);
    let shaped = |channel: usize| {
        let (melody, noise) = (&melody, &noise);
        move |n: usize| {
            let sounds = !(n / 44_100).is_multiple_of(4);
            f64::from(melody.channel(channel)[n])
                + if sounds { f64::from(noise.channel(channel)[n]) } else { 0.0 }
        }
    };
    stereo(RATE, melody.frames(), shaped(0), shaped(1))
}

/// Flat tops by the definition, one sample after the other.
fn plain_clipping(audio: &Audio) -> Clipping {
    let mut found = Clipping { runs: 0, samples: 0, longest: 0 };
    for channel in audio.channels() {
        let top = channel.iter().fold(0.0f32, |top, x| top.max(x.abs()));
        for run in channel.chunk_by(|a, b| a == b).filter(|run| run.len() >= 3 && run[0].abs() >= 0.99 * top)
        {
            found.runs += 1;
            found.samples += run.len();
            found.longest = found.longest.max(run.len());
        }
    }
    found
}

#[test]
fn flat_tops_are_counted_across_windows() {
    for (seed, drive) in [(1, 3.0), (2, 6.0), (3, 12.0)] {
        let programme = signal::programme(RATE, 2, 20.0, seed);
        let clipped = |channel: usize| {
            let programme = &programme;
            move |n: usize| (drive * f64::from(programme.channel(channel)[n])).clamp(-0.5, 0.5)
        };
        let audio = stereo(RATE, programme.frames(), clipped(0), clipped(1));
        let plain = plain_clipping(&audio);
        assert!(plain.runs > 10, "the case must be real: {plain:?}");
        assert_eq!(features(&audio).clipping, plain);
    }
    // One run over a whole window and both its borders.
    let long = signal::from_frames(RATE, 44_100, |n| if (2000..7000).contains(&n) { 0.5 } else { 0.0 });
    assert_eq!(features(&long).clipping, Clipping { runs: 1, samples: 5000, longest: 5000 });
}

#[test]
fn a_clipped_mix_is_called_that_and_a_clean_one_is_not() {
    let clean = music(-6.0);
    assert_eq!(codes(&clean), Vec::<&str>::new());
    let clip = |channel: usize| {
        let clean = &clean;
        move |n: usize| f64::from(clean.channel(channel)[n]).clamp(-0.4, 0.4)
    };
    assert_eq!(codes(&stereo(RATE, clean.frames(), clip(0), clip(1))), ["clipped"]);
    // A low sine of 16 bits has equal samples at its tops, and no flat ones.
    let bits = |value: f64| (value * 32_768.0).round() / 32_768.0;
    let low = signal::from_frames(RATE, 44_100 * 10, |n| bits(tone(40.0, 0.9, n)));
    assert!(features(&low).clipping.runs > 100, "the case must be real");
    assert!(!codes(&low).contains(&"clipped"), "{:?}", features(&low).clipping);
}

#[test]
fn a_constant_is_measured_in_each_channel() {
    let music = music(-20.0);
    let value = |channel: usize, constant: f64| {
        let music = &music;
        move |n: usize| f64::from(music.channel(channel)[n]) + constant
    };
    let audio = stereo(RATE, music.frames(), value(0, 0.02), value(1, -0.0003));
    let dc = features(&audio).dc;
    // The tone stops in the middle of a wave in each segment, which is less than 1e-6 of all.
    close("left", dc[0], 0.02, 5e-5);
    close("right", dc[1], -0.0003, 5e-5);
    assert_eq!(codes(&audio), ["dc_offset"]);
}

#[test]
fn hum_is_found_at_its_level_and_a_bass_note_is_not_hum() {
    let music = music(-12.0);
    assert_eq!(features(&music).hum, None);
    for (hz, mains) in [(50.0, 50.0), (100.0, 50.0), (150.0, 50.0), (60.0, 60.0), (180.0, 60.0)] {
        let hum = signal::sine(RATE, Hertz::literal(hz), Dbfs::literal(-55.0), 0.0, music.frames());
        let hiss = signal::noise(RATE, 2, Dbfs::literal(-75.0), music.frames(), 2);
        let audio = mixed(&[&music, &hum, &hiss]);
        let found = features(&audio).hum.unwrap();
        assert_eq!(found.mains.value(), mains, "{hz} Hz");
        close(&format!("{hz} Hz"), found.level.value(), -58.0, 0.5);
        assert!(codes(&audio).contains(&"hum"));
    }
    for hz in [49.0, 61.74, 98.0, 123.47] {
        let note = signal::sine(RATE, Hertz::literal(hz), Dbfs::literal(-55.0), 0.0, music.frames());
        assert_eq!(features(&mixed(&[&music, &note])).hum, None, "{hz} Hz");
    }
    // A bass at 50 Hz that pauses with the music.
    let bass = signal::from_frames(RATE, music.frames(), |n| {
        if n / 44_100 % 4 == 0 { tone(50.0, 0.0001, n) } else { tone(50.0, 0.1, n) }
    });
    let found = features(&mixed(&[&music, &bass])).hum;
    assert!(found.is_none_or(|hum| hum.level.value() < -75.0), "{found:?}");
}

#[test]
fn each_finding_is_told_of_its_own_case_alone() {
    let music = music(-12.0);
    let left = |n: usize| f64::from(music.channel(0)[n]);
    let right = |n: usize| f64::from(music.channel(1)[n]);
    let frames = music.frames();
    let of = |l: &dyn Fn(usize) -> f64, r: &dyn Fn(usize) -> f64| codes(&stereo(RATE, frames, l, r));
    assert_eq!(of(&left, &left), ["mono"]);
    assert_eq!(of(&left, &|_| 0.0), ["dead_channel"]);
    assert_eq!(of(&left, &|n| -right(n)), ["out_of_phase"]);
    assert_eq!(of(&left, &|n| 0.5 * right(n)), ["unbalanced"]);
    assert_eq!(of(&|n| 0.01 * left(n), &|n| 0.01 * right(n)), ["too_quiet"]);
    assert_eq!(codes(&Audio::silence(RATE, dsp::audio::Layout::stereo(), 100_000)), ["silent"]);
    let short = stereo(RATE, 88_200, |n| left(n + 44_100), |n| right(n + 44_100));
    assert_eq!(codes(&short), ["too_short"]);
    let loud = signal::noise(RATE, 2, Dbfs::literal(-10.0), frames, 9);
    let dense = |channel: usize| {
        let loud = &loud;
        move |n: usize| (4.0 * f64::from(loud.channel(channel)[n])).tanh() * 0.97
    };
    assert_eq!(codes(&stereo(RATE, frames, dense(0), dense(1))), ["already_mastered"]);
    let lossy = signal::band_limited_noise(RATE, 16_000.0 / 22_050.0, Dbfs::literal(-3.0), 441_000, 8);
    assert_eq!(codes(&lossy), ["lossy_low_pass"]);
    let hiss = signal::noise(RATE, 2, Dbfs::literal(-50.0), frames, 10);
    assert_eq!(codes(&mixed(&[&music, &hiss])), ["noise"]);
}

#[test]
fn findings_say_what_it_is_and_what_to_do() {
    let text = Finding::LossyLowPass { corner: Hertz::literal(15_970.0) }.to_string();
    assert!(text.starts_with("Nothing lies above 16.0\u{2009}kHz"), "{text}");
    let text = Finding::Hum { mains: Hertz::literal(50.0), level: Dbfs::literal(-58.0) }.to_string();
    assert!(text.contains("50\u{2009}Hz") && text.contains("−58.0\u{2009}dBFS"), "{text}");
    let text = Finding::OutOfPhase { correlation: -0.5 }.to_string();
    assert!(text.contains("−0.50"), "{text}");
}
