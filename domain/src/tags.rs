//! What a producer wants a delivered file to say about the music in it.
//!
//! The bounds are those of the files (`codec::tags`, which checks again where it writes); here they are told at once,
//! for every field, when the order comes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::{FieldError, Fields};

/// Checked tags; what is `None` is not written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tags {
    /// The name of the song, 1 to 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who performs it, 1 to 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// The name of the release, 1 to 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// Who the release is by, 1 to 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album_artist: Option<String>,
    /// Its place on the release, 1 to 999.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_number: Option<u32>,
    /// How many tracks the release has; not less than the place, at most 999.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_total: Option<u32>,
    /// When it came out: `2026`, `2026-03` or `2026-03-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Its genre, 1 to 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// Its recording code (ISO 3901), brought to twelve letters and digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isrc: Option<String>,
    /// Anything else, 1 to 1000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Tags {
    /// The most characters of a line.
    pub const LINE_CHARACTERS_MAX: usize = 255;
    /// The most characters of a comment.
    pub const COMMENT_CHARACTERS_MAX: usize = 1000;
    /// The most tracks of a release.
    pub const TRACK_MAX: u32 = 999;

    /// Tags from outside: an object, or `null` for none. Pointers are relative to it.
    pub fn check(raw: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(raw, "").map_err(|error| vec![error])?;
        let line = Self::LINE_CHARACTERS_MAX;
        let tags = Self {
            title: fields.tag("title", line),
            artist: fields.tag("artist", line),
            album: fields.tag("album", line),
            album_artist: fields.tag("album_artist", line),
            track_number: fields.track("track_number"),
            track_total: fields.track("track_total"),
            date: fields.date(),
            genre: fields.tag("genre", line),
            isrc: fields.isrc(),
            comment: fields.tag("comment", Self::COMMENT_CHARACTERS_MAX),
        };
        match (tags.track_number, tags.track_total) {
            (None, Some(total)) => {
                let detail = format!("track_total is {total}; it can only stand beside a track_number");
                fields.refuse("track_total", "out_of_range", detail);
            }
            (Some(number), Some(total)) if total < number => {
                let detail = format!("track_total is {total}; it can be {number} to {}", Self::TRACK_MAX);
                fields.refuse("track_total", "out_of_range", detail);
            }
            _ => {}
        }
        fields.finish()?;
        Ok(tags)
    }

    /// Those that are set and that only one track of an album can have.
    #[must_use]
    pub fn of_one_track(&self) -> Vec<&'static str> {
        let set = [
            ("title", self.title.is_some()),
            ("track_number", self.track_number.is_some()),
            ("track_total", self.track_total.is_some()),
            ("isrc", self.isrc.is_some()),
        ];
        set.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect()
    }
}

impl Fields {
    fn tag(&mut self, name: &str, characters_max: usize) -> Option<String> {
        let text = self.text(name)?;
        let characters = text.chars().count();
        if text.trim().is_empty() {
            let detail =
                format!("{name} is empty; leave it out, or give it 1 to {characters_max} characters");
            self.refuse(name, "required", detail);
        } else if characters > characters_max {
            let detail = format!("{name} has {characters} characters; {characters_max} fit");
            self.refuse(name, "too_long", detail);
        } else if let Some(place) = text.chars().position(char::is_control) {
            let detail = format!("{name} has a control character at place {}; it is plain text", place + 1);
            self.refuse(name, "unknown_value", detail);
        }
        Some(text)
    }

    fn track(&mut self, name: &str) -> Option<u32> {
        let number = self.number(name, (1.0, f64::from(Tags::TRACK_MAX)), "")?;
        if number.fract() != 0.0 {
            self.refuse(name, "wrong_type", format!("{name} is {number}; it is a whole number"));
        }
        Some(number as u32)
    }

    fn date(&mut self) -> Option<String> {
        let text = self.text("date")?;
        if !is_date(&text) {
            let detail =
                format!("date is {:?}; a date that exists is 2026, 2026-03 or 2026-03-31", start_of(&text));
            self.refuse("date", "unknown_value", detail);
        }
        Some(text)
    }

    fn isrc(&mut self) -> Option<String> {
        let text = self.text("isrc")?;
        let code = recording_code(&text);
        if code.is_none() {
            let detail = format!(
                "isrc is {:?}; it is 2 letters, 3 letters or digits, 2 digits and 5 digits, as in US-S1Z-99-00001",
                start_of(&text)
            );
            self.refuse("isrc", "unknown_value", detail);
        }
        code
    }
}

/// As much of a value as an error repeats.
fn start_of(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(24).collect()
}

/// Whether a text is a year, a month or a day that there is.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let are_digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    if !are_digits || !matches!(lengths[..], [4] | [4, 2] | [4, 2, 2]) {
        return false;
    }
    let number = |place: usize| parts.get(place).map_or(1, |part| part.parse::<u32>().unwrap_or(0));
    let (year, month, day) = (number(0), number(1), number(2));
    let is_leap = year.is_multiple_of(400) || (year.is_multiple_of(4) && !year.is_multiple_of(100));
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

/// The twelve letters and digits of a recording code, with dashes at their places or without.
fn recording_code(text: &str) -> Option<String> {
    let dashes: Vec<usize> = text.bytes().enumerate().filter(|(_, b)| *b == b'-').map(|(at, _)| at).collect();
    if !matches!(dashes[..], [] | [2, 6, 9]) {
        return None;
    }
    let code = text.replace('-', "").to_ascii_uppercase();
    let is_in_place = |(place, byte): (usize, u8)| match place {
        0 | 1 => byte.is_ascii_uppercase(),
        2..=4 => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        _ => byte.is_ascii_digit(),
    };
    (code.len() == 12 && code.bytes().enumerate().all(is_in_place)).then_some(code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusals(raw: Value) -> Vec<(String, String)> {
        let errors = Tags::check(&raw).expect_err("the case must be bad");
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn good_tags_stay_as_they_are_and_the_recording_code_is_brought_to_form() {
        let raw = json!({"title": "Déjà vu", "track_number": 3, "track_total": 3, "date": "2024-02-29",
                         "isrc": "us-s1z-99-00001", "comment": "x".repeat(1000), "genre": null});
        let tags = Tags::check(&raw).unwrap();
        assert_eq!((tags.title.as_deref(), tags.isrc.as_deref()), (Some("Déjà vu"), Some("USS1Z9900001")));
        assert_eq!((tags.track_number, tags.track_total, tags.genre), (Some(3), Some(3), None));
        assert_eq!(Tags::check(&Value::Null), Ok(Tags::default()));
        assert_eq!(serde_json::to_value(Tags::default()).unwrap(), json!({}), "nothing set, nothing said");
    }

    #[test]
    fn every_bad_tag_is_named_at_once() {
        let bad = json!({"title": " ", "artist": "x".repeat(256), "album": 7, "album_artist": "a\nb",
                         "track_number": 0, "track_total": 1.5, "date": "2026-02-30", "genre": "",
                         "isrc": "US-S1Z-9900001", "comment": "x".repeat(1001), "cover": "…"});
        let expected = [
            ("/title", "required"),
            ("/artist", "too_long"),
            ("/album", "wrong_type"),
            ("/album_artist", "unknown_value"),
            ("/track_number", "out_of_range"),
            ("/track_total", "wrong_type"),
            ("/date", "unknown_value"),
            ("/genre", "required"),
            ("/isrc", "unknown_value"),
            ("/comment", "too_long"),
            ("/cover", "unknown_field"),
        ];
        let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
        assert_eq!(refusals(bad), expected);
    }

    #[test]
    fn a_total_stands_beside_a_number_that_it_is_not_below() {
        for bad in [json!({"track_total": 9}), json!({"track_number": 4, "track_total": 3})] {
            assert_eq!(refusals(bad), [("/track_total".to_owned(), "out_of_range".to_owned())]);
        }
        let errors = Tags::check(&json!({"track_number": 1000})).unwrap_err();
        assert_eq!(errors[0].detail, "track_number is 1000; it can be 1 to 999");
    }

    #[test]
    fn a_date_is_one_that_exists() {
        for good in ["2026", "0001", "2026-12", "2000-02-29", "2026-04-30"] {
            assert!(is_date(good), "{good}");
        }
        for bad in
            ["", "26", "0000", "2026-13", "2026-1", "1900-02-29", "2026-04-31", "2026-04-01-01", "+026"]
        {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
