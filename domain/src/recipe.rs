//! How a job is done: versioned, checked once, here.

use dsp::units::{Dbtp, Lufs, SampleRate};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::ArtifactFormat;
use crate::fields::{FieldError, Fields};
use crate::preset::{Amounts, Preset};
use crate::preview::Part;
use crate::tags::Tags;

/// The full instruction of one order, with the preset's values where none were asked for. Every value lies within
/// its range.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Written")]
pub struct Recipe {
    /// Where the defaults came from.
    pub preset: Preset,
    /// How much is done beyond the loudness.
    pub amounts: Amounts,
    /// How loud the master shall be. `None`: as loud as the references, of which there is at least one.
    pub loudness: Option<Lufs>,
    /// What it may reach between samples.
    pub ceiling: Dbtp,
    /// What it is written as; at least one, none twice.
    pub deliver: Vec<ArtifactFormat>,
    /// The rate of the files, one of [`Recipe::SAMPLE_RATES_HZ`]. `None`: that of the input.
    pub sample_rate: Option<SampleRate>,
    /// What the files say about the music.
    pub tags: Tags,
    /// How much common room a mix gets, 0 to 1.
    pub space: f64,
    /// Whether the processed stems of a mix are delivered too.
    pub stems: bool,
    /// The part that a preview plays; `None` for all of it, as a master is. An order says it beside the recipe.
    pub preview: Option<Part>,
}

impl Recipe {
    /// The loudness one may ask for, in LUFS: from the quietest film mix to a limit beyond which only
    /// distortion is gained.
    pub const LOUDNESS_LUFS: (f64, f64) = (-36.0, -5.0);
    /// The ceiling one may ask for, in dBTP. Above full scale every converter clips.
    pub const CEILING_DBTP: (f64, f64) = (-12.0, 0.0);
    /// The rates one may ask for: those of CD and video, and twice as much.
    pub const SAMPLE_RATES_HZ: &[u32] = &[44_100, 48_000, 88_200, 96_000];

    /// A recipe from outside: an object, or `null` for all defaults, for a job with so many references. Every bad
    /// field is named by a JSON pointer (RFC 6901) relative to the recipe.
    ///
    /// What was not asked for is filled in here, so that a job keeps its numbers when a preset changes: from the
    /// preset, but for the loudness of a job with references, which is theirs and only known once they are measured.
    pub fn check(raw: &Value, references: usize) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(raw, "").map_err(|error| vec![error])?;
        let preset = fields.preset();
        let amounts = fields.amounts();
        let loudness = fields.number("loudness_lufs", Self::LOUDNESS_LUFS, "LUFS").map(Lufs::literal);
        let ceiling = fields.number("ceiling_dbtp", Self::CEILING_DBTP, "dBTP").map(Dbtp::literal);
        let deliver = fields.deliver();
        let sample_rate = fields.sample_rate();
        let tags = Tags::check(&fields.take("tags").unwrap_or(Value::Null)).unwrap_or_else(|errors| {
            fields.errors.extend(errors.into_iter().map(|error| error.within("/tags")));
            Tags::default()
        });
        let space = fields.number("space", Amounts::RANGE, "").unwrap_or(0.0);
        let stems = fields.flag("stems");
        fields.finish()?;
        let of_preset = (references == 0).then(|| preset.loudness());
        Ok(Self {
            preset,
            amounts,
            loudness: loudness.or(of_preset),
            ceiling: ceiling.unwrap_or(preset.ceiling()),
            deliver,
            sample_rate,
            tags,
            space,
            stems,
            preview: None,
        })
    }
}

impl Default for Recipe {
    fn default() -> Self {
        let preset = Preset::Streaming;
        Self {
            preset,
            amounts: Amounts::DEFAULT,
            loudness: Some(preset.loudness()),
            ceiling: preset.ceiling(),
            deliver: vec![ArtifactFormat::Wav24],
            sample_rate: None,
            tags: Tags::default(),
            space: 0.0,
            stems: false,
            preview: None,
        }
    }
}

/// The stored and sent form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    preset: Preset,
    intensity: f64,
    tone: f64,
    dynamics: f64,
    width: f64,
    loudness_lufs: Option<f64>,
    ceiling_dbtp: f64,
    deliver: Vec<ArtifactFormat>,
    sample_rate_hz: Option<u32>,
    tags: Tags,
    /// Since version 3.
    #[serde(default)]
    space: f64,
    /// Since version 3.
    #[serde(default)]
    stems: bool,
    /// Since version 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preview: Option<Part>,
}

/// The form before there were amounts: it meant loudness alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFirst {
    #[serde(rename = "version")]
    _version: u32,
    preset: Preset,
    loudness_lufs: f64,
    ceiling_dbtp: f64,
    deliver: Vec<ArtifactFormat>,
}

/// Raised when the written form changes; older forms stay readable.
const VERSION: u32 = 4;
/// What has no preview is written as before, so that programs of that time can read it too.
const VERSION_WITHOUT_PREVIEW: u32 = 3;

impl From<Recipe> for Written {
    fn from(recipe: Recipe) -> Self {
        let Amounts { intensity, tone, dynamics, width } = recipe.amounts;
        Self {
            version: if recipe.preview.is_some() { VERSION } else { VERSION_WITHOUT_PREVIEW },
            preset: recipe.preset,
            intensity,
            tone,
            dynamics,
            width,
            loudness_lufs: recipe.loudness.map(Lufs::value),
            ceiling_dbtp: recipe.ceiling.value(),
            deliver: recipe.deliver,
            sample_rate_hz: recipe.sample_rate.map(SampleRate::hertz),
            tags: recipe.tags,
            space: recipe.space,
            stems: recipe.stems,
            preview: recipe.preview,
        }
    }
}

impl TryFrom<Value> for Recipe {
    type Error = String;
    fn try_from(written: Value) -> Result<Self, String> {
        let unreadable = |error: serde_json::Error| error.to_string();
        match written["version"].as_u64() {
            Some(1) => serde_json::from_value::<WrittenFirst>(written).map_err(unreadable)?.try_into(),
            Some(version) if (2..=u64::from(VERSION)).contains(&version) => {
                serde_json::from_value::<Written>(written).map_err(unreadable)?.try_into()
            }
            _ => Err(format!(
                "recipe version {} is unknown; this program writes {VERSION}",
                written["version"]
            )),
        }
    }
}

impl TryFrom<WrittenFirst> for Recipe {
    type Error = String;
    fn try_from(first: WrittenFirst) -> Result<Self, String> {
        let Amounts { intensity, tone, dynamics, width } = Amounts::LOUDNESS_ALONE;
        Written {
            version: VERSION,
            preset: first.preset,
            intensity,
            tone,
            dynamics,
            width,
            loudness_lufs: Some(first.loudness_lufs),
            ceiling_dbtp: first.ceiling_dbtp,
            deliver: first.deliver,
            sample_rate_hz: None,
            tags: Tags::default(),
            space: 0.0,
            stems: false,
            preview: None,
        }
        .try_into()
    }
}

impl TryFrom<Written> for Recipe {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        let Written { intensity, tone, dynamics, width, .. } = written;
        let amounts = Amounts { intensity, tone, dynamics, width };
        let numbers = [
            ("loudness_lufs", written.loudness_lufs, Self::LOUDNESS_LUFS),
            ("ceiling_dbtp", Some(written.ceiling_dbtp), Self::CEILING_DBTP),
            ("space", Some(written.space), Amounts::RANGE),
        ];
        let amounts_too = amounts.named().map(|(name, value)| (name, Some(value), Amounts::RANGE));
        for (name, value, (low, high)) in numbers.into_iter().chain(amounts_too) {
            if let Some(value) = value.filter(|value| !(low..=high).contains(value)) {
                return Err(format!("recipe out of range: {name} is {value}, not {low} to {high}"));
            }
        }
        let sample_rate = match written.sample_rate_hz {
            Some(hertz) if !Self::SAMPLE_RATES_HZ.contains(&hertz) => {
                return Err(format!("recipe out of range: sample_rate_hz is {hertz}"));
            }
            hertz => hertz.map(SampleRate::literal),
        };
        Ok(Self {
            preset: written.preset,
            amounts,
            loudness: written.loudness_lufs.map(Lufs::literal),
            ceiling: Dbtp::literal(written.ceiling_dbtp),
            deliver: written.deliver,
            sample_rate,
            tags: written.tags,
            space: written.space,
            stems: written.stems,
            preview: written.preview.map(Part::checked).transpose()?,
        })
    }
}

impl Fields {
    fn preset(&mut self) -> Preset {
        let Some(text) = self.text("preset") else { return Preset::Streaming };
        Preset::parse(&text).unwrap_or_else(|| {
            let names: Vec<_> = Preset::ALL.iter().map(|preset| preset.as_str()).collect();
            self.refuse("preset", "unknown_value", format!("a preset is one of {}", names.join(", ")));
            Preset::Streaming
        })
    }

    fn amounts(&mut self) -> Amounts {
        let mut amount = |name: &str, default: f64| self.number(name, Amounts::RANGE, "").unwrap_or(default);
        let default = Amounts::DEFAULT;
        Amounts {
            intensity: amount("intensity", default.intensity),
            tone: amount("tone", default.tone),
            dynamics: amount("dynamics", default.dynamics),
            width: amount("width", default.width),
        }
    }

    fn sample_rate(&mut self) -> Option<SampleRate> {
        let value = self.take("sample_rate_hz")?;
        let known = Recipe::SAMPLE_RATES_HZ;
        let found = known.iter().copied().find(|hertz| value.as_f64() == Some(f64::from(*hertz)));
        if found.is_none() {
            let names: Vec<_> = known.iter().map(u32::to_string).collect();
            let detail = format!("sample_rate_hz is {value}; it can be {} Hz", names.join(", "));
            let code = if value.is_number() { "out_of_range" } else { "wrong_type" };
            self.refuse("sample_rate_hz", code, detail);
        }
        found.map(SampleRate::literal)
    }

    fn deliver(&mut self) -> Vec<ArtifactFormat> {
        let Some(items) = self.list("deliver") else { return vec![ArtifactFormat::Wav24] };
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(raw: Value) -> Vec<(String, String)> {
        let errors = Recipe::check(&raw, 0).expect_err("the case must be bad");
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    fn pair(pointer: &str, code: &str) -> (String, String) {
        (pointer.to_owned(), code.to_owned())
    }

    #[test]
    fn nothing_asked_for_is_the_streaming_preset() {
        assert_eq!(Recipe::check(&Value::Null, 0), Ok(Recipe::default()));
        let written = serde_json::to_value(Recipe::default()).unwrap();
        let expected = json!({"version": 3, "preset": "streaming", "intensity": 0.5, "tone": 0.7, "dynamics": 0.5,
                              "width": 0.5, "loudness_lufs": -14.0, "ceiling_dbtp": -1.0, "deliver": ["wav24"],
                              "sample_rate_hz": null, "tags": {}, "space": 0.0, "stems": false});
        assert_eq!(written, expected);
    }

    #[test]
    fn a_recipe_reads_back_what_it_wrote_and_no_version_to_come() {
        let raw = json!({"preset": "club", "intensity": 1, "tone": 0, "loudness_lufs": -9.5, "ceiling_dbtp": -2,
                         "deliver": ["flac24", "mp3_320"], "sample_rate_hz": 48000, "tags": {"artist": "Ada"},
                         "space": 0.25, "stems": true});
        let recipe = Recipe::check(&raw, 0).unwrap();
        let mut written = serde_json::to_value(&recipe).unwrap();
        assert_eq!(serde_json::from_value::<Recipe>(written.clone()).unwrap(), recipe);
        written["version"] = json!(5);
        assert!(serde_json::from_value::<Recipe>(written.clone()).is_err());
        written["version"] = json!(3);
        written["tone"] = json!(1.1);
        assert!(serde_json::from_value::<Recipe>(written).is_err());
    }

    #[test]
    fn a_preview_is_written_with_a_version_of_its_own_and_read_within_its_bounds() {
        let part = Part { start_s: Some(30.0), length_s: 20.0 };
        let recipe = Recipe { preview: Some(part), ..Recipe::default() };
        let mut written = serde_json::to_value(&recipe).unwrap();
        assert_eq!(written["version"], 4);
        assert_eq!(serde_json::from_value::<Recipe>(written.clone()).unwrap(), recipe);
        written["preview"]["length_s"] = json!(61);
        assert!(serde_json::from_value::<Recipe>(written).is_err());
        let raw = json!({"preview": {"length_s": 20}});
        assert_eq!(codes(raw), [pair("/preview", "unknown_field")], "an order says it, not its recipe");
    }

    #[test]
    fn the_first_version_reads_as_loudness_alone() {
        let first = json!({"version": 1, "preset": "streaming", "loudness_lufs": -11.0, "ceiling_dbtp": -0.5,
                           "deliver": ["wav16"]});
        let recipe: Recipe = serde_json::from_value(first).unwrap();
        assert_eq!((recipe.amounts, recipe.sample_rate), (Amounts::LOUDNESS_ALONE, None));
        assert_eq!((recipe.loudness, recipe.ceiling), (Some(Lufs::literal(-11.0)), Dbtp::literal(-0.5)));
    }

    #[test]
    fn the_second_version_reads_as_a_recipe_without_a_mix() {
        let mut second = serde_json::to_value(Recipe::default()).unwrap();
        for (name, value) in [("version", Some(json!(2))), ("space", None), ("stems", None)] {
            match value {
                Some(value) => drop(second.as_object_mut().unwrap().insert(name.to_owned(), value)),
                None => drop(second.as_object_mut().unwrap().remove(name)),
            }
        }
        assert_eq!(serde_json::from_value::<Recipe>(second).unwrap(), Recipe::default());
    }

    #[test]
    fn what_is_left_out_is_the_presets_but_for_the_loudness_beside_references() {
        for preset in Preset::ALL {
            let raw = json!({"preset": preset});
            let recipe = Recipe::check(&raw, 0).unwrap();
            assert_eq!((recipe.loudness, recipe.ceiling), (Some(preset.loudness()), preset.ceiling()));
            assert_eq!(Recipe::check(&raw, 1).unwrap().loudness, None, "the references' own");
        }
        let asked = json!({"preset": "classical", "loudness_lufs": -20});
        assert_eq!(Recipe::check(&asked, 1).unwrap().loudness, Some(Lufs::literal(-20.0)));
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let bad = json!({"loudness_lufs": 3, "ceiling_dbtp": "loud", "x/y": 1, "preset": "vinyl", "tone": 1.5,
                         "width": "wide", "sample_rate_hz": 22050, "tags": {"date": "soon", "mood": "blue"},
                         "deliver": ["wav24", "wav24", "ogg"]});
        let expected = [
            pair("/preset", "unknown_value"),
            pair("/tone", "out_of_range"),
            pair("/width", "wrong_type"),
            pair("/loudness_lufs", "out_of_range"),
            pair("/ceiling_dbtp", "wrong_type"),
            pair("/deliver/1", "duplicate"),
            pair("/deliver/2", "unknown_value"),
            pair("/sample_rate_hz", "out_of_range"),
            pair("/tags/date", "unknown_value"),
            pair("/tags/mood", "unknown_field"),
            pair("/x~1y", "unknown_field"),
        ];
        assert_eq!(codes(bad), expected);
    }

    #[test]
    fn a_number_out_of_range_is_told_with_its_range() {
        let detail = |raw: Value| Recipe::check(&raw, 0).unwrap_err()[0].detail.clone();
        assert_eq!(detail(json!({"ceiling_dbtp": 0.5})), "ceiling_dbtp is 0.5 dBTP; it can be -12 to 0 dBTP");
        assert_eq!(detail(json!({"intensity": -0.1})), "intensity is -0.1; it can be 0 to 1");
        assert_eq!(
            detail(json!({"sample_rate_hz": 22050})),
            "sample_rate_hz is 22050; it can be 44100, 48000, 88200, 96000 Hz"
        );
    }

    #[test]
    fn a_recipe_that_is_no_object_is_refused() {
        assert_eq!(codes(json!([1])), [pair("", "wrong_type")]);
        assert_eq!(codes(json!({"tags": "rock"})), [pair("/tags", "wrong_type")]);
    }
}
