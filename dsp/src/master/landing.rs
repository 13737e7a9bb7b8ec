//! From a plan to a certified master.

use super::analysis::Analysis;
use super::certify::{self, Certified, Levels};
use super::decide::Decision;
use super::outcome::{MasterError, Mastered, Outcome, Work};
use super::params::MasterParams;
use super::plan::{Dither, MasterPlan};
use super::renderer::Renderer;
use super::{MasterWatch, TOLERANCE};
use crate::audio::Audio;
use crate::effects::dither::Quantiser;
use crate::effects::limiter::GainCurve;
use crate::effects::noise_shaper::NoiseShaper;
use crate::units::Decibels;

/// Renders at most; one is the rule.
const RENDERS_MAX: usize = 3;

/// Renders and certifies, and corrects the gain by what the meter then says, until the loudness is met.
pub(super) fn land(
    mix: &Audio,
    analysis: Analysis,
    params: &MasterParams,
    mut decision: Decision,
    watch: &dyn MasterWatch,
) -> Result<Mastered, MasterError> {
    let levels = Levels { ceiling: params.ceiling(), aim: decision.plan.aim };
    let mut renders = 0;
    loop {
        let mut renderer = Renderer {
            drive: decision.plan.gain.value.amplitude() as f32,
            curve: decision.curve.take(),
            quantisers: quantisers(mix, &analysis, &decision.plan),
            silence: &analysis.silence,
        };
        let certified = certify::render(mix, &mut renderer, levels, watch)?;
        renders += certified.renders;
        let reached = decision.wanted.zip(certified.after.integrated);
        let miss = reached.map_or(0.0, |(wanted, reached)| (reached - wanted).value());
        // Half the tolerance, so that other meters agree; a trimmed master is as loud as its ceiling allows.
        let close = miss.abs() <= 0.5 * TOLERANCE.value() || certified.trim != Decibels::ZERO;
        if close || renders >= RENDERS_MAX {
            let work = work(&decision, renderer.curve.as_ref(), &certified, renders);
            let Certified { audio, after, .. } = certified;
            let outcome = Outcome::of(&analysis, params, &decision.plan, after.integrated, work.trim);
            return Ok(Mastered {
                audio,
                before: analysis.before,
                after,
                plan: decision.plan,
                outcome,
                work,
            });
        }
        decision.correct(miss);
    }
}

fn quantisers(mix: &Audio, analysis: &Analysis, plan: &MasterPlan) -> Option<Vec<Quantiser>> {
    let (depth, shaper) = match plan.dither.value {
        Dither::None => return None,
        Dither::Triangular(depth) => (depth, None),
        Dither::Shaped(depth) => (depth, Some(NoiseShaper::new(mix.rate()))),
    };
    let quantiser = |channel| {
        let plain = Quantiser::new(depth, analysis.fingerprint, channel);
        shaper.map_or(plain, |shaper| plain.shaped(shaper))
    };
    Some((0..mix.channel_count()).map(quantiser).collect())
}

fn work(decision: &Decision, curve: Option<&GainCurve>, certified: &Certified, renders: usize) -> Work {
    let rest = Work { renders, dips: certified.dips, trim: certified.trim, ..Work::NONE };
    let Some(curve) = curve else { return rest };
    let rest = Work { reduction_max: -curve.deepest(), ..rest };
    let Some(programme) = &decision.programme else { return rest };
    let probe = programme.probe_of(curve, decision.plan.gain.value);
    Work { reduction_p95: probe.reduction_p95(), modulation: probe.modulation(), ..rest }
}
