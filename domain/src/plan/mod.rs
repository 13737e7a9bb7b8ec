//! The plan of a master as JSON: every number that was decided, with its reason. The same plan, song and engine give
//! the same master, bit for bit; a number that somebody changes in it is kept as it is.

mod convert;

pub use convert::{PlanError, decider_word, stage_word};
use serde::{Deserialize, Serialize};

/// The name and version of this form.
pub const SCHEMA: &str = "mixrunners.plan/1";

/// Everything that is done to one song, and why.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: String,
    /// The engine that made it, and the only one that makes the same bits of it.
    pub engine_version: String,
    /// The song it was made for.
    pub song: Song,
    /// Tone, dynamics and width.
    pub sound: Sound,
    /// Gain, limiter and ceiling.
    pub loudness: Loudness,
    /// Rate and grid of the samples.
    pub delivery: Delivery,
    /// Why the sound is what it is.
    pub choices: Vec<ChoiceRow>,
}

/// What a song is known by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Song {
    /// Of its measurements, in hexadecimal.
    pub fingerprint: String,
    /// Its length.
    pub frames: u64,
    /// Its rate.
    pub sample_rate_hz: u32,
    /// Its channels.
    pub channels: u32,
}

/// Tone, dynamics and width, in the order in which they are done.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// Corner of the high-pass.
    pub high_pass_hz: Option<f64>,
    /// Where the top begins to fade.
    pub low_pass_hz: Option<f64>,
    /// Gain of mid and side, from 20 Hz in sixths of an octave.
    pub tone_db: Vec<f64>,
    /// Gain that the side gets besides, on the same grid.
    pub side_db: Vec<f64>,
    /// Below it the side is taken away.
    pub mono_below_hz: Option<f64>,
    /// Gain of the side per band of dynamics.
    pub width_db: [f64; 4],
    /// One for each band of dynamics, lowest first.
    pub bands: Option<[CompressorRow; 4]>,
    /// One for everything.
    pub glue: Option<CompressorRow>,
    /// Distortion of a tone of −10 dBFS.
    pub saturation_percent: f64,
    /// Gain before the saturation, taken off after it.
    pub saturation_drive_db: f64,
    /// Level above which lone peaks are shaved.
    pub shave_above_dbtp: Option<f64>,
}

/// One compressor.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompressorRow {
    /// Where it begins.
    pub threshold_dbfs: f64,
    /// Input over output in dB above.
    pub ratio: f64,
    /// Width of its knee.
    pub knee_db: f64,
    /// Time constant of more reduction.
    pub attack_ms: f64,
    /// Time constant of less.
    pub release_ms: f64,
    /// Gain after it.
    pub makeup_db: f64,
    /// Share of the compressed signal.
    pub mix: f64,
}

/// Gain, limiter and ceiling.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loudness {
    /// The loudness that was asked for; none for that of the song.
    pub target_lufs: Option<f64>,
    /// The highest true peak.
    pub ceiling_dbtp: f64,
    /// What the limiter holds, a little lower.
    pub aim_dbtp: f64,
    /// Gain before the limiter.
    pub gain_db: f64,
    /// Why so much.
    pub gain_reason: String,
    /// The limiter, if there is one.
    pub limiter: Option<LimiterRow>,
    /// Why.
    pub limiter_reason: String,
    /// What kept the master from its target, in words, if anything did.
    pub limit: Option<String>,
}

/// A limiter.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimiterRow {
    /// How far it looks ahead, and behind.
    pub lookahead_ms: f64,
    /// Its fast release.
    pub release_ms: f64,
}

/// Rate and grid of the samples.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Frames a second.
    pub sample_rate_hz: u32,
    /// Bits of the integers; none for floats.
    pub integer_bits: Option<u32>,
    /// `none`, `triangular` or `shaped`.
    pub dither: String,
    /// Why.
    pub dither_reason: String,
}

/// One decision in words.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceRow {
    /// `tone`, `dynamics`, `width` or `colour`.
    pub stage: String,
    /// What was decided on.
    pub what: String,
    /// How much.
    pub value: Option<f64>,
    /// Its unit; `off` without a value.
    pub unit: String,
    /// `engine`, `user`, `preset` or `reference`.
    pub by: String,
    /// Why.
    pub reason: String,
}
