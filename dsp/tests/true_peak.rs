//! Behaviour of the true-peak meter that needs no other meter to judge.

use std::f64::consts::TAU;

use dsp::audio::Audio;
use dsp::meter::true_peak::{certify, overs, peak_map, scan, standard};
use dsp::meter::{measure, measure_certified};
use dsp::signal;
use dsp::units::{Dbfs, Dbtp, Decibels, Hertz, SampleRate};
use proptest::prelude::*;

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

/// Noise whose level wanders over 60 dB, so that the scan skips much of it; slowly and from and to almost
/// nothing, since a step would be full of frequencies near the Nyquist frequency, where filters differ.
fn bursts(rate: SampleRate, seed: u64) -> Audio {
    const HOLD: usize = 500;
    let mut dice = signal::Dice::new(seed);
    let mut audio = signal::band_limited_noise(rate, 0.8, Dbfs::literal(0.0), 9_000, seed);
    let mut levels: Vec<f64> = (0..audio.frames() / HOLD).map(|_| dice.uniform(-60.0, 2.0)).collect();
    levels[0] = -60.0;
    levels.extend([-60.0; 2]);
    for (n, x) in audio.channel_mut(0).iter_mut().enumerate() {
        let (from, to) = (levels[n / HOLD], levels[n / HOLD + 1]);
        let level = from + (to - from) * (n % HOLD) as f64 / HOLD as f64;
        *x *= Decibels::literal(level).amplitude() as f32;
    }
    audio
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn what_the_scan_skips_holds_no_higher_peak(seed in any::<u64>(), high_rate in any::<bool>()) {
        let audio = bursts(if high_rate { SampleRate::literal(96_000) } else { RATE }, seed);
        // The map looks everywhere.
        let highest = peak_map(&audio).iter().fold(0.0f32, |a, b| a.max(*b));
        prop_assert_eq!(scan(&audio), Dbtp::from_amplitude(f64::from(highest)));
        prop_assert_eq!(measure(&audio).true_peak, scan(&audio));
        prop_assert_eq!(measure(&audio).true_peak_itu, standard(&audio));
    }

    #[test]
    fn the_map_is_nowhere_below_the_samples_around(seed in any::<u64>()) {
        let audio = bursts(RATE, seed);
        let (map, samples) = (peak_map(&audio), audio.channel(0));
        for n in 1..samples.len() - 1 {
            let around = samples[n - 1].abs().max(samples[n].abs()).max(samples[n + 1].abs());
            // A root of a square may round down by one bit.
            prop_assert!(map[n] >= around * (1.0 - f32::EPSILON), "{} below {around} at {n}", map[n]);
        }
    }

    #[test]
    fn overs_are_where_and_as_high_as_certification_says(seed in any::<u64>(), below in 0.0f64..12.0) {
        let audio = bursts(RATE, seed);
        let peak = certify(&audio, ANY);
        prop_assert_eq!(measure_certified(&audio, ANY).true_peak, peak);
        prop_assert_eq!(overs(&audio, peak), []);
        let ceiling = Dbtp::literal(peak.value() - below - 0.01);
        let found = overs(&audio, ceiling);
        prop_assert!(found.windows(2).all(|pair| pair[0].frame < pair[1].frame), "in order, one a frame");
        prop_assert!(found.iter().all(|over| over.peak > ceiling));
        let highest = found.iter().map(|over| over.peak.value()).fold(f64::MIN, f64::max);
        prop_assert_eq!(highest, peak.value());
        let map = peak_map(&audio);
        for over in found {
            let around = map[over.frame].max(map[(over.frame + 1).min(map.len() - 1)]);
            let error = 20.0 * f64::from(around).log10() - over.peak.value();
            prop_assert!(error > -0.1, "the map reads {error} dB against the certified peak at {}", over.frame);
        }
    }
}

#[test]
fn certification_finds_what_the_scan_reads_low() {
    let rate = SampleRate::literal(96_000);
    let differences = (0..20).map(|seed| {
        let audio = signal::band_limited_noise(rate, 0.907, Dbfs::literal(0.0), 2_000, seed);
        certify(&audio, ANY).value() - scan(&audio).value()
    });
    let highest = differences.fold(f64::MIN, f64::max);
    assert!(highest > 0.05, "{highest} dB: the case must be real");
}

#[test]
fn the_first_and_the_last_sample_can_be_a_peak() {
    for frames in [1, 2, 64, 65, 2_048, 2_049, 5_000] {
        for at in [0, frames - 1] {
            let audio = signal::from_frames(RATE, frames, |n| if n == at { 0.5 } else { 0.0 });
            let peak = certify(&audio, ANY).value();
            assert!((peak - 20.0 * 0.5f64.log10()).abs() < 1e-6, "{peak} dBTP: {at} of {frames}");
            let found = overs(&audio, Dbtp::literal(-7.0));
            assert!(found.iter().any(|over| over.frame.abs_diff(at) <= 1), "{found:?}: {at} of {frames}");
        }
    }
}
