//! Notes and lowest octaves.

use dsp::signal;
use dsp::units::{Dbfs, Hertz};

use crate::{RATE, close, features, mixed, tone};

fn note(semitones_from_a4: i32) -> f64 {
    440.0 * 2f64.powf(f64::from(semitones_from_a4) / 12.0)
}

#[test]
fn the_lowest_note_is_the_one_that_sounds() {
    // From A0 (27.5 Hz) to D4 (293.7 Hz), with harmonics.
    for semitones in -48..=-7 {
        let hz = note(semitones);
        let audio = signal::from_frames(RATE, 44_100 * 10, |n| {
            tone(hz, 0.2, n) + tone(2.0 * hz, 0.2, n) + tone(3.0 * hz, 0.1, n)
        });
        let found = features(&audio).low_end.lowest_note.unwrap();
        close(&format!("{hz:.1} Hz"), found.value(), hz, 1e-6);
    }
}

#[test]
fn a_line_has_the_lowest_of_its_notes_and_a_rumble_is_none() {
    let noise = signal::noise(RATE, 1, Dbfs::literal(-40.0), 44_100 * 20, 1);
    let line = signal::from_frames(RATE, 44_100 * 20, |n| {
        // A1, D2, E1, A1: a second each.
        let hz = [note(-36), note(-31), note(-41), note(-36)][n / 44_100 % 4];
        tone(hz, 0.3, n)
    });
    let found = features(&mixed(&[&line, &noise])).low_end.lowest_note.unwrap();
    close("E1", found.value(), note(-41), 1e-6);
    // Rumble at 31 Hz that lies 30 dB below.
    let rumble = signal::from_frames(RATE, 44_100 * 20, |n| tone(31.0, 0.01, n) + tone(note(-36), 0.3, n));
    close("A1", features(&rumble).low_end.lowest_note.unwrap().value(), note(-36), 1e-6);
    let high = signal::sine(RATE, Hertz::literal(1000.0), Dbfs::literal(-10.0), 0.0, 441_000);
    assert_eq!(features(&high).low_end.lowest_note, None);
}

#[test]
fn the_share_below_30_hz_is_that_of_construction() {
    // Amplitudes 1 to 3: a tenth of the energy. A constant is no energy of the low end.
    let audio = signal::from_frames(RATE, 44_100 * 20, |n| tone(15.0, 0.1, n) + tone(1000.0, 0.3, n) + 0.05);
    close("share", features(&audio).low_end.below_30_hz_share, 0.1, 0.002);
    let clean = signal::from_frames(RATE, 44_100 * 20, |n| tone(60.0, 0.1, n) + 0.05);
    let share = features(&clean).low_end.below_30_hz_share;
    assert!(share < 1e-3, "{share}");
}
