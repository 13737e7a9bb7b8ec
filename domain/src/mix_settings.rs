//! What was decided about a mix as a whole, as an order, a row and a session file write it.

use dsp::error::{ParamError, within};
use dsp::mix::{MixPlan, MixWish};
use dsp::units::Decibels;
use serde::{Deserialize, Serialize};

use crate::plan::CompressorRow;
use crate::stem::Setting;

/// What was decided about a mix as a whole. What is left out is decided by the engine.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixSettings {
    /// How much is done to the sound of the stems, 0 to 1.
    pub intensity: f64,
    /// How much common room, 0 to 1.
    pub space: f64,
    /// How far the music gives way to the lead vocal around 3 kHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocal_dip_db: Option<f64>,
    /// Gain on the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain_db: Option<f64>,
    /// A compressor on the sum of the drums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drums_compressor: Option<Setting<CompressorRow>>,
}

impl MixSettings {
    /// Nothing decided but the amounts.
    #[must_use]
    pub const fn of(intensity: f64, space: f64) -> Self {
        Self { intensity, space, vocal_dip_db: None, gain_db: None, drums_compressor: None }
    }

    /// As the engine takes it.
    pub fn to_wish(&self) -> Result<MixWish, ParamError> {
        let decibels = |name, value: Option<f64>, low, high| {
            value.map(|db| within(name, db, low, high, "dB").map(Decibels::literal)).transpose()
        };
        Ok(MixWish {
            vocal_dip: decibels("vocal_dip_db", self.vocal_dip_db, -12.0, 0.0)?,
            mix_gain: decibels("gain_db", self.gain_db, -60.0, 40.0)?,
            drums_compressor: self
                .drums_compressor
                .map(|setting| setting.try_map(CompressorRow::to_engine))
                .transpose()?,
            ..MixWish::new(self.intensity, self.space)?
        })
    }
}

impl From<&MixPlan> for MixSettings {
    fn from(plan: &MixPlan) -> Self {
        Self {
            vocal_dip_db: Some(plan.vocal_dip.value()),
            gain_db: Some(plan.mix_gain.value()),
            drums_compressor: Some(Setting::of(plan.drums_compressor.as_ref().map(CompressorRow::of))),
            ..Self::of(plan.wish.intensity, plan.wish.space)
        }
    }
}
