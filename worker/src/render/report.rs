//! The engine's plain values as the report's words and numbers.

use domain::report::{Decision, LimiterFacts, Measured, OutcomeFacts, Report, SCHEMA, TargetFacts};
use dsp::master::{Dither, Limit, MasterParams, Mastered, Outcome, Target};

use super::song::Origin;

/// Everything that can be said of one master.
pub(super) fn report(origin: &Origin, params: &MasterParams, mastered: &Mastered) -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        engine_version: dsp::ENGINE_VERSION.to_owned(),
        source: origin.facts.clone(),
        before: Measured::from_meters(&mastered.before),
        after: Measured::from_meters(&mastered.after),
        target: TargetFacts {
            loudness_lufs: match params.target() {
                Target::Loudness(loudness) => Some(loudness.value()),
                Target::AsTheMix => None,
            },
            ceiling_dbtp: params.ceiling().value(),
        },
        outcome: outcome(&mastered.outcome),
        decisions: decisions(mastered),
        findings: origin.findings.clone(),
        limiter: limiter(mastered),
    }
}

fn outcome(outcome: &Outcome) -> OutcomeFacts {
    let (kind, limit, text) = match outcome {
        Outcome::Reached => ("reached", None, "The loudness asked for was reached.".to_owned()),
        Outcome::Unchanged => {
            ("unchanged", None, "The mix was there already; every sample is as it came.".to_owned())
        }
        Outcome::Refused { limit, asked, reached } => (
            "refused",
            Some(limit_name(limit)),
            format!(
                "{asked} was asked for; this master is at {reached}, as far as it goes without harm: {limit}."
            ),
        ),
        Outcome::Silent => {
            ("silent", None, "There is nothing to be heard; silence stays silence.".to_owned())
        }
        Outcome::TooShort => (
            "too_short",
            None,
            "Shorter than 0.4 s, so it has no loudness; its peak was brought to the ceiling.".to_owned(),
        ),
    };
    OutcomeFacts { kind: kind.to_owned(), limit: limit.map(str::to_owned), text }
}

fn limit_name(limit: &Limit) -> &'static str {
    match limit {
        Limit::PeakToLoudness { .. } => "peak_to_loudness",
        Limit::Reduction { .. } => "reduction",
        Limit::Modulation { .. } => "modulation",
        Limit::Wall { .. } => "wall",
        Limit::Boost { .. } => "boost",
        Limit::AlreadyMastered { .. } => "already_mastered",
        Limit::BetweenAchievable => "between_achievable",
        Limit::Ceiling { .. } => "ceiling",
    }
}

fn decisions(mastered: &Mastered) -> Vec<Decision> {
    let plan = &mastered.plan;
    let decision = |what: &str, value: Option<f64>, unit: &str, reason: String| Decision {
        what: what.to_owned(),
        value: value.map(|v| (v * 100.0).round() / 100.0),
        unit: unit.to_owned(),
        reason,
    };
    let mut decisions =
        vec![decision("gain", Some(plan.gain.value.value()), "dB", plan.gain.reason.to_string())];
    decisions.push(match &plan.limiter.value {
        Some(limiter) => decision(
            "limiter release",
            Some(limiter.release().value()),
            "ms",
            plan.limiter.reason.to_string(),
        ),
        None => decision("limiter", None, "off", plan.limiter.reason.to_string()),
    });
    if let Some(limiter) = limiter(mastered) {
        let under = limiter.reduction_p95_db;
        let reason = format!("at the deepest; under {under:.1}\u{2009}dB for 95 % of the song");
        decisions.push(decision("limiter gain", Some(-limiter.reduction_max_db), "dB", reason));
    }
    decisions.push(match plan.dither.value {
        Dither::None => decision("dither", None, "off", plan.dither.reason.to_string()),
        Dither::Triangular(depth) | Dither::Shaped(depth) => {
            decision("dither", depth.bits().map(f64::from), "bit", plan.dither.reason.to_string())
        }
    });
    decisions
}

fn limiter(mastered: &Mastered) -> Option<LimiterFacts> {
    let work = &mastered.work;
    mastered.plan.limiter.value.map(|_| LimiterFacts {
        reduction_max_db: round(work.reduction_max.value()),
        reduction_p95_db: round(work.reduction_p95.value()),
        modulation_db: Some(work.modulation.value()).filter(|v| v.is_finite()).map(round),
        renders: work.renders as u32,
    })
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}
