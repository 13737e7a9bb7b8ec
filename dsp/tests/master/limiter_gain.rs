//! The limiter's gain alone, on maps of levels: what holds for every signal.

use dsp::effects::limiter::{BlockPeaks, GainCurve, Limiter};
use dsp::effects::pcg::Pcg32;
use dsp::units::{Milliseconds, SampleRate};

const RATES_HZ: [u32; 5] = [8_000, 44_100, 48_000, 96_000, 384_000];

/// Levels with a heavy tail, bursts, silences and single peaks.
fn level_map(seed: u64, frames: usize) -> Vec<f32> {
    let mut lanes = Pcg32::new(seed, 0).from(0);
    let mut map = Vec::with_capacity(frames + 8);
    let mut base = 0.5f32;
    while map.len() < frames {
        for number in lanes.draw() {
            let uniform = number as f32 / 4_294_967_296.0;
            if number % 997 == 0 {
                base = uniform * uniform * 2.0;
            }
            let peak = if number % 389 == 0 { 4.0 } else { 1.0 };
            map.push(if number % 5003 == 0 { 0.0 } else { base * uniform * peak });
        }
    }
    map.truncate(frames);
    map
}

fn limiter() -> Limiter {
    Limiter::new(Limiter::LOOKAHEAD, Milliseconds::literal(60.0)).expect("in range")
}

/// Those that a plan can choose, for dense music.
fn candidates() -> [Limiter; 3] {
    Limiter::candidates(8.0)
}

fn gains(map: &[f32], threshold: f64, rate_hz: u32) -> Vec<f32> {
    gains_of(&limiter(), map, threshold, rate_hz)
}

/// The gain of each frame: what the limiter does to a signal of ones.
fn gains_of(limiter: &Limiter, map: &[f32], threshold: f64, rate_hz: u32) -> Vec<f32> {
    let peaks = BlockPeaks::of_map(map, SampleRate::literal(rate_hz));
    let curve = GainCurve::new(&peaks, threshold, limiter);
    let ones = vec![1.0f32; map.len()];
    let mut out = vec![0.0f32; map.len()];
    curve.apply(0, 1.0, &ones, &mut out);
    out
}

#[test]
fn gain_times_level_never_exceeds_the_threshold() {
    for rate_hz in RATES_HZ {
        for (seed, frames) in [(1, 1), (2, 7), (3, 8), (4, 9), (5, 1000), (6, 40_000), (7, 100_001)] {
            let map = level_map(seed, frames);
            for threshold in [0.05, 0.3, 0.891, 1.0] {
                let gains = gains(&map, threshold, rate_hz);
                for (frame, (gain, level)) in gains.iter().zip(&map).enumerate() {
                    let reached = f64::from(*gain) * f64::from(*level);
                    assert!(
                        reached <= threshold * (1.0 + 1e-7),
                        "{rate_hz} Hz, frame {frame}: {reached} over {threshold}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_gain_is_exactly_one_where_nothing_needs_it() {
    let mut map = vec![0.8f32; 200_000];
    assert!(gains(&map, 0.8, 44_100).iter().all(|&gain| gain == 1.0), "at the threshold is not over it");
    map[100_000] = 1.6;
    let gains = gains(&map, 0.8, 44_100);
    assert!(gains[100_000] <= 0.5, "the case must be real");
    let lookahead_frames = 2 * 67 + 3 * 8;
    assert!(
        gains[..100_000 - lookahead_frames].iter().all(|&gain| gain == 1.0),
        "nothing before the look-ahead"
    );
    let second_later = gains[100_000 + 44_100];
    assert!(20.0 * second_later.log10() > -0.1, "recovered a second after a single peak: {second_later}");
}

#[test]
fn the_gain_moves_smoothly_even_into_a_step_of_12_db() {
    let mut map = vec![0.25f32; 60_000];
    map[30_000..].fill(4.0);
    let gains = gains(&map, 1.0, 44_100);
    assert!(gains[20_000] == 1.0 && gains[40_000] <= 0.25, "the case must be real");
    // A kernel of three boxes over 3 ms is at most 0.75 per ms high, so a gain of 1 falls by 0.75 × 0.75 per ms at
    // most; between two frames at 44.1 kHz that is 0.0128, plus what the grid of eight frames adds.
    let steepest = gains.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 0.0135, "{steepest}");
    // No corner either: the slope changes by little from frame to frame.
    let bend = gains.windows(3).map(|g| (g[2] - 2.0 * g[1] + g[0]).abs()).fold(0.0, f32::max);
    assert!(bend < 0.0005, "{bend}");
}

#[test]
fn a_burst_is_forgotten_within_240_ms_however_long_it_was() {
    for limiter in candidates() {
        for burst_ms in [5, 50, 500, 2000] {
            // Over a programme 1 dB below the threshold.
            let mut map = vec![0.89f32; 200_000];
            let end = 50_000 + burst_ms * 441 / 10;
            map[50_000..end].fill(2.0);
            let gains = gains_of(&limiter, &map, 1.0, 44_100);
            assert!(gains[50_000] <= 0.5, "the case must be real");
            let duck_db = -20.0 * gains[end + 240 * 441 / 10].log10();
            assert!(duck_db < 0.01, "{limiter:?}: {duck_db} dB left after {burst_ms} ms");
        }
    }
}

#[test]
fn the_gain_stands_still_between_equal_peaks_20_ms_apart() {
    for limiter in candidates() {
        let mut map = vec![0.5f32; 200_000];
        map.iter_mut().step_by(882).for_each(|level| *level = 1.6);
        let gains = gains_of(&limiter, &map, 0.8, 44_100);
        let settled = &gains[20_000..180_000];
        let furthest = settled.iter().map(|gain| (gain / settled[0] - 1.0).abs()).fold(0.0, f32::max);
        assert!(furthest < 2e-7, "rounding and no more, {limiter:?}: {furthest}");
        assert!((settled[0] - 0.5).abs() < 1e-5, "and where it must be: {}", settled[0]);
    }
}

#[test]
fn a_stroke_is_announced_only_where_another_has_just_been() {
    let stroke = 150_000;
    // How far the gain is down 10 ms before a stroke of 6 dB, so many milliseconds after another one.
    let announced_db = |limiter: &Limiter, after_ms: usize| {
        let mut map = vec![0.3f32; 200_000];
        (map[stroke], map[stroke - after_ms * 441 / 10]) = (1.6, 1.6);
        -20.0 * gains_of(limiter, &map, 0.8, 44_100)[stroke - 441].log10()
    };
    for limiter in candidates() {
        assert_eq!(announced_db(&limiter, 0), 0.0, "alone");
        let (close, far) = (announced_db(&limiter, 120), announced_db(&limiter, 1000));
        assert!(close > 0.1, "the case must be real, {limiter:?}: {close} dB");
        assert!(far < 0.2 && far < close, "{limiter:?}: {far} dB after {close} dB");
    }
}

#[test]
fn a_loud_first_frame_finds_the_gain_down_already() {
    let mut map = vec![0.1f32; 10_000];
    map[0] = 4.0;
    assert!(gains(&map, 1.0, 44_100)[0] <= 0.25);
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let map = level_map(9, 100_003);
    let here = gains(&map, 0.3, 48_000);
    dsp::simd::set_baseline_only(true);
    let baseline = gains(&map, 0.3, 48_000);
    dsp::simd::set_baseline_only(false);
    assert_eq!(here, baseline);
}
