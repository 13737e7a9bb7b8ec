//! True peak against what the signal is known to reach, and against brute force.

use std::f64::consts::TAU;

use dsp::audio::Audio;
use dsp::meter::true_peak::{certify, scan};
use dsp::signal::{band_limited_noise, from_frames};
use dsp::units::{Dbfs, Dbtp, SampleRate};

use crate::reference;

const ANY: Dbtp = Dbtp::literal(f64::NEG_INFINITY);

/// A sine of full scale that fades in and out, so that only its steady part can be highest.
fn faded_sine(rate: SampleRate, hertz: f64, phase: f64) -> Audio {
    const FRAMES: usize = 2_400;
    from_frames(rate, FRAMES, |n| {
        let edge = n.min(FRAMES - 1 - n) as f64 / 600.0;
        let gain = if edge < 1.0 { (1.0 - (TAU / 2.0 * edge).cos()) / 2.0 } else { 1.0 };
        gain * (phase + TAU * hertz * n as f64 / rate.as_f64()).sin()
    })
}

#[test]
fn sines_read_their_peak_at_every_phase_and_rate() {
    for rate in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000].map(SampleRate::literal) {
        for hertz in [997.0, 5_000.0, 10_000.0, 12_000.0, 15_000.0, 17_200.0, 19_600.0] {
            for phase in 0..32 {
                let audio = faded_sine(rate, hertz, TAU * f64::from(phase) / 32.0);
                for (what, reading, bar) in
                    [("scan", scan(&audio), 0.05), ("certify", certify(&audio, ANY), 0.015)]
                {
                    assert!(reading.value().abs() <= bar, "{what}: {reading:.4}, {hertz} Hz at {rate}");
                }
            }
        }
    }
}

/// The worst reading below and above brute force, in dB, of noise of a bandwidth.
fn worst(rate: SampleRate, bandwidth: f64, read: fn(&Audio) -> Dbtp) -> (f64, f64) {
    let errors: Vec<f64> = (0..12)
        .map(|seed| {
            let audio = band_limited_noise(rate, bandwidth, Dbfs::literal(-1.0), 1_000, seed);
            read(&audio).value() - reference::true_peak(audio.channel(0))
        })
        .collect();
    (errors.iter().copied().fold(f64::MAX, f64::min), errors.iter().copied().fold(f64::MIN, f64::max))
}

#[test]
fn band_limited_noise_is_certified_as_brute_force_reads_it() {
    for rate in [44_100, 48_000, 96_000, 192_000].map(SampleRate::literal) {
        for bandwidth in [0.3, 0.7, 0.907] {
            let (under, over) = worst(rate, bandwidth, |audio| certify(audio, ANY));
            println!("certify at {rate}, {bandwidth} of Nyquist: {under:.4} to {over:.4} dB");
            assert!(under >= -0.02 && over <= 0.01, "{under} to {over} dB at {rate}, {bandwidth} of Nyquist");
        }
    }
}

#[test]
fn band_limited_noise_is_scanned_within_the_tolerance_that_certification_relies_on() {
    for (hertz, bar) in [(44_100, 0.05), (96_000, 0.3)] {
        let rate = SampleRate::literal(hertz);
        for bandwidth in [0.3, 0.7, 0.907] {
            let (under, over) = worst(rate, bandwidth, scan);
            println!("scan at {rate}, {bandwidth} of Nyquist: {under:.4} to {over:.4} dB");
            assert!(under >= -bar && over <= bar, "{under} to {over} dB at {rate}, {bandwidth} of Nyquist");
        }
    }
}
