//! What the limiter does to tones in steady state.

use dsp::audio::{Audio, Samples};
use dsp::effects::limiter::{BlockPeaks, GainCurve, Limiter};
use dsp::meter::true_peak::peak_map;
use dsp::units::{Decibels, SampleRate};

use crate::spectrum::{amplitude, thd_db};

const RATE_HZ: usize = 48_000;

/// Three seconds of a sum of sines, limited so far; of these one second when everything is settled, not the end,
/// where the tones break off.
fn settled(tones: &[(f64, f64)], reduction_db: f64, limiter: &Limiter) -> Vec<f64> {
    let frames = 3 * RATE_HZ;
    let sample = |n: usize| -> f64 {
        tones
            .iter()
            .map(|(hz, peak)| peak * (std::f64::consts::TAU * hz * n as f64 / RATE_HZ as f64 + 0.4).sin())
            .sum()
    };
    let samples: Vec<f32> = (0..frames).map(|n| sample(n) as f32).collect();
    let rate = SampleRate::literal(RATE_HZ as u32);
    let audio = Audio::from_channels(rate, vec![Samples::copied(&samples)]);
    let map = peak_map(&audio);
    let highest = map[RATE_HZ..2 * RATE_HZ].iter().fold(0.0f32, |a, &b| a.max(b));
    let threshold = f64::from(highest) * Decibels::literal(-reduction_db).amplitude();
    let curve = GainCurve::new(&BlockPeaks::of_map(&map, rate), threshold, limiter);
    let settled = 3 * RATE_HZ / 2..5 * RATE_HZ / 2;
    let reached = curve.blocks()[settled.start / 8..settled.end / 8].iter().fold(1.0f32, |a, &b| a.min(b));
    assert!((20.0 * f64::from(reached).log10() + reduction_db).abs() < 0.01, "the case must be real");
    let mut out = vec![0.0f32; frames];
    curve.apply(0, 1.0, audio.channel(0), &mut out);
    out[settled].iter().map(|&x| f64::from(x)).collect()
}

/// The limiters that a plan can choose for a tone, whose peaks stand 3 dB over its loudness.
fn limiters() -> [Limiter; 3] {
    Limiter::candidates(3.0)
}

#[test]
fn explore() {
    for limiter in limiters() {
        println!("{limiter:?}");
        for hz in [50.0, 100.0, 200.0, 1000.0] {
            println!("  {hz} THD {:.1}", thd_db(&settled(&[(hz, 0.9)], 6.0, &limiter), hz as usize));
        }
        let two = settled(&[(60.0, 0.6), (3000.0, 0.15)], 4.0, &limiter);
        let carrier = amplitude(&two, 3000);
        let sides: f64 =
            (1..=10).flat_map(|k| [3000 - 60 * k, 3000 + 60 * k]).map(|c| amplitude(&two, c).powi(2)).sum();
        println!("  IMD {:.1}", 10.0 * (sides / carrier.powi(2)).log10());
        let high = settled(&[(15_000.0, 0.9)], 6.0, &limiter);
        let spur = (1..24_000)
            .step_by(1)
            .filter(|c| *c != 15_000)
            .step_by(7)
            .map(|c| amplitude(&high, c))
            .fold(0.0, f64::max);
        println!("  15k spur {:.1}", 20.0 * spur.log10());
    }
}
