//! Levels at the control rate against plain convolution.

use std::ops::Range;

use dsp::analysis::CONTROL_FRAMES;
use dsp::audio::Audio;
use dsp::signal;
use dsp::units::SampleRate;

use crate::features;

/// The definition of the bands of dynamics, written once more: low-passes that fall as a raised cosine of log
/// frequency, an octave wide about 110, 700 and 5000 Hz, and their differences.
fn gain(band: usize, hz: f64) -> f64 {
    let low_pass = |corner: f64| match (hz / corner).log2() {
        octaves if octaves <= -0.5 => 1.0,
        octaves if octaves >= 0.5 => 0.0,
        octaves => (0.5 * std::f64::consts::PI * (octaves + 0.5)).cos().powi(2),
    };
    let corners = [110.0, 700.0, 5000.0];
    let below = if band == 0 { 0.0 } else { low_pass(corners[band - 1]) };
    let up_to = if band == 3 { 1.0 } else { low_pass(corners[band]) };
    up_to - below
}

/// The symmetric response of a band, by a plain sum of cosines: from the middle on, `reach` more taps.
fn response(band: usize, rate: SampleRate, reach: usize) -> Vec<f64> {
    const POINTS: usize = 32_768;
    let turn = std::f64::consts::TAU / POINTS as f64;
    let cosines: Vec<f64> = (0..POINTS).map(|n| (turn * n as f64).cos()).collect();
    let gains: Vec<f64> =
        (0..=POINTS / 2).map(|bin| gain(band, bin as f64 * rate.as_f64() / POINTS as f64)).collect();
    (0..=reach)
        .map(|n| {
            let inner: f64 = (1..POINTS / 2).map(|bin| 2.0 * gains[bin] * cosines[bin * n % POINTS]).sum();
            let ends = gains[0] + gains[POINTS / 2] * cosines[POINTS / 2 * n % POINTS];
            (inner + ends) / POINTS as f64
        })
        .collect()
}

fn filtered(samples: &[f32], response: &[f64], frames: Range<usize>) -> Vec<f64> {
    let reach = response.len() - 1;
    let padded: Vec<f64> = std::iter::repeat_n(0.0, reach)
        .chain(samples.iter().map(|x| f64::from(*x)))
        .chain(std::iter::repeat_n(0.0, reach + CONTROL_FRAMES))
        .collect();
    frames
        .map(|n| {
            let centre = n + reach;
            let both: f64 = response[1..]
                .iter()
                .enumerate()
                .map(|(k, tap)| tap * (padded[centre - k - 1] + padded[centre + k + 1]))
                .sum();
            both + response[0] * padded[centre]
        })
        .collect()
}

/// Power of each run by the definition: 0.7 of the louder channel, 0.3 of the middle.
fn plain_levels(audio: &Audio, response: &[f64], runs: Range<usize>) -> Vec<f64> {
    let frames = runs.start * CONTROL_FRAMES..runs.end * CONTROL_FRAMES;
    let left = filtered(audio.channel(0), response, frames.clone());
    let right = filtered(audio.channel(1), response, frames);
    let mean = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
    left.chunks(CONTROL_FRAMES)
        .zip(right.chunks(CONTROL_FRAMES))
        .map(|(left, right)| {
            let mid: Vec<f64> = left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)).collect();
            0.7 * mean(left).max(mean(right)) + 0.3 * mean(&mid)
        })
        .collect()
}

/// Bars are shares of the loudest run nearby. Where a band comes back at the full rate, it is the plain filter's level;
/// where it comes back at a part of it, a run has 32, 8 or 4 samples and its centre is half a frame late.
#[test]
fn control_levels_are_those_of_a_plain_filter() {
    for (hertz, bars) in [
        (44_100, [3e-4, 0.02, 0.025, 1e-6]),
        (96_000, [3e-3, 0.04, 0.025, 1e-6]),
        (8_000, [3e-5, 0.02, 1e-6, 1e-4]),
    ] {
        let rate = SampleRate::literal(hertz);
        let audio = signal::programme(rate, 2, 66_000.0 / f64::from(hertz), 11);
        let control = features(&audio).control;
        // About the seam between the first two blocks, from the very start, and to the very end.
        let total = audio.frames().div_ceil(CONTROL_FRAMES);
        let seam = if hertz > 50_000 { 384 } else { 192 };
        for (band, bar) in bars.into_iter().enumerate() {
            let response = response(band, rate, 6000);
            let mut worst = 0.0f64;
            for runs in [0..60, seam - 40..seam + 40, total - 30..total] {
                let plain = plain_levels(&audio, &response, runs.clone());
                let loudest = plain.iter().copied().fold(0.0, f64::max);
                for (got, wanted) in control.powers[band][runs].iter().zip(&plain) {
                    worst = worst.max((f64::from(*got) - wanted).abs() / loudest.max(1e-12));
                }
            }
            assert!(worst < bar, "band {band} at {rate}: off by {worst:.2e} of the loudest run");
        }
        assert!(control.powers.iter().all(|powers| powers.len() == total));
    }
}

#[test]
fn the_four_bands_add_up() {
    for hz in [1.0, 80.0, 110.0, 155.0, 500.0, 700.0, 990.0, 3600.0, 5000.0, 7000.0, 20_000.0] {
        let sum: f64 = (0..4).map(|band| gain(band, hz)).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{hz} Hz");
    }
}

#[test]
fn each_run_has_the_mean_level_of_a_steady_tone() {
    for (band, hz) in [(0, 60.0), (1, 300.0), (2, 2000.0), (3, 11_025.0), (3, 15_000.0)] {
        let frequency = dsp::units::Hertz::literal(hz);
        let audio = signal::sine(crate::RATE, frequency, dsp::units::Dbfs::literal(-6.0), 0.3, 100_000);
        let control = features(&audio).control;
        let inside = &control.powers[band][200..1300];
        let mean = inside.iter().map(|p| f64::from(*p)).sum::<f64>() / inside.len() as f64;
        crate::close("mean level", 10.0 * mean.log10(), -9.01, 0.02);
        for other in (0..4).filter(|other| *other != band) {
            let highest = control.powers[other][200..1300].iter().copied().fold(0.0f32, f32::max);
            // 55 dB below: where a block ends, which the response of an octave's slope is not yet silent over.
            assert!(highest < 0.126 * 3e-6, "{hz} Hz in band {other}: {highest}");
        }
    }
}
