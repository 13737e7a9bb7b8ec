//! Faders, places and rides, judged by meters that are not ours.

use std::sync::Mutex;

use dsp::audio::Audio;
use dsp::mix::{self, MixWish, ReelError, StemSink};
use dsp::progress::Unwatched;
use dsp::signal::Dice;
use dsp::units::Decibels;

use crate::session::{Part, band, loudness, mixed, scaled, stems};

struct Loudnesses(Mutex<Vec<(String, f64)>>);

impl StemSink for Loudnesses {
    fn take(&self, stem: &str, audio: &Audio) -> Result<(), ReelError> {
        self.0.lock().unwrap().push((stem.to_owned(), loudness(audio)));
        Ok(())
    }
}

/// Loudness of each stem in the mix over that of the mix, by name.
fn standings(parts: &[Part]) -> Vec<(String, f64)> {
    let sink = Loudnesses(Mutex::default());
    let mix = mix::mix(&stems(parts), &MixWish::DEFAULT, Some(&sink), &Unwatched).unwrap();
    let whole = loudness(&mix.audio);
    let mut stems = sink.0.into_inner().unwrap();
    stems.sort_by(|a, b| a.0.cmp(&b.0));
    stems.into_iter().map(|(name, stem)| (name, stem - whole)).collect()
}

#[test]
fn stems_that_come_detuned_come_back_to_the_same_balance() {
    let straight = standings(&band());
    for seed in 0..3 {
        let mut dice = Dice::new(seed);
        let mut detuned = band();
        for part in &mut detuned {
            part.audio = scaled(&part.audio, dice.uniform(-12.0, 12.0));
        }
        let raw: Vec<f64> = detuned.iter().map(|part| loudness(&part.audio)).collect();
        let spread =
            raw.iter().cloned().fold(f64::MIN, f64::max) - raw.iter().cloned().fold(f64::MAX, f64::min);
        assert!(spread > 10.0, "the case must be real: {raw:?}");
        for ((name, straight), (_, detuned)) in straight.iter().zip(standings(&detuned)) {
            assert!((straight - detuned).abs() < 1.0, "{name} stood at {straight}, detuned at {detuned}");
        }
    }
}

#[test]
fn what_is_told_of_a_stem_is_what_a_meter_reads() {
    let parts = band();
    let mix = mixed(&parts, &MixWish::DEFAULT);
    let read = standings(&parts);
    for (index, (name, standing)) in read.iter().enumerate() {
        let told = &mix.stems[index];
        let before = told.loudness_before.unwrap().value();
        assert!((before - loudness(&parts[index].audio)).abs() < 0.15, "{name}: {before}");
        assert!((told.standing.unwrap().value() - standing).abs() < 0.5, "{name}: {standing} and {told:?}");
        // Aims are given as if stems had nothing in common.
        assert!((told.aim.unwrap().value() - standing).abs() < 1.5, "{name}: {standing} and {told:?}");
    }
    assert!((loudness(&mix.audio) + 18.0).abs() < 1.0, "{}", loudness(&mix.audio));
}

#[test]
fn both_sides_weigh_the_same_and_single_channels_are_spread() {
    let mix = mixed(&band(), &MixWish::DEFAULT);
    let pans: Vec<f64> = mix.plan.stems.iter().map(|stem| stem.pan.value()).collect();
    assert!(pans.iter().any(|pan| *pan > 0.1) && pans.iter().any(|pan| *pan < -0.1), "{pans:?}");
    let power = |side: usize| mix.audio.channel(side).iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    let (left, right) = (power(0), power(1));
    assert!((10.0 * (left / right).log10()).abs() < 0.7, "{} dB {pans:?}", 10.0 * (left / right).log10());
    let product: f64 =
        mix.audio.channel(0).iter().zip(mix.audio.channel(1)).map(|(l, r)| f64::from(l * r)).sum();
    assert!(product / (left * right).sqrt() > 0.1);
}

#[test]
fn stems_hide_each_other_less_than_at_the_same_faders_without_filters() {
    let masking = mixed(&band(), &MixWish::DEFAULT).masking;
    assert!(masking.index_before > 1.0, "the case must be real: {masking:?}");
    // Two cuts of at most 3 dB in each stem, where stems hide each other by 13 dB.
    assert!(masking.index_after < 0.95 * masking.index_before, "{masking:?}");
    assert_eq!(masking.bands.len(), masking.after_db.len());
}

#[test]
fn the_lead_rides_its_soft_lines_up_within_limits() {
    let mix = mixed(&band(), &MixWish::DEFAULT);
    let voice = mix.plan.stems.iter().find(|stem| stem.name == "voice").unwrap();
    let gains: Vec<f64> = voice.ride.iter().map(|point| point.gain.value()).collect();
    assert!(gains.iter().any(|gain| *gain > 0.5) || gains.iter().any(|gain| *gain < -0.5), "{gains:?}");
    assert!(gains.iter().all(|gain| gain.abs() <= 3.0));
}

#[test]
fn a_trim_moves_one_fader_and_no_other() {
    let plain = mixed(&band(), &MixWish { intensity: 0.0, ..MixWish::DEFAULT }).plan;
    let mut trimmed = band();
    trimmed[1].wish.trim = Some(Decibels::literal(3.0));
    let trimmed = mixed(&trimmed, &MixWish { intensity: 0.0, ..MixWish::DEFAULT }).plan;
    for (index, (plain, trimmed)) in plain.stems.iter().zip(&trimmed.stems).enumerate() {
        let wanted = if index == 1 { 3.0 } else { 0.0 };
        assert!((trimmed.fader.value() - plain.fader.value() - wanted).abs() < 1e-9, "{}", plain.name);
    }
}

#[test]
fn a_balance_that_somebody_made_is_mostly_kept() {
    let wish = MixWish::new(0.0, 0.0).unwrap();
    let usual = mixed(&band(), &wish).plan;
    let mut balanced = band();
    let moves: Vec<f64> = (0..balanced.len()).map(|index| if index % 2 == 0 { 2.0 } else { -2.0 }).collect();
    for ((part, stem), moved) in balanced.iter_mut().zip(&usual.stems).zip(&moves) {
        part.audio = scaled(&part.audio, stem.fader.value() + moved);
    }
    let mean = moves.iter().sum::<f64>() / moves.len() as f64;
    for (stem, moved) in mixed(&balanced, &wish).plan.stems.iter().zip(&moves) {
        // About a third of the way back to what is usual; the lead is held against the rest as well.
        let wanted = -0.35 * (moved - mean);
        assert!((stem.fader.value() - wanted).abs() < 0.5, "{}: {} and {wanted}", stem.name, stem.fader);
    }
}
