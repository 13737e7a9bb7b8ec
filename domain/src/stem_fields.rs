//! The settings of a stem as an order gives them: each looked at by itself, so that every bad one is named.

use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::stem::{PartWord, SettingError, StemSettings};

/// Everything that can be said of a stem, but for `mute`, which is a part of its own.
const SETTINGS: [&str; 15] = [
    "role",
    "solo",
    "untouched",
    "gain_db",
    "fader_db",
    "pan",
    "width_db",
    "polarity",
    "delay_ms",
    "high_pass_hz",
    "send_db",
    "ride",
    "eq",
    "compressor",
    "de_esser",
];

impl Fields {
    /// Takes the settings of a stem out.
    pub(crate) fn stem_settings(&mut self) -> StemSettings {
        let mut good = Map::new();
        for name in SETTINGS {
            let Some(value) = self.take(name) else { continue };
            let alone = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
            match serde_json::from_value::<StemSettings>(alone) {
                Err(error) => self.refuse(name, "wrong_type", format!("{name}: {error}")),
                Ok(settings) => match settings.to_wish() {
                    Ok(_) => drop(good.insert(name.to_owned(), value)),
                    Err(error) => self.refuse(name, code(&error), error.to_string()),
                },
            }
        }
        let is_muted = self.flag("mute");
        let mut settings: StemSettings = serde_json::from_value(Value::Object(good)).unwrap_or_default();
        settings.part = is_muted.then_some(PartWord::Muted);
        settings
    }

    /// Refuses settings of a stem where there is none, as long as they would change something.
    pub(crate) fn no_stem_settings(&mut self) {
        for name in SETTINGS.into_iter().chain(["mute"]) {
            let Some(value) = self.take(name) else { continue };
            let is_neutral = value == Value::Bool(false) || value.as_f64() == Some(0.0);
            if !is_neutral {
                self.refuse(
                    name,
                    "only_for_mixes",
                    format!("{name} belongs to a stem of a mix; leave it out"),
                );
            }
        }
    }
}

fn code(error: &SettingError) -> &'static str {
    match error {
        SettingError::Role(_) | SettingError::Ride(_) => "unknown_value",
        SettingError::Number(_) | SettingError::Bands(_) => "out_of_range",
    }
}
