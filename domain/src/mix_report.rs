//! The report of a mix as JSON: every stem beside the others, and what was decided about it with its reason.
//!
//! `schema` changes when a field goes or changes its meaning; a field more is no change.

use serde::{Deserialize, Serialize};

use crate::report::{Decision, Measured, Report};
use crate::stem::{PartWord, PolarityWord};
use crate::upload::Finding;

/// The name and version of this form.
pub const SCHEMA: &str = "mixrunners.mix/1";

/// What became of the stems.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MixReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// The engine that made the mix.
    pub engine_version: String,
    /// What the mix is called.
    pub title: String,
    /// The rate at which the stems were mixed.
    pub sample_rate_hz: u32,
    /// How much was done to the sound of the stems, 0 to 1.
    pub intensity: f64,
    /// How much common room, 0 to 1.
    pub space: f64,
    /// One row for each stem, in the order of their names.
    pub stems: Vec<StemRow>,
    /// What was decided that belongs to no single stem.
    pub decisions: Vec<Decision>,
    /// How much stems hide each other.
    pub masking: MaskingPicture,
    /// The meters' reading of the stems as they came, summed.
    pub sum: Measured,
    /// Of the mix.
    pub mix: Measured,
    /// All that was measured and decided for what was made of the mix: its master, or the mix itself as delivered.
    pub result: Report,
}

/// One stem.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StemRow {
    /// The name of its file.
    pub file: String,
    /// What it was taken for: the name of a role.
    pub role: String,
    /// The same in words.
    pub role_name: String,
    /// How sure that is, 0 to 1; 1 if the user said it.
    pub certainty: f64,
    /// Whether it plays.
    pub part: PartWord,
    /// Whether it was turned over.
    pub polarity: PolarityWord,
    /// How much later it plays than it came.
    pub delay_ms: f64,
    /// Loudness as it came, over its own active moments.
    pub loudness_before_lufs: Option<f64>,
    /// Loudness of what it adds to the mix.
    pub loudness_after_lufs: Option<f64>,
    /// Loudness relative to the mix that was aimed at.
    pub aim_lu: Option<f64>,
    /// Loudness relative to the mix that came out.
    pub standing_lu: Option<f64>,
    /// The fader.
    pub fader_db: f64,
    /// −1 left, 0 middle, 1 right.
    pub pan: f64,
    /// Every number that was decided, in the order of the chain.
    pub decisions: Vec<Decision>,
    /// What its owner should know.
    pub findings: Vec<Finding>,
}

/// How much stems hide each other, per band of hearing: by how many dB less important ones lie over more important
/// ones in the mean, where those have what makes them understood.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct MaskingPicture {
    /// Centres of the bands.
    pub frequency_hz: Vec<f64>,
    /// Of the stems as they came, at the faders of the mix.
    pub before_db: Vec<f64>,
    /// Of the mix.
    pub after_db: Vec<f64>,
    /// One number for all bands.
    pub index_before: f64,
    /// The same of the mix.
    pub index_after: f64,
}
