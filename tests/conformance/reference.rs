//! The true peak by brute force, to judge the fast meter: 32 times the rate, 192 taps, in double precision.
//!
//! Shares nothing with the meter: its window is a Blackman-Harris, its sums are done one point at a time.

use std::f64::consts::PI;

const TAPS: i64 = 192;
const PHASES: usize = 32;

/// Highest magnitude between the sample before the first and the last one, in dB.
///
/// Only frames beside a sample above half the highest are looked at: between two samples below half of it no
/// signal of the tests here comes near the top.
pub fn true_peak(samples: &[f32]) -> f64 {
    let highest_sample = samples.iter().fold(0.0f32, |highest, x| highest.max(x.abs()));
    let filters: Vec<Vec<f64>> = (0..PHASES).map(|phase| filter(phase as f64 / PHASES as f64)).collect();
    let mut highest = f64::from(highest_sample);
    for frame in -1..samples.len() as i64 {
        let beside = at(samples, frame).abs().max(at(samples, frame + 1).abs());
        if beside < f64::from(highest_sample) / 2.0 {
            continue;
        }
        let first = frame + 1 - TAPS / 2;
        let window: Vec<f64> = (first..first + TAPS).map(|n| at(samples, n)).collect();
        for filter in &filters {
            let value: f64 = window.iter().zip(filter).map(|(x, tap)| x * tap).sum();
            highest = highest.max(value.abs());
        }
    }
    20.0 * highest.log10()
}

fn at(samples: &[f32], frame: i64) -> f64 {
    usize::try_from(frame).ok().and_then(|n| samples.get(n)).map_or(0.0, |x| f64::from(*x))
}

fn filter(fraction: f64) -> Vec<f64> {
    (0..TAPS)
        .map(|k| {
            let distance = (k - (TAPS / 2 - 1)) as f64 - fraction;
            let turn = 2.0 * PI * (distance / TAPS as f64 + 0.5);
            let window = 0.358_75 - 0.488_29 * turn.cos() + 0.141_28 * (2.0 * turn).cos()
                - 0.011_68 * (3.0 * turn).cos();
            let sinc = if distance == 0.0 { 1.0 } else { (PI * distance).sin() / (PI * distance) };
            window * sinc
        })
        .collect()
}
