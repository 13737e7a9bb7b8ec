//! Fields of a JSON object from outside: looked at one by one, and every bad one told at once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One field that cannot be taken, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldError {
    /// Which: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Stable, for programs: `unknown_field`, `wrong_type`, `out_of_range`, `too_long`, `unknown_value`,
    /// `duplicate`, `required`, `not_for_albums`, `only_for_mixes`, `only_for_masters`, …
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

    /// A number from `low` to `high`. `unit` is what a reader finds behind it; empty for a plain number.
    pub(crate) fn number(&mut self, name: &str, (low, high): (f64, f64), unit: &str) -> Option<f64> {
        let value = self.take(name)?;
        let Some(number) = value.as_f64() else {
            self.refuse(name, "wrong_type", format!("{name} is {}, not a number", kind(&value)));
            return None;
        };
        if !(low..=high).contains(&number) {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            let detail = format!("{name} is {number}{unit}; it can be {low} to {high}{unit}");
            self.refuse(name, "out_of_range", detail);
        }
        Some(number)
    }

    /// True or false; false if it was left out.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(other) => {
                self.refuse(name, "wrong_type", format!("{name} is {}, not true or false", kind(&other)));
                false
            }
        }
    }

    /// A text of any kind.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => {
                self.refuse(name, "wrong_type", format!("{name} is {}, not a text", kind(&other)));
                None
            }
        }
    }

    /// One line of at most `characters_max`; empty if it was left out.
    pub(crate) fn line(&mut self, name: &str, characters_max: usize) -> String {
        let line = self.text(name).unwrap_or_default();
        let length = line.chars().count();
        if length > characters_max {
            let detail = format!("the {name} has {length} characters; {characters_max} fit");
            self.refuse(name, "too_long", detail);
        }
        if line.chars().any(char::is_control) {
            self.refuse(name, "unknown_value", format!("a {name} is one line of plain text"));
        }
        line
    }

    /// A list; `None` if it was left out or is none.
    pub(crate) fn list(&mut self, name: &str) -> Option<Vec<Value>> {
        match self.take(name)? {
            Value::Array(items) => Some(items),
            other => {
                self.refuse(name, "wrong_type", format!("{name} is {}, not a list", kind(&other)));
                None
            }
        }
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
