//! The same bits on any number of threads and any instruction set.

use dsp::audio::Audio;
use dsp::meter::true_peak::{Over, certify, overs, peak_map, scan, standard};
use dsp::meter::{Measurements, loudness, measure_certified};
use dsp::signal;
use dsp::simd;
use dsp::units::{Dbtp, SampleRate};

const CEILING: Dbtp = Dbtp::literal(-24.0);

type Everything = (Measurements, Vec<f64>, Vec<f32>, Vec<Over>, [Dbtp; 3]);

fn everything(audio: &Audio) -> Everything {
    let peaks = [scan(audio), certify(audio, CEILING), standard(audio)];
    let map = peak_map(audio).to_vec();
    (measure_certified(audio, CEILING), loudness::k_energy(audio), map, overs(audio, CEILING), peaks)
}

#[expect(clippy::disallowed_methods, reason = "the test is the caller that owns the pool")]
fn on_threads(threads: usize, audio: &Audio) -> Everything {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| everything(audio))
}

#[test]
fn readings_have_the_same_bits_on_any_number_of_threads() {
    for hertz in [44_100, 96_000] {
        let audio = signal::programme(SampleRate::literal(hertz), 3, 20.0, 5);
        let alone = on_threads(1, &audio);
        assert!(alone.3.len() > 100, "the case must be real: {} overs", alone.3.len());
        for threads in [2, 3, 8] {
            assert!(on_threads(threads, &audio) == alone, "{threads} threads at {hertz} Hz");
        }
    }
}

#[test]
fn readings_have_the_same_bits_on_any_instruction_set() {
    for hertz in [44_100, 96_000] {
        let audio = signal::programme(SampleRate::literal(hertz), 2, 8.0, 6);
        let best = everything(&audio);
        simd::set_baseline_only(true);
        let baseline = everything(&audio);
        simd::set_baseline_only(false);
        assert!(best == baseline, "at {hertz} Hz");
    }
}
