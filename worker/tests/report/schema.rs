//! A checker of JSON Schema, draft 2020-12, for the words that `docs/report.schema.json` uses; it stops at any other,
//! so that no rule of the file goes unchecked.

use serde_json::Value;

/// What of `value` does not fit the schema in `root`, by its place.
pub fn offences(root: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { root }.value(root, value, "", &mut found);
    found
}

struct Check<'a> {
    root: &'a Value,
}

impl Check<'_> {
    fn value(&self, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        let rules = schema.as_object().expect("a schema is an object");
        let mut say = |what: String| found.push(format!("{place}: {what}"));
        let number = value.as_f64();
        let length = value.as_array().map(|items| items.len() as f64);
        let letters = value.as_str().map(|text| text.chars().count() as f64);
        for (rule, given) in rules {
            let limit = given.as_f64().unwrap_or(f64::NAN);
            let is_met = match rule.as_str() {
                "type" => is_one_of(given, value),
                "const" => value == given,
                "enum" => given.as_array().unwrap().contains(value),
                "minimum" => number.is_none_or(|number| number >= limit),
                "maximum" => number.is_none_or(|number| number <= limit),
                "minItems" => length.is_none_or(|length| length >= limit),
                "maxItems" => length.is_none_or(|length| length <= limit),
                "minLength" => letters.is_none_or(|letters| letters >= limit),
                "maxLength" => letters.is_none_or(|letters| letters <= limit),
                "required" => {
                    let names = given.as_array().unwrap().iter().filter_map(Value::as_str);
                    let missing: Vec<&str> = names
                        .filter(|name| value.as_object().is_some_and(|object| !object.contains_key(*name)))
                        .collect();
                    missing.into_iter().for_each(|name| say(format!("{name} is missing")));
                    true
                }
                "anyOf" => given.as_array().unwrap().iter().any(|one| {
                    let mut offences = Vec::new();
                    self.value(one, value, place, &mut offences);
                    offences.is_empty()
                }),
                "$ref" | "properties" | "additionalProperties" | "items" => true, // below
                "$schema" | "$id" | "$defs" | "title" | "description" => true,
                other => panic!("the schema uses {other:?}, which nobody checks"),
            };
            if !is_met {
                say(format!("{} breaks {rule} {given}", brief(value)));
            }
        }
        self.parts(schema, value, place, found);
    }

    fn parts(&self, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        if let Some(path) = schema["$ref"].as_str() {
            let target =
                self.root.pointer(path.trim_start_matches('#')).expect("a reference leads somewhere");
            self.value(target, value, place, found);
        }
        for (name, part) in value.as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            if let Some(schema) = schema["properties"].get(name) {
                self.value(schema, part, &place, found);
            } else if schema["additionalProperties"].is_object() {
                self.value(&schema["additionalProperties"], part, &place, found);
            }
        }
        if schema["items"].is_object() {
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                self.value(&schema["items"], item, &format!("{place}/{index}"), found);
            }
        }
    }
}

fn is_one_of(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("types are names") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type is called {other}"),
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}

fn brief(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}
