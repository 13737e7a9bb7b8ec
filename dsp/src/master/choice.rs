//! Decisions about the sound in words: what, how much, by whom, why.

/// One thing that was decided, with its reason.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    /// Which side of the sound it is about.
    pub stage: ChoiceStage,
    /// What was decided on, in a producer's word: `high-pass`, `tone at 9.1 kHz`.
    pub what: String,
    /// How much, in `unit`; none if it was left alone.
    pub value: Option<f64>,
    /// The unit of the value; `off` if there is none.
    pub unit: &'static str,
    /// Who decided.
    pub by: Decider,
    /// Why: a clause with numbers.
    pub reason: String,
}

/// Which side of the sound a choice is about, in the order of the chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ChoiceStage {
    /// High-pass and equaliser.
    Tone,
    /// Bands of dynamics and glue.
    Dynamics,
    /// The image.
    Width,
    /// Saturation and shaving.
    Colour,
}

/// Who decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decider {
    /// The engine, from what it measured.
    Engine,
    /// The user, by a number that was kept as it is.
    User,
    /// The preset.
    Preset,
    /// The references.
    Reference,
}

impl Choice {
    /// An amount and its reason.
    pub(crate) fn new(
        stage: ChoiceStage,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        by: Decider,
        reason: impl Into<String>,
    ) -> Self {
        Self { stage, what: what.into(), value: Some(value), unit, by, reason: reason.into() }
    }

    /// Left alone, and why.
    pub(crate) fn off(
        stage: ChoiceStage,
        what: impl Into<String>,
        by: Decider,
        reason: impl Into<String>,
    ) -> Self {
        Self { stage, what: what.into(), value: None, unit: "off", by, reason: reason.into() }
    }
}
