//! Between the engine's plan and its JSON.

use super::{ChoiceRow, CompressorRow, Delivery, LimiterRow, Loudness, Plan, SCHEMA, Song, Sound};
use dsp::bands::{BANDS, Curve};
use dsp::effects::dither::Depth;
use dsp::effects::limiter::Limiter;
use dsp::error::ParamError;
use dsp::master::chain::ChainPlan;
use dsp::master::{
    Choice, ChoiceStage, Decider, Dither, MasterParams, MasterPlan, Premaster, Reason, Reasoned, SourceDepth,
    Target,
};
use dsp::units::{Dbtp, Decibels, Hertz, Lufs, Milliseconds, SampleRate};

/// Why a plan cannot be followed.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum PlanError {
    /// It is of another form.
    #[error("the plan's schema is {found:?}; this program reads {SCHEMA:?}")]
    Schema {
        /// What it says.
        found: String,
    },
    /// It was made by another engine.
    #[error(
        "the plan was made by engine {found}; this is {}, which would make another sound of it",
        dsp::ENGINE_VERSION
    )]
    Engine {
        /// Which.
        found: String,
    },
    /// A list has the wrong length.
    #[error("{name} has {found} numbers; it has one for each of {BANDS} bands")]
    Bands {
        /// Which list.
        name: &'static str,
        /// How many it has.
        found: usize,
    },
    /// A word is none of those that are known.
    #[error("{name} is {found:?}, which is none of {known}")]
    Word {
        /// Which field.
        name: &'static str,
        /// What it says.
        found: String,
        /// What it could say.
        known: &'static str,
    },
    /// A number is out of its range.
    #[error("{0}")]
    Number(#[from] ParamError),
}

impl Plan {
    /// The plan of a master that was made of `premaster`.
    #[must_use]
    pub fn of(premaster: &Premaster, plan: &MasterPlan, params: &MasterParams) -> Self {
        let before = &premaster.about().before;
        let song = Song {
            fingerprint: format!("{:016x}", premaster.fingerprint()),
            frames: before.frames as u64,
            sample_rate_hz: before.rate.hertz(),
            channels: premaster.audio().channel_count() as u32,
        };
        let loudness = Loudness {
            target_lufs: match params.target() {
                Target::Loudness(target) => Some(target.value()),
                Target::AsTheMix => None,
            },
            ceiling_dbtp: params.ceiling().value(),
            aim_dbtp: plan.aim.value(),
            gain_db: plan.gain.value.value(),
            gain_reason: plan.gain.reason.to_string(),
            limiter: plan.limiter.value.as_ref().map(LimiterRow::of),
            limiter_reason: plan.limiter.reason.to_string(),
            limit: plan.limit.map(|limit| limit.to_string()),
        };
        let delivery = Delivery {
            sample_rate_hz: premaster.audio().rate().hertz(),
            integer_bits: params.depth().bits(),
            dither: dither_word(plan.dither.value).to_owned(),
            dither_reason: plan.dither.reason.to_string(),
        };
        Self {
            schema: SCHEMA.to_owned(),
            engine_version: dsp::ENGINE_VERSION.to_owned(),
            song,
            sound: Sound::of(&plan.chain),
            loudness,
            delivery,
            choices: plan.choices.iter().map(ChoiceRow::of).collect(),
        }
    }

    /// The engine's plan, and what it takes to follow it. Every number is checked here, and kept as it is.
    pub fn to_engine(&self) -> Result<(MasterPlan, MasterParams), PlanError> {
        if self.schema != SCHEMA {
            return Err(PlanError::Schema { found: self.schema.clone() });
        }
        if self.engine_version != dsp::ENGINE_VERSION {
            return Err(PlanError::Engine { found: self.engine_version.clone() });
        }
        let depth = self.delivery.depth()?;
        let params = self.loudness.params(depth)?;
        let kept = |reason: &str| Reason::Kept(reason.to_owned());
        let limiter = self.loudness.limiter.map(LimiterRow::to_engine).transpose()?;
        let plan = MasterPlan {
            chain: self.sound.to_engine()?,
            choices: self.choices.iter().map(ChoiceRow::to_engine).collect::<Result<_, _>>()?,
            gain: Reasoned {
                value: Decibels::new("gain_db", self.loudness.gain_db)?,
                reason: kept(&self.loudness.gain_reason),
            },
            limiter: Reasoned { value: limiter, reason: kept(&self.loudness.limiter_reason) },
            aim: Dbtp::new("aim_dbtp", self.loudness.aim_dbtp)?,
            dither: Reasoned {
                value: self.delivery.dither(depth)?,
                reason: kept(&self.delivery.dither_reason),
            },
            limit: None,
        };
        Ok((plan, params))
    }

    /// The rate of its samples.
    pub fn rate(&self) -> Result<SampleRate, PlanError> {
        Ok(SampleRate::new(self.delivery.sample_rate_hz)?)
    }
}

impl Sound {
    fn of(chain: &ChainPlan) -> Self {
        Self {
            high_pass_hz: chain.high_pass.map(Hertz::value),
            low_pass_hz: chain.low_pass.map(Hertz::value),
            tone_db: chain.tone.0.to_vec(),
            side_db: chain.side.0.to_vec(),
            mono_below_hz: chain.mono_below.map(Hertz::value),
            width_db: chain.width.map(Decibels::value),
            bands: chain
                .bands
                .as_ref()
                .map(|bands| std::array::from_fn(|band| CompressorRow::of(&bands[band]))),
            glue: chain.glue.as_ref().map(CompressorRow::of),
            saturation_percent: chain.saturation_percent,
            saturation_drive_db: chain.saturation_drive.value(),
            shave_above_dbtp: chain.shave_above.map(Dbtp::value),
        }
    }

    fn to_engine(&self) -> Result<ChainPlan, PlanError> {
        let bands = match &self.bands {
            Some(rows) => {
                let [a, b, c, d] = rows;
                Some([a.to_engine()?, b.to_engine()?, c.to_engine()?, d.to_engine()?])
            }
            None => None,
        };
        let mut width = [Decibels::ZERO; 4];
        for (gain, &db) in width.iter_mut().zip(&self.width_db) {
            *gain = Decibels::literal(dsp::error::within("width_db", db, -60.0, 12.0, "dB")?);
        }
        let hertz = |name, value: Option<f64>, low, high| {
            value.map(|hz| dsp::error::within(name, hz, low, high, "Hz").map(Hertz::literal)).transpose()
        };
        Ok(ChainPlan {
            high_pass: hertz("high_pass_hz", self.high_pass_hz, 5.0, 500.0)?,
            low_pass: hertz("low_pass_hz", self.low_pass_hz, 1000.0, 192_000.0)?,
            tone: curve("tone_db", &self.tone_db)?,
            side: curve("side_db", &self.side_db)?,
            mono_below: hertz("mono_below_hz", self.mono_below_hz, 20.0, 500.0)?,
            width,
            bands,
            glue: self.glue.map(CompressorRow::to_engine).transpose()?,
            saturation_percent: dsp::error::within(
                "saturation_percent",
                self.saturation_percent,
                0.0,
                0.5,
                "%",
            )?,
            saturation_drive: Decibels::literal(dsp::error::within(
                "saturation_drive_db",
                self.saturation_drive_db,
                -60.0,
                60.0,
                "dB",
            )?),
            shave_above: self
                .shave_above_dbtp
                .map(|db| dsp::error::within("shave_above_dbtp", db, -40.0, 20.0, "dBTP").map(Dbtp::literal))
                .transpose()?,
        })
    }
}

fn curve(name: &'static str, gains_db: &[f64]) -> Result<Curve, PlanError> {
    let mut curve = Curve::FLAT;
    if gains_db.len() != BANDS {
        return Err(PlanError::Bands { name, found: gains_db.len() });
    }
    for (gain, &db) in curve.0.iter_mut().zip(gains_db) {
        *gain = dsp::error::within(name, db, -24.0, 24.0, "dB")?;
    }
    Ok(curve)
}

impl LimiterRow {
    fn of(limiter: &Limiter) -> Self {
        Self { lookahead_ms: limiter.lookahead().value(), release_ms: limiter.release().value() }
    }

    fn to_engine(self) -> Result<Limiter, PlanError> {
        let (lookahead, release) =
            (Milliseconds::literal(self.lookahead_ms), Milliseconds::literal(self.release_ms));
        Ok(Limiter::new(lookahead, release)?)
    }
}

impl Loudness {
    fn params(&self, depth: Depth) -> Result<MasterParams, PlanError> {
        let ceiling = Dbtp::new("ceiling_dbtp", self.ceiling_dbtp)?;
        Ok(match self.target_lufs {
            Some(target) => MasterParams::new(Lufs::new("target_lufs", target)?, ceiling, depth)?,
            None => MasterParams::keeping_loudness(ceiling, depth)?,
        }
        .of_source(SourceDepth::Float))
    }
}

impl Delivery {
    fn depth(&self) -> Result<Depth, PlanError> {
        match self.integer_bits {
            None => Ok(Depth::Float32),
            Some(16) => Ok(Depth::Int16),
            Some(24) => Ok(Depth::Int24),
            Some(bits) => Err(PlanError::Word {
                name: "integer_bits",
                found: bits.to_string(),
                known: "16, 24 or null",
            }),
        }
    }

    fn dither(&self, depth: Depth) -> Result<Dither, PlanError> {
        match self.dither.as_str() {
            "none" => Ok(Dither::None),
            "triangular" => Ok(Dither::Triangular(depth)),
            "shaped" => Ok(Dither::Shaped(depth)),
            other => Err(PlanError::Word {
                name: "dither",
                found: other.to_owned(),
                known: "none, triangular or shaped",
            }),
        }
    }
}

fn dither_word(dither: Dither) -> &'static str {
    match dither {
        Dither::None => "none",
        Dither::Triangular(_) => "triangular",
        Dither::Shaped(_) => "shaped",
    }
}

const STAGES: [(ChoiceStage, &str); 4] = [
    (ChoiceStage::Tone, "tone"),
    (ChoiceStage::Dynamics, "dynamics"),
    (ChoiceStage::Width, "width"),
    (ChoiceStage::Colour, "colour"),
];
const DECIDERS: [(Decider, &str); 4] = [
    (Decider::Engine, "engine"),
    (Decider::User, "user"),
    (Decider::Preset, "preset"),
    (Decider::Reference, "reference"),
];
const UNITS: [&str; 5] = ["dB", "dBTP", "Hz", "%", "off"];

/// The word of a stage.
#[must_use]
pub fn stage_word(stage: ChoiceStage) -> &'static str {
    STAGES.iter().find(|(known, _)| *known == stage).map_or("tone", |(_, word)| word)
}

/// The word of who decided.
#[must_use]
pub fn decider_word(decider: Decider) -> &'static str {
    DECIDERS.iter().find(|(known, _)| *known == decider).map_or("engine", |(_, word)| word)
}

impl ChoiceRow {
    /// A choice in words.
    #[must_use]
    pub fn of(choice: &Choice) -> Self {
        Self {
            stage: stage_word(choice.stage).to_owned(),
            what: choice.what.clone(),
            value: choice.value,
            unit: choice.unit.to_owned(),
            by: decider_word(choice.by).to_owned(),
            reason: choice.reason.clone(),
        }
    }

    fn to_engine(&self) -> Result<Choice, PlanError> {
        let unknown = |name, found: &str, known| PlanError::Word { name, found: found.to_owned(), known };
        let stage = STAGES.iter().find(|(_, word)| *word == self.stage);
        let by = DECIDERS.iter().find(|(_, word)| *word == self.by);
        let unit = UNITS.iter().find(|unit| **unit == self.unit);
        Ok(Choice {
            stage: stage.ok_or_else(|| unknown("stage", &self.stage, "tone, dynamics, width or colour"))?.0,
            what: self.what.clone(),
            value: self.value,
            unit: unit.ok_or_else(|| unknown("unit", &self.unit, "dB, dBTP, Hz, % or off"))?,
            by: by.ok_or_else(|| unknown("by", &self.by, "engine, user, preset or reference"))?.0,
            reason: self.reason.clone(),
        })
    }
}
