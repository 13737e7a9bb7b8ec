//! The engine's plain values as the report's words and numbers.

use codec::Delivery;
use domain::report::pictures::{ReductionPicture, Seen, SpectrumPicture};
use domain::report::platform::platforms;
use domain::report::{
    DecidedBy, Decision, DecisionStage, FeatureFacts, LimiterFacts, Measured, OutcomeFacts, Pictures, Report,
    SCHEMA, Settings, TargetFacts,
};
use domain::upload::Finding;
use dsp::analysis::average_spectrum::average_spectrum;
use dsp::analysis::findings as heard_findings;
use dsp::analysis::picture::{COLUMNS, Picture, deepest_gains};
use dsp::audio::Audio;
use dsp::bands::PerBand;
use dsp::master::chain::Gains;
use dsp::master::{Choice, ChoiceStage, Decider, Dither, Limit, Mastered, Outcome, Target};
use dsp::meter::Measurements;

use super::findings::with_heard;
use super::mastering::{Brief, Desk, ForFile};

/// What a report shows of a signal, taken while its samples are there.
#[derive(Clone, PartialEq, Debug)]
pub struct Sight {
    /// Its columns.
    pub picture: Picture,
    /// Its average spectrum.
    pub spectrum: PerBand,
}

/// What of a report will be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// What the meters read and what was decided, as a terminal shows it.
    Numbers,
    /// Everything: curves, and what is read off them, too.
    Pictures,
}

impl Shown {
    /// What is seen of `audio`, if it will be shown.
    pub(super) fn sight(self, audio: &Audio) -> Option<Sight> {
        (self == Self::Pictures).then(|| Sight::of(audio))
    }
}

impl Sight {
    /// One pass for the columns, one for the spectrum.
    #[must_use]
    pub fn of(audio: &Audio) -> Self {
        Self { picture: Picture::of(audio, COLUMNS), spectrum: average_spectrum(audio) }
    }

    /// With the meters' reading of the same signal.
    #[must_use]
    pub fn seen<'a>(&'a self, meters: &'a Measurements) -> Seen<'a> {
        Seen { picture: &self.picture, spectrum: &self.spectrum, meters }
    }
}

/// Everything that can be said of one master of what is on the desk.
pub(super) fn report(desk: &Desk, made: &ForFile, format: Delivery) -> Report {
    let (params, mastered, about) = (&made.params, &made.mastered, desk.premaster().about());
    let seen = desk.sight().map(|mix| (mix, Sight::of(&mastered.audio)));
    let (before, after) = match &seen {
        Some((mix, master)) => {
            (Measured::of(&mastered.before, &mix.picture), Measured::of(&mastered.after, &master.picture))
        }
        None => (Measured::from_meters(&mastered.before), Measured::from_meters(&mastered.after)),
    };
    let heard_peak = made.heard_peak.map(|peak| peak.value()).or(after.true_peak_dbtp);
    let loudness_and_peak = after.integrated_lufs.zip(heard_peak);
    Report {
        schema: SCHEMA.to_owned(),
        engine_version: dsp::ENGINE_VERSION.to_owned(),
        source: desk.origin().facts.clone(),
        settings: desk.brief().map(settings),
        before,
        features: about.features.as_ref().map(FeatureFacts::of),
        target: TargetFacts {
            loudness_lufs: match params.target() {
                Target::Loudness(loudness) => Some(loudness.value()),
                Target::AsTheMix => None,
            },
            ceiling_dbtp: made.ceiling.value(),
        },
        outcome: outcome(&mastered.outcome),
        decisions: decisions(desk, made, format),
        findings: findings(desk),
        limiter: limiter(mastered),
        platforms: loudness_and_peak.map_or_else(Vec::new, |(loudness, peak)| platforms(loudness, peak)),
        delivered: Vec::new(),
        preview: None,
        pictures: match &seen {
            Some((mix, master)) => pictures(desk, mastered, mix, master),
            None => Pictures::default(),
        },
        after,
    }
}

fn settings(brief: &Brief) -> Settings {
    let character = &brief.character;
    let preset = character.preset();
    Settings {
        preset: Some(preset.name.to_owned()),
        preset_version: Some(preset.version),
        intensity: Some(character.intensity()),
        tone: Some(character.tone()),
        dynamics: Some(character.dynamics()),
        width: Some(character.width()),
        references: brief.aim.as_ref().map(|aim| aim.references() as u32).filter(|count| *count > 0),
    }
}

/// What decoding found, and what the analysis did.
fn findings(desk: &Desk) -> Vec<Finding> {
    let about = desk.premaster().about();
    let heard =
        about.features.as_ref().map(|features| heard_findings(features, &about.before)).unwrap_or_default();
    with_heard(desk.origin().findings.clone(), heard)
}

fn pictures(desk: &Desk, mastered: &Mastered, mix: &Sight, master: &Sight) -> Pictures {
    let about = desk.premaster().about();
    let mut pictures = Pictures::of(mix.seen(&mastered.before), master.seen(&mastered.after));
    let seconds = pictures.seconds;
    let idle = || {
        let hop_s = (seconds / COLUMNS as f64 * 1000.0).round() / 1000.0;
        let moves = about.gains.as_ref().is_some_and(|gains| *gains != Gains::Still);
        moves.then(|| ReductionPicture { hop_s, ..ReductionPicture::default() })
    };
    pictures.gain_reduction = ReductionPicture::of_limiter(&mastered.limiter_gains, seconds)
        .or_else(idle)
        .map(|picture| with_dynamics(picture, desk));
    if let Some(target) = about.target {
        let with_target =
            |spectrum: SpectrumPicture| spectrum.with_target(&target.level, Some(&target.tolerance));
        pictures.spectrum = pictures.spectrum.map(with_target);
    }
    if !about.chain.tone.is_flat() {
        pictures.spectrum = pictures.spectrum.map(|spectrum| spectrum.with_tone(&about.chain.tone));
    }
    pictures
}

/// What the bands and the glue did, beside what the limiter did.
fn with_dynamics(picture: ReductionPicture, desk: &Desk) -> ReductionPicture {
    let columns = |gains: &[f32]| -> Vec<f64> {
        // Make-up is no reduction.
        deepest_gains(gains, COLUMNS).into_iter().map(|gain| round(gain.value().min(0.0))).collect()
    };
    match &desk.premaster().about().gains {
        Some(Gains::Four(bands)) => {
            ReductionPicture { bands_db: Some(std::array::from_fn(|band| columns(&bands[band]))), ..picture }
        }
        Some(Gains::One(glue)) => ReductionPicture { glue_db: Some(columns(glue)), ..picture },
        Some(Gains::Still) | None => picture,
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

fn decisions(desk: &Desk, made: &ForFile, format: Delivery) -> Vec<Decision> {
    let mastered = &made.mastered;
    let plan = &mastered.plan;
    let decision =
        |stage: DecisionStage, what: &str, value: Option<f64>, unit: &str, reason: String| Decision {
            what: what.to_owned(),
            stage,
            by: DecidedBy::Auto,
            value: value.map(round),
            unit: unit.to_owned(),
            reason,
        };
    let loudness = |what: &str, value: Option<f64>, unit: &str, reason: String| {
        decision(DecisionStage::Loudness, what, value, unit, reason)
    };
    let mut decisions: Vec<Decision> = plan.choices.iter().map(chosen).collect();
    decisions.push(loudness("gain", Some(plan.gain.value.value()), "dB", plan.gain.reason.to_string()));
    decisions.push(match &plan.limiter.value {
        Some(limiter) => loudness(
            "limiter release",
            Some(limiter.release().value()),
            "ms",
            plan.limiter.reason.to_string(),
        ),
        None => loudness("limiter", None, "off", plan.limiter.reason.to_string()),
    });
    if let Some(limiter) = limiter(mastered) {
        let under = limiter.reduction_p95_db;
        let reason = format!("at the deepest; under {under:.1}\u{2009}dB for 95 % of the song");
        decisions.push(loudness("limiter gain", Some(-limiter.reduction_max_db), "dB", reason));
    }
    let delivery = |what: &str, value: Option<f64>, unit: &str, reason: String| {
        decision(DecisionStage::Delivery, what, value, unit, reason)
    };
    if let Some(heard) = made.heard_peak {
        let (asked, set) = (made.ceiling, made.params.ceiling());
        let reason = if set < asked {
            format!(
                "decoded again, {format} would have gone over {asked}; with this ceiling it peaks at {heard:.2}"
            )
        } else {
            format!("decoded again, {format} peaks at {heard:.2}, under {asked}")
        };
        decisions.push(delivery("ceiling before encoding", Some(set.value()), "dBTP", reason));
    }
    decisions.push(match plan.dither.value {
        Dither::None if format.is_lossy() => {
            delivery("dither", None, "off", format!("{format} is coded from the exact samples"))
        }
        Dither::None => delivery("dither", None, "off", plan.dither.reason.to_string()),
        Dither::Triangular(depth) | Dither::Shaped(depth) => {
            delivery("dither", depth.bits().map(f64::from), "bit", plan.dither.reason.to_string())
        }
    });
    let (from, to) = (desk.premaster().about().before.rate, mastered.audio.rate());
    if from != to {
        let reason = format!("from {from}, before the limiter, so that its ceiling holds");
        decisions.push(delivery("sample rate", Some(to.as_f64()), "Hz", reason));
    }
    decisions
}

fn chosen(choice: &Choice) -> Decision {
    Decision {
        what: choice.what.clone(),
        stage: match choice.stage {
            ChoiceStage::Tone => DecisionStage::Tone,
            ChoiceStage::Dynamics => DecisionStage::Dynamics,
            ChoiceStage::Width => DecisionStage::Width,
            ChoiceStage::Colour => DecisionStage::Colour,
        },
        by: decided_by(choice.by),
        value: choice.value,
        unit: choice.unit.to_owned(),
        reason: choice.reason.clone(),
    }
}

/// Who decided, as a report has it.
pub(super) fn decided_by(decider: Decider) -> DecidedBy {
    match decider {
        Decider::User => DecidedBy::User,
        Decider::Preset => DecidedBy::Preset,
        Decider::Engine | Decider::Reference => DecidedBy::Auto,
    }
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
