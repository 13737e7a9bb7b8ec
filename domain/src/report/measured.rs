//! What the meters read of one signal.

use std::collections::BTreeMap;

use dsp::analysis::picture::Picture;
use dsp::meter::Measurements;
use dsp::units::Lu;
use serde::{Deserialize, Serialize};

use super::number::{hundredths, tenths};

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
    /// Highest sample over the level of the whole (its mean square).
    #[serde(default)]
    pub crest_db: Option<f64>,
    /// Correlation of left and right over everything, −1 to 1.
    #[serde(default)]
    pub correlation: Option<f64>,
    /// Level of left less level of right.
    #[serde(default)]
    pub balance_db: Option<f64>,
    /// Energy of the side over that of the mid, in dB; `null` where one of them is silent.
    #[serde(default)]
    pub width_db: Option<f64>,
    /// Why a field is `null`.
    pub absent: BTreeMap<String, String>,
    /// Short-term loudness every 100 ms, from the end of the first 3 s; silence is `null`.
    pub short_term_lufs: Vec<Option<f64>>,
}

impl Measured {
    /// From the meters and from the picture of the same signal, rounded to what a reader can use: hundredths, and
    /// tenths along the curve.
    #[must_use]
    pub fn of(meters: &Measurements, picture: &Picture) -> Self {
        let mut measured = Self::from_meters(meters);
        let whole = picture.whole();
        let width_db = 10.0 * whole.side_over_mid().log10();
        for (name, field, value) in [
            ("crest_db", &mut measured.crest_db, picture.crest().map(|v| v.value())),
            ("correlation", &mut measured.correlation, whole.correlation()),
            ("balance_db", &mut measured.balance_db, whole.balance().map(|v| v.value())),
            ("width_db", &mut measured.width_db, Some(width_db)),
        ] {
            *field = value.filter(|v| v.is_finite()).map(hundredths);
            let silent = || {
                if name == "width_db" { "left and right hold the same" } else { "a channel is silent" }
                    .to_owned()
            };
            match field {
                Some(_) => measured.absent.remove(name),
                None => measured.absent.insert(name.to_owned(), silent()),
            };
        }
        measured
    }

    /// From the meters alone: nothing is said of the image.
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
            crest_db: None,
            correlation: None,
            balance_db: None,
            width_db: None,
            absent,
            short_term_lufs: m.short_term.iter().map(|v| v.is_finite().then(|| tenths(*v))).collect(),
        }
    }
}
