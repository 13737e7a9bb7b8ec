//! Behaviour of the loudness meter that needs no other meter to judge.

use dsp::audio::{Audio, Channel, Layout, Samples};
use dsp::meter::k_weighting::sections;
use dsp::meter::loudness::{BlockEnergies, FINE_FRAMES, integrated, integrated_of, k_energy};
use dsp::meter::loudness_range::loudness_range;
use dsp::meter::measure;
use dsp::signal::{self, Segment};
use dsp::units::{Dbfs, Hertz, SampleRate};
use proptest::prelude::*;

const RATE: SampleRate = SampleRate::literal(44_100);

/// One channel through both sections, one frame after the other from the start, in another form than the
/// meter's.
fn plainly_weighted(samples: &[f32], rate: SampleRate) -> Vec<f64> {
    let mut signal: Vec<f64> = samples.iter().map(|x| f64::from(*x)).collect();
    for section in sections(rate) {
        let (mut s1, mut s2) = (0.0, 0.0);
        for value in &mut signal {
            let x = *value;
            let y = section.b[0] * x + s1;
            s1 = section.b[1] * x - section.a[0] * y + s2;
            s2 = section.b[2] * x - section.a[1] * y;
            *value = y;
        }
    }
    signal
}

#[test]
fn energies_are_those_of_filters_that_ran_from_the_start() {
    for hertz in [8_000, 44_100, 384_000] {
        let rate = SampleRate::literal(hertz);
        // Longer than two segments, and not a whole number of runs.
        let audio = signal::noise(rate, 1, Dbfs::literal(-20.0), 2 * (1 << 18) + 12_345, 3);
        let plain = plainly_weighted(audio.channel(0), rate);
        let energies = k_energy(&audio);
        assert_eq!(energies.len(), plain.len().div_ceil(FINE_FRAMES));
        for (run, (energy, plain)) in energies.iter().zip(plain.chunks(FINE_FRAMES)).enumerate() {
            let expected: f64 = plain.iter().map(|y| y * y).sum();
            assert!((energy / expected - 1.0).abs() < 1e-9, "run {run} at {rate}: {energy}, not {expected}");
        }
    }
}

#[test]
fn energies_of_32_frames_give_the_integrated_loudness_within_a_hundredth() {
    for (seed, hertz) in [8_000, 11_025, 22_050, 44_100, 47_999, 96_000].into_iter().enumerate() {
        let rate = SampleRate::literal(hertz);
        let audio = signal::programme(rate, 2, 12.0, seed as u64);
        let exact = integrated(&audio).unwrap().value();
        let fine = integrated_of(k_energy(&audio), audio.frames(), rate).unwrap().value();
        assert!((exact - fine).abs() < 0.01, "{fine} instead of {exact} at {rate}");
    }
}

#[test]
fn loudness_needs_four_tenths_of_a_second_above_the_gate() {
    let tone = |frames| signal::sine(RATE, Hertz::literal(997.0), Dbfs::literal(-20.0), 0.0, frames);
    assert_eq!(integrated(&tone(17_639)), None);
    assert!(integrated(&tone(17_640)).is_some());
    let faint = signal::sine(RATE, Hertz::literal(997.0), Dbfs::literal(-72.0), 0.0, 88_200);
    assert_eq!(integrated(&faint), None);
    assert_eq!(integrated_of(k_energy(&faint), 88_200, RATE), None);
    let measurements = measure(&faint);
    assert!(measurements.momentary_max.is_some(), "it is faint, not absent");
    assert_eq!((measurements.plr, measurements.psr_min, measurements.loudness_range), (None, None, None));
}

#[test]
fn channels_count_as_the_standard_weighs_them() {
    let tone = signal::sine(RATE, Hertz::literal(997.0), Dbfs::literal(-20.0), 0.0, 44_100);
    let alone = integrated(&tone).unwrap().value();
    let in_place = |place: Channel| {
        let layout = Layout::of(vec![Channel::Left, place]);
        let silent = Samples::silence(44_100);
        integrated(&Audio::with_layout(RATE, layout, vec![silent, Samples::copied(tone.channel(0))]))
    };
    for front in [Channel::Right, Channel::Centre, Channel::Other] {
        assert!((in_place(front).unwrap().value() - alone).abs() < 1e-9, "{front:?}");
    }
    for surround in [Channel::LeftSurround, Channel::RightSurround] {
        let louder = in_place(surround).unwrap().value() - alone;
        assert!((louder - 10.0 * 1.41f64.log10()).abs() < 1e-9, "{surround:?}: {louder}");
    }
    assert_eq!(in_place(Channel::Lfe), None);
}

#[test]
fn a_hop_of_100_ms_ends_at_the_nearest_frame_even_where_it_is_no_whole_number() {
    // 11 025 Hz: 10 ms are 110.25 frames. A tone that fills 3 s exactly reads alike at every hop.
    let rate = SampleRate::literal(11_025);
    let audio = signal::sine(rate, Hertz::literal(1000.0), Dbfs::literal(-20.0), 0.0, 10 * 11_025);
    let curve = measure(&audio).short_term;
    assert_eq!(curve.len(), 71, "7 s of hops and the first window");
    for loudness in &curve[5..] {
        assert!((loudness - curve[5]).abs() < 0.001, "{loudness}");
    }
}

#[test]
fn one_pass_reads_what_each_meter_reads_alone() {
    let audio = signal::programme(RATE, 2, 15.0, 4);
    let (all, alone) = (measure(&audio), BlockEnergies::of(&audio));
    assert_eq!(all.integrated, integrated(&audio));
    assert_eq!(all.integrated, alone.integrated());
    assert_eq!(all.loudness_range, loudness_range(&alone));
    let highest = alone.momentary().map(|l| l.value()).fold(f64::MIN, f64::max);
    assert_eq!(all.momentary_max.unwrap().value(), highest);
    let curve: Vec<f64> = alone.short_term().step_by(10).map(|l| l.value()).collect();
    assert_eq!(all.short_term, curve);
    assert_eq!(all.plr.unwrap().value(), all.true_peak.value() - all.integrated.unwrap().value());
}

#[test]
fn peak_to_short_term_loudness_is_that_of_the_passages() {
    // A tone whose loudness in two channels is its peak level, then one with its peaks 6 dB up every second.
    let mut audio = signal::tones(RATE, Hertz::literal(997.0), &[Segment::stereo(-20.0, 10.0)]);
    let steady = measure(&audio);
    for psr in [steady.psr_min.unwrap(), steady.psr_median.unwrap()] {
        assert!(psr.value().abs() < 0.02, "{psr:.3}");
    }
    for channel in audio.channels_mut() {
        channel[5 * 44_100..].iter_mut().step_by(44_100).for_each(|x| *x = 0.2);
    }
    let spiked = measure(&audio);
    assert!(spiked.psr_min.unwrap().value().abs() < 0.02, "the first 3 s are as they were");
    assert!((spiked.psr_median.unwrap().value() - 6.0).abs() < 0.2, "{:?}", spiked.psr_median);
}

#[test]
fn long_silence_leaves_no_trace_in_the_filters() {
    // Without care the filters fade for seconds through numbers so small that processors slow down.
    let mut audio = signal::noise(RATE, 2, Dbfs::literal(-20.0), 8 * 44_100, 9);
    for channel in audio.channels_mut() {
        channel[44_100..].fill(0.0);
    }
    let energies = k_energy(&audio);
    assert!(energies[1378] > 1e-3, "the case must be real: there is sound before the silence");
    let last = energies.iter().rposition(|energy| *energy > 0.0).unwrap() * FINE_FRAMES;
    assert!(last < 3 * 44_100, "the filters still ring at frame {last}");
    assert!(energies.iter().all(|energy| *energy == 0.0 || energy.is_normal()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn halving_the_signal_takes_6_02_off_every_loudness(seed in 0u64..1000, mono in any::<bool>()) {
        let audio = signal::programme(RATE, if mono { 1 } else { 2 }, 5.0, seed);
        let mut quiet = audio.clone();
        quiet.channels_mut().iter_mut().for_each(|c| c.iter_mut().for_each(|x| *x *= 0.5));
        let (loud, quiet) = (BlockEnergies::of(&audio), BlockEnergies::of(&quiet));
        for (loud, quiet) in loud.momentary().zip(quiet.momentary()) {
            // Far below what any sample can hold, the filters themselves fade to nothing.
            let is_faint = quiet.value() < -250.0;
            prop_assert!(is_faint || ((loud - quiet).value() - 20.0 * 2f64.log10()).abs() < 1e-9, "{loud} {quiet}");
        }
    }

    #[test]
    fn swapping_left_and_right_changes_nothing(seed in 0u64..1000) {
        let audio = signal::programme(RATE, 2, 4.0, seed);
        let swapped = vec![audio.channels()[1].clone(), audio.channels()[0].clone()];
        let swapped = Audio::from_channels(RATE, swapped);
        prop_assert_eq!(measure(&audio), measure(&swapped));
    }
}
