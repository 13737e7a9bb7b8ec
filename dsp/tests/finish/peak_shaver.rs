//! Shaving: single needles, as far as allowed, cleanly; nothing else by a bit.

use std::f64::consts::{PI, TAU};

use dsp::audio::{Audio, Samples};
use dsp::effects::peak_shaver::{PeakShaver, REDUCTION_MAX};
use dsp::meter::true_peak::{certify, peak_map};
use dsp::parts::oversampler::Scratch;
use dsp::signal::{self, Dice};
use dsp::units::{Dbfs, Dbtp, SampleRate};

use crate::spectrum::transform;

const RATE: SampleRate = SampleRate::literal(44_100);
const THRESHOLD: Dbtp = Dbtp::literal(-3.0);

/// A pulse of height 1 at time 0 (in frames), some 0.2 ms wide: the fourth power of a sinc, which ends at 4 kHz, moved
/// by 1.8 kHz, so that it ends at 5.8 kHz.
fn pulse(frames: f64) -> f64 {
    let cycles = 2_000.0 / RATE.as_f64() * frames;
    let sinc = if cycles == 0.0 { 1.0 } else { (PI * cycles).sin() / (PI * cycles) };
    sinc.powi(4) * (TAU * cycles * 0.9).cos()
}

/// Needles of a height over quiet noise, each at its own fraction of a frame.
fn needles(count: usize, height: f64) -> (Audio, Vec<f64>) {
    let mut dice = Dice::new(8);
    let places: Vec<f64> =
        (0..count).map(|n| 3_000.0 + 2_000.0 * n as f64 + dice.uniform(0.0, 1.0)).collect();
    let audio = signal::from_frames(RATE, 2_000 * count + 4_000, |n| {
        let near = places.iter().filter(|at| (n as f64 - **at).abs() < 900.0);
        near.map(|at| height * pulse(n as f64 - at)).sum::<f64>()
    });
    (audio, places)
}

fn shaved(audio: &Audio, threshold: Dbtp) -> (Audio, dsp::effects::peak_shaver::Needles) {
    let mut out = audio.clone();
    let needles = PeakShaver::new(threshold).apply(&mut out);
    (out, needles)
}

#[test]
fn needles_come_down_to_the_threshold_and_by_no_more_than_allowed() {
    for over_db in [0.3, 1.0, 1.4, 3.0] {
        let height = THRESHOLD.amplitude() * 10f64.powf(over_db / 20.0);
        let (audio, places) = needles(20, height);
        let (out, needles) = shaved(&audio, THRESHOLD);
        assert_eq!(needles.count(), places.len(), "{over_db} dB over");
        let wanted = over_db.min(REDUCTION_MAX.value());
        assert!((needles.deepest().value() - wanted).abs() < 0.06, "{}", needles.deepest());
        assert!((needles.total().value() - 20.0 * wanted).abs() < 20.0 * 0.06, "{}", needles.total());
        let (before, after) = (certify(&audio, THRESHOLD), certify(&out, THRESHOLD));
        let taken = (before - after).value();
        assert!((taken - wanted).abs() < 0.15, "{over_db} dB over: {taken:.3} dB taken");
    }
}

#[test]
fn everything_but_the_needles_keeps_its_bits() {
    let height = THRESHOLD.amplitude() * 1.12;
    let (audio, _) = needles(20, height);
    let (out, needles) = shaved(&audio, THRESHOLD);
    let mut near = vec![false; audio.frames()];
    for frames in needles.frames() {
        assert!(RATE.seconds(frames.len()) <= 0.002);
        near[frames.start - 16..frames.end + 16].fill(true);
    }
    let (mut kept, mut changed) = (0, 0);
    for (frame, (a, b)) in audio.channel(0).iter().zip(out.channel(0)).enumerate() {
        assert!(near[frame] || a.to_bits() == b.to_bits(), "frame {frame}");
        (kept, changed) = if a == b { (kept + 1, changed) } else { (kept, changed + 1) };
    }
    assert!(changed > 20 && kept > 10 * changed, "{changed} changed, {kept} kept");
}

#[test]
fn what_is_long_or_carried_by_bass_or_not_alone_is_left_alone() {
    let over = THRESHOLD.amplitude() * 1.12;
    let tone = |hz: f64| signal::from_frames(RATE, 44_100, |n| over * (TAU * hz / 44_100.0 * n as f64).sin());
    for hz in [40.0, 100.0, 250.0, 1_000.0, 5_000.0] {
        let (out, needles) = shaved(&tone(hz), THRESHOLD);
        assert!(needles.is_identity() && out == tone(hz), "{hz} Hz");
    }
    // The same needle, once alone and once on top of a bass note that makes up half of it.
    let with_bass = |bass: f64| {
        signal::from_frames(RATE, 20_000, |n| {
            let t = n as f64 - 10_000.0;
            bass * (TAU * 60.0 / 44_100.0 * t).cos() + (over - bass) * pulse(t)
        })
    };
    assert_eq!(shaved(&with_bass(0.0), THRESHOLD).1.count(), 1, "the case must be real");
    assert_eq!(shaved(&with_bass(0.1 * over), THRESHOLD).1.count(), 1);
    assert!(shaved(&with_bass(0.5 * over), THRESHOLD).1.is_identity());
}

#[test]
fn nothing_of_a_shaved_needle_folds_back() {
    // The same curve on the pulse itself, at 64 points a frame and in double precision, then cut off at the Nyquist
    // frequency by a transform: what a shaver without any folding would give.
    const POINTS: usize = 64;
    const FRAMES: usize = 1024;
    let threshold = THRESHOLD.amplitude();
    let height = threshold * 10f64.powf(1.4 / 20.0);
    for fraction in [0.0, 0.37, 0.5] {
        let at = (FRAMES / 2) as f64 + fraction;
        let audio = signal::from_frames(RATE, FRAMES, |n| height * pulse(n as f64 - at));
        let (out, needles) = shaved(&audio, THRESHOLD);
        assert_eq!(needles.count(), 1);
        // The level that was read, as the curve depends on it.
        let read = threshold * 10f64.powf(needles.total().value() / 20.0);
        let residue = |x: f64| {
            let beyond = (x.abs() - 0.8 * threshold).clamp(0.0, read - 0.8 * threshold);
            -(read - threshold) * (beyond / (read - 0.8 * threshold)).powi(2) * x.signum()
        };
        let mut re: Vec<f64> =
            (0..FRAMES * POINTS).map(|n| residue(height * pulse(n as f64 / POINTS as f64 - at))).collect();
        let mut im = vec![0.0; re.len()];
        transform(&mut re, &mut im);
        let got = out.channel(0).iter().zip(audio.channel(0)).map(|(y, x)| f64::from(*y) - f64::from(*x));
        let (mut got_re, mut got_im) = (got.collect::<Vec<f64>>(), vec![0.0; FRAMES]);
        transform(&mut got_re, &mut got_im);
        // Up to 0.8 of the Nyquist frequency, where the filter is flat; summed as if all were in phase at one frame.
        let bins = FRAMES * 2 / 5;
        let error: f64 = (1..bins)
            .map(|k| (got_re[k] - re[k] / POINTS as f64).hypot(got_im[k] - im[k] / POINTS as f64))
            .sum::<f64>()
            * 2.0
            / FRAMES as f64;
        assert!(20.0 * error.log10() < -90.0, "{fraction}: {:.1} dBFS", 20.0 * error.log10());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test is the caller that owns the pool")]
fn segments_threads_and_a_map_that_is_there_change_nothing() {
    let (clicks, _) = needles(100, 0.9);
    let noise = signal::noise(RATE, 1, Dbfs::literal(-40.0), clicks.frames(), 3);
    let second: Vec<f32> = clicks.channel(0).iter().zip(noise.channel(0)).map(|(a, b)| 0.9 * a + b).collect();
    let audio = Audio::from_channels(RATE, vec![clicks.channels()[0].clone(), Samples::copied(&second)]);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| shaved(&audio, THRESHOLD))
    };
    let whole = on(1);
    assert!(whole.1.count() > 50, "{}", whole.1.count());
    assert!(on(3) == whole);
    let needles = PeakShaver::new(THRESHOLD).find(&audio, &peak_map(&audio));
    let source: Vec<&[f32]> = audio.channels().iter().map(|c| &c[..]).collect();
    let mut out = audio.clone();
    let mut scratch = Scratch::new();
    for first in (0..audio.frames()).step_by(1_003) {
        let end = (first + 1_003).min(audio.frames());
        let mut part: Vec<&mut [f32]> = out.channels_mut().iter_mut().map(|c| &mut c[first..end]).collect();
        needles.process_segment(&source, first, &mut part, &mut scratch);
    }
    assert!(out == whole.0);
}
