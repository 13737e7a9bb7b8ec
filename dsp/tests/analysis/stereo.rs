//! The image of signals made from a known middle and side.

use dsp::audio::{Audio, Samples};
use dsp::signal;
use dsp::units::Dbfs;

use crate::{RATE, close, features, stereo, tone};

fn noise(rms_dbfs: f64, seed: u64) -> Audio {
    signal::noise(RATE, 1, Dbfs::literal(rms_dbfs), 44_100 * 20, seed)
}

#[test]
fn width_and_correlation_are_those_of_construction() {
    // S at a quarter of M's power: L = M + S, R = M − S; correlation (1 − ¼) / (1 + ¼).
    let (mid, side) = (noise(-20.0, 1), noise(-26.02, 2));
    let value = |sign: f64| {
        let (mid, side) = (&mid, &side);
        move |n: usize| f64::from(mid.channel(0)[n]) + sign * f64::from(side.channel(0)[n])
    };
    let image = features(&stereo(RATE, mid.frames(), value(1.0), value(-1.0))).stereo;
    close("correlation", image.correlation, 0.6, 0.005);
    close("balance", image.balance.value(), 0.0, 0.05);
    // A band of noise that is 150 Hz wide has a standard error of about 2 %.
    for (band, within) in [(0, 0.03), (1, 0.02), (2, 0.006), (3, 0.005)] {
        close(&format!("width {band}"), image.band_width[band], 0.25, within);
        close(&format!("correlation {band}"), image.band_correlation[band], 0.6, 2.0 * within);
    }
    assert!(!image.is_mono && image.dead_channels.is_empty());
}

#[test]
fn each_band_has_an_image_of_its_own() {
    // 60 Hz in both, 300 Hz inverted, 2 kHz left only, 10 kHz shifted by a quarter.
    let shifted = |n: usize| 0.1 * (std::f64::consts::TAU * 10_000.0 * n as f64 / 44_100.0).cos();
    let left =
        |n: usize| tone(60.0, 0.1, n) + tone(300.0, 0.1, n) + tone(2000.0, 0.1, n) + tone(10_000.0, 0.1, n);
    let right = |n: usize| tone(60.0, 0.1, n) - tone(300.0, 0.1, n) + shifted(n);
    let found = features(&stereo(RATE, 44_100 * 10, left, right));
    for (band, correlation) in [1.0, -1.0, 0.0, 0.0].into_iter().enumerate() {
        close(&format!("band {band}"), found.stereo.band_correlation[band], correlation, 0.005);
    }
    close("mono bass", found.stereo.band_width[0], 0.0, 1e-4);
    close("one side", found.stereo.band_width[2], 1.0, 0.01);
    assert!(found.stereo.band_width[1] > 1e4 && found.stereo.band_width[1].is_finite());
    close("bass", found.low_end.bass_correlation, 1.0, 1e-3);
    assert!(found.low_end.bass_side.value() < -40.0, "{}", found.low_end.bass_side);
}

#[test]
fn bass_beside_the_middle_is_told_from_bass_in_it() {
    let left = |n: usize| tone(55.0, 0.2, n);
    let quarter = |n: usize| 0.2 * (std::f64::consts::TAU * 55.0 * n as f64 / 44_100.0).cos();
    let wide = features(&stereo(RATE, 44_100 * 10, left, quarter)).low_end;
    close("correlation", wide.bass_correlation, 0.0, 0.01);
    close("side", wide.bass_side.value(), 0.0, 0.1);
    let mono = features(&signal::in_channels(RATE, 2, noise(-20.0, 4).channel(0))).low_end;
    assert_eq!((mono.bass_correlation, mono.bass_side.value()), (1.0, -200.0));
}

#[test]
fn a_louder_channel_and_a_dead_one_are_told_apart() {
    let noise = noise(-20.0, 3);
    let louder = |gain: f64| {
        let noise = &noise;
        let value = move |n: usize| f64::from(noise.channel(0)[n]);
        features(&stereo(RATE, noise.frames(), value, move |n| gain * value(n))).stereo
    };
    let soft = louder(0.5);
    close("balance", soft.balance.value(), 6.02, 0.01);
    assert!(soft.dead_channels.is_empty() && !soft.is_mono);
    assert_eq!(louder(0.000_2).dead_channels, Vec::<usize>::new(), "74 dB down is still something");
    assert_eq!(louder(0.000_05).dead_channels, [1], "86 dB down is nothing");
    let dead = louder(0.0);
    assert_eq!(dead.dead_channels, [1]);
    assert!(dead.correlation == 0.0 && dead.balance.value().is_finite());
}

#[test]
fn the_same_samples_twice_are_mono_and_one_bit_makes_a_difference() {
    let noise = noise(-20.0, 5);
    let mut audio = signal::in_channels(RATE, 2, noise.channel(0));
    let image = features(&audio).stereo;
    assert!(image.is_mono && image.correlation > 0.999_999 && image.band_width == [0.0; 4]);
    audio.channel_mut(1)[500_001] += 1e-6;
    assert!(!features(&audio).stereo.is_mono);
}

#[test]
fn one_channel_reads_as_the_same_in_both() {
    let noise = noise(-20.0, 6);
    let (one, two) = (features(&noise), features(&signal::in_channels(RATE, 2, noise.channel(0))));
    assert!(one.stereo.is_mono && one.stereo.correlation == two.stereo.correlation);
    assert_eq!(one.spectrum, two.spectrum);
    assert_eq!(one.control, two.control);
    assert_eq!((one.dynamics, one.tempo), (two.dynamics, two.tempo));
    assert_eq!((one.dc.len(), two.dc.len()), (1, 2));
}

#[test]
fn of_more_channels_the_first_two_count() {
    let pair = signal::noise(RATE, 2, Dbfs::literal(-20.0), 100_000, 7);
    let six: Vec<Samples> = (0..6).map(|c| Samples::copied(pair.channel(c.min(1)))).collect();
    assert_eq!(features(&Audio::from_channels(RATE, six)), features(&pair));
}
