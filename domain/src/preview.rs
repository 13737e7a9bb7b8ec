//! Free previews: which part of a song is played before anybody pays, and how many there are.

use serde::{Deserialize, Serialize};

use crate::fields::{FieldError, Fields};
use crate::upload::AudioFacts;

/// The part of a song that a preview plays.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Where it begins, in seconds; `None` for the loudest part.
    pub start_s: Option<f64>,
    /// How long it is at most, in seconds, above 0 and at most [`Part::LENGTH_S_MAX`]: a song that ends sooner ends it.
    pub length_s: f64,
}

impl Part {
    /// The longest preview.
    pub const LENGTH_S_MAX: f64 = 60.0;
    /// As long as it is when nobody says.
    pub const LENGTH_S: f64 = 30.0;
    /// The latest beginning that can be written; no song is as long.
    const START_S_MAX: f64 = 86_400.0;

    /// The field `preview` of an order.
    pub(crate) fn check(raw: &serde_json::Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(raw, "/preview").map_err(|error| vec![error])?;
        let start_s = fields.number("start_s", (0.0, Self::START_S_MAX), "s");
        let length_s = fields.number("length_s", (0.0, Self::LENGTH_S_MAX), "s");
        if length_s == Some(0.0) {
            let detail = format!("length_s is 0 s; it can be more than 0 and up to {} s", Self::LENGTH_S_MAX);
            fields.refuse("length_s", "out_of_range", detail);
        }
        fields.finish()?;
        Ok(Self { start_s, length_s: length_s.unwrap_or(Self::LENGTH_S) })
    }

    /// The same part, if its numbers can be.
    pub(crate) fn checked(self) -> Result<Self, String> {
        let Self { start_s, length_s } = self;
        let is_start = start_s.is_none_or(|start| (0.0..=Self::START_S_MAX).contains(&start));
        match is_start && length_s > 0.0 && length_s <= Self::LENGTH_S_MAX {
            true => Ok(self),
            false => Err(format!("preview out of range: {start_s:?} and {length_s} s")),
        }
    }

    /// What is wrong with it for this song, if anything is.
    #[must_use]
    pub fn refused_for(&self, audio: &AudioFacts) -> Option<FieldError> {
        let start = self.start_s.filter(|start| *start >= audio.duration_s)?;
        let detail = format!("start_s is {start} s; the song ends at {:.3} s", audio.duration_s);
        Some(FieldError::new("/preview/start_s", "out_of_range", detail))
    }
}

/// How many previews an account has left on a day, of `per_day`: what it used itself counts, and so does what was used
/// under the same address before there was this account, if that is more.
#[must_use]
pub fn left(per_day: u32, by_account: u32, by_address: u32) -> u32 {
    per_day.saturating_sub(by_account.max(by_address))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn details(raw: Value) -> Vec<String> {
        Part::check(&raw)
            .unwrap_err()
            .into_iter()
            .map(|error| format!("{}: {}", error.pointer, error.detail))
            .collect()
    }

    #[test]
    fn a_part_is_30_seconds_of_the_loudest_unless_it_says_otherwise() {
        assert_eq!(Part::check(&json!({})).unwrap(), Part { start_s: None, length_s: 30.0 });
        let part = Part::check(&json!({"start_s": 12.5, "length_s": 60})).unwrap();
        assert_eq!(part, Part { start_s: Some(12.5), length_s: 60.0 });
    }

    #[test]
    fn what_lies_outside_its_bounds_is_told_with_the_value_and_the_bound() {
        let told = |raw| details(raw).join("\n");
        assert_eq!(
            told(json!({"length_s": 0})),
            "/preview/length_s: length_s is 0 s; it can be more than 0 and up to 60 s"
        );
        assert_eq!(
            told(json!({"length_s": 60.5})),
            "/preview/length_s: length_s is 60.5 s; it can be 0 to 60 s"
        );
        assert_eq!(told(json!({"start_s": -1})), "/preview/start_s: start_s is -1 s; it can be 0 to 86400 s");
        assert_eq!(told(json!({"end_s": 1})), "/preview/end_s: there is no such field");
        assert_eq!(told(json!(30)), "/preview: a number is not an object");
    }

    #[test]
    fn a_part_that_begins_beyond_the_end_is_refused_and_one_that_ends_there_is_not() {
        let audio = AudioFacts {
            format: "wav".to_owned(),
            sample_rate_hz: 48_000,
            channels: 2,
            bit_depth: Some(24),
            frames: 480_000,
            duration_s: 10.0,
            lossy: false,
        };
        let of = |start_s| Part { start_s, length_s: 30.0 }.refused_for(&audio);
        assert_eq!(of(None), None);
        assert_eq!(of(Some(9.99)), None);
        let refused = of(Some(10.0)).unwrap();
        assert_eq!(refused.pointer, "/preview/start_s");
        assert_eq!(refused.detail, "start_s is 10 s; the song ends at 10.000 s");
    }

    #[test]
    fn what_was_used_under_an_address_counts_on() {
        assert_eq!((left(10, 3, 0), left(10, 0, 9), left(10, 2, 12), left(0, 0, 0)), (7, 1, 0, 0));
    }
}
