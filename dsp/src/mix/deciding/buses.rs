//! What is done to groups: a compressor on the drums, and the music's dip under the lead vocal.

use super::Scene;
use super::rounding::tenths;
use crate::effects::compressor::{gains, mean_reduction, reduction, solve_threshold};
use crate::master::chain::Compressor;
use crate::master::choice::Decider;
use crate::mix::plan::StemChoice;
use crate::mix::role::{Group, Role};
use crate::mix::track::{Shape, Track};
use crate::units::{Dbfs, Decibels, Milliseconds};

/// Mean reduction of the drums at the usual intensity.
const DRUMS_DB: f64 = 1.5;
/// Of each dB by which the music hides the lead, so much is dipped.
const DIP_ANSWER: f64 = 0.2;
/// As far as the music dips.
const DIP_MAX_DB: f64 = 3.0;
/// Less is nothing.
const DIP_MIN_DB: f64 = 0.8;

/// Decides the compressor on the drums.
pub(super) fn drums(
    tracks: &[Track<'_>],
    mix_gain: Decibels,
    scene: &Scene,
    choices: &mut Vec<StemChoice>,
) -> Option<Compressor> {
    const WHAT: &str = "drums compressor";
    if let Some(wish) = scene.wish.drums_compressor {
        choices.push(StemChoice::wished(WHAT, wish.map(|c| c.threshold.value()), "dBFS"));
        return wish;
    }
    let kit: Vec<&Track<'_>> = tracks.iter().filter(|track| is_of_kit(track)).collect();
    if scene.strength() == 0.0 || kit.len() < 2 || kit.iter().any(|track| !track.is_free()) {
        return None;
    }
    let (powers, rate) = summed(&kit, mix_gain)?;
    let gate = active_gate(&powers)?;
    let mut compressor = Compressor {
        threshold: Dbfs::literal(0.0),
        ratio: 2.0,
        knee: Decibels::literal(6.0),
        attack: Milliseconds::literal(20.0),
        release: Milliseconds::literal(120.0),
        makeup: Decibels::ZERO,
        mix: 1.0,
    };
    let wanted = Decibels::literal((DRUMS_DB * scene.strength()).min(2.0 * DRUMS_DB));
    let threshold = solve_threshold(&compressor, &powers, rate, gate, wanted);
    compressor.threshold = Dbfs::literal(tenths(threshold.value()));
    let mut curve = Vec::new();
    reduction(&compressor, &powers, rate, &mut curve);
    let reached = mean_reduction(&curve, &powers, gate).value();
    gains(&compressor, &mut curve);
    let energy = |gain: &dyn Fn(usize) -> f64| -> f64 {
        powers.iter().enumerate().map(|(run, power)| f64::from(*power) * gain(run)).sum()
    };
    let lost = energy(&|_| 1.0) / energy(&|run| f64::from(curve[run]).powi(2));
    compressor.makeup = Decibels::literal(tenths(10.0 * lost.log10()));
    let reason = format!(
        "{} drum stems become one kit: {:.1}:1 takes {reached:.1}\u{2009}dB off their sum on average",
        kit.len(),
        compressor.ratio
    );
    choices.push(StemChoice::new(WHAT, compressor.threshold.value(), "dBFS", Decider::Engine, reason));
    Some(compressor)
}

fn is_of_kit(track: &Track<'_>) -> bool {
    track.plays() && track.plan.role.group() == Group::Drums
}

/// The detector's powers of a sum of stems, as if they had nothing in common.
fn summed(kit: &[&Track<'_>], mix_gain: Decibels) -> Option<(Vec<f32>, crate::units::SampleRate)> {
    let mut sum: Vec<f32> = Vec::new();
    let mut rate = None;
    for track in kit {
        let Some(rehearsed) = &track.rehearsed else { continue };
        rate = Some(rehearsed.rate);
        let fader = (track.plan.fader.amplitude() * mix_gain.amplitude()).powi(2);
        // One channel in the middle goes to both at −3 dB.
        let power =
            (if matches!(track.shape, Shape::One | Shape::OneOf(_)) { 0.5 * fader } else { fader }) as f32;
        if sum.len() < rehearsed.detector.len() {
            sum.resize(rehearsed.detector.len(), 0.0);
        }
        for (run, (sum, level)) in sum.iter_mut().zip(&rehearsed.detector).enumerate() {
            let gain = rehearsed.gains.as_ref().map_or(1.0, |gains| gains[run]);
            *sum += level * power * gain * gain;
        }
    }
    rate.map(|rate| (sum, rate))
}

/// 20 dB below the loud moments.
fn active_gate(powers: &[f32]) -> Option<Dbfs> {
    let mut heard: Vec<f32> = powers.iter().copied().filter(|power| *power > 1e-12).collect();
    if heard.is_empty() {
        return None;
    }
    let rank = (heard.len() - 1) * 19 / 20;
    let (_, loud, _) = heard.select_nth_unstable_by(rank, f32::total_cmp);
    Some(Dbfs::literal(10.0 * f64::from(*loud).log10() - 20.0))
}

/// Decides how far the music dips under the lead. `hidden_db` is by how much the other stems lie over the lead where
/// it is understood, after their equalisers.
pub(super) fn dip(
    tracks: &[Track<'_>],
    hidden_db: f64,
    scene: &Scene,
    choices: &mut Vec<StemChoice>,
) -> Decibels {
    const WHAT: &str = "vocal dip";
    if let Some(wish) = scene.wish.vocal_dip {
        choices.push(StemChoice::wished(WHAT, Some(wish.value()), "dB"));
        return wish;
    }
    let sings = tracks.iter().any(|track| track.plays() && track.plan.role == Role::LeadVocal);
    let plays = tracks.iter().any(|track| track.plays() && track.plan.role.group() == Group::Music);
    if !sings || !plays || scene.strength() == 0.0 {
        return Decibels::ZERO;
    }
    let depth = (DIP_ANSWER * hidden_db * scene.strength()).min(DIP_MAX_DB);
    if depth < DIP_MIN_DB {
        let reason = format!("the music hides the lead by {hidden_db:.1}\u{2009}dB, which needs no dip");
        choices.push(StemChoice::off(WHAT, Decider::Engine, reason));
        return Decibels::ZERO;
    }
    let dip = -tenths(depth);
    let reason = format!(
        "with its equalisers the music still hides the lead by {hidden_db:.1}\u{2009}dB from 1 to 5\u{2009}kHz; \
         it gives way while the lead sings"
    );
    choices.push(StemChoice::new(WHAT, dip, "dB", Decider::Engine, reason));
    Decibels::literal(dip)
}
