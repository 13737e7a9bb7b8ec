//! The report of two files: what is measured of each, and what differs once both are equally loud.

use dsp::analysis::likeness::{Kinship, Likeness, Polarity};
use serde::{Deserialize, Serialize};

use super::number::hundredths;
use super::{Measured, Pictures, SourceFacts};

/// The name and version of this form.
pub const SCHEMA: &str = "mixrunners.comparison/1";

/// Two files, A and B. Differences are B less A.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// The engine that measured.
    pub engine_version: String,
    /// The first file.
    pub a: Side,
    /// The second.
    pub b: Side,
    /// Gain that makes A as loud as B; none if one of them has no loudness.
    pub match_gain_db: Option<f64>,
    /// How their samples are related; none where rate or channels differ.
    pub likeness: Option<LikenessFacts>,
    /// The same in one sentence.
    pub verdict: String,
    /// Levels per third of an octave at equal loudness.
    pub spectrum: Option<SpectrumDifference>,
    /// The curves, A as before and B as after.
    pub pictures: Pictures,
}

/// One of the two.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Side {
    /// The file's name.
    pub name: String,
    /// What it is.
    pub source: SourceFacts,
    /// The meters' reading.
    pub measured: Measured,
}

/// Levels per third of an octave, each file at a loudness of 0 LUFS. `null` where a band is empty.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SpectrumDifference {
    /// Centres of the bands.
    pub frequency_hz: Vec<f64>,
    /// Of A.
    pub a_db: Vec<Option<f64>>,
    /// Of B.
    pub b_db: Vec<Option<f64>>,
    /// B less A.
    pub difference_db: Vec<Option<f64>>,
}

/// How the samples of two files are related.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LikenessFacts {
    /// `identical`, `up_to_gain`, `different` or `strangers`.
    pub kinship: String,
    /// Frames that B is later than A; negative when it is earlier.
    pub offset_frames: i64,
    /// The same in seconds.
    pub offset_s: f64,
    /// Of both where they lie over each other, −1 to 1.
    pub correlation: f64,
    /// The gain that brings A closest to B.
    pub gain_db: Option<f64>,
    /// Whether B is upside down.
    pub inverted: bool,
    /// Energy of B less A with that gain, over that of B; `null` if nothing is left, or for strangers.
    pub residual_relative_db: Option<f64>,
    /// Its level.
    pub residual_dbfs: Option<f64>,
}

impl LikenessFacts {
    /// Of a likeness found at so many frames per second.
    #[must_use]
    pub fn of(likeness: &Likeness, rate_hz: f64) -> Self {
        let left = likeness.residual.as_ref();
        let finite = |value: f64| Some(value).filter(|value| value.is_finite()).map(hundredths);
        Self {
            kinship: match likeness.kinship {
                Kinship::Identical => "identical",
                Kinship::UpToGain => "up_to_gain",
                Kinship::Different => "different",
                Kinship::Strangers => "strangers",
            }
            .to_owned(),
            offset_frames: likeness.offset_frames,
            offset_s: likeness.offset_frames as f64 / rate_hz,
            correlation: hundredths(likeness.correlation),
            gain_db: left.and_then(|left| finite(left.gain.value())),
            inverted: left.is_some_and(|left| left.polarity == Polarity::Inverted),
            residual_relative_db: left.and_then(|left| finite(left.relative.value())),
            residual_dbfs: left.and_then(|left| finite(left.level.value())),
        }
    }
}
