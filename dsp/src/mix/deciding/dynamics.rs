//! Compressors of stems.

use super::Scene;
use super::rounding::{tenths, whole};
use crate::effects::compressor::{gains, mean_reduction, reduction, solve_threshold};
use crate::master::chain::Compressor;
use crate::master::choice::Decider;
use crate::mix::plan::StemChoice;
use crate::mix::role::Role;
use crate::mix::strip::Rehearsed;
use crate::mix::track::Track;
use crate::units::{Dbfs, Decibels, Milliseconds};

/// What a role's compressor is for.
struct Goal {
    ratio: f64,
    /// Mean reduction over active moments at the usual intensity, for a stem that moves as much as usual.
    reduction_db: f64,
    /// How far apart its loud and its middle moments usually are.
    usual_spread_db: f64,
    attack_ms: f64,
    release_ms: f64,
}

/// Less is not worth a compressor.
const LEAST_REDUCTION_DB: f64 = 0.5;
/// More would be heard.
const MOST_REDUCTION_DB: f64 = 6.0;
/// A level so far below the loud moments is not active.
const ACTIVE_DB: f64 = 20.0;

/// Decides the compressor, and takes its gains.
pub(super) fn decide(track: &mut Track<'_>, scene: &Scene) {
    const WHAT: &str = "compressor";
    if let Some(wish) = track.stem.wish.compressor {
        track.plan.compressor = wish;
        track.choose(StemChoice::wished(WHAT, wish.map(|c| c.threshold.value()), "dBFS"));
    } else if track.is_free() && scene.strength() > 0.0 {
        let Some(rehearsed) = &track.rehearsed else { return };
        let goal = goal(track.plan.role);
        let spread = Spread::of(rehearsed);
        match solved(rehearsed, &goal, spread, scene.strength()) {
            Some((compressor, reached)) => {
                let reason = format!(
                    "its loud moments lie {:.1}\u{2009}dB above its middle ({:.1}\u{2009}dB is usual for {}); \
                     {:.1}:1 above the threshold takes {:.1}\u{2009}dB off on average",
                    spread.over_middle_db,
                    goal.usual_spread_db,
                    track.plan.role.said(),
                    compressor.ratio,
                    reached,
                );
                track.plan.compressor = Some(compressor);
                let threshold = compressor.threshold.value();
                track.choose(StemChoice::new(WHAT, threshold, "dBFS", Decider::Engine, reason));
            }
            None => {
                let reason = format!(
                    "its loud moments lie {:.1}\u{2009}dB above its middle, which needs no compressor",
                    spread.over_middle_db
                );
                track.choose(StemChoice::off(WHAT, Decider::Engine, reason));
            }
        }
    }
    let plan = track.plan.clone();
    if let Some(rehearsed) = &mut track.rehearsed {
        rehearsed.compress(&plan);
    }
}

/// How levels lie.
#[derive(Clone, Copy)]
struct Spread {
    gate: Dbfs,
    over_middle_db: f64,
}

impl Spread {
    fn of(rehearsed: &Rehearsed) -> Self {
        let rank = |sorted: &mut Vec<f32>, share: f64| {
            let index = ((sorted.len() - 1) as f64 * share) as usize;
            let (_, value, _) = sorted.select_nth_unstable_by(index, f32::total_cmp);
            10.0 * f64::from(*value).max(1e-20).log10()
        };
        let mut heard: Vec<f32> = rehearsed.detector.iter().copied().filter(|power| *power > 1e-12).collect();
        if heard.is_empty() {
            return Self { gate: Dbfs::literal(0.0), over_middle_db: 0.0 };
        }
        let loud = rank(&mut heard, 0.95);
        let gate_power = 10f64.powf((loud - ACTIVE_DB) / 10.0) as f32;
        heard.retain(|power| *power >= gate_power);
        let (loud, middle) = (rank(&mut heard, 0.95), rank(&mut heard, 0.5));
        Self { gate: Dbfs::literal(loud - ACTIVE_DB), over_middle_db: loud - middle }
    }
}

/// The compressor that reaches its goal, and how much it takes off on average.
fn solved(rehearsed: &Rehearsed, goal: &Goal, spread: Spread, strength: f64) -> Option<(Compressor, f64)> {
    let more = (1.0 + 0.15 * (spread.over_middle_db - goal.usual_spread_db)).clamp(0.3, 1.8);
    let wanted = (goal.reduction_db * more * strength).min(MOST_REDUCTION_DB);
    if wanted < LEAST_REDUCTION_DB {
        return None;
    }
    let mut compressor = Compressor {
        threshold: Dbfs::literal(0.0),
        ratio: goal.ratio,
        knee: Decibels::literal(6.0),
        attack: Milliseconds::literal(goal.attack_ms),
        release: Milliseconds::literal(goal.release_ms),
        makeup: Decibels::ZERO,
        mix: 1.0,
    };
    let (detector, rate) = (&rehearsed.detector, rehearsed.rate);
    let threshold = solve_threshold(&compressor, detector, rate, spread.gate, Decibels::literal(wanted));
    compressor.threshold = Dbfs::literal(tenths(threshold.value()));
    let mut curve = Vec::new();
    reduction(&compressor, detector, rate, &mut curve);
    let reached = mean_reduction(&curve, detector, spread.gate).value();
    gains(&compressor, &mut curve);
    // As loud as before: what counts is the K-weighted energy.
    let energy = |gain: &dyn Fn(usize) -> f64| -> f64 {
        rehearsed.energies.iter().enumerate().map(|(run, e)| f64::from(*e) * gain(run)).sum()
    };
    let lost = energy(&|_| 1.0) / energy(&|run| f64::from(curve[run]).powi(2));
    compressor.makeup = Decibels::literal(tenths(10.0 * lost.log10()));
    (reached >= LEAST_REDUCTION_DB / 2.0).then_some((compressor, whole(reached * 10.0) / 10.0))
}

fn goal(role: Role) -> Goal {
    let (ratio, reduction_db, usual_spread_db, attack_ms, release_ms) = match role {
        Role::LeadVocal => (3.0, 4.0, 8.0, 6.0, 120.0),
        Role::BackingVocal => (3.0, 3.5, 8.0, 8.0, 150.0),
        Role::Bass | Role::Sub => (3.5, 3.5, 6.0, 15.0, 150.0),
        Role::Kick | Role::Snare | Role::Toms => (2.5, 2.0, 12.0, 15.0, 100.0),
        Role::Drums | Role::Percussion => (2.0, 1.5, 10.0, 20.0, 120.0),
        Role::Hats | Role::Cymbals | Role::Overheads => (1.5, 0.5, 10.0, 20.0, 150.0),
        Role::RhythmGuitar | Role::LeadGuitar | Role::AcousticGuitar => (2.0, 1.5, 8.0, 20.0, 160.0),
        Role::Keys | Role::LeadSynth => (2.0, 1.5, 8.0, 20.0, 200.0),
        Role::Pad | Role::Strings | Role::Brass | Role::Winds => (1.5, 0.8, 8.0, 40.0, 300.0),
        Role::Effects | Role::RoughMix | Role::Other => (1.5, 0.6, 10.0, 30.0, 250.0),
    };
    Goal { ratio, reduction_db, usual_spread_db, attack_ms, release_ms }
}
