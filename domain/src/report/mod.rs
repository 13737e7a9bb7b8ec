//! The report of a master as JSON: what was measured before and after, and every decision with its reason.
//!
//! The same for the command line and the service; `docs/report.schema.json` is its published form. `schema` changes
//! when a field goes or changes its meaning; a field more is no change, and a reader passes over what it does not
//! know.
//!
//! | module | what |
//! |---|---|
//! | [`measured`] | the meters' reading of one signal |
//! | [`features`] | what else is true of the mix |
//! | [`platform`] | what streaming services do to the master |
//! | [`pictures`] | the curves that a page draws |
//! | [`comparison`] | the report of two files |
//! | [`number`] | numbers as reports hold them and people read them |

pub mod comparison;
pub mod features;
pub mod measured;
pub mod number;
pub mod pictures;
pub mod platform;

use serde::{Deserialize, Serialize};

pub use features::FeatureFacts;
pub use measured::Measured;
pub use pictures::Pictures;
pub use platform::PlatformFacts;

use crate::upload::{AudioFacts, Finding};

/// The name and version of this form.
pub const SCHEMA: &str = "mixrunners.report/2";

/// What happened to one song.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The engine that made the master.
    pub engine_version: String,
    /// What came in.
    pub source: SourceFacts,
    /// How the master was asked for, besides its target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// The meters' reading of it.
    pub before: Measured,
    /// The meters' reading of the master as delivered, after quantising.
    pub after: Measured,
    /// What else is true of the mix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeatureFacts>,
    /// What was asked for.
    pub target: TargetFacts,
    /// How it came out.
    pub outcome: OutcomeFacts,
    /// Every number that was decided, in the order of the chain.
    pub decisions: Vec<Decision>,
    /// What the user should know about their audio.
    pub findings: Vec<Finding>,
    /// What the limiter did, if there was one.
    pub limiter: Option<LimiterFacts>,
    /// What streaming services make of the master.
    #[serde(default)]
    pub platforms: Vec<PlatformFacts>,
    /// The files that were made.
    #[serde(default)]
    pub delivered: Vec<DeliveredFile>,
    /// Of a preview: which part is heard. Everything else here is of the whole master.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<PreviewFacts>,
    /// The curves.
    #[serde(default)]
    pub pictures: Pictures,
}

/// How a master was asked for. What was not is left out.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Name of the preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset_version: Option<u32>,
    /// How much is done, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intensity: Option<f64>,
    /// How much of the tone's correction, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone: Option<f64>,
    /// How much of the dynamics, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamics: Option<f64>,
    /// How much of the width, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// How many references it was matched to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub references: Option<u32>,
}

/// Which part of a master is heard.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct PreviewFacts {
    /// Where it begins.
    pub start_s: f64,
    /// How long it is.
    pub length_s: f64,
}

/// A file that was made of the master: its certificate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveredFile {
    /// Its name.
    pub name: String,
    /// How it is written: `wav24`.
    pub format: String,
    /// Its length.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// What came in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SourceFacts {
    /// Format, rate, channels, length.
    #[serde(flatten)]
    pub audio: AudioFacts,
    /// How samples were stored: `pcm_s24`, `mp3`.
    pub codec: String,
}

/// What was asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TargetFacts {
    /// None: as loud as the mix.
    pub loudness_lufs: Option<f64>,
    /// The highest true peak allowed.
    pub ceiling_dbtp: f64,
}

/// How it came out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OutcomeFacts {
    /// `reached`, `unchanged`, `refused`, `silent` or `too_short`.
    pub kind: String,
    /// What kept the master from its target: the stable name of a limit.
    pub limit: Option<String>,
    /// In one sentence.
    pub text: String,
}

/// One number, and why it is what it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// Which: `gain`, `limiter`, `dither`.
    pub what: String,
    /// Where in the chain.
    #[serde(default)]
    pub stage: DecisionStage,
    /// Who decided.
    #[serde(default)]
    pub by: DecidedBy,
    /// How much, if it is a number.
    pub value: Option<f64>,
    /// Of the value; empty without one.
    pub unit: String,
    /// Why, in words with numbers.
    pub reason: String,
}

/// Where in the chain something was decided, in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionStage {
    /// Faders, places and sound of stems.
    Mix,
    /// Equaliser and filters.
    Tone,
    /// Compressors.
    Dynamics,
    /// The image.
    Width,
    /// Saturation.
    Colour,
    /// Gain and limiter.
    #[default]
    Loudness,
    /// What samples are rounded to.
    Delivery,
}

impl DecisionStage {
    /// Every one, in the order of the chain.
    pub const ALL: [Self; 7] =
        [Self::Mix, Self::Tone, Self::Dynamics, Self::Width, Self::Colour, Self::Loudness, Self::Delivery];

    /// As a heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Mix => "Mix",
            Self::Tone => "Tone",
            Self::Dynamics => "Dynamics",
            Self::Width => "Width",
            Self::Colour => "Colour",
            Self::Loudness => "Loudness",
            Self::Delivery => "Delivery",
        }
    }
}

/// Who decided a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// The engine, from what it measured.
    #[default]
    Auto,
    /// The user asked for it.
    User,
    /// The preset has it so.
    Preset,
    /// It stands in the plan that was given.
    Plan,
}

/// What the limiter did.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LimiterFacts {
    /// The deepest gain reduction.
    pub reduction_max_db: f64,
    /// The gain reduction that 95 % of the programme stays under.
    pub reduction_p95_db: f64,
    /// Energy that the gain's fast movements added, relative to the output.
    pub modulation_db: Option<f64>,
    /// How often the limiter was run over the whole song to land on the target.
    pub renders: u32,
}
