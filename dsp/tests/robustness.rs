//! What meters do with audio that is hardly any.

use dsp::audio::{Audio, Layout, Samples};
use dsp::meter::true_peak::{certify, overs, peak_map};
use dsp::meter::{Measurements, loudness, measure, measure_certified};
use dsp::signal;
use dsp::units::{Dbfs, Dbtp, SampleRate};
use proptest::prelude::*;

const RATE: SampleRate = SampleRate::literal(48_000);

fn readings(m: &Measurements) -> Vec<f64> {
    let loudness = [m.integrated, m.momentary_max, m.short_term_max].into_iter().flatten().map(|l| l.value());
    let ranges = [m.loudness_range, m.plr, m.psr_min, m.psr_median].into_iter().flatten().map(|r| r.value());
    let peaks = [m.true_peak.value(), m.true_peak_itu.value(), m.sample_peak.value()];
    loudness.chain(ranges).chain(peaks).chain(m.short_term.iter().copied()).collect()
}

#[test]
fn audio_of_any_shape_can_be_measured() {
    for hertz in [8_000, 47_999, 384_000] {
        let rate = SampleRate::literal(hertz);
        for channels in [1, 2, 3, 5, 6, 9] {
            for frames in [0, 1, 2, 31, 63, 64, 65, 799, 2_049] {
                let audio = signal::noise(rate, channels, Dbfs::literal(-12.0), frames, 1);
                let measurements = measure_certified(&audio, Dbtp::literal(-1.0));
                assert_eq!(measurements.frames, frames);
                assert_eq!(measurements.integrated, None);
                assert_eq!(peak_map(&audio).len(), frames);
                assert_eq!(loudness::k_energy(&audio).len(), frames.div_ceil(32));
                let highest =
                    audio.channels().iter().flat_map(|c| c.iter()).fold(0.0f32, |a, x| a.max(x.abs()));
                assert_eq!(measurements.sample_peak, Dbfs::from_amplitude(f64::from(highest)));
                assert!(measurements.true_peak.value() >= measurements.sample_peak.value());
            }
        }
    }
}

#[test]
fn silence_has_no_loudness_and_no_peak() {
    let silence = Audio::silence(RATE, Layout::stereo(), 5 * 48_000);
    let measurements = measure(&silence);
    assert_eq!((measurements.integrated, measurements.loudness_range), (None, None));
    assert_eq!(measurements.true_peak.value(), f64::NEG_INFINITY);
    assert_eq!(measurements.short_term_max.unwrap().value(), f64::NEG_INFINITY);
    assert!(readings(&measurements).iter().all(|v| !v.is_nan()));
}

#[test]
fn broken_samples_read_as_silence_and_are_counted() {
    let sound = signal::programme(RATE, 2, 6.0, 2);
    let (mut broken, mut silenced) = (sound.clone(), sound);
    let breaks = [(5, f32::NAN), (70_000, f32::INFINITY), (70_001, f32::NEG_INFINITY), (199_999, f32::MAX)];
    for (frame, value) in breaks {
        broken.channel_mut(1)[frame] = value;
        silenced.channel_mut(1)[frame] = 0.0;
    }
    let measurements = measure_certified(&broken, Dbtp::literal(-1.0));
    assert_eq!(measurements.broken_samples, 4);
    let expected = measure_certified(&silenced, Dbtp::literal(-1.0));
    assert_eq!(Measurements { broken_samples: 0, ..measurements }, expected);
    assert_eq!(peak_map(&broken), peak_map(&silenced));
    assert_eq!(loudness::k_energy(&broken), loudness::k_energy(&silenced));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn no_bits_make_a_reading_that_is_no_number(
        left in prop::collection::vec(any::<u32>(), 1..3000),
        zeros in 0usize..40_000,
    ) {
        let mut samples: Vec<f32> = left.into_iter().map(f32::from_bits).collect();
        samples.extend(vec![0.0; zeros]);
        let audio = Audio::from_channels(RATE, vec![Samples::copied(&samples)]);
        let readings = readings(&measure_certified(&audio, Dbtp::literal(-1.0)));
        prop_assert!(readings.iter().all(|v| !v.is_nan() && *v < f64::INFINITY), "{readings:?}");
        prop_assert!(peak_map(&audio).iter().all(|v| v.is_finite()));
        prop_assert!(!certify(&audio, Dbtp::literal(-1.0)).value().is_nan());
        prop_assert!(overs(&audio, Dbtp::literal(-1.0)).iter().all(|o| o.frame < audio.frames()));
    }
}
