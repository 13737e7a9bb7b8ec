//! Reports fit the published schema, and stay small.

use serde_json::{Value, json};

use crate::schema::offences;
use crate::song::{full_report, mastered, song};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/report.schema.json")).unwrap()
}

#[test]
fn real_reports_fit_the_published_schema() {
    let mut reports = vec![full_report(), mastered(song(1, 12.0), -14.0).report];
    reports.push(mastered(song(2, 0.5), -14.0).report); // too short for most of what is measured
    reports.push(mastered(song(2, 10.0), -36.0).report);
    for report in reports {
        let value = serde_json::to_value(&report).unwrap();
        assert_eq!(offences(&schema(), &value), Vec::<String>::new());
    }
}

#[test]
fn a_broken_report_does_not_fit() {
    let whole = serde_json::to_value(full_report()).unwrap();
    for (place, wrong) in [
        ("/schema", json!("mixrunners.report/1")),
        ("/before/integrated_lufs", json!("−14")),
        ("/after/correlation", json!(1.5)),
        ("/decisions/0/by", json!("chance")),
        ("/platforms/0/rule", json!("up")),
        ("/pictures/spectrum/before_db", json!([1.0])),
        ("/pictures/waveform/after/3", json!([0.0])),
        ("/pictures/gain_reduction/limiter_db/0", json!(0.5)),
        ("/delivered/0/sha256", json!("short")),
        ("/limiter", json!(7)),
        ("/source/frames", json!(-1)),
    ] {
        let mut broken = whole.clone();
        *broken.pointer_mut(place).unwrap_or_else(|| panic!("{place} is there")) = wrong;
        assert!(!offences(&schema(), &broken).is_empty(), "{place} went through");
    }
    for (part, name) in [("", "outcome"), ("/target", "ceiling_dbtp"), ("/platforms/3", "text")] {
        let mut broken = whole.clone();
        broken.pointer_mut(part).unwrap().as_object_mut().unwrap().remove(name);
        assert!(!offences(&schema(), &broken).is_empty(), "{part}/{name} was not missed");
    }
}

#[test]
fn every_field_of_a_full_report_is_in_the_schema() {
    fn unknown(root: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        let schema = match schema["$ref"].as_str() {
            Some(path) => root.pointer(&path[1..]).unwrap(),
            None => schema,
        };
        let schema = schema["anyOf"].get(1).unwrap_or(schema);
        for (name, part) in value.as_object().into_iter().flatten() {
            match schema["properties"].get(name) {
                Some(known) => unknown(root, known, part, &format!("{place}/{name}"), found),
                None if schema["additionalProperties"].is_object() => {}
                None => found.push(format!("{place}/{name}")),
            }
        }
        if let Some(item) = value.as_array().and_then(|items| items.first()) {
            unknown(root, &schema["items"], item, &format!("{place}/0"), found);
        }
    }
    let mut found = Vec::new();
    unknown(&schema(), &schema(), &serde_json::to_value(full_report()).unwrap(), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_report_of_four_minutes_stays_under_150_kibibytes() {
    let report = mastered(song(2, 240.0), -10.0).report;
    let waveform = report.pictures.waveform.as_ref().unwrap();
    assert_eq!((waveform.columns, report.after.short_term_lufs.len()), (800, 2371), "the case must be real");
    let text = worker::render::report_text::json(&report).unwrap();
    assert!(text.len() < 150 * 1024, "{} bytes", text.len());
}

#[test]
fn the_report_of_the_first_form_and_unknown_fields_can_be_read() {
    let mut value = serde_json::to_value(full_report()).unwrap();
    let report = value.as_object_mut().unwrap();
    for later in ["settings", "features", "platforms", "delivered", "pictures"] {
        report.remove(later);
    }
    report.insert("more".to_owned(), json!({"to": "come"}));
    for decision in report["decisions"].as_array_mut().unwrap() {
        decision.as_object_mut().unwrap().retain(|name, _| name != "by" && name != "stage");
    }
    let read: domain::report::Report = serde_json::from_value(value).unwrap();
    assert!(read.platforms.is_empty() && read.pictures.waveform.is_none());
}
