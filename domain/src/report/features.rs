//! What was found out about the mix besides its loudness, as far as a report tells it.

use dsp::analysis::Features;
use serde::{Deserialize, Serialize};

use super::number::hundredths;

/// Facts of the mix; what was not found is left out.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FeatureFacts {
    /// The lowest note that is strongly there, in hertz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lowest_note_hz: Option<f64>,
    /// The highest frequency that stands out of the noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_hz: Option<f64>,
    /// The corner of a low-pass as lossy encoders leave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lossy_low_pass_hz: Option<f64>,
    /// Beats per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tempo_bpm: Option<f64>,
    /// How sure the tempo is, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tempo_confidence: Option<f64>,
    /// Level of the quiet moments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_floor_dbfs: Option<f64>,
    /// How much of the song is active, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_s: Option<f64>,
}

impl FeatureFacts {
    /// From the analysis of the mix.
    #[must_use]
    pub fn of(features: &Features) -> Self {
        let tempo = features.tempo.as_ref();
        Self {
            lowest_note_hz: features.low_end.lowest_note.map(|hertz| hundredths(hertz.value())),
            bandwidth_hz: Some(features.bandwidth.top.value().round()).filter(|hertz| *hertz > 0.0),
            lossy_low_pass_hz: features.bandwidth.lossy_low_pass.map(|hertz| hertz.value().round()),
            tempo_bpm: tempo.map(|tempo| hundredths(tempo.beats_per_minute)),
            tempo_confidence: tempo.map(|tempo| hundredths(tempo.confidence)),
            noise_floor_dbfs: features.noise_floor.map(|level| hundredths(level.value())),
            active_s: Some(hundredths(features.active_seconds)),
        }
    }
}
