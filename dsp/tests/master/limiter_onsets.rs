//! The limiter alone, without the certificate that follows it: nothing gets through, not at an onset and not between
//! samples.

use dsp::audio::{Audio, Samples};
use dsp::effects::limiter::{BlockPeaks, GainCurve, Limiter};
use dsp::meter::true_peak::peak_map;
use dsp::units::{Dbtp, Decibels, SampleRate};

use crate::oracle;

const RATE_HZ: usize = 44_100;
const CEILING: Dbtp = Dbtp::literal(-1.0);
const DRIVE: Decibels = Decibels::literal(6.0);

/// How far over the ceiling the independent meter finds `signal`, brought 6 dB over it and limited.
fn over_db(signal: impl Fn(f64) -> f64, silence_frames: usize, limiter: &Limiter) -> f64 {
    let peak = (CEILING.value() + DRIVE.value()) / 20.0;
    let mut samples = vec![0.0f32; silence_frames];
    samples.extend((0..RATE_HZ).map(|n| (10f64.powf(peak) * signal(n as f64 / RATE_HZ as f64)) as f32));
    samples.resize(samples.len() + RATE_HZ / 10, 0.0);
    let rate = SampleRate::literal(RATE_HZ as u32);
    let audio = Audio::from_channels(rate, vec![Samples::copied(&samples)]);
    assert!(oracle::true_peak(&audio) >= CEILING.value() + DRIVE.value() - 0.01, "the case must be real");
    let curve = GainCurve::new(&BlockPeaks::of_map(&peak_map(&audio), rate), CEILING.amplitude(), limiter);
    let mut out = vec![0.0f32; samples.len()];
    curve.apply(0, 1.0, &samples, &mut out);
    oracle::true_peak(&Audio::from_channels(rate, vec![Samples::copied(&out)])) - CEILING.value()
}

fn sine(hz: f64, degrees: f64) -> impl Fn(f64) -> f64 {
    move |seconds| (std::f64::consts::TAU * (hz * seconds + degrees / 360.0)).sin()
}

#[test]
fn a_bass_note_out_of_silence_does_not_get_through() {
    for limiter in Limiter::candidates(3.0) {
        for silence in [20_000, 20_003, 20_006] {
            for degrees in [0.0, 30.0, 60.0, 90.0, 180.0, 250.0] {
                let over = over_db(sine(50.0, degrees), silence, &limiter);
                assert!(over <= 0.02, "{limiter:?} from {degrees} degrees: {over:.4} dB over");
            }
        }
    }
}

#[test]
fn a_tone_whose_peaks_all_lie_between_samples_is_held_too() {
    // At a quarter of the rate and 45 degrees the samples stand 3 dB below the waveform.
    for limiter in Limiter::candidates(3.0) {
        for degrees in [45.0, 44.0, 10.0] {
            let over = over_db(sine(RATE_HZ as f64 / 4.0, degrees), 20_000, &limiter);
            assert!(over <= 0.02, "{limiter:?} at {degrees} degrees: {over:.4} dB over");
        }
    }
}
