//! Another rate: what passes, what must not, and where everything lies afterwards.

use std::f64::consts::TAU;
use std::sync::atomic::{AtomicUsize, Ordering};

use dsp::audio::Audio;
use dsp::parts::resampler::{frames_after, resample};
use dsp::progress::{Cancelled, Unwatched, Watch};
use dsp::signal;
use dsp::units::{Dbfs, Hertz, SampleRate};

use crate::spectrum::amplitude;

const fn rate(hertz: u32) -> SampleRate {
    SampleRate::literal(hertz)
}

/// Usual pairs, and pairs with nothing in common: the last two are too far apart for blocks.
const PAIRS: [(u32, u32); 10] = [
    (44_100, 48_000),
    (48_000, 44_100),
    (96_000, 44_100),
    (44_100, 96_000),
    (88_200, 44_100),
    (192_000, 48_000),
    (22_050, 48_000),
    (47_999, 44_100),
    (96_001, 48_000),
    (48_000, 95_999),
];

fn at(audio: &Audio, hertz: u32) -> Audio {
    resample(audio, rate(hertz), &Unwatched).unwrap()
}

fn middle(audio: &Audio) -> Vec<f64> {
    let samples = audio.channel(0);
    let edge = samples.len() / 8;
    samples[edge..samples.len() - edge].iter().map(|x| f64::from(*x)).collect()
}

fn tone(hertz: u32, frequency: f64, seconds: f64) -> Audio {
    let frames = (seconds * f64::from(hertz)) as usize;
    signal::sine(rate(hertz), Hertz::literal(frequency), Dbfs::literal(0.0), 0.3, frames)
}

#[test]
fn tones_below_nine_tenths_of_the_lower_nyquist_frequency_keep_their_level() {
    for (from, to) in PAIRS {
        let top = (0.45 * f64::from(from.min(to))).min(20_000.0);
        for share in [0.002, 0.05, 0.3, 0.7, 0.9, 0.97, 1.0] {
            let out = middle(&at(&tone(from, share * top, 0.5), to));
            let gain = 20.0 * amplitude(&out, share * top / f64::from(to)).log10();
            assert!(gain.abs() < 0.01, "{from} to {to}, {:.0} Hz: {gain:.4} dB", share * top);
        }
    }
}

#[test]
fn nothing_is_left_of_what_the_lower_rate_cannot_hold() {
    for (from, to) in PAIRS.into_iter().filter(|(from, to)| to < from) {
        let (nyquist, top) = (f64::from(to) / 2.0, f64::from(from) / 2.0);
        for frequency in [nyquist, nyquist + 20.0, nyquist * 1.01, 0.5 * (nyquist + top), top - 10.0] {
            if frequency >= top {
                continue;
            }
            let out = middle(&at(&tone(from, frequency, 0.5), to));
            let left = (out.iter().map(|x| x * x).sum::<f64>() / out.len() as f64).sqrt();
            let db = 20.0 * (left * 2f64.sqrt()).log10();
            assert!(db < -120.0, "{from} to {to}, {frequency:.0} Hz: {db:.1} dB");
        }
    }
}

#[test]
fn a_tone_comes_out_as_itself_and_nothing_else() {
    for (from, to) in PAIRS {
        for frequency in [997.0, 0.4 * f64::from(from.min(to)).min(44_100.0)] {
            let out = middle(&at(&tone(from, frequency, 0.6), to));
            let residual = without_tone(&out, frequency / f64::from(to));
            let db = 20.0 * (residual * 2f64.sqrt()).log10();
            assert!(db < -130.0, "{from} to {to}, {frequency:.0} Hz: THD+N {db:.1} dB");
        }
    }
}

/// The root mean square of what is left when the best-fitting sinusoid of a frequency is taken away.
fn without_tone(samples: &[f64], cycles_per_frame: f64) -> f64 {
    let basis = |n: usize| (TAU * (cycles_per_frame * n as f64).fract()).sin_cos();
    let (mut ss, mut sc, mut cc, mut sx, mut cx) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in samples.iter().enumerate() {
        let (s, c) = basis(n);
        ss += s * s;
        sc += s * c;
        cc += c * c;
        sx += s * x;
        cx += c * x;
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((sx * cc - cx * sc) / determinant, (cx * ss - sx * sc) / determinant);
    let left = |(n, x): (usize, &f64)| {
        let (s, c) = basis(n);
        (x - a * s - b * c).powi(2)
    };
    (samples.iter().enumerate().map(left).sum::<f64>() / samples.len() as f64).sqrt()
}

#[test]
fn there_and_back_again_is_the_same_music() {
    // Noise up to 20 kHz, so that all of it must come back.
    let there = signal::band_limited_noise(rate(44_100), 20_000.0 / 22_050.0, Dbfs::literal(-1.0), 60_000, 5);
    for via in [48_000, 96_000, 47_999] {
        let back = at(&at(&there, via), 44_100);
        assert_eq!(back.frames(), there.frames());
        let edge = 4_000;
        let pairs = there.channel(0).iter().zip(back.channel(0)).skip(edge).take(there.frames() - 2 * edge);
        let (error, power) = pairs.fold((0.0, 0.0), |(error, power), (a, b)| {
            (error + f64::from(a - b).powi(2), power + f64::from(*a).powi(2))
        });
        let db = 10.0 * f64::log10(error / power);
        assert!(db < -120.0, "by {via} Hz: {db:.1} dB");
    }
}

#[test]
fn a_click_stays_where_it_was_to_the_frame() {
    for (from, to) in PAIRS {
        // A frame that both rates have.
        let (from_u, to_u) = (from as usize, to as usize);
        let common = (1..=from_u.min(to_u)).rev().find(|d| from_u % d == 0 && to_u % d == 0).unwrap();
        let times = if common == 1 { 0 } else { 5_000 * common / from_u + 1 };
        let (before, after) = (times * from_u / common, times * to_u / common);
        let frames = before + 6_000;
        let click = signal::from_frames(rate(from), frames, |n| f64::from(u8::from(n == before)));
        let out = at(&click, to);
        let samples = out.channel(0);
        let highest = (0..samples.len()).max_by(|&a, &b| samples[a].total_cmp(&samples[b])).unwrap();
        assert_eq!(highest, after, "{from} to {to}");
        for d in 1..200.min(after) {
            let (left, right) = (samples[after - d], samples[after + d]);
            assert!((left - right).abs() < 1e-6, "{from} to {to}: {left} and {right} at {d}");
        }
    }
}

#[test]
fn the_length_is_the_nearest_whole_number_of_frames() {
    for (from, to) in PAIRS {
        for frames in [0, 1, 2, 3, 999, 44_100, 50_001] {
            let audio = signal::from_frames(rate(from), frames, |_| 0.1);
            let want = (frames as f64 * f64::from(to) / f64::from(from)).round() as usize;
            assert_eq!(frames_after(frames, rate(from), rate(to)), want);
            let out = at(&audio, to);
            assert_eq!((out.frames(), out.rate()), (want, rate(to)), "{from} to {to}, {frames} frames");
        }
    }
    let twelve_hours = 12 * 3600 * 384_000;
    assert_eq!(frames_after(twelve_hours, rate(384_000), rate(44_100)), 12 * 3600 * 44_100);
}

#[test]
fn its_own_rate_changes_no_bit() {
    let audio = signal::programme(rate(44_100), 2, 1.0, 3);
    assert!(at(&audio, 44_100) == audio);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test is the caller that owns the pool")]
fn channels_and_threads_do_not_matter() {
    let audio = signal::programme(rate(96_001), 3, 1.5, 8);
    for to in [44_100, 48_000] {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| at(&audio, to))
        };
        let alone = on(1);
        assert!(on(3) == alone);
        let third = Audio::from_channels(audio.rate(), vec![audio.channels()[2].clone()]);
        assert!(at(&third, to).channel(0) == alone.channel(2));
    }
}

#[test]
fn it_stops_when_asked_and_says_how_far_it_is() {
    struct Impatient(AtomicUsize);
    impl Watch for Impatient {
        fn done(&self, fraction: f64) {
            assert!((0.0..=1.0).contains(&fraction));
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn is_cancelled(&self) -> bool {
            self.0.load(Ordering::Relaxed) > 10
        }
    }
    let audio = signal::from_frames(rate(48_000), 480_000, |_| 0.1);
    let watch = Impatient(AtomicUsize::new(0));
    assert_eq!(resample(&audio, rate(44_100), &watch), Err(Cancelled));
    assert!(watch.0.load(Ordering::Relaxed) < 20, "at once");
}
