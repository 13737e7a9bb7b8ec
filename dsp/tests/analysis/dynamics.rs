//! Levels, crests and tempi that are known.

use dsp::signal::{self, Segment};
use dsp::units::{Dbfs, Hertz};

use crate::{RATE, close, features, mixed};

#[test]
fn the_crest_is_that_of_the_wave() {
    let sine = signal::sine(RATE, Hertz::literal(997.0), Dbfs::literal(-6.0), 0.0, 441_000);
    close("sine", features(&sine).dynamics.crest.value(), 3.01, 0.01);
    let square = signal::from_frames(RATE, 441_000, |n| if n / 50 % 2 == 0 { 0.3 } else { -0.3 });
    close("square", features(&square).dynamics.crest.value(), 0.0, 0.001);
    // One full pulse of 10 samples in each 200 ms: 10 log10 of 882.
    let pulses = signal::from_frames(RATE, 441_000, |n| if n % 8820 < 10 { 0.5 } else { 0.0 });
    close("pulses", features(&pulses).dynamics.crest.value(), 29.45, 0.01);
}

#[test]
fn ranges_are_those_of_the_segments() {
    // A fifth of the time 7 dB up.
    let segments: Vec<Segment> =
        (0..20).map(|i| Segment::stereo(if i % 5 == 0 { -10.0 } else { -17.0 }, 1.0)).collect();
    let dynamics = features(&signal::tones(RATE, Hertz::literal(997.0), &segments)).dynamics;
    close("levels", dynamics.level_range.value(), 7.0, 0.05);
    close("its band", dynamics.band_range[2].value(), 7.0, 0.05);
    let steady = signal::noise(RATE, 2, Dbfs::literal(-20.0), 441_000, 1);
    let dynamics = features(&steady).dynamics;
    assert!(dynamics.level_range.value() < 0.5, "{}", dynamics.level_range);
    assert!(dynamics.band_range[3].value() < 0.6, "{}", dynamics.band_range[3]);
}

#[test]
fn clicks_have_the_tempo_they_are_at() {
    for bpm in [52.0, 60.0, 75.0, 90.0, 100.0, 119.5, 128.0, 140.0, 160.0, 174.0, 190.0] {
        let period = 60.0 / bpm * 44_100.0;
        let noise = signal::noise(RATE, 1, Dbfs::literal(-20.0), 44_100 * 30, 2);
        let audio = signal::from_frames(RATE, noise.frames(), |n| {
            let since = n as f64 % period;
            f64::from(noise.channel(0)[n]) * ((-since / 1500.0).exp() + 0.01)
        });
        let tempo = features(&audio).tempo.unwrap();
        close(&format!("{bpm}"), tempo.beats_per_minute, bpm, 0.3);
        assert!(tempo.confidence > 0.7, "{tempo:?}");
    }
}

#[test]
fn what_has_no_beat_has_no_tempo() {
    let noise = signal::noise(RATE, 2, Dbfs::literal(-20.0), 44_100 * 30, 3);
    assert_eq!(features(&noise).tempo, None);
    let tone = signal::sine(RATE, Hertz::literal(440.0), Dbfs::literal(-20.0), 0.0, 44_100 * 30);
    assert_eq!(features(&tone).tempo, None);
}

#[test]
fn steady_noise_in_pauses_is_found_and_quiet_music_is_not() {
    let music = |quiet: Option<f64>| {
        let segments: Vec<Segment> = (0..20)
            .map(|i| Segment {
                levels: vec![
                    if i % 4 == 0 { quiet.map(Dbfs::literal) } else { Some(Dbfs::literal(-12.0)) };
                    2
                ],
                seconds: 1.0,
            })
            .collect();
        signal::tones(RATE, Hertz::literal(440.0), &segments)
    };
    let noise = signal::noise(RATE, 2, Dbfs::literal(-62.0), 44_100 * 20, 4);
    let floor = features(&mixed(&[&music(None), &noise])).noise_floor.unwrap();
    close("floor", floor.value(), -62.0, 0.5);
    assert_eq!(features(&music(None)).noise_floor, None, "pauses are digital silence");
    // A fade of 40 dB in each quiet second is far below, and not steady.
    let music = music(Some(-12.0));
    let fading = signal::from_frames(RATE, music.frames(), |n| {
        let second = (n % (4 * 44_100)) as f64 / 44_100.0;
        let gain = if second < 1.0 { 10f64.powf(-2.0 * second) } else { 1.0 };
        gain * f64::from(music.channel(0)[n])
    });
    assert_eq!(features(&fading).noise_floor, None);
}
