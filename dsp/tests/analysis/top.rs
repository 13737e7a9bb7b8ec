//! Where the top ends.

use dsp::audio::Audio;
use dsp::signal;
use dsp::units::{Dbfs, SampleRate};

use crate::{RATE, close, features};

/// White noise through as many one-pole low-passes.
fn dull(corner_hz: f64, poles: usize, seed: u64) -> Audio {
    let white = signal::noise(RATE, 1, Dbfs::literal(-15.0), 44_100 * 20, seed);
    let a = 1.0 - (-std::f64::consts::TAU * corner_hz / 44_100.0).exp();
    let mut states = vec![0.0; poles];
    signal::from_frames(RATE, white.frames(), |n| {
        let mut x = f64::from(white.channel(0)[n]);
        for state in &mut states {
            *state += a * (x - *state);
            x = *state;
        }
        x
    })
}

#[test]
fn a_steep_low_pass_is_found_at_its_corner() {
    for (hertz, corner_hz) in
        [(44_100, 15_000.0), (44_100, 16_000.0), (44_100, 19_000.0), (48_000, 20_000.0), (96_000, 16_000.0)]
    {
        let rate = SampleRate::literal(hertz);
        let bandwidth = corner_hz / (0.5 * f64::from(hertz));
        let audio = signal::band_limited_noise(rate, bandwidth, Dbfs::literal(-3.0), hertz as usize * 10, 1);
        let found = features(&audio).bandwidth;
        // The noise falls over the last 0.06 of half the rate.
        let slope_hz = 0.03 * f64::from(hertz);
        let corner = found.lossy_low_pass.map_or(0.0, |corner| corner.value());
        assert!(
            (corner_hz - slope_hz - 400.0..corner_hz + 200.0).contains(&corner),
            "{corner} of {corner_hz}"
        );
        close("top", found.top.value(), corner_hz, 350.0);
    }
}

#[test]
fn what_is_open_or_naturally_dull_is_not_taken_for_lossy() {
    let white = signal::noise(RATE, 2, Dbfs::literal(-15.0), 44_100 * 20, 2);
    let found = features(&white).bandwidth;
    assert_eq!(found.lossy_low_pass, None);
    close("top", found.top.value(), 22_050.0, 130.0);
    for (corner_hz, poles) in [(8000.0, 2), (3000.0, 2), (3000.0, 4), (12_000.0, 8)] {
        let found = features(&dull(corner_hz, poles, 3)).bandwidth;
        assert_eq!(found.lossy_low_pass, None, "{corner_hz} Hz, {poles} poles");
    }
}

#[test]
fn the_top_of_a_dull_signal_is_where_it_meets_the_noise() {
    // Eight poles at 1 kHz fall by 48 dB in an octave. Noise of 16 bits is 2^-30 / 12 over half the rate.
    let a = 1.0 - (-std::f64::consts::TAU * 1000.0f64 / 44_100.0).exp();
    let density_db = |hz: f64| {
        let w = std::f64::consts::TAU * hz / 44_100.0;
        -15.0 + 80.0 * (a * a / (1.0 - 2.0 * (1.0 - a) * w.cos() + (1.0 - a).powi(2))).log10()
    };
    let noise_db = 10.0 * (2f64.powi(-30) / 12.0).log10();
    let wanted = (500..20_000).map(f64::from).find(|hz| density_db(*hz) < noise_db + 10.0).unwrap();
    assert!(density_db(500.0) - density_db(wanted) < 80.0, "the case must be real");
    close("top", features(&dull(1000.0, 8, 4)).bandwidth.top.value(), wanted, 300.0);
}
