//! Spectra of signals whose densities are known.

use dsp::analysis::SpectrumLevels;
use dsp::bands::{self, BANDS};
use dsp::signal;
use dsp::units::{Dbfs, Hertz, SampleRate};

use crate::{RATE, close, features};

fn width_hz(band: usize) -> f64 {
    bands::edges(band).1.value() - bands::edges(band).0.value()
}

#[test]
fn white_noise_has_the_level_of_each_bands_width() {
    for hertz in [44_100, 48_000, 96_000] {
        let rate = SampleRate::literal(hertz);
        // Independent channels of −20 dBFS: (L ± R) / 2 has −23.01.
        let audio = signal::noise(rate, 2, Dbfs::literal(-20.0), hertz as usize * 60, 1);
        let spectrum = features(&audio).spectrum;
        for band in 0..BANDS {
            let wanted = -23.01 + 10.0 * (width_hz(band) / (0.5 * f64::from(hertz))).log10();
            // 200 blocks of so many bins each: three standard deviations of the mean power.
            let values = 200.0 * (width_hz(band) * 0.37 * 0.5).max(0.5);
            let within = 3.5 * 4.34 / values.sqrt();
            close(&format!("mid {band}"), spectrum.mid.mean[band], wanted, within);
            close(&format!("side {band}"), spectrum.side.mean[band], wanted, within);
        }
    }
}

#[test]
fn noise_through_a_filter_has_the_filters_shape() {
    // One pole at 500 Hz, whose response is known: |H|² = a² / (1 − 2(1 − a) cos w + (1 − a)²).
    let a = 1.0 - (-std::f64::consts::TAU * 500.0 / 44_100.0).exp();
    let white = signal::noise(RATE, 1, Dbfs::literal(-10.0), 44_100 * 60, 2);
    let mut state = 0.0;
    let dull = signal::from_frames(RATE, white.frames(), |n| {
        state += a * (f64::from(white.channel(0)[n]) - state);
        state
    });
    let spectrum = features(&dull).spectrum;
    for band in 20..60 {
        let w = std::f64::consts::TAU * bands::centre(band).value() / 44_100.0;
        let power = a * a / (1.0 - 2.0 * (1.0 - a) * w.cos() + (1.0 - a).powi(2));
        let wanted = -10.0 + 10.0 * (power * width_hz(band) / 22_050.0).log10();
        close(&format!("band {band}"), spectrum.mid.mean[band], wanted, 0.35);
    }
}

#[test]
fn a_sine_has_its_level_in_its_band_and_little_beside() {
    for band in [24, 33, 45, 57] {
        let audio = signal::sine(RATE, bands::centre(band), Dbfs::literal(-10.0), 0.0, 44_100 * 20);
        let SpectrumLevels { mean, p10, p50, p95, .. } = features(&audio).spectrum.mid;
        for level in [mean[band], p10[band], p50[band], p95[band]] {
            close(&format!("band {band}"), level, -13.01, 0.03);
        }
        // The signal's own ends reach wider than the window.
        assert!(p50[band - 3] < -80.0 && p50[band + 3] < -80.0, "{} {}", p50[band - 3], p50[band + 3]);
    }
}

#[test]
fn percentiles_and_the_loud_half_follow_the_loudness() {
    // A third of the time 8 dB louder than two thirds.
    let noise = signal::noise(RATE, 1, Dbfs::literal(-30.0), 44_100 * 90, 3);
    let loud = |n: usize| (n / (44_100 * 10)).is_multiple_of(3);
    let gain = 10f64.powf(8.0 / 20.0);
    let audio = signal::from_frames(RATE, noise.frames(), |n| {
        f64::from(noise.channel(0)[n]) * if loud(n) { gain } else { 1.0 }
    });
    let levels = features(&audio).spectrum.mid;
    let flat = -30.0 + 10.0 * (width_hz(50) / 22_050.0).log10();
    close("p10", levels.p10[50], flat, 0.7);
    close("p50", levels.p50[50], flat, 0.5);
    close("p85", levels.p85[50], flat + 8.0, 0.5);
    close("p95", levels.p95[50], flat + 8.0, 0.5);
    let power = |share: f64| flat + 10.0 * (share * 10f64.powf(0.8) + 1.0 - share).log10();
    close("mean", levels.mean[50], power(1.0 / 3.0), 0.2);
    // The loudest half is two thirds loud.
    close("loud", levels.loud[50], power(2.0 / 3.0), 0.2);
}

#[test]
fn what_the_gate_of_loudness_leaves_out_does_not_count() {
    let noise = signal::noise(RATE, 2, Dbfs::literal(-20.0), 44_100 * 40, 4);
    let gain = |n: usize| if n < 44_100 * 20 { 1.0 } else { 0.003 };
    let value = |channel: usize| {
        let noise = &noise;
        move |n: usize| f64::from(noise.channel(channel)[n]) * gain(n)
    };
    let half = features(&crate::stereo(RATE, noise.frames(), value(0), value(1)));
    let all = features(&noise);
    close("active", half.active_seconds, 20.0, 0.3);
    close("all", all.active_seconds, 40.0, 1e-9);
    close("mean", half.spectrum.mid.mean[50], all.spectrum.mid.mean[50], 0.2);
    // Without the gate it would be 3 dB lower.
}

#[test]
fn bands_above_half_the_rate_have_nothing() {
    let rate = SampleRate::literal(8000);
    let audio = signal::noise(rate, 1, Dbfs::literal(-20.0), 80_000, 5);
    let levels = features(&audio).spectrum.mid;
    for band in 0..BANDS {
        let is_above = bands::edges(band).0 > Hertz::literal(4001.0);
        assert_eq!(levels.mean[band] == -200.0, is_above, "band {band}");
    }
}
