//! What the limiter does to tones in steady state.

use dsp::audio::{Audio, Samples};
use dsp::effects::limiter::{BlockPeaks, GainCurve, Limiter};
use dsp::meter::true_peak::peak_map;
use dsp::units::{Decibels, SampleRate};

use crate::spectrum::{amplitude, thd_db};

const RATE_HZ: usize = 48_000;

fn settled(tones: &[(f64, f64)], reduction_db: f64, limiter: &Limiter) -> Vec<f64> {
    settled_at(RATE_HZ, tones, reduction_db, limiter)
}

/// Three seconds of a sum of sines, limited so far; of these one second when everything is settled, not the end,
/// where the tones break off.
fn settled_at(rate_hz: usize, tones: &[(f64, f64)], reduction_db: f64, limiter: &Limiter) -> Vec<f64> {
    let frames = 3 * rate_hz;
    let sample = |n: usize| -> f64 {
        tones
            .iter()
            .map(|(hz, peak)| peak * (std::f64::consts::TAU * hz * n as f64 / rate_hz as f64 + 0.4).sin())
            .sum()
    };
    let samples: Vec<f32> = (0..frames).map(|n| sample(n) as f32).collect();
    let rate = SampleRate::literal(rate_hz as u32);
    let audio = Audio::from_channels(rate, vec![Samples::copied(&samples)]);
    let map = peak_map(&audio);
    let highest = map[rate_hz..2 * rate_hz].iter().fold(0.0f32, |a, &b| a.max(b));
    let threshold = f64::from(highest) * Decibels::literal(-reduction_db).amplitude();
    let curve = GainCurve::new(&BlockPeaks::of_map(&map, rate), threshold, limiter);
    let settled = 3 * rate_hz / 2..5 * rate_hz / 2;
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
fn a_bass_note_under_6_db_of_reduction_is_only_softer() {
    // Many limiters reach −31 dB at 50 Hz: their gain follows the half-waves.
    for limiter in limiters() {
        for hz in [30, 50, 100, 1000] {
            let thd = thd_db(&settled(&[(hz as f64, 0.9)], 6.0, &limiter), hz);
            assert!(thd <= -150.0, "{limiter:?} at {hz} Hz: {thd:.1} dB");
        }
    }
}

#[test]
fn a_bass_note_does_not_make_a_high_tone_flutter() {
    // Intermodulation of 60 Hz and 3 kHz at 4 dB of reduction: all sidebands up to the tenth, re the high tone.
    for limiter in limiters() {
        let two = settled(&[(60.0, 0.6), (3000.0, 0.15)], 4.0, &limiter);
        let sidebands = (1..=10).flat_map(|k| [3000 - 60 * k, 3000 + 60 * k]);
        let power: f64 = sidebands.map(|cycles| amplitude(&two, cycles).powi(2)).sum();
        let db = 10.0 * (power / amplitude(&two, 3000).powi(2)).log10();
        assert!(db <= -140.0, "{limiter:?}: {db:.1} dB");
    }
}

#[test]
fn two_tones_that_beat_fast_leave_nothing_beside_themselves() {
    // 1 and 17 kHz, 6 dB over the threshold. All that is not one of the two, together, re their sum.
    for limiter in limiters() {
        let out = settled_at(44_100, &[(1000.0, 0.5), (17_000.0, 0.5)], 6.0, &limiter);
        let total: f64 = out.iter().map(|x| x * x).sum::<f64>() / out.len() as f64;
        let tones = [1000, 17_000].map(|cycles| amplitude(&out, cycles).powi(2) / 2.0).iter().sum::<f64>();
        let rest_db = 10.0 * ((total - tones).max(1e-30) / tones).log10();
        assert!(rest_db < -125.0, "{limiter:?}: {rest_db:.1} dB");
    }
}

#[test]
fn a_high_tone_under_6_db_of_reduction_has_no_aliases() {
    for limiter in limiters() {
        let out = settled(&[(15_000.0, 0.9)], 6.0, &limiter);
        let total: f64 = out.iter().map(|x| x * x).sum::<f64>() / out.len() as f64;
        let tone = amplitude(&out, 15_000).powi(2) / 2.0;
        // Everything that is not the tone, all of it together.
        let rest_db = 10.0 * ((total - tone).max(1e-30)).log10();
        assert!(rest_db < -110.0, "{limiter:?}: {rest_db:.1} dBFS");
    }
}

#[test]
fn the_gain_takes_the_same_course_at_every_rate() {
    // The same steps of level at two rates. Blocks of eight frames place a step within 0.17 ms at 48 kHz, where the
    // gain moves by up to 3 dB per millisecond.
    let gain_db = |rate_hz: u32| {
        let rate = SampleRate::literal(rate_hz);
        let map: Vec<f32> = (0..2 * rate_hz)
            .map(|n| if (n / (rate_hz / 10)).is_multiple_of(3) { 1.6 } else { 0.4 })
            .collect();
        let curve = GainCurve::new(&BlockPeaks::of_map(&map, rate), 0.9, &limiters()[1]);
        let at = |ms: usize| 20.0 * curve.blocks()[ms * rate_hz as usize / 8000].log10();
        (100..1900).step_by(7).map(at).collect::<Vec<f32>>()
    };
    let (low, high) = (gain_db(48_000), gain_db(192_000));
    let worst = low.iter().zip(&high).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 0.5, "{worst} dB");
}
