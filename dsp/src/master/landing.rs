//! From a plan to a certified master.

use super::certify::{self, Certified, Levels};
use super::decide::Decision;
use super::outcome::{MasterError, Mastered, Outcome, Work};
use super::params::MasterParams;
use super::plan::{Dither, MasterPlan};
use super::premaster::Given;
use super::renderer::Renderer;
use super::{MasterWatch, Stage, TOLERANCE};
use crate::analysis::picture::{COLUMNS, deepest_gains};
use crate::effects::dither::Quantiser;
use crate::effects::limiter::GainCurve;
use crate::effects::noise_shaper::NoiseShaper;
use crate::meter::measure_certified;
use crate::units::Decibels;

/// Renders at most; one is the rule.
const RENDERS_MAX: usize = 3;

/// Renders and certifies, and corrects the gain by what the meter then says, until the loudness is met.
pub(super) fn land(
    mut given: Given<'_>,
    params: &MasterParams,
    mut decision: Decision,
    watch: &dyn MasterWatch,
) -> Result<Mastered, MasterError> {
    watch.enter(Stage::Render);
    if decision.plan.leaves_samples_alone() && decision.plan.dither.value == Dither::None {
        return Ok(untouched(&given, params, decision));
    }
    let levels = Levels { ceiling: params.ceiling(), aim: decision.plan.aim };
    let mut renders = 0;
    loop {
        let mut renderer = Renderer {
            drive: decision.plan.gain.value.amplitude() as f32,
            curve: decision.curve.take(),
            quantisers: quantisers(&given, &decision.plan),
            silence: &given.analysis.silence,
        };
        let certified = certify::render(given.audio, given.room.take(), &mut renderer, levels, watch)?;
        renders += certified.renders;
        let reached = decision.wanted.zip(certified.after.integrated);
        let miss = reached.map_or(0.0, |(wanted, reached)| (reached - wanted).value());
        // Half the tolerance, so that other meters agree; a trimmed master is as loud as its ceiling allows.
        let close = miss.abs() <= 0.5 * TOLERANCE.value() || certified.trim != Decibels::ZERO;
        if close || renders >= RENDERS_MAX {
            let work = work(&decision, renderer.curve.as_ref(), &certified, renders, &mut given);
            let limiter_gains =
                renderer.curve.as_ref().map_or_else(Vec::new, |curve| deepest_gains(curve.blocks(), COLUMNS));
            let Certified { audio, after, .. } = certified;
            let outcome = Outcome::of(given.analysis, params, &decision.plan, after.integrated, work.trim);
            let about = given.about;
            return Ok(Mastered {
                audio,
                before: about.before.clone(),
                after,
                plan: decision.plan,
                outcome,
                work,
                limiter_gains,
            });
        }
        *given.room = Some(certified.audio);
        decision.correct(miss, &mut given);
    }
}

/// The premaster is its own master.
fn untouched(given: &Given<'_>, params: &MasterParams, decision: Decision) -> Mastered {
    let after = measure_certified(given.audio, params.ceiling());
    let outcome = Outcome::of(given.analysis, params, &decision.plan, after.integrated, Decibels::ZERO);
    Mastered {
        audio: given.audio.clone(),
        before: given.about.before.clone(),
        after,
        plan: decision.plan,
        outcome,
        work: Work::NONE,
        limiter_gains: Vec::new(),
    }
}

fn quantisers(given: &Given<'_>, plan: &MasterPlan) -> Option<Vec<Quantiser>> {
    let (depth, shaper) = match plan.dither.value {
        Dither::None => return None,
        Dither::Triangular(depth) => (depth, None),
        Dither::Shaped(depth) => (depth, Some(NoiseShaper::new(given.audio.rate()))),
    };
    let quantiser = |channel| {
        let plain = Quantiser::new(depth, given.analysis.fingerprint, channel);
        shaper.map_or(plain, |shaper| plain.shaped(shaper))
    };
    Some((0..given.audio.channel_count()).map(quantiser).collect())
}

fn work(
    decision: &Decision,
    curve: Option<&GainCurve>,
    certified: &Certified,
    renders: usize,
    given: &mut Given<'_>,
) -> Work {
    let rest = Work { renders, dips: certified.dips, trim: certified.trim, ..Work::NONE };
    let Some(curve) = curve else { return rest };
    let rest = Work { reduction_max: -curve.deepest(), ..rest };
    let probe = given.programme().probe_of(curve, decision.plan.gain.value);
    Work { reduction_p95: probe.reduction_p95(), modulation: probe.modulation(), ..rest }
}
