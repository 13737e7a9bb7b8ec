//! Tempo: where the onsets' autocorrelation has its comb.

use rayon::prelude::*;

use crate::analysis::control::{CONTROL_FRAMES, ControlLevels};
use crate::analysis::features::Tempo;

const SLOWEST_BPM: f64 = 50.0;
const FASTEST_BPM: f64 = 200.0;
/// Beats that are compared.
const BEATS: usize = 4;

/// The tempo, if a beat repeats: none below 8 s, or if less than a tenth of the onsets' power does.
pub(super) fn of(control: &ControlLevels) -> Option<Tempo> {
    const LEAST_SECONDS: f64 = 8.0;
    const LEAST_CONFIDENCE: f64 = 0.1;
    /// Repeated onsets of about half a decibel: a steady tone ripples by less, music by ten times as much.
    const LEAST_POWER: f64 = 0.003;
    if control.rate.seconds(control.frames) < LEAST_SECONDS {
        return None;
    }
    let runs = (0.01 * control.rate.as_f64() / CONTROL_FRAMES as f64).round().max(1.0) as usize;
    let per_second = control.rate.as_f64() / (runs * CONTROL_FRAMES) as f64;
    let onsets = onsets(control, runs);
    let correlation = autocorrelation(&onsets, (per_second * 60.0 / SLOWEST_BPM * BEATS as f64) as usize + 2);
    if correlation[0] <= 0.0 {
        return None;
    }
    let (beats_per_minute, period) = best(&correlation, per_second);
    let repeats = (1..=BEATS).map(|beat| at(&correlation, beat as f64 * period)).sum::<f64>() / BEATS as f64;
    let confidence = (repeats / correlation[0]).clamp(0.0, 1.0);
    let found = confidence >= LEAST_CONFIDENCE && repeats >= LEAST_POWER;
    let beats_per_minute = beats_per_minute * period / refined(&onsets, period);
    found.then_some(Tempo { beats_per_minute, confidence })
}

/// How much the bands' levels rise, about every 10 ms, less the mean. Levels are logarithms above a hundredth of the
/// band's mean, so that a soft band's onsets count as those of a loud one.
fn onsets(control: &ControlLevels, runs: usize) -> Vec<f32> {
    let count = control.powers[0].len() / runs;
    let mut onsets = vec![0.0f32; count];
    for powers in &control.powers {
        let mean = powers.iter().map(|power| f64::from(*power)).sum::<f64>() / powers.len() as f64;
        if mean < 1e-12 {
            continue;
        }
        let scale = (100.0 / (mean * runs as f64)) as f32;
        let mut before = None;
        for (onset, powers) in onsets.iter_mut().zip(powers.chunks_exact(runs)) {
            let level = (powers.iter().sum::<f32>() * scale).ln_1p();
            *onset += (level - before.unwrap_or(level)).max(0.0);
            before = Some(level);
        }
    }
    let mean = onsets.iter().map(|onset| f64::from(*onset)).sum::<f64>() / count.max(1) as f64;
    onsets.iter_mut().for_each(|onset| *onset -= mean as f32);
    onsets
}

/// Mean products at each lag.
fn autocorrelation(onsets: &[f32], lags: usize) -> Vec<f64> {
    (0..lags).into_par_iter().map(|lag| correlation_at(onsets, lag)).collect()
}

fn correlation_at(onsets: &[f32], lag: usize) -> f64 {
    let later = onsets.get(lag..).unwrap_or_default();
    let products = onsets.chunks(256).zip(later.chunks(256)).map(|(a, b)| product(a, b));
    products.sum::<f64>() / later.len().max(1) as f64
}

/// The period as eight and then sixteen beats have it, where they still correlate: the centre of the peak there.
fn refined(onsets: &[f32], period: f64) -> f64 {
    [8.0, 16.0].into_iter().fold(period, |period, beats| {
        let expected = (beats * period).round() as usize;
        if 2 * expected > onsets.len() {
            return period;
        }
        let lags = expected - 2..=expected + 2;
        let weights = lags.map(|lag| (correlation_at(onsets, lag).max(0.0), lag as f64));
        let (sum, moment) = weights.fold((0.0, 0.0), |(sum, moment), (w, lag)| (sum + w, moment + w * lag));
        if sum > 0.0 { moment / sum / beats } else { period }
    })
}

/// In eight lanes.
fn product(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = if a.len() == b.len() {
        a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum()
    } else {
        return a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum();
    };
    for (a, b) in a8.zip(b8) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    f64::from(lanes.iter().sum::<f32>() + rest)
}

/// The tempo whose next four beats fit best, with what lies between beats counted against it, and those near 120 beats
/// per minute preferred (as listeners do: a log-normal, Ellis 2007, here of 1.5 octaves, so that a lone click at 52 is
/// not taken for one at 104 with every other missing); and its period in onsets.
fn best(correlation: &[f64], per_second: f64) -> (f64, f64) {
    const BETWEEN: f64 = 0.3;
    const OCTAVES: f64 = 1.5;
    let steps = (1200.0 * (FASTEST_BPM / SLOWEST_BPM).log2()) as usize;
    let tempi = (0..=steps).map(|step| SLOWEST_BPM * 2f64.powf(step as f64 / 1200.0));
    let scored = tempi.map(|bpm| {
        let period = per_second * 60.0 / bpm;
        let beats = (1..=BEATS).map(|beat| {
            let beat = beat as f64;
            at(correlation, beat * period) - BETWEEN * at(correlation, (beat - 0.5) * period)
        });
        let preference = (-0.5 * ((bpm / 120.0).log2() / OCTAVES).powi(2)).exp();
        (preference * beats.sum::<f64>(), bpm, period)
    });
    let best = scored.fold((f64::MIN, 0.0, 0.0), |best, next| if next.0 > best.0 { next } else { best });
    (best.1, best.2)
}

/// Between lags: a straight line.
fn at(correlation: &[f64], lag: f64) -> f64 {
    let index = lag as usize;
    let Some([from, to]) = correlation.get(index..index + 2) else { return 0.0 };
    from + (to - from) * lag.fract()
}
