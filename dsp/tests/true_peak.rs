//! Behaviour of the true-peak meter that needs no other meter to judge.

use std::f64::consts::TAU;

use dsp::audio::Audio;
use dsp::meter::true_peak::{certify, overs, peak_map, scan, standard};
use dsp::signal;
use dsp::units::{Dbfs, Dbtp, Hertz, SampleRate};

const RATE: SampleRate = SampleRate::literal(48_000);
const ANY: Dbtp = Dbtp::literal(f64::NEG_INFINITY);

#[test]
fn peaks_between_samples_are_seen() {
    let audio = signal::peaks_between_samples(RATE, Dbtp::literal(1.0), 9_600);
    for peak in [scan(&audio), certify(&audio, ANY)] {
        assert!((peak.value() - 1.0).abs() < 0.01, "{peak:?}");
    }
}

#[test]
fn sines_read_their_peak_at_any_phase() {
    for hz in [997.0, 5_000.0, 10_000.0, 12_000.0, 15_000.0, 17_200.0, 19_600.0] {
        for phase in 0..32 {
            let audio = signal::sine(
                RATE,
                Hertz::literal(hz),
                Dbfs::literal(0.0),
                TAU * f64::from(phase) / 32.0,
                960,
            );
            // The abrupt ends ring: take the middle as the map sees it.
            let map = peak_map(&audio);
            let highest = map[200..760].iter().fold(0.0f32, |a, b| a.max(*b));
            let level = 20.0 * f64::from(highest).log10();
            assert!((-0.03..0.02).contains(&level), "{hz} Hz, phase {phase}: {level} dB");
        }
    }
}

#[test]
fn nothing_and_silence_have_no_peak() {
    for frames in [0, 1, 7, 1000] {
        let audio = Audio::silence(RATE, dsp::audio::Layout::stereo(), frames);
        assert_eq!(scan(&audio), ANY);
        assert_eq!(certify(&audio, ANY), ANY);
        assert_eq!(standard(&audio), ANY);
        assert_eq!(peak_map(&audio).len(), frames);
        assert_eq!(overs(&audio, Dbtp::literal(-1.0)), []);
    }
}
