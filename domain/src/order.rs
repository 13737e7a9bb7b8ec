//! What a customer asks for, checked, before it is a job.

use serde_json::Value;

use crate::digest::Digest;
use crate::ids::{AccountId, UploadId};
use crate::job::JobKind;
use crate::recipe::{FieldError, Fields, Recipe, kind};

/// The body of an order, checked: everything but who asks.
#[derive(Clone, PartialEq, Debug)]
pub struct Wish {
    /// What to make.
    pub kind: JobKind,
    /// What to call it; empty if the customer did not say.
    pub title: String,
    /// From what.
    pub inputs: Vec<UploadId>,
    /// How.
    pub recipe: Recipe,
}

/// A checked order: what the store turns into a job.
#[derive(Clone, PartialEq, Debug)]
pub struct Order {
    /// Who asks.
    pub account: AccountId,
    /// For what.
    pub wish: Wish,
    /// The customer's own name for this order: the same key never makes two jobs.
    pub idempotency_key: Option<String>,
    /// Of the body as it was sent: the same key with another body is a conflict.
    pub body_hash: Digest,
}

impl Wish {
    /// The longest title, in characters.
    pub const TITLE_LENGTH_MAX: usize = 200;

    /// The body of `POST /v1/jobs` and `POST /v1/quotes`. Every bad field is named by a JSON pointer from the
    /// body's root; what this version does not honour is refused as `not_available_yet`, never ignored.
    pub fn check(raw: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = match Fields::of(raw, "") {
            Ok(fields) => fields,
            Err(error) => return Err(vec![error]),
        };
        let kind = fields.job_kind();
        let title = fields.title();
        let inputs = fields.inputs();
        if fields.take("references").is_some_and(|value| value != Value::Array(Vec::new())) {
            fields.refuse(
                "references",
                "not_available_yet",
                "references are not available yet; leave them out",
            );
        }
        fields.not_available_yet("preview");
        let recipe = match Recipe::check(&fields.take("recipe").unwrap_or(Value::Null)) {
            Ok(recipe) => recipe,
            Err(errors) => {
                fields.errors.extend(errors.into_iter().map(|error| error.within("/recipe")));
                Recipe::default()
            }
        };
        fields.finish()?;
        Ok(Self { kind, title, inputs, recipe })
    }
}

impl Fields {
    fn job_kind(&mut self) -> JobKind {
        match self.take("kind") {
            None => self.refuse("kind", "required", "say what to make: master"),
            Some(Value::String(text)) => match JobKind::parse(&text) {
                Some(kind) => return kind,
                None if ["mix", "mix_and_master", "album"].contains(&text.as_str()) => {
                    self.refuse("kind", "not_available_yet", format!("{text} is not available yet"));
                }
                None => self.refuse("kind", "unknown_value", "a job's kind is master"),
            },
            Some(other) => {
                self.refuse("kind", "wrong_type", format!("kind is {}, not a text", kind(&other)));
            }
        }
        JobKind::Master
    }

    fn title(&mut self) -> String {
        match self.take("title") {
            None => String::new(),
            Some(Value::String(title)) => {
                let length = title.chars().count();
                if length > Wish::TITLE_LENGTH_MAX {
                    let detail = format!("the title has {length} characters; {} fit", Wish::TITLE_LENGTH_MAX);
                    self.refuse("title", "too_long", detail);
                }
                if title.chars().any(char::is_control) {
                    self.refuse("title", "unknown_value", "a title is one line of plain text");
                }
                title
            }
            Some(other) => {
                self.refuse("title", "wrong_type", format!("title is {}, not a text", kind(&other)));
                String::new()
            }
        }
    }

    fn inputs(&mut self) -> Vec<UploadId> {
        let items = match self.take("inputs") {
            Some(Value::Array(items)) if !items.is_empty() => items,
            None | Some(Value::Array(_)) => {
                self.refuse("inputs", "required", "name the upload to master");
                return Vec::new();
            }
            Some(other) => {
                self.refuse("inputs", "wrong_type", format!("inputs is {}, not a list", kind(&other)));
                return Vec::new();
            }
        };
        if items.len() > 1 {
            let detail = format!("a master is made from 1 input, not {}", items.len());
            self.refuse("inputs", "out_of_range", detail);
        }
        let mut uploads = Vec::new();
        for (index, item) in items.iter().enumerate().take(1) {
            match input(item, &format!("/inputs/{index}")) {
                Ok(upload) => uploads.push(upload),
                Err(errors) => self.errors.extend(errors),
            }
        }
        uploads
    }
}

/// One input of a master: `upload`, and the settings of a stem as long as they change nothing.
fn input(raw: &Value, pointer: &str) -> Result<UploadId, Vec<FieldError>> {
    let mut fields = Fields::of(raw, pointer).map_err(|error| vec![error])?;
    for (setting, neutral) in [
        ("gain_db", Value::from(0)),
        ("pan", Value::from(0)),
        ("mute", false.into()),
        ("untouched", false.into()),
    ] {
        let changes_something = |value: &Value| match (value.as_f64(), neutral.as_f64()) {
            (Some(value), Some(neutral)) => value != neutral,
            _ => *value != neutral,
        };
        if fields.take(setting).as_ref().is_some_and(changes_something) {
            fields.refuse(
                setting,
                "not_available_yet",
                format!("{setting} belongs to a mix, not available yet"),
            );
        }
    }
    fields.not_available_yet("role");
    let upload = match fields.take("upload") {
        Some(Value::String(text)) => match UploadId::parse(&text) {
            Ok(upload) => Some(upload),
            Err(error) => {
                fields.refuse("upload", "unknown_upload", error.to_string());
                None
            }
        },
        Some(other) => {
            fields.refuse("upload", "wrong_type", format!("upload is {}, not a text", kind(&other)));
            None
        }
        None => {
            fields.refuse("upload", "required", "name an upload");
            None
        }
    };
    fields.finish()?;
    upload.ok_or_else(Vec::new)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::SeededEntropy;

    fn codes(raw: Value) -> Vec<(String, String)> {
        let errors = Wish::check(&raw).expect_err("the case must be bad");
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn an_order_needs_only_a_kind_and_an_input() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let neutral = json!({"upload": upload, "role": null, "gain_db": 0.0, "pan": 0, "mute": false,
                             "untouched": false});
        for input in [json!({"upload": upload}), neutral] {
            let wish = Wish::check(&json!({"kind": "master", "inputs": [input]})).unwrap();
            assert_eq!(
                (wish.inputs.as_slice(), &wish.recipe),
                ([upload.clone()].as_slice(), &Recipe::default())
            );
        }
    }

    #[test]
    fn every_bad_field_is_named_from_the_bodys_root() {
        let bad = json!({"kind": "album", "title": 7, "more": 1, "references": ["upl_1"], "preview": {},
                         "inputs": [{"upload": "upl_1", "gain_db": 3, "colour": 1}],
                         "recipe": {"tone": 1, "loudness_lufs": 0}});
        let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        let expected = [
            pair("/kind", "not_available_yet"),
            pair("/title", "wrong_type"),
            pair("/inputs/0/gain_db", "not_available_yet"),
            pair("/inputs/0/upload", "unknown_upload"),
            pair("/inputs/0/colour", "unknown_field"),
            pair("/references", "not_available_yet"),
            pair("/preview", "not_available_yet"),
            pair("/recipe/tone", "not_available_yet"),
            pair("/recipe/loudness_lufs", "out_of_range"),
            pair("/more", "unknown_field"),
        ];
        assert_eq!(codes(bad), expected);
    }

    #[test]
    fn a_master_takes_one_input() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let two = json!({"kind": "master", "inputs": [{"upload": upload}, {"upload": upload}]});
        assert_eq!(codes(two), [("/inputs".to_owned(), "out_of_range".to_owned())]);
        assert_eq!(codes(json!({"kind": "master"})), [("/inputs".to_owned(), "required".to_owned())]);
    }
}
