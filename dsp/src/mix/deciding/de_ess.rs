//! De-essers of voices.

use super::Scene;
use super::rounding::{frequency, tenths};
use crate::bands::{BANDS, centre};
use crate::master::choice::Decider;
use crate::mix::listening::Spectra;
use crate::mix::plan::{DeEsser, StemChoice};
use crate::mix::track::Track;
use crate::units::{Decibels, Hertz};

/// Sibilants stand out from so far above the usual.
const OVER_USUAL_DB: f64 = 6.0;
/// Those of a voice that nobody would call sharp lie so far under its vowels.
const FINE_DB: f64 = -9.0;
/// They are turned down by so much at most.
const MOST_DB: f64 = 6.0;
/// Too little to be heard, of the hundredth of moments with the most.
const LEAST_DB: f64 = 1.5;

/// Decides the de-esser, and takes its gains.
pub(super) fn decide(track: &mut Track<'_>, scene: &Scene) {
    const WHAT: &str = "de-esser";
    if let Some(wish) = track.stem.wish.de_esser {
        track.plan.de_esser = wish;
        track.choose(StemChoice::wished(WHAT, wish.map(|d| d.threshold.value()), "dB"));
    } else if track.is_voice() && track.is_free() && scene.strength() > 0.0 {
        match found(track, scene.strength()) {
            Some((de_esser, most)) => {
                let reason = format!(
                    "sibilants about {:.0} stand up to {most:.1}\u{2009}dB too far out against the voice",
                    de_esser.frequency
                );
                let threshold = de_esser.threshold.value();
                track.plan.de_esser = Some(de_esser);
                track.choose(StemChoice::new(WHAT, threshold, "dB", Decider::Engine, reason));
            }
            None => track.choose(StemChoice::off(WHAT, Decider::Engine, "no sibilant stands out")),
        }
    }
    let de_esser = track.plan.de_esser;
    if let Some(rehearsed) = &mut track.rehearsed {
        rehearsed.de_ess(de_esser);
    }
}

fn found(track: &Track<'_>, strength: f64) -> Option<(DeEsser, f64)> {
    let sibilance = track.rehearsed.as_ref()?.sibilance.as_ref()?;
    let usual = sibilance.usual_db()?;
    let de_esser = DeEsser {
        frequency: Hertz::literal(frequency(sharpest(&track.heard.as_ref()?.spectra).value())),
        threshold: Decibels::literal(tenths((usual + OVER_USUAL_DB).max(FINE_DB))),
        reduction_max: Decibels::literal(tenths((MOST_DB * strength).min(MOST_DB))),
    };
    let mut reductions = sibilance.reductions(&de_esser);
    reductions.retain(|reduction| *reduction > 0.05);
    if reductions.len() < 50 {
        return None;
    }
    reductions.sort_by(f32::total_cmp);
    let most = f64::from(reductions[reductions.len() * 9 / 10]);
    (most >= LEAST_DB).then_some((de_esser, most))
}

/// Where the loudest sharp moments are, from 4.5 to 10 kHz.
fn sharpest(spectra: &Spectra) -> Hertz {
    let bands: Vec<usize> = (0..BANDS).filter(|b| (4500.0..10_000.0).contains(&centre(*b).value())).collect();
    let sharp = |block: &[f32; BANDS]| bands.iter().map(|band| block[*band]).sum::<f32>();
    let loudest = spectra.blocks.iter().map(sharp).fold(0.0, f32::max);
    let mut sums = vec![0.0f64; bands.len()];
    for block in spectra.blocks.iter().filter(|block| sharp(block) > 0.1 * loudest) {
        sums.iter_mut().zip(&bands).for_each(|(sum, band)| *sum += f64::from(block[*band]));
    }
    let best = (0..bands.len()).max_by(|a, b| sums[*a].total_cmp(&sums[*b]));
    best.map_or(Hertz::literal(7000.0), |index| centre(bands[index]))
}
