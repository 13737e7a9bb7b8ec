//! Bodies in JSON: read strictly, and every bad field is told at once.

use std::collections::BTreeSet;
use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use domain::fields::FieldError;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// A JSON body within the limits: its bytes as they came, and what they say.
pub(crate) struct JsonBody {
    pub(crate) bytes: Bytes,
    pub(crate) value: Value,
}

impl FromRequest<App> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> ApiResult<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(is_json) {
            return Err(ApiError::WrongContentType { expected: "application/json" });
        }
        let max = app.limits.json_bytes;
        let bytes = axum::body::to_bytes(request.into_body(), max).await.map_err(|error| {
            if is_too_long(&error) {
                let detail = format!("The body is larger than the {max} bytes that are taken.");
                ApiError::TooLarge { code: "body_too_large", detail }
            } else {
                ApiError::MalformedRequest("The body ended early.".to_owned())
            }
        })?;
        let value = parse(&bytes, app.limits.json_depth)?;
        Ok(Self { bytes, value })
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// One JSON value and nothing after it; a key that comes twice and nesting beyond `depth` are errors.
pub(crate) fn parse(bytes: &[u8], depth: usize) -> ApiResult<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| ApiError::MalformedJson(error.to_string()))
}

/// Reads the fields of one JSON object and gathers what is wrong with them.
pub(crate) struct Fields<'a> {
    at: String,
    object: &'a Map<String, Value>,
    known: BTreeSet<&'static str>,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// The object at the JSON pointer `at` (empty for the body itself).
    pub(crate) fn of(value: &'a Value, at: impl Into<String>) -> Result<Self, FieldError> {
        let at = at.into();
        match value.as_object() {
            Some(object) => Ok(Self { at, object, known: BTreeSet::new(), errors: Vec::new() }),
            None => Err(FieldError::new(at, "wrong_type", "must be an object")),
        }
    }

    /// The body itself.
    pub(crate) fn of_body(value: &'a Value) -> ApiResult<Self> {
        Self::of(value, "").map_err(|error| ApiError::Invalid(vec![error]))
    }

    /// The value as it is; `null` counts as left out.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.insert(name);
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Text of at most `chars_max` characters, not blank.
    pub(crate) fn text(&mut self, name: &'static str, chars_max: usize) -> Option<String> {
        let Some(text) = self.value(name)?.as_str() else {
            return self.refuse(name, "wrong_type", "must be text");
        };
        let text = text.trim();
        let chars = text.chars().count();
        if text.is_empty() {
            return self.refuse(name, "too_short", "must not be empty");
        }
        if chars > chars_max {
            return self.refuse(
                name,
                "too_long",
                format!("has {chars} characters; at most {chars_max} are taken"),
            );
        }
        if text.chars().any(char::is_control) {
            return self.refuse(name, "out_of_range", "must not hold control characters");
        }
        Some(text.to_owned())
    }

    /// A whole number from `min` to `max`.
    pub(crate) fn integer(&mut self, name: &'static str, min: u64, max: u64) -> Option<u64> {
        let Some(number) = self.value(name)?.as_u64() else {
            return self.refuse(name, "wrong_type", format!("must be a whole number from {min} to {max}"));
        };
        if (min..=max).contains(&number) {
            return Some(number);
        }
        self.refuse(name, "out_of_range", format!("is {number}; must be from {min} to {max}"))
    }

    /// What must be said and can only be said with `true`; anything else is refused with this detail.
    pub(crate) fn confirmed(&mut self, name: &'static str, detail: impl Into<String>) -> Option<bool> {
        let said = match self.value(name) {
            None => None,
            Some(Value::Bool(true)) => Some(true),
            Some(_) => self.refuse(name, "out_of_range", detail),
        };
        self.require(name, said)
    }

    /// A list of at most `max` members.
    pub(crate) fn list(&mut self, name: &'static str, max: usize) -> Option<&'a [Value]> {
        let Some(list) = self.value(name)?.as_array() else {
            return self.refuse(name, "wrong_type", "must be a list");
        };
        if list.len() > max {
            return self.refuse(
                name,
                "too_long",
                format!("has {} members; at most {max} are taken", list.len()),
            );
        }
        Some(list)
    }

    /// Says that `name` must be there, unless something is known to be wrong with it already.
    pub(crate) fn require<T>(&mut self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.errors.iter().any(|error| error.pointer == self.pointer(name)) {
            self.refuse::<()>(name, "required", "must be there");
        }
        value
    }

    /// Notes an error at `name` (which may be a path such as `inputs/0`).
    pub(crate) fn refuse<T>(
        &mut self,
        name: &str,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Option<T> {
        self.errors.push(FieldError::new(self.pointer(name), code, detail));
        None
    }

    pub(crate) fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    /// Every error found, with those fields that nobody asked for.
    pub(crate) fn errors(mut self) -> Vec<FieldError> {
        for name in self.object.keys().filter(|name| !self.known.contains(name.as_str())) {
            let pointer = format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"));
            self.errors.push(FieldError::new(pointer, "unknown_field", "is not a field of this request"));
        }
        self.errors
    }

    /// `value` when all is well.
    pub(crate) fn finish<T>(self, value: Option<T>) -> ApiResult<T> {
        let errors = self.errors();
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            _ => Err(ApiError::Invalid(errors)),
        }
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth }),
            None => Err(E::custom("it is nested too deep")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = members.next_element_seed(inner)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(key.clone(), value).is_some() {
                return Err(de::Error::custom(format_args!("the key {key:?} is there twice")));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_json_is_refused_whatever_breaks_it() {
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        for text in ["", "{", "{\"a\":1,\"a\":2}", "1e999", "\"\\ud800\"", "{} {}", "[1,]", "NaN", &deep] {
            assert!(matches!(parse(text.as_bytes(), 32), Err(ApiError::MalformedJson(_))), "{text:.40}");
        }
        assert!(parse(b"\xff", 32).is_err());
        assert!(parse("[".repeat(32).as_bytes(), 32).is_err());
        assert!(parse(format!("{}{}", "[".repeat(32), "]".repeat(32)).as_bytes(), 32).is_ok());
    }

    #[test]
    fn every_bad_field_is_told_at_once() {
        let value = parse(br#"{"name": 5, "days": 400, "list": [1,2,3], "a/b~c": 1}"#, 32).unwrap();
        let mut fields = Fields::of_body(&value).unwrap();
        let name = fields.text("name", 10);
        fields.require("name", name);
        fields.integer("days", 1, 365);
        fields.list("list", 2);
        fields.require::<()>("missing", None);
        let errors = fields.errors();
        let told: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
        let expected = [
            ("/name", "wrong_type"),
            ("/days", "out_of_range"),
            ("/list", "too_long"),
            ("/missing", "required"),
            ("/a~1b~0c", "unknown_field"),
        ];
        assert_eq!(told, expected);
    }
}
