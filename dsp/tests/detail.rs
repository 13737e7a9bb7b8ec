//! What a limiter needs, read in one pass with the report.

use dsp::audio::Audio;
use dsp::meter::loudness::k_energy;
use dsp::meter::report::{Detail, PEAK_FRAMES, detail};
use dsp::meter::true_peak::{peak_map, scan};
use dsp::meter::{measure, measure_in_detail};
use dsp::signal;
use dsp::units::{Dbfs, Dbtp, Decibels, SampleRate};

const EVERYTHING: Dbtp = Dbtp::literal(f64::NEG_INFINITY);

/// A programme long enough for several groups, and not a whole number of blocks.
fn song(hertz: u32, seconds: f64) -> Audio {
    signal::programme(SampleRate::literal(hertz), 2, seconds, 7)
}

/// Block peaks from the map of every frame.
fn mapped(audio: &Audio) -> Vec<f32> {
    peak_map(audio).chunks(PEAK_FRAMES).map(|block| block.iter().copied().fold(0.0, f32::max)).collect()
}

#[test]
fn block_peaks_are_those_of_the_map_of_every_frame() {
    for (hertz, seconds) in
        [(44_100, 30.123), (48_000, 0.37), (11_025, 15.0), (96_000, 14.001), (8_000, 0.01)]
    {
        let audio = song(hertz, seconds);
        let Detail { block_peaks, k_energies } = detail(&audio, EVERYTHING);
        assert_eq!(block_peaks, mapped(&audio), "{hertz} Hz");
        assert_eq!(k_energies, k_energy(&audio), "{hertz} Hz");
    }
}

#[test]
fn below_the_floor_block_peaks_are_bounds_and_above_it_exact() {
    let audio = song(44_100, 30.0);
    let floor = scan(&audio) - Decibels::literal(12.0);
    let (exact, bounded) = (mapped(&audio), detail(&audio, floor).block_peaks);
    let limit = floor.amplitude() as f32;
    let skipped = exact.iter().zip(&bounded).filter(|(exact, bounded)| exact != bounded).count();
    assert!(skipped > exact.len() / 10, "the case must be real: {skipped} of {}", exact.len());
    for (block, (&exact, &bounded)) in exact.iter().zip(&bounded).enumerate() {
        if exact > limit {
            assert_eq!(exact, bounded, "block {block}");
        } else {
            assert!(bounded >= exact * 0.999_99 && bounded <= limit, "block {block}: {bounded} for {exact}");
        }
    }
}

#[test]
fn a_report_in_detail_is_the_report() {
    for audio in
        [song(44_100, 30.0), signal::noise(SampleRate::literal(48_000), 1, Dbfs::literal(-9.0), 500_000, 2)]
    {
        for floor in [EVERYTHING, scan(&audio) - Decibels::literal(6.0)] {
            let (detailed, plain) = (measure_in_detail(&audio, floor).0, measure(&audio));
            assert_eq!(
                (detailed.true_peak, detailed.true_peak_itu, detailed.sample_peak, detailed.psr_min),
                (plain.true_peak, plain.true_peak_itu, plain.sample_peak, plain.psr_min)
            );
            let miss = (detailed.integrated.unwrap() - plain.integrated.unwrap()).value();
            assert!(miss.abs() < 1e-9, "only the order of sums differs: {miss}");
        }
    }
}
