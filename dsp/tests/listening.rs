//! What is found out about stems before a mix is decided, and what is put right.

use std::f64::consts::TAU;

use dsp::analysis::Finding;
use dsp::audio::{Audio, Samples};
use dsp::mix::role::Role;
use dsp::mix::{Part, Polarity, Prepared, Stem, StemFinding, StemWish, prepare};
use dsp::progress::Unwatched;
use dsp::signal::{Dice, in_channels};
use dsp::units::{Milliseconds, SampleRate};

const RATE: SampleRate = SampleRate::literal(44_100);
const SECONDS: usize = 16;
const FRAMES: usize = SECONDS * 44_100;

/// A drum: a falling tone and noise, each with its own decay, at times that the seed decides.
fn drum(seed: u64, from_hz: f64, to_hz: f64, noise: f64) -> Vec<f32> {
    let mut dice = Dice::new(seed);
    let mut sound = vec![0.0f32; FRAMES];
    let mut at = dice.uniform(0.0, 0.2);
    while at < SECONDS as f64 - 0.6 {
        let (first, level) = ((at * 44_100.0) as usize, dice.uniform(0.4, 0.8));
        let mut phase = 0.0;
        for (frame, sample) in sound[first..first + 17_640].iter_mut().enumerate() {
            let time = frame as f64 / 44_100.0;
            phase += TAU * (to_hz + (from_hz - to_hz) * (-time / 0.03).exp()) / 44_100.0;
            let tone = phase.sin() * (-time / 0.09).exp();
            *sample += (level * (tone + noise * dice.normal() * (-time / 0.04).exp())) as f32;
        }
        at += dice.uniform(0.3, 0.7);
    }
    sound
}

/// A line of notes with eight partials, of a seed's own pitches.
fn line(seed: u64, lowest_hz: f64) -> Vec<f32> {
    let mut dice = Dice::new(seed);
    let mut sound = vec![0.0f32; FRAMES];
    let mut first = 0;
    while first < FRAMES {
        let length = (dice.uniform(0.2, 0.6) * 44_100.0) as usize;
        let hz = lowest_hz * (dice.uniform(0.0, 12.0).floor() / 12.0).exp2();
        let phases: Vec<f64> = (0..8).map(|_| dice.uniform(0.0, TAU)).collect();
        let end = FRAMES.min(first + length);
        for (frame, sample) in sound[first..end].iter_mut().enumerate() {
            let time = frame as f64 / 44_100.0;
            let partials = phases.iter().zip(1..).map(|(phase, partial)| {
                (TAU * hz * f64::from(partial) * time + phase).sin() / f64::from(partial)
            });
            *sample = (0.2 * (-2.0 * time).exp() * partials.sum::<f64>()) as f32;
        }
        first = end;
    }
    sound
}

fn scaled(sound: &[f32], gain: f32) -> Vec<f32> {
    sound.iter().map(|sample| sample * gain).collect()
}

fn sum(sounds: &[Vec<f32>]) -> Vec<f32> {
    (0..FRAMES).map(|frame| sounds.iter().map(|sound| sound[frame]).sum()).collect()
}

fn later(sound: &[f32], frames: usize) -> Vec<f32> {
    std::iter::repeat_n(0.0, frames).chain(sound.iter().copied()).take(sound.len()).collect()
}

fn mono(sound: &[f32]) -> Audio {
    in_channels(RATE, 1, sound)
}

fn stereo(left: &[f32], right: &[f32]) -> Audio {
    Audio::from_channels(RATE, vec![Samples::copied(left), Samples::copied(right)])
}

fn stem<'a>(name: &str, reel: &'a Audio) -> Stem<'a> {
    Stem { name: name.to_owned(), reel, starts_at_frame: None, wish: StemWish::default() }
}

fn prepared(stems: &[(&str, &Audio)]) -> Vec<Prepared> {
    let stems: Vec<Stem<'_>> = stems.iter().map(|(name, reel)| stem(name, reel)).collect();
    prepare(&stems, &Unwatched).expect("stems that can be read")
}

/// Energy below 250 Hz, by a filter of this test's own: eight running means.
fn low_energy(sound: &[f32]) -> f64 {
    let mut low: Vec<f64> = sound.iter().map(|sample| f64::from(*sample)).collect();
    for _ in 0..4 {
        let (mut kept, width) = (0.0, 60);
        let source = low.clone();
        for (frame, sample) in low.iter_mut().enumerate() {
            kept += source[frame] - if frame >= width { source[frame - width] } else { 0.0 };
            *sample = kept / width as f64;
        }
    }
    low.iter().map(|sample| sample * sample).sum()
}

#[test]
fn silence_does_not_play_and_a_quiet_stem_does() {
    let (silent, quiet) = (mono(&vec![0.0; FRAMES]), mono(&scaled(&line(1, 110.0), 0.003)));
    let mut whisper = Dice::new(5);
    let hiss = mono(&(0..FRAMES).map(|_| (2e-5 * whisper.normal()) as f32).collect::<Vec<_>>());
    let found = prepared(&[("a.wav", &silent), ("b.wav", &quiet), ("c.wav", &hiss)]);
    assert_eq!(found.iter().map(|p| p.part).collect::<Vec<_>>(), [Part::LeftOut, Part::Plays, Part::LeftOut]);
    assert_eq!(found[0].findings, [StemFinding::Silent]);
}

#[test]
fn of_ten_identical_stems_one_plays() {
    let sound = mono(&line(2, 110.0));
    let names: Vec<String> = (0..10).map(|index| format!("guitar copy {index}.wav")).collect();
    let mut stems: Vec<(&str, &Audio)> = names.iter().map(|name| (name.as_str(), &sound)).collect();
    stems.insert(4, ("guitar.wav", &sound));
    let found = prepared(&stems);
    let playing: Vec<usize> = (0..11).filter(|index| found[*index].part == Part::Plays).collect();
    assert_eq!(playing, [4], "the one that is not called a copy");
    assert!(found[0].findings.contains(&StemFinding::CopyOf { other: "guitar.wav".to_owned() }));
}

#[test]
fn a_copy_is_known_at_another_gain_turned_over_and_in_stereo() {
    let sound = line(3, 110.0);
    let (original, quieter) = (mono(&sound), mono(&scaled(&sound, 0.4)));
    let (inverted, doubled) = (mono(&scaled(&sound, -1.0)), stereo(&sound, &sound));
    let other = mono(&line(4, 110.0));
    for copy in [&quieter, &inverted, &doubled] {
        let found = prepared(&[("a.wav", &original), ("a 2.wav", copy), ("b.wav", &other)]);
        assert_eq!(
            found.iter().map(|p| p.part).collect::<Vec<_>>(),
            [Part::Plays, Part::LeftOut, Part::Plays]
        );
    }
}

#[test]
fn two_takes_of_one_line_are_no_copies() {
    let sound = line(5, 110.0);
    let mut dice = Dice::new(6);
    let treble: Vec<f32> = sound.iter().map(|sample| sample + (0.02 * dice.normal()) as f32).collect();
    let found = prepared(&[("gtr 1.wav", &mono(&sound)), ("gtr 2.wav", &mono(&treble))]);
    assert!(
        found.iter().all(|p| p.part == Part::Plays),
        "one of them has noise above 3 kHz that the other has not"
    );
}

fn band() -> Vec<(&'static str, Vec<f32>)> {
    vec![
        ("kick.wav", drum(10, 150.0, 50.0, 0.05)),
        ("snare.wav", drum(11, 260.0, 190.0, 0.5)),
        ("bass.wav", line(12, 41.0)),
        ("guitar.wav", line(13, 160.0)),
        ("keys.wav", line(14, 260.0)),
        ("violin.wav", line(15, 400.0)),
    ]
}

#[test]
fn a_rough_mix_with_other_faders_is_left_out_under_any_name() {
    let band = band();
    let faders = [1.0, 0.5, 1.6, 0.7, 1.2, 0.4];
    let mix: Vec<Vec<f32>> = band.iter().zip(faders).map(|((_, sound), gain)| scaled(sound, gain)).collect();
    let mix = sum(&mix);
    let plain: f64 = {
        let whole = sum(&band.iter().map(|(_, sound)| sound.clone()).collect::<Vec<_>>());
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        product(&mix, &whole) / (product(&mix, &mix) * product(&whole, &whole)).sqrt()
    };
    assert!(plain < 0.97, "it is not simply their sum: {plain}");
    let mix = stereo(&mix, &scaled(&mix, 0.9));
    let reels: Vec<(&str, Audio)> = band.iter().map(|(name, sound)| (*name, mono(sound))).collect();
    for name in ["Audio 7.wav", "rough.wav"] {
        let mut stems: Vec<(&str, &Audio)> = reels.iter().map(|(name, reel)| (*name, reel)).collect();
        stems.push((name, &mix));
        let found = prepared(&stems);
        let left_out: Vec<usize> = (0..7).filter(|index| found[*index].part == Part::LeftOut).collect();
        assert_eq!(left_out, [6], "{name}");
        assert!(found[6].findings.contains(&StemFinding::RoughMix));
    }
}

#[test]
fn the_sum_of_a_group_is_no_rough_mix() {
    let band = band();
    let drums = mono(&sum(&[band[0].1.clone(), band[1].1.clone()]));
    let reels: Vec<(&str, Audio)> = band.iter().map(|(name, sound)| (*name, mono(sound))).collect();
    let mut stems: Vec<(&str, &Audio)> = reels.iter().map(|(name, reel)| (*name, reel)).collect();
    stems.push(("Audio 9.wav", &drums));
    assert!(prepared(&stems).iter().all(|p| p.part == Part::Plays));
}

#[test]
fn a_snare_from_below_is_turned_over() {
    let top = drum(20, 260.0, 190.0, 0.5);
    let mut dice = Dice::new(21);
    let mut wires = 0.0f32;
    let bottom: Vec<f32> = top
        .iter()
        .map(|sample| {
            wires = (0.999 * wires).max(sample.abs());
            -0.6 * sample + 0.25 * wires * dice.normal() as f32
        })
        .collect();
    let before = low_energy(&sum(&[top.clone(), bottom.clone()]));
    let found = prepared(&[("snare bottom.wav", &mono(&bottom)), ("snare top.wav", &mono(&top))]);
    assert_eq!((found[0].polarity, found[1].polarity), (Polarity::Inverted, Polarity::Kept));
    assert!(found[0].findings.contains(&StemFinding::Inverted { against: "snare top.wav".to_owned() }));
    let after = low_energy(&sum(&[top, scaled(&bottom, -1.0)]));
    assert!(after > 4.0 * before, "the low end of the sum gains: {before} {after}");
}

#[test]
fn a_late_microphone_is_moved_to_the_early_one_within_a_twentieth_of_a_millisecond() {
    let inside = drum(22, 150.0, 50.0, 0.3);
    for late_frames in [44usize, 132, 203] {
        let outside = scaled(&later(&inside, late_frames), 0.7);
        let found = prepared(&[("kick in.wav", &mono(&inside)), ("kick out.wav", &mono(&outside))]);
        let late_ms = late_frames as f64 / 44.1;
        assert_eq!(found[0].delay, Milliseconds::literal(0.0));
        let moved = found[1].delay.value();
        if late_frames == 44 {
            assert_eq!(moved, 0.0, "a millisecond costs the low end less than 1 dB");
        } else {
            assert!((moved + late_ms).abs() < 0.05, "{late_ms} ms late, moved by {moved}");
        }
    }
}

#[test]
fn what_is_not_the_same_source_is_left_alone() {
    let (a, b) = (line(23, 110.0), line(24, 110.0));
    let found = prepared(&[("gtr 1.wav", &mono(&a)), ("gtr 2.wav", &mono(&scaled(&b, -1.0)))]);
    assert!(found.iter().all(|p| p.polarity == Polarity::Kept && p.delay == Milliseconds::literal(0.0)));
}

#[test]
fn microphones_above_the_kit_are_never_moved() {
    let left = drum(25, 260.0, 190.0, 0.5);
    let right = later(&left, 120);
    let found = prepared(&[("OH L.wav", &mono(&left)), ("OH R.wav", &mono(&right))]);
    assert!(found.iter().all(|p| p.role == Role::Overheads && p.delay == Milliseconds::literal(0.0)));
}

#[test]
fn a_close_snare_that_fights_the_overheads_is_turned_over() {
    let snare = drum(26, 260.0, 190.0, 0.5);
    let mut dice = Dice::new(27);
    let above: Vec<f32> =
        later(&snare, 20).iter().map(|sample| -0.5 * sample + (0.004 * dice.normal()) as f32).collect();
    let found = prepared(&[("Snare.wav", &mono(&snare)), ("Overheads.wav", &mono(&above))]);
    assert_eq!(found[0].polarity, Polarity::Inverted);
    assert_eq!(found[1].polarity, Polarity::Kept);
    assert_eq!(found[0].delay, Milliseconds::literal(0.0));
}

#[test]
fn what_the_user_decided_is_kept() {
    let top = drum(20, 260.0, 190.0, 0.5);
    let (top, bottom, silent) = (mono(&top), mono(&scaled(&later(&top, 1), -0.6)), mono(&vec![0.0; FRAMES]));
    let mut stems = [stem("a.wav", &top), stem("b.wav", &bottom), stem("rough.wav", &silent)];
    stems[0].wish.role = Some(Role::Snare);
    stems[1].wish.role = Some(Role::Snare);
    stems[1].wish.polarity = Some(Polarity::Kept);
    stems[1].wish.delay = Some(Milliseconds::literal(1.5));
    stems[2].wish.part = Some(Part::Plays);
    let found = prepare(&stems, &Unwatched).unwrap();
    assert_eq!((found[1].role, found[1].polarity), (Role::Snare, Polarity::Kept));
    assert_eq!(found[1].delay, Milliseconds::literal(1.5));
    assert_eq!(found[2].part, Part::Plays);
}

#[test]
fn two_channels_of_one_signal_and_a_dead_channel_are_read_as_one() {
    let (sound, nothing) = (line(30, 110.0), vec![0.0; FRAMES]);
    let (doubled, dead) = (stereo(&sound, &sound), stereo(&nothing, &sound));
    let wide = stereo(&sound, &line(31, 110.0));
    let found = prepared(&[("a.wav", &doubled), ("b.wav", &dead), ("c.wav", &wide)]);
    assert_eq!(found.iter().map(|p| p.mono_from).collect::<Vec<_>>(), [Some(0), Some(1), None]);
    assert!(found[1].findings.contains(&StemFinding::Alone(Finding::DeadChannel { channel: 0 })));
}

#[test]
fn hum_a_constant_and_flat_tops_are_found_where_they_are() {
    let clean: Vec<Vec<f32>> = (0..4).map(|seed| line(40 + seed, 110.0)).collect();
    let hum: Vec<f32> = (0..FRAMES)
        .map(|frame| {
            let fade = if frame % 176_400 < 88_200 { 1.0 } else { 0.0 };
            let tone = (TAU * 50.0 * frame as f64 / 44_100.0).sin();
            (0.002 * tone) as f32 + fade * clean[0][frame]
        })
        .collect();
    let constant: Vec<f32> = clean[1].iter().map(|sample| sample + 0.03).collect();
    let clipped: Vec<f32> = clean[2].iter().map(|sample| (6.0 * sample).clamp(-0.7, 0.7)).collect();
    let found = prepared(&[
        ("a.wav", &mono(&hum)),
        ("b.wav", &mono(&constant)),
        ("c.wav", &mono(&clipped)),
        ("d.wav", &mono(&clean[3])),
    ]);
    let alone = |index: usize| -> Vec<&'static str> {
        let findings = found[index].findings.iter();
        let codes = findings.filter_map(|finding| match finding {
            StemFinding::Alone(finding) => Some(finding.code()),
            _ => None,
        });
        codes.collect()
    };
    assert_eq!((alone(0), alone(1)), (vec!["hum"], vec!["dc_offset"]));
    assert!(alone(2).contains(&"clipped"), "{:?}", alone(2));
    assert_eq!(alone(3), Vec::<&str>::new());
}

#[test]
fn files_with_a_clock_start_where_it_says_and_only_then() {
    let (a, b) = (mono(&line(50, 110.0)), mono(&line(51, 220.0)[..FRAMES / 2]));
    let mut stems = [stem("a.wav", &a), stem("b.wav", &b)];
    stems[0].starts_at_frame = Some(158_760_000);
    assert_eq!(prepare(&stems, &Unwatched).unwrap()[1].starts_after_frames, 0, "one has no clock");
    stems[1].starts_at_frame = Some(158_760_000 + 44_100);
    let found = prepare(&stems, &Unwatched).unwrap();
    assert_eq!((found[0].starts_after_frames, found[1].starts_after_frames), (0, 44_100));
    stems[1].starts_at_frame = Some(0);
    assert_eq!(
        prepare(&stems, &Unwatched).unwrap()[0].starts_after_frames,
        0,
        "an hour apart is another session"
    );
}

#[test]
fn neither_the_order_of_stems_nor_the_number_of_threads_changes_anything() {
    let band = band();
    let reels: Vec<(&str, Audio)> = band.iter().map(|(name, sound)| (*name, mono(sound))).collect();
    let stems: Vec<(&str, &Audio)> = reels.iter().map(|(name, reel)| (*name, reel)).collect();
    let reversed: Vec<(&str, &Audio)> = stems.iter().rev().copied().collect();
    let first = prepared(&stems);
    let mut second = prepared(&reversed);
    second.reverse();
    assert_eq!(first, second);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build_global().is_ok();
    assert!(!alone || prepared(&stems) == first);
}

#[test]
fn any_lengths_and_samples_that_are_no_numbers_are_taken() {
    let empty = mono(&[]);
    let one = mono(&[0.5]);
    let broken = mono(&[f32::NAN, f32::INFINITY, 1e30, -0.0, 0.2].repeat(4000));
    let short = stereo(&line(60, 110.0)[..3000], &line(61, 110.0)[..3000]);
    let found = prepared(&[("", &empty), ("one", &one), ("broken", &broken), ("short", &short)]);
    assert_eq!(found.len(), 4);
    for prepared in found {
        assert!(prepared.sound.features().iter().all(|value| value.is_finite()), "{prepared:?}");
    }
    assert_eq!(prepare(&[], &Unwatched).unwrap(), []);
}

#[test]
fn sound_alone_knows_drums_and_makes_no_instrument_a_lead_vocal() {
    let band = band();
    let reels: Vec<(String, Audio)> =
        (1..).zip(&band).map(|(number, (_, sound))| (format!("Audio {number}.wav"), mono(sound))).collect();
    let stems: Vec<(&str, &Audio)> = reels.iter().map(|(name, reel)| (name.as_str(), reel)).collect();
    let found = prepared(&stems);
    assert_eq!(found[0].role, Role::Kick, "{:?}", found[0].guess);
    assert!(found.iter().all(|p| p.role != Role::LeadVocal));
}

#[test]
fn a_plain_word_outweighs_the_sound_and_the_user_outweighs_both() {
    let kick = mono(&drum(10, 150.0, 50.0, 0.05));
    let mut stems = [stem("Violin.wav", &kick), stem("Violin copy.wav", &kick)];
    stems[1].wish.role = Some(Role::Pad);
    let found = prepare(&stems, &Unwatched).expect("stems that can be read");
    assert_eq!((found[0].role, found[1].role), (Role::Strings, Role::Pad));
}
