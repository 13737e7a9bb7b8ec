//! The report of a master as JSON: what was measured before and after, and every decision with its reason.
//!
//! The same for the command line and the service. `schema` changes when a field goes or changes its meaning; a field
//! more is no change.

use std::collections::BTreeMap;

use dsp::meter::Measurements;
use dsp::units::Lu;
use serde::{Deserialize, Serialize};

use crate::upload::{AudioFacts, Finding};

/// The name and version of this form.
pub const SCHEMA: &str = "mixrunners.report/1";

/// What happened to one song.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The engine that made the master.
    pub engine_version: String,
    /// What came in.
    pub source: SourceFacts,
    /// The meters' reading of it.
    pub before: Measured,
    /// The meters' reading of the master as delivered, after quantising.
    pub after: Measured,
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
    /// How much, if it is a number.
    pub value: Option<f64>,
    /// Of the value; empty without one.
    pub unit: String,
    /// Why, in words with numbers.
    pub reason: String,
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

/// The meters' reading. What cannot be had is `null`, and `absent` says why.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Integrated loudness, ITU-R BS.1770-5.
    pub integrated_lufs: Option<f64>,
    /// Loudest 400 ms.
    pub momentary_max_lufs: Option<f64>,
    /// Loudest 3 s.
    pub short_term_max_lufs: Option<f64>,
    /// EBU Tech 3342.
    pub loudness_range_lu: Option<f64>,
    /// Highest level between samples.
    pub true_peak_dbtp: Option<f64>,
    /// The same by the standard's 48-tap filter, as most meters read it.
    pub true_peak_itu_dbtp: Option<f64>,
    /// Highest sample.
    pub sample_peak_dbfs: Option<f64>,
    /// True peak less integrated loudness.
    pub plr_lu: Option<f64>,
    /// Least true peak less short-term loudness.
    pub psr_min_lu: Option<f64>,
    /// Median of the same.
    pub psr_median_lu: Option<f64>,
    /// Why a field is `null`.
    pub absent: BTreeMap<String, String>,
    /// Short-term loudness every 100 ms, from the end of the first 3 s; silence is `null`.
    pub short_term_lufs: Vec<Option<f64>>,
}

impl Measured {
    /// From the meters, rounded to what a reader can use: hundredths, and tenths along the curve.
    #[must_use]
    pub fn from_meters(m: &Measurements) -> Self {
        let seconds = m.rate.seconds(m.frames);
        let mut absent = BTreeMap::new();
        let mut known = |name: &str, value: Option<f64>, least_seconds: f64| {
            let value = value.filter(|v| v.is_finite()).map(hundredths);
            if value.is_none() {
                let why = if seconds < least_seconds {
                    format!("shorter than {least_seconds} s")
                } else {
                    "too quiet to be measured".to_owned()
                };
                absent.insert(name.to_owned(), why);
            }
            value
        };
        let lu = |value: Option<Lu>| value.map(Lu::value);
        Self {
            integrated_lufs: known("integrated_lufs", m.integrated.map(|v| v.value()), 0.4),
            momentary_max_lufs: known("momentary_max_lufs", m.momentary_max.map(|v| v.value()), 0.4),
            short_term_max_lufs: known("short_term_max_lufs", m.short_term_max.map(|v| v.value()), 3.0),
            loudness_range_lu: known("loudness_range_lu", lu(m.loudness_range), 3.0),
            true_peak_dbtp: known("true_peak_dbtp", Some(m.true_peak.value()), 0.0),
            true_peak_itu_dbtp: known("true_peak_itu_dbtp", Some(m.true_peak_itu.value()), 0.0),
            sample_peak_dbfs: known("sample_peak_dbfs", Some(m.sample_peak.value()), 0.0),
            plr_lu: known("plr_lu", lu(m.plr), 0.4),
            psr_min_lu: known("psr_min_lu", lu(m.psr_min), 3.0),
            psr_median_lu: known("psr_median_lu", lu(m.psr_median), 3.0),
            absent,
            short_term_lufs: m.short_term.iter().map(|v| v.is_finite().then(|| tenths(*v))).collect(),
        }
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0 // the zero takes the sign off a rounded −0
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}
