//! The engine's values of a mix as the report's words and numbers.

use domain::mix_report::{MaskingPicture, MixReport, SCHEMA, StemRow};
use domain::report::number::rounded;
use domain::report::{Decision, DecisionStage, Measured, Report};
use domain::upload::{Finding, Severity};
use dsp::master::Decider;
use dsp::meter::measure;
use dsp::mix::{Masking, StemAccount, StemChoice, StemFinding, StemPlan};

use super::MadeMix;
use crate::render::report::decided_by;
use crate::render::song::Origin;

/// What is measured of a mix while its samples are there.
#[derive(Clone, PartialEq, Debug)]
pub struct MixMeters {
    sum: Measured,
    mix: Measured,
}

impl MixMeters {
    /// Of the stems as they came, summed, and of the mix.
    #[must_use]
    pub fn of(made: &MadeMix) -> Self {
        let (sum, mix) = rayon::join(|| measure(&made.sum), || measure(&made.mixed.audio));
        Self { sum: Measured::from_meters(&sum), mix: Measured::from_meters(&mix) }
    }
}

/// Everything there is to say about a mix, and about what was made of it.
#[must_use]
pub fn report(made: &MadeMix, meters: MixMeters, title: &str, result: Report) -> MixReport {
    let plan = &made.mixed.plan;
    let rows = plan.stems.iter().zip(&made.mixed.stems).zip(&made.origins);
    MixReport {
        schema: SCHEMA.to_owned(),
        engine_version: dsp::ENGINE_VERSION.to_owned(),
        title: title.to_owned(),
        sample_rate_hz: made.mixed.audio.rate().hertz(),
        intensity: plan.wish.intensity,
        space: plan.wish.space,
        stems: rows.map(|((plan, account), origin)| row(plan, account, origin)).collect(),
        decisions: plan.choices.iter().map(decision).collect(),
        masking: masking(&made.mixed.masking),
        sum: meters.sum,
        mix: meters.mix,
        result,
    }
}

fn row(plan: &StemPlan, account: &StemAccount, origin: &Origin) -> StemRow {
    let heard = account.findings.iter().map(finding);
    let mut findings: Vec<Finding> = origin.findings.iter().cloned().chain(heard).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    StemRow {
        file: plan.name.clone(),
        role: plan.role.as_str().to_owned(),
        role_name: plan.role.said().to_owned(),
        certainty: certainty(plan, account),
        part: plan.part.into(),
        polarity: plan.polarity.into(),
        delay_ms: plan.delay.value(),
        loudness_before_lufs: account.loudness_before.map(|l| rounded(l.value(), 1)),
        loudness_after_lufs: account.loudness_after.map(|l| rounded(l.value(), 1)),
        aim_lu: account.aim.map(|l| rounded(l.value(), 1)),
        standing_lu: account.standing.map(|l| rounded(l.value(), 1)),
        fader_db: plan.fader.value(),
        pan: plan.pan.value(),
        decisions: plan.choices.iter().map(decision).collect(),
        findings,
    }
}

/// 1 is the user's word; a guess stays below, however sure it is.
fn certainty(plan: &StemPlan, account: &StemAccount) -> f64 {
    const OF_A_GUESS_MAX: f64 = 0.99;
    let is_said = |choice: &StemChoice| choice.what.starts_with("role") && choice.by == Decider::User;
    if plan.choices.iter().any(is_said) { 1.0 } else { rounded(account.certainty, 2).min(OF_A_GUESS_MAX) }
}

fn finding(finding: &StemFinding) -> Finding {
    let text = finding.to_string();
    let mut letters = text.chars();
    let text: String = letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect();
    let text = if text.ends_with('.') { text } else { format!("{text}.") };
    let severity = if finding.is_harmful() { Severity::Warning } else { Severity::Info };
    Finding { code: finding.code().to_owned(), severity, text }
}

fn decision(choice: &StemChoice) -> Decision {
    Decision {
        what: choice.what.clone(),
        stage: DecisionStage::Mix,
        by: decided_by(choice.by),
        value: choice.value,
        unit: choice.unit.to_owned(),
        reason: choice.reason.clone(),
    }
}

fn masking(masking: &Masking) -> MaskingPicture {
    let hundredths = |values: &[f64]| values.iter().map(|value| rounded(*value, 2)).collect();
    MaskingPicture {
        frequency_hz: masking.bands.iter().map(|band| rounded(band.value(), 0)).collect(),
        before_db: hundredths(&masking.before_db),
        after_db: hundredths(&masking.after_db),
        index_before: rounded(masking.index_before, 3),
        index_after: rounded(masking.index_after, 3),
    }
}
