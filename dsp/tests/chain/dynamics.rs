//! Compressors follow their law, bands sum up, nothing is heard of the gain but the gain.

use dsp::analysis::control::CONTROL_FRAMES;
use dsp::audio::Audio;
use dsp::effects::compressor::{mean_reduction, reduction, solve_threshold};
use dsp::effects::multiband::CROSSOVERS_HZ;
use dsp::master::chain::{Chain, ChainPlan, Compressor, Gains};
use dsp::progress::Unwatched;
use dsp::signal;
use dsp::units::{Dbfs, Decibels, Hertz, Milliseconds};

use crate::listening::{
    RATE, busy_plan, compressor, distance, gain_db, impulse, levels_in_band, render, render_with,
    restless_gains,
};

fn power(level_dbfs: f64) -> f32 {
    10f64.powf(level_dbfs / 10.0) as f32
}

#[test]
fn the_static_curve_is_the_formula() {
    for threshold in [-40.0, -24.5, -10.0] {
        for ratio in [1.2, 2.0, 4.0, 20.0] {
            for knee in [0.0, 3.0, 12.0] {
                let law = Compressor { knee: Decibels::literal(knee), ..compressor(threshold, ratio) };
                for step in 0..60 {
                    let level = -59.0 + f64::from(step);
                    let mut got = Vec::new();
                    reduction(&law, &vec![power(level); 4000], RATE, &mut got);
                    let over = level - threshold;
                    let want = if 2.0 * over <= -knee {
                        0.0
                    } else if 2.0 * over.abs() < knee {
                        (1.0 - 1.0 / ratio) * (over + knee / 2.0).powi(2) / (2.0 * knee)
                    } else {
                        (1.0 - 1.0 / ratio) * over
                    };
                    let got = f64::from(got[3999]);
                    assert!(
                        (got - want).abs() < 0.001,
                        "T {threshold} R {ratio} W {knee} at {level}: {got}, {want}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_step_covers_63_percent_in_its_time_constant() {
    for (attack, release) in [(8.0, 60.0), (15.0, 150.0), (30.0, 300.0), (60.0, 400.0)] {
        let law = Compressor {
            attack: Milliseconds::literal(attack),
            release: Milliseconds::literal(release),
            ..compressor(-30.0, 4.0)
        };
        // Quiet, loud, quiet; a step lies where one control point's frames end and the next one's begin.
        let (rise, fall, end) = (200, 2200, 5200);
        let powers: Vec<f32> =
            (0..end).map(|k| power(if (rise..fall).contains(&k) { -10.0 } else { -60.0 })).collect();
        let mut got = Vec::new();
        reduction(&law, &powers, RATE, &mut got);
        let full = f64::from(got[fall - 2]);
        assert!((full - 15.0).abs() < 0.01, "the case must be real: {full} dB");
        let point_ms = CONTROL_FRAMES as f64 / 44.1;
        let crossing_ms = |from: usize, level: f64, rising: f64| {
            let passed = |k: usize| rising * (f64::from(got[k]) - level) >= 0.0;
            let k = (from..end).find(|&k| passed(k)).unwrap();
            let (a, b) = (f64::from(got[k - 1]), f64::from(got[k]));
            // Values belong to the middle of their frames.
            ((k - 1 - from) as f64 + (level - a) / (b - a) + 0.5) * point_ms
        };
        let part = 1.0 - (-1.0f64).exp();
        let up = crossing_ms(rise, full * part, 1.0);
        let down = crossing_ms(fall, full * (1.0 - part), -1.0);
        assert!((up / attack - 1.0).abs() < 0.03, "attack {attack} ms took {up} ms");
        assert!((down / release - 1.0).abs() < 0.03, "release {release} ms took {down} ms");
    }
}

#[test]
fn the_solved_threshold_gives_the_wanted_mean() {
    let mix = signal::programme(RATE, 2, 12.0, 4);
    let powers = &levels_in_band(&mix, 2).powers[2];
    let gate = Dbfs::literal(-50.0);
    for wanted in [0.3, 0.8, 1.5, 4.0] {
        let asked = compressor(0.0, 2.0);
        let threshold = solve_threshold(&asked, powers, RATE, gate, Decibels::literal(wanted));
        let mut got = Vec::new();
        reduction(&Compressor { threshold, ..asked }, powers, RATE, &mut got);
        let mean = mean_reduction(&got, powers, gate).value();
        assert!((mean - wanted).abs() < 0.006, "{mean} dB for {wanted} dB at {threshold}");
        let hundredths = threshold.value() * 100.0;
        assert!((hundredths - hundredths.round()).abs() < 1e-9);
    }
}

#[test]
fn one_gain_serves_both_channels() {
    // Left four times right: whatever the gain does, the image stays.
    let one = signal::programme(RATE, 1, 6.0, 7).channel(0).to_vec();
    let quarter: Vec<f32> = one.iter().map(|x| x / 4.0).collect();
    let mix = crate::listening::stereo(RATE, &one, &quarter);
    let plan = ChainPlan { glue: Some(compressor(-50.0, 3.0)), ..ChainPlan::NEUTRAL };
    let out = render_with(&plan, &Gains::of(&plan, &levels_in_band(&mix, 2)), &mix);
    assert!(distance(&out, &mix) > 0.01, "the case must be real");
    let pairs = out.channel(0).iter().zip(out.channel(1));
    assert!(pairs.into_iter().all(|(l, r)| *l == *r * 4.0));
}

#[test]
fn equal_gains_in_all_bands_are_no_bands_at_all() {
    let plan = busy_plan(11);
    let mix = signal::noise(RATE, 2, Dbfs::literal(-18.0), 60_000, 3);
    let [curve, ..] = restless_gains(60_000, 1);
    let still = Gains::Four([0; 4].map(|_| vec![1.0; curve.len()]));
    assert_eq!(render_with(&plan, &still, &mix), render(&plan, &mix));
    let four = Gains::Four([0; 4].map(|_| curve.clone()));
    assert_eq!(render_with(&plan, &four, &mix), render_with(&plan, &Gains::One(curve), &mix));
}

#[test]
fn bands_sum_up_to_what_went_in() {
    // Each band alone, by a gain of one on it and none on the others.
    let plan = ChainPlan { bands: Some([compressor(-30.0, 2.0); 4]), ..ChainPlan::NEUTRAL };
    let mix = signal::noise(RATE, 2, Dbfs::literal(-12.0), 60_000, 5);
    let points = mix.frames().div_ceil(CONTROL_FRAMES);
    let alone = [0, 1, 2, 3].map(|band| {
        let gains = [0, 1, 2, 3].map(|other| vec![if other == band { 1.0 } else { 0.0 }; points]);
        render_with(&plan, &Gains::Four(gains), &mix)
    });
    let mut worst = 0.0f64;
    for channel in 0..2 {
        for n in 0..mix.frames() {
            let sum: f64 = alone.iter().map(|band| f64::from(band.channel(channel)[n])).sum();
            worst = worst.max((sum - f64::from(mix.channel(channel)[n])).abs());
        }
    }
    let worst_dbfs = 20.0 * worst.log10();
    println!("sum of bands: {worst_dbfs:.1} dBFS");
    assert!(worst_dbfs <= -120.0, "{worst_dbfs} dBFS");
}

#[test]
fn a_band_is_60_db_down_an_octave_beyond_its_edge() {
    let plan = ChainPlan { bands: Some([compressor(-30.0, 2.0); 4]), ..ChainPlan::NEUTRAL };
    let (frames, at) = (65_536, 30_000);
    let click = signal::in_channels(RATE, 1, &impulse(at, frames));
    let mut worst = f64::NEG_INFINITY;
    for band in 0..4usize {
        let gains = [0, 1, 2, 3].map(|other| vec![if other == band { 1.0 } else { 0.0 }; frames / 64]);
        let out = render_with(&plan, &Gains::Four(gains), &click);
        let below = band.checked_sub(1).map(|k| CROSSOVERS_HZ[k] / 2.0);
        let above = CROSSOVERS_HZ.get(band).map(|hz| hz * 2.0);
        for step in 0..220 {
            let hz = 20.0 * 2f64.powf(f64::from(step) / 22.0);
            let beyond = below.is_some_and(|edge| hz <= edge) || above.is_some_and(|edge| hz >= edge);
            if beyond {
                worst = worst.max(gain_db(out.channel(0), RATE, Hertz::literal(hz)));
            }
        }
    }
    println!("band isolation: {worst:.1} dB");
    assert!(worst <= -60.0, "{worst} dB");
}

#[test]
fn a_steady_tone_under_steady_reduction_stays_a_tone() {
    let frames = RATE.frames_in(Milliseconds::literal(6000.0));
    let tone = signal::sine(RATE, Hertz::literal(1000.0), Dbfs::literal(-6.0), 0.3, frames);
    let mix: Audio = signal::in_channels(RATE, 2, tone.channel(0));
    let law = compressor(-20.0, 2.0);
    let plan = ChainPlan { bands: Some([law; 4]), ..ChainPlan::NEUTRAL };
    let gains = Gains::of(&plan, &levels_in_band(&mix, 2));
    let out = Chain::new(&plan, RATE, 2).render(&mix, &gains, &Unwatched).unwrap();
    let settled = &out.channel(0)[88_200..88_200 + 132_300];
    let windowed: Vec<f32> = blackman_harris(settled);
    let level = |hz: f64| gain_db(&windowed, RATE, Hertz::literal(hz));
    let tone_db = level(1000.0);
    let input_db = {
        let given = blackman_harris(&mix.channel(0)[88_200..88_200 + 132_300]);
        gain_db(&given, RATE, Hertz::literal(1000.0))
    };
    assert!(tone_db < input_db - 4.0, "the case must be real: {} dB", tone_db - input_db);
    let harmonics: f64 = (2..=20).map(|k| 10f64.powf(level(1000.0 * f64::from(k)) / 10.0)).sum();
    let harmonics_db = 10.0 * harmonics.log10() - tone_db;
    let beside = (1..400).map(|k| f64::from(k) * 2.0).filter(|hz| *hz > 8.0);
    let beside_db =
        beside.map(|hz| level(1000.0 + hz).max(level(1000.0 - hz))).fold(f64::MIN, f64::max) - tone_db;
    println!("harmonics {harmonics_db:.1} dB, strongest sideband {beside_db:.1} dB");
    assert!(harmonics_db < -100.0, "{harmonics_db} dB");
}

fn blackman_harris(samples: &[f32]) -> Vec<f32> {
    let step = std::f64::consts::TAU / samples.len() as f64;
    let window = |n: usize| {
        let x = step * n as f64;
        0.358_75 - 0.488_29 * x.cos() + 0.141_28 * (2.0 * x).cos() - 0.011_68 * (3.0 * x).cos()
    };
    samples.iter().enumerate().map(|(n, &x)| (f64::from(x) * window(n)) as f32).collect()
}
