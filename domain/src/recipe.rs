//! How a job is done: versioned, checked once, here.

use dsp::units::{Dbtp, Lufs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::{ArtifactFormat, closed_words};

/// The full instruction of one order. Every value lies within its range.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Recipe {
    /// Where the defaults come from.
    pub preset: Preset,
    /// How loud the master shall be.
    pub loudness: Lufs,
    /// What it may reach between samples.
    pub ceiling: Dbtp,
    /// What it is written as; at least one, none twice.
    pub deliver: Vec<ArtifactFormat>,
}

closed_words! {
    /// A named set of parameters that we publish.
    Preset {
        /// −14 LUFS and −1 dBTP, what the streaming services play at.
        Streaming = "streaming",
    }
}

impl Recipe {
    /// The loudness one may ask for, in LUFS: from the quietest film mix to a limit beyond which only
    /// distortion is gained.
    pub const LOUDNESS_LUFS: (f64, f64) = (-36.0, -5.0);
    /// The ceiling one may ask for, in dBTP. Above full scale every converter clips.
    pub const CEILING_DBTP: (f64, f64) = (-12.0, 0.0);

    /// A recipe from outside: an object, or `null` for all defaults. Every bad field is named by a JSON
    /// pointer (RFC 6901) relative to the recipe.
    pub fn check(raw: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = match Fields::of(raw, "") {
            Ok(fields) => fields,
            Err(error) => return Err(vec![error]),
        };
        for later in ["intensity", "tone", "dynamics", "width"] {
            fields.not_available_yet(later);
        }
        let preset = fields.preset();
        let loudness = fields.number("loudness_lufs", Self::LOUDNESS_LUFS, "LUFS").unwrap_or(-14.0);
        let ceiling = fields.number("ceiling_dbtp", Self::CEILING_DBTP, "dBTP").unwrap_or(-1.0);
        let deliver = fields.deliver();
        fields.finish()?;
        Ok(Self { preset, loudness: Lufs::literal(loudness), ceiling: Dbtp::literal(ceiling), deliver })
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            preset: Preset::Streaming,
            loudness: Lufs::literal(-14.0),
            ceiling: Dbtp::literal(-1.0),
            deliver: vec![ArtifactFormat::Wav24],
        }
    }
}

/// The stored and sent form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    preset: Preset,
    loudness_lufs: f64,
    ceiling_dbtp: f64,
    deliver: Vec<ArtifactFormat>,
}

/// Raised when the written form changes; older forms stay readable.
const VERSION: u32 = 1;

impl From<Recipe> for Written {
    fn from(recipe: Recipe) -> Self {
        Self {
            version: VERSION,
            preset: recipe.preset,
            loudness_lufs: recipe.loudness.value(),
            ceiling_dbtp: recipe.ceiling.value(),
            deliver: recipe.deliver,
        }
    }
}

impl TryFrom<Written> for Recipe {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        if written.version != VERSION {
            return Err(format!(
                "recipe version {} is unknown; this program writes {VERSION}",
                written.version
            ));
        }
        let is_in = |value: f64, (low, high): (f64, f64)| (low..=high).contains(&value);
        if !is_in(written.loudness_lufs, Self::LOUDNESS_LUFS)
            || !is_in(written.ceiling_dbtp, Self::CEILING_DBTP)
        {
            return Err(format!(
                "recipe out of range: {} LUFS, {} dBTP",
                written.loudness_lufs, written.ceiling_dbtp
            ));
        }
        Ok(Self {
            preset: written.preset,
            loudness: Lufs::literal(written.loudness_lufs),
            ceiling: Dbtp::literal(written.ceiling_dbtp),
            deliver: written.deliver,
        })
    }
}

/// One field that cannot be taken, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldError {
    /// Which: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Stable, for programs: `unknown_field`, `wrong_type`, `out_of_range`, `unknown_value`, `required`,
    /// `not_available_yet`, …
    pub code: String,
    /// For people: names the value and the bound.
    pub detail: String,
}

impl FieldError {
    /// One error.
    #[must_use]
    pub fn new(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.to_owned(), detail: detail.into() }
    }

    /// The same error as seen from the object around: its pointer with `outer` in front.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.pointer.insert_str(0, outer);
        self
    }
}

/// The fields of one JSON object that are still to be looked at, and what was wrong with those before.
pub(crate) struct Fields {
    outer: String,
    left: serde_json::Map<String, Value>,
    pub(crate) errors: Vec<FieldError>,
}

impl Fields {
    /// Of an object; `null` counts as an empty one.
    pub(crate) fn of(raw: &Value, outer: &str) -> Result<Self, FieldError> {
        let left = match raw {
            Value::Null => serde_json::Map::new(),
            Value::Object(fields) => fields.clone(),
            other => {
                return Err(FieldError::new(
                    outer,
                    "wrong_type",
                    format!("{} is not an object", kind(other)),
                ));
            }
        };
        Ok(Self { outer: outer.to_owned(), left, errors: Vec::new() })
    }

    /// Takes a field out; `null` counts as left out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn refuse(&mut self, path: &str, code: &str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(format!("{}/{path}", self.outer), code, detail));
    }

    /// Refuses a field that the contract knows and this version does not honour.
    pub(crate) fn not_available_yet(&mut self, name: &str) {
        if self.take(name).is_some() {
            self.refuse(name, "not_available_yet", format!("{name} is not available yet; leave it out"));
        }
    }

    fn number(&mut self, name: &str, (low, high): (f64, f64), unit: &str) -> Option<f64> {
        let value = self.take(name)?;
        let Some(number) = value.as_f64() else {
            self.refuse(name, "wrong_type", format!("{name} is {}, not a number", kind(&value)));
            return None;
        };
        if !(low..=high).contains(&number) {
            let detail = format!("{name} is {number} {unit}; it can be {low} to {high} {unit}");
            self.refuse(name, "out_of_range", detail);
        }
        Some(number)
    }

    fn preset(&mut self) -> Preset {
        let Some(value) = self.take("preset") else { return Preset::Streaming };
        match value.as_str() {
            Some(text) => Preset::parse(text).unwrap_or_else(|| {
                match ["loud", "club", "acoustic", "classical", "podcast"].contains(&text) {
                    true => {
                        self.refuse("preset", "not_available_yet", format!("{text} is not available yet"))
                    }
                    false => self.refuse("preset", "unknown_value", "there is no such preset; try streaming"),
                }
                Preset::Streaming
            }),
            None => {
                self.refuse("preset", "wrong_type", format!("preset is {}, not a text", kind(&value)));
                Preset::Streaming
            }
        }
    }

    fn deliver(&mut self) -> Vec<ArtifactFormat> {
        let Some(value) = self.take("deliver") else { return vec![ArtifactFormat::Wav24] };
        let Value::Array(items) = value else {
            self.refuse("deliver", "wrong_type", format!("deliver is {}, not a list", kind(&value)));
            return Vec::new();
        };
        if items.is_empty() {
            self.refuse("deliver", "required", "name at least one format");
        }
        let mut formats = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("deliver/{index}");
            match item.as_str().and_then(ArtifactFormat::parse) {
                Some(format) if formats.contains(&format) => {
                    self.refuse(&path, "duplicate", format!("{format} is named twice"));
                }
                Some(format) if ArtifactFormat::DELIVERABLE.contains(&format) => formats.push(format),
                _ => {
                    let names =
                        ArtifactFormat::DELIVERABLE.iter().map(|format| format.as_str()).collect::<Vec<_>>();
                    self.refuse(&path, "unknown_value", format!("a format is one of {}", names.join(", ")));
                }
            }
        }
        formats
    }

    /// What was never taken is unknown, and refused.
    pub(crate) fn finish(mut self) -> Result<(), Vec<FieldError>> {
        for name in self.left.keys() {
            let pointer = format!("{}/{}", self.outer, name.replace('~', "~0").replace('/', "~1"));
            self.errors.push(FieldError::new(pointer, "unknown_field", "there is no such field"));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

/// What a JSON value is, in words.
pub(crate) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(raw: Value) -> Vec<(String, String)> {
        let errors = Recipe::check(&raw).expect_err("the case must be bad");
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    fn pair(pointer: &str, code: &str) -> (String, String) {
        (pointer.to_owned(), code.to_owned())
    }

    #[test]
    fn nothing_asked_for_is_the_streaming_preset() {
        assert_eq!(Recipe::check(&Value::Null), Ok(Recipe::default()));
        let written = serde_json::to_value(Recipe::default()).unwrap();
        let expected = json!({"version": 1, "preset": "streaming", "loudness_lufs": -14.0,
                              "ceiling_dbtp": -1.0, "deliver": ["wav24"]});
        assert_eq!(written, expected);
    }

    #[test]
    fn a_recipe_reads_back_what_it_wrote_and_no_other_version() {
        let raw = json!({"loudness_lufs": -9.5, "ceiling_dbtp": -2, "deliver": ["flac24", "wav16"]});
        let recipe = Recipe::check(&raw).unwrap();
        let mut written = serde_json::to_value(&recipe).unwrap();
        assert_eq!(serde_json::from_value::<Recipe>(written.clone()).unwrap(), recipe);
        written["version"] = json!(2);
        assert!(serde_json::from_value::<Recipe>(written).is_err());
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let bad = json!({"loudness_lufs": 3, "ceiling_dbtp": "loud", "x/y": 1,
                         "deliver": ["wav24", "wav24", "ogg"]});
        let expected = [
            pair("/loudness_lufs", "out_of_range"),
            pair("/ceiling_dbtp", "wrong_type"),
            pair("/deliver/1", "duplicate"),
            pair("/deliver/2", "unknown_value"),
            pair("/x~1y", "unknown_field"),
        ];
        assert_eq!(codes(bad), expected);
    }

    #[test]
    fn a_number_out_of_range_is_told_with_its_range() {
        let errors = Recipe::check(&json!({"ceiling_dbtp": 0.5})).unwrap_err();
        assert_eq!(errors[0].detail, "ceiling_dbtp is 0.5 dBTP; it can be -12 to 0 dBTP");
    }

    #[test]
    fn what_is_not_honoured_yet_is_refused_and_never_ignored() {
        let later = json!({"intensity": 0.5, "tone": 0.7, "dynamics": 0.5, "width": 0.5, "preset": "club"});
        let refused = codes(later);
        assert_eq!(refused.len(), 5);
        assert!(refused.iter().all(|(_, code)| code == "not_available_yet"), "{refused:?}");
    }

    #[test]
    fn a_recipe_that_is_no_object_is_refused() {
        assert_eq!(codes(json!([1])), [pair("", "wrong_type")]);
    }
}
