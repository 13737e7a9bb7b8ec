//! What plans hold: numbers as people write them, reasons, and the user's word.

use dsp::master::choice::Decider;
use dsp::mix::{EqBand, EqShape, MixWish, Pan, StemPlan, Touch};
use dsp::units::{Decibels, Hertz};

use crate::session::{band, mixed};

/// Whether a number has so many decimals at most.
fn has_decimals(value: f64, decimals: usize) -> bool {
    format!("{value:.decimals$}").parse::<f64>().unwrap() == value
}

#[test]
fn every_number_of_a_plan_is_as_a_person_would_write_it() {
    let plan = mixed(&band(), &MixWish::new(1.0, 0.3).unwrap()).plan;
    assert!(has_decimals(plan.mix_gain.value(), 1) && has_decimals(plan.vocal_dip.value(), 1));
    for stem in &plan.stems {
        assert!(has_decimals(stem.fader.value(), 1) && has_decimals(stem.pan.value(), 2));
        assert!(stem.high_pass.is_none_or(|corner| has_decimals(corner.value(), 0)));
        assert!(stem.eq.len() <= StemPlan::EQ_BANDS_MAX);
        for band in &stem.eq {
            assert!(has_decimals(band.frequency.value(), 0) && has_decimals(band.gain.value(), 1));
            assert!(has_decimals(band.q, 1), "{band:?}");
        }
        if let Some(compressor) = stem.compressor {
            let numbers = [compressor.threshold.value(), compressor.ratio, compressor.makeup.value()];
            assert!(numbers.iter().all(|number| has_decimals(*number, 1)), "{compressor:?}");
        }
        for point in &stem.ride {
            assert!(has_decimals(point.seconds, 1) && has_decimals(point.gain.value(), 1));
        }
    }
}

#[test]
fn every_decision_has_a_reason_with_a_number() {
    let plan = mixed(&band(), &MixWish::DEFAULT).plan;
    let choices = plan.stems.iter().flat_map(|stem| &stem.choices).chain(&plan.choices);
    let mut told = 0;
    for choice in choices.filter(|choice| choice.by == Decider::Engine && choice.value.is_some()) {
        let has_number = choice.reason.chars().any(|c| c.is_ascii_digit()) || choice.what.starts_with("role");
        assert!(has_number || choice.what == "width", "{choice:?}");
        told += 1;
    }
    assert!(told > 20, "{told}");
}

#[test]
fn no_intensity_sets_faders_and_places_alone() {
    let plan = mixed(&band(), &MixWish::new(0.0, 0.0).unwrap()).plan;
    assert!(plan.drums_compressor.is_none() && plan.vocal_dip == Decibels::ZERO);
    for stem in &plan.stems {
        let untouched = stem.high_pass.is_none() && stem.eq.is_empty() && stem.compressor.is_none();
        assert!(untouched && stem.de_esser.is_none() && stem.ride.is_empty() && stem.width == Decibels::ZERO);
    }
    assert!(plan.stems.iter().any(|stem| stem.fader != Decibels::ZERO));
    assert!(plan.stems.iter().any(|stem| stem.pan != Pan::CENTRE));
}

#[test]
fn what_is_wished_is_kept_and_said_to_be_the_users() {
    let mut parts = band();
    let eq = EqBand::new(EqShape::HighShelf, 8_123.456, -1.234_5, 0.777).unwrap();
    let wish = &mut parts[1].wish;
    wish.fader = Some(Decibels::literal(-3.217));
    wish.pan = Some(Pan::literal(0.333));
    wish.eq = Some(vec![eq]);
    wish.high_pass = Some(Some(Hertz::literal(61.8)));
    wish.compressor = Some(None);
    let plan = mixed(&parts, &MixWish::DEFAULT).plan;
    let stem = &plan.stems[1];
    assert_eq!((stem.fader.value(), stem.pan.value()), (-3.217, 0.333));
    assert_eq!(
        (&stem.eq[..], stem.high_pass, stem.compressor),
        (&[eq][..], Some(Hertz::literal(61.8)), None)
    );
    for what in ["fader", "pan", "high-pass", "compressor"] {
        assert!(
            stem.choices.iter().any(|choice| choice.what == what && choice.by == Decider::User),
            "{what}"
        );
    }
}

#[test]
fn an_untouched_stem_keeps_its_sound() {
    let mut parts = band();
    parts[8].wish.touch = Touch::Untouched;
    let plan = mixed(&parts, &MixWish::DEFAULT).plan;
    let stem = &plan.stems[8];
    assert!(stem.high_pass.is_none() && stem.eq.is_empty() && stem.compressor.is_none());
    assert!(stem.de_esser.is_none() && stem.ride.is_empty());
}
