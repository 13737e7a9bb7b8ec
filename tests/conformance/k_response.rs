//! K-weighting against the filters that ITU-R BS.1770-5 tabulates for 48 kHz.

use std::f64::consts::TAU;

use dsp::meter::k_weighting::{OFFSET_LU, sections};
use dsp::meter::loudness::integrated;
use dsp::signal::sine;
use dsp::units::{Dbfs, Hertz, SampleRate};

/// `b0 b1 b2 a1 a2` of tables 1 and 2.
const TABLES: [[f64; 5]; 2] = [
    [
        1.535_124_859_586_97,
        -2.691_696_189_406_38,
        1.198_392_810_852_85,
        -1.690_659_293_182_41,
        0.732_480_774_215_85,
    ],
    [1.0, -2.0, 1.0, -1.990_047_454_833_98, 0.990_072_250_366_21],
];

const EVERY_RATE: [u32; 14] = [
    8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000,
    384_000,
];

/// Gain in dB of sections given as `b0 b1 b2 a1 a2`.
fn response(sections: &[[f64; 5]], hertz: f64, rate: f64) -> f64 {
    let w = TAU * hertz / rate;
    let power = |c: [f64; 3]| {
        let (re, im) =
            (c[0] + c[1] * w.cos() + c[2] * (2.0 * w).cos(), c[1] * w.sin() + c[2] * (2.0 * w).sin());
        re * re + im * im
    };
    let gain = |[b0, b1, b2, a1, a2]: [f64; 5]| 10.0 * (power([b0, b1, b2]) / power([1.0, a1, a2])).log10();
    sections.iter().map(|&section| gain(section)).sum()
}

#[test]
fn the_response_is_that_of_the_standard_at_every_usual_rate() {
    for rate in [44_100, 48_000, 88_200, 96_000, 176_400, 192_000].map(SampleRate::literal) {
        let ours = sections(rate).map(|s| [s.b[0], s.b[1], s.b[2], s.a[0], s.a[1]]);
        let top = (0.45 * rate.as_f64()).min(20_000.0);
        for step in 0..=200 {
            let hertz = 20.0 * (top / 20.0f64).powf(f64::from(step) / 200.0);
            let error = response(&ours, hertz, rate.as_f64()) - response(&TABLES, hertz, 48_000.0);
            assert!(error.abs() < 0.001, "{error:.5} dB at {hertz:.0} Hz, {rate}");
        }
    }
}

#[test]
fn the_response_holds_at_low_rates_too() {
    for (hertz, bar) in [(8_000, 0.015), (11_025, 0.01), (16_000, 0.003), (22_050, 0.001), (32_000, 0.001)] {
        let rate = SampleRate::literal(hertz);
        let ours = sections(rate).map(|s| [s.b[0], s.b[1], s.b[2], s.a[0], s.a[1]]);
        for step in 0..=200 {
            let hertz = 20.0 * (0.45 * rate.as_f64() / 20.0).powf(f64::from(step) / 200.0);
            let error = response(&ours, hertz, rate.as_f64()) - response(&TABLES, hertz, 48_000.0);
            assert!(error.abs() < bar, "{error:.5} dB at {hertz:.0} Hz, {rate}");
        }
    }
}

#[test]
fn the_response_holds_at_rates_that_nobody_uses() {
    for hertz in (8_000..=384_000).step_by(997) {
        let rate = SampleRate::literal(hertz);
        let ours = sections(rate).map(|s| [s.b[0], s.b[1], s.b[2], s.a[0], s.a[1]]);
        for hertz in [30.0, 100.0, 997.0, 1_700.0, 2_700.0] {
            let error = response(&ours, hertz, rate.as_f64()) - response(&TABLES, hertz, 48_000.0);
            assert!(error.abs() < 0.015, "{error:.5} dB at {hertz} Hz, {rate}");
        }
    }
}

#[test]
fn a_full_scale_sine_in_one_channel_reads_minus_3_01_at_every_rate() {
    for hertz in EVERY_RATE {
        let rate = SampleRate::literal(hertz);
        let audio = sine(rate, Hertz::literal(997.0), Dbfs::literal(0.0), 0.0, 2 * hertz as usize);
        let reading = integrated(&audio).unwrap().value();
        assert!((reading + 3.01).abs() < 0.002, "{reading:.4} LUFS at {rate}");
    }
}

#[test]
fn tones_read_as_the_tabulated_filters_weigh_them() {
    for rate in [44_100, 96_000, 192_000].map(SampleRate::literal) {
        for hertz in [25.0, 50.0, 100.0, 400.0, 1_500.0, 2_700.0, 6_000.0, 12_000.0, 19_000.0] {
            let audio =
                sine(rate, Hertz::literal(hertz), Dbfs::literal(-6.0), 0.0, 2 * rate.hertz() as usize);
            let expected = OFFSET_LU - 6.0 - 10.0 * 2f64.log10() + response(&TABLES, hertz, 48_000.0);
            let reading = integrated(&audio).unwrap().value();
            // The onset of the tone is in the reading too; it matters below 100 Hz.
            let tolerance = if hertz < 100.0 { 0.03 } else { 0.005 };
            assert!(
                (reading - expected).abs() < tolerance,
                "{reading:.4}, not {expected:.4}: {hertz} Hz at {rate}"
            );
        }
    }
}
