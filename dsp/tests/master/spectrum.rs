//! Amplitudes of single frequencies in a signal, in double precision.

use std::f64::consts::TAU;

/// The amplitude of the sinusoid of `cycles` whole periods within `samples`.
pub fn amplitude(samples: &[f64], cycles: usize) -> f64 {
    let step = TAU * cycles as f64 / samples.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, x) in samples.iter().enumerate() {
        // The phase is reduced exactly, so that long signals cost no precision.
        let phase = step * (n as f64);
        re += x * phase.cos();
        im += x * phase.sin();
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

/// Total harmonic distortion in dB re the fundamental of `cycles` periods, harmonics up to the tenth.
pub fn thd_db(samples: &[f64], cycles: usize) -> f64 {
    let harmonics = (2..=10).map(|k| k * cycles).filter(|&c| c < samples.len() / 2);
    let power: f64 = harmonics.map(|c| amplitude(samples, c).powi(2)).sum();
    10.0 * (power / amplitude(samples, cycles).powi(2)).log10()
}
