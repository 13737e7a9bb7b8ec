//! Inputs that are hardly audio.

use std::sync::atomic::{AtomicUsize, Ordering};

use dsp::analysis::{Features, SpectrumLevels, analyse};
use dsp::audio::{Audio, Layout};
use dsp::progress::{Cancelled, Watch};
use dsp::signal;
use dsp::units::{Dbfs, SampleRate};

use crate::{RATE, features};

fn numbers(found: &Features) -> Vec<f64> {
    let of = |levels: &SpectrumLevels| {
        [levels.loud, levels.mean, levels.p10, levels.p50, levels.p85, levels.p95].concat()
    };
    let mut numbers = [of(&found.spectrum.mid), of(&found.spectrum.side), found.dc.clone()].concat();
    let stereo = &found.stereo;
    numbers.extend(stereo.band_correlation.iter().chain(&stereo.band_width));
    numbers.extend([stereo.correlation, stereo.balance.value(), found.active_seconds]);
    numbers.extend(found.dynamics.band_range.map(|range| range.value()));
    numbers.extend([found.dynamics.crest.value(), found.dynamics.level_range.value()]);
    let low = &found.low_end;
    numbers.extend([low.below_30_hz_share, low.bass_side.value(), low.bass_correlation]);
    numbers.push(found.bandwidth.top.value());
    numbers.extend(found.control.powers.iter().flatten().map(|power| f64::from(*power)));
    numbers
}

#[test]
fn every_number_is_finite_whatever_comes_in() {
    let noise = |hertz: u32, frames: usize| {
        signal::noise(SampleRate::literal(hertz), 2, Dbfs::literal(-20.0), frames, 1)
    };
    let mut broken = noise(44_100, 60_000);
    for (index, value) in
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e9, -1e9].into_iter().enumerate()
    {
        broken.channel_mut(index % 2)[20_000 + 3 * index] = value;
    }
    let all_broken = signal::from_frames(RATE, 40_000, |_| f64::NAN);
    let denormal = signal::from_frames(RATE, 40_000, |n| if n % 2 == 0 { 1e-40 } else { -1e-39 });
    let huge = signal::from_frames(RATE, 100_000, |n| if n % 7 < 3 { 1e9 } else { -1e9 });
    let cases = [
        Audio::silence(RATE, Layout::stereo(), 0),
        Audio::silence(RATE, Layout::stereo(), 1),
        Audio::silence(RATE, Layout::mono(), 100_000),
        noise(44_100, 1),
        noise(44_100, 100),
        noise(44_100, 12_288),
        noise(44_100, 12_289),
        noise(8000, 8000),
        noise(384_000, 400_000),
        noise(384_000, 1),
        noise(47_999, 100_000),
        broken,
        all_broken,
        denormal,
        huge,
    ];
    for (case, audio) in cases.iter().enumerate() {
        let found = features(audio);
        assert!(numbers(&found).iter().all(|number| number.is_finite()), "case {case}");
        assert!(found.active_seconds <= audio.seconds() + 1e-9, "case {case}");
    }
}

#[test]
fn broken_samples_read_as_silence() {
    let mut broken = signal::noise(RATE, 2, Dbfs::literal(-20.0), 60_000, 2);
    let mut silenced = broken.clone();
    for (frame, value) in [(5, f32::NAN), (12_290, f32::INFINITY), (59_999, f32::MAX)] {
        broken.channel_mut(1)[frame] = value;
        silenced.channel_mut(1)[frame] = 0.0;
    }
    assert_eq!(features(&broken), features(&silenced));
}

#[test]
fn silence_has_no_features() {
    let found = features(&Audio::silence(RATE, Layout::stereo(), 200_000));
    assert_eq!(found.active_seconds, 0.0);
    assert!(found.spectrum.mid.mean.iter().all(|level| *level == -200.0));
    assert_eq!((found.tempo, found.hum, found.noise_floor), (None, None, None));
    assert_eq!((found.low_end.lowest_note, found.bandwidth.lossy_low_pass), (None, None));
    assert!(found.stereo.is_mono && found.stereo.dead_channels.is_empty());
}

#[test]
fn a_short_piece_has_the_levels_of_a_long_one() {
    for frames in [5000, 10_000, 20_000] {
        let audio = signal::noise(RATE, 1, Dbfs::literal(-20.0), frames, 3);
        let level = features(&audio).spectrum.mid.mean;
        let total: f64 = level.iter().map(|level| 10f64.powf(level / 10.0)).sum();
        // The grid ends at 21.3 kHz, 0.15 dB below all.
        crate::close(&format!("{frames} frames"), 10.0 * total.log10(), -20.15, 0.4);
    }
}

#[expect(clippy::disallowed_methods, reason = "the test is the caller that owns the pool")]
fn on_threads(threads: usize, audio: &Audio) -> Features {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| features(audio))
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for hertz in [44_100, 96_000] {
        let audio = signal::programme(SampleRate::literal(hertz), 2, 30.0, 4);
        let alone = on_threads(1, &audio);
        assert!(alone.active_seconds > 3.0, "the case must be real");
        for threads in [2, 3, 8] {
            assert!(on_threads(threads, &audio) == alone, "{threads} threads");
        }
    }
}

#[test]
fn it_stops_when_asked_to() {
    struct Impatient(AtomicUsize);
    impl Watch for Impatient {
        fn done(&self, fraction: f64) {
            assert!((0.0..=1.0).contains(&fraction));
        }
        fn is_cancelled(&self) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed) >= 5
        }
    }
    let audio = signal::noise(RATE, 2, Dbfs::literal(-20.0), 44_100 * 20, 5);
    assert_eq!(analyse(&audio, &Impatient(AtomicUsize::new(0))).unwrap_err(), Cancelled);
}
