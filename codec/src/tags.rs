//! What a file says about the music in it. Checked once, here; every container has its own words for it.

use crate::cover::{Cover, CoverError};

/// What a producer set, unchecked; whatever is `None` is not written. [`Tags::new`] checks it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TagFields {
    /// The name of the song, 1 to 255 characters.
    pub title: Option<String>,
    /// Who performs it, 1 to 255 characters.
    pub artist: Option<String>,
    /// The name of the release, 1 to 255 characters.
    pub album: Option<String>,
    /// Who the release is by, 1 to 255 characters.
    pub album_artist: Option<String>,
    /// Its place on the release, 1 to 999.
    pub track_number: Option<u32>,
    /// How many tracks the release has, from the track's own number to 999; only together with it.
    pub track_total: Option<u32>,
    /// When it came out: `2026`, `2026-03` or `2026-03-31`.
    pub date: Option<String>,
    /// Its genre, 1 to 255 characters.
    pub genre: Option<String>,
    /// Its International Standard Recording Code, with or without dashes, in any case: `US-S1Z-99-00001`.
    pub isrc: Option<String>,
    /// Anything else, 1 to 1 000 characters.
    pub comment: Option<String>,
    /// The bytes of a JPEG or a PNG, at most 10 MiB.
    pub cover: Option<Vec<u8>>,
}

/// Tags that every container can hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tags {
    fields: TagFields,
    cover: Option<Cover>,
}

/// The most characters of a line of text.
const LINE_CHARACTERS_MAX: usize = 255;
const COMMENT_CHARACTERS_MAX: usize = 1_000;
const TRACK_MAX: u32 = 999;

impl Tags {
    /// Checks `fields`. The ISRC is brought to its twelve letters and digits; all else stays as it is.
    ///
    /// # Errors
    /// The first field that cannot be written as it is, with its value and the bound.
    pub fn new(fields: TagFields) -> Result<Self, TagError> {
        let lines = [
            ("title", &fields.title, LINE_CHARACTERS_MAX),
            ("artist", &fields.artist, LINE_CHARACTERS_MAX),
            ("album", &fields.album, LINE_CHARACTERS_MAX),
            ("album_artist", &fields.album_artist, LINE_CHARACTERS_MAX),
            ("genre", &fields.genre, LINE_CHARACTERS_MAX),
            ("comment", &fields.comment, COMMENT_CHARACTERS_MAX),
        ];
        for (field, text, characters_max) in lines {
            text.as_deref().map_or(Ok(()), |text| check_text(field, text, characters_max))?;
        }
        check_track(fields.track_number, fields.track_total)?;
        fields.date.as_deref().map_or(Ok(()), check_date)?;
        let isrc = fields.isrc.as_deref().map(normalised_isrc).transpose()?;
        let cover = fields.cover.map(Cover::new).transpose()?;
        Ok(Self { fields: TagFields { isrc, cover: None, ..fields }, cover })
    }

    /// Whether nothing is set: such tags leave a file as it is without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The name of the song.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.fields.title.as_deref()
    }

    /// Who performs it.
    #[must_use]
    pub fn artist(&self) -> Option<&str> {
        self.fields.artist.as_deref()
    }

    /// The name of the release.
    #[must_use]
    pub fn album(&self) -> Option<&str> {
        self.fields.album.as_deref()
    }

    /// Who the release is by.
    #[must_use]
    pub fn album_artist(&self) -> Option<&str> {
        self.fields.album_artist.as_deref()
    }

    /// Its place on the release.
    #[must_use]
    pub fn track_number(&self) -> Option<u32> {
        self.fields.track_number
    }

    /// How many tracks the release has.
    #[must_use]
    pub fn track_total(&self) -> Option<u32> {
        self.fields.track_total
    }

    /// When it came out: year, year and month, or the day.
    #[must_use]
    pub fn date(&self) -> Option<&str> {
        self.fields.date.as_deref()
    }

    /// Its genre.
    #[must_use]
    pub fn genre(&self) -> Option<&str> {
        self.fields.genre.as_deref()
    }

    /// Its recording code: twelve letters and digits.
    #[must_use]
    pub fn isrc(&self) -> Option<&str> {
        self.fields.isrc.as_deref()
    }

    /// Anything else.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        self.fields.comment.as_deref()
    }

    /// Its front cover.
    #[must_use]
    pub fn cover(&self) -> Option<&Cover> {
        self.cover.as_ref()
    }
}

/// Why tags cannot be written as they are. Every one names the field, the value and the bound.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TagError {
    /// Empty, or only spaces.
    #[error("{field} is empty; leave it out, or give it 1 to {characters_max} characters")]
    Empty {
        /// Which field.
        field: &'static str,
        /// The most characters it may have.
        characters_max: usize,
    },
    /// Too long.
    #[error("{field} has {characters} characters (\"{start}…\"); it can have 1 to {characters_max}")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// How it begins.
        start: String,
        /// How many characters it has.
        characters: usize,
        /// The most characters it may have.
        characters_max: usize,
    },
    /// A line break, a tab, a zero or the like.
    #[error(
        "{field} has the control character U+{code:04X} at place {place}; it can have printable characters only"
    )]
    ControlCharacter {
        /// Which field.
        field: &'static str,
        /// The character.
        code: u32,
        /// Where it stands, counted from 1.
        place: usize,
    },
    /// A track that no release has.
    #[error("{field} is {value}; it can be {low} to {high}")]
    Track {
        /// Which field.
        field: &'static str,
        /// What was given.
        value: u32,
        /// The lowest value allowed.
        low: u32,
        /// The highest value allowed.
        high: u32,
    },
    /// A number of tracks, and no track.
    #[error("track_total is {value} without a track_number; it can only stand beside one")]
    TotalAlone {
        /// What was given.
        value: u32,
    },
    /// Not a day, a month or a year.
    #[error("date is {value:?}; it can be a year, a month or a day that exists: 2026, 2026-03 or 2026-03-31")]
    Date {
        /// What was given.
        value: String,
    },
    /// Not a recording code (ISO 3901).
    #[error(
        "isrc is {value:?}; it can be 2 letters, 3 letters or digits, 2 digits and 5 digits, as in US-S1Z-99-00001"
    )]
    Isrc {
        /// What was given, as far as it is worth repeating.
        value: String,
    },
    /// Not a picture that every player shows.
    #[error("cover {0}")]
    Cover(#[from] CoverError),
}

fn check_text(field: &'static str, text: &str, characters_max: usize) -> Result<(), TagError> {
    let characters = text.chars().count();
    if characters > characters_max {
        return Err(TagError::TooLong { field, start: start_of(text), characters, characters_max });
    }
    if let Some((index, character)) = text.chars().enumerate().find(|(_, c)| c.is_control()) {
        return Err(TagError::ControlCharacter { field, code: character.into(), place: index + 1 });
    }
    if text.trim().is_empty() {
        return Err(TagError::Empty { field, characters_max });
    }
    Ok(())
}

/// As much of a value as an error repeats, without what would disturb a terminal.
fn start_of(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(24).collect()
}

fn check_track(number: Option<u32>, total: Option<u32>) -> Result<(), TagError> {
    let within = |field, value: Option<u32>, low| match value {
        Some(value) if !(low..=TRACK_MAX).contains(&value) => {
            Err(TagError::Track { field, value, low, high: TRACK_MAX })
        }
        _ => Ok(()),
    };
    within("track_number", number, 1)?;
    match (number, total) {
        (None, Some(value)) => Err(TagError::TotalAlone { value }),
        (number, total) => within("track_total", total, number.unwrap_or(1)),
    }
}

fn check_date(text: &str) -> Result<(), TagError> {
    let wrong = || TagError::Date { value: start_of(text) };
    let number = |part: &str, digits: usize| {
        let is_plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain { part.parse::<u32>().ok() } else { None }
    };
    let mut parts = text.split('-');
    let year = parts.next().and_then(|part| number(part, 4)).ok_or_else(wrong)?;
    let month = parts.next().map(|part| number(part, 2).ok_or_else(wrong)).transpose()?;
    let day = parts.next().map(|part| number(part, 2).ok_or_else(wrong)).transpose()?;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month.unwrap_or(1) {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    };
    let exists =
        year >= 1 && (1..=12).contains(&month.unwrap_or(1)) && (1..=days).contains(&day.unwrap_or(1));
    if exists && parts.next().is_none() { Ok(()) } else { Err(wrong()) }
}

/// Twelve letters and digits of an ISRC (ISO 3901): country, registrant, year, recording.
fn normalised_isrc(text: &str) -> Result<String, TagError> {
    let wrong = || TagError::Isrc { value: start_of(text) };
    let code: String = match text.split('-').collect::<Vec<_>>()[..] {
        [whole] => whole.to_owned(),
        [country, registrant, year, recording] if [2, 3, 2] == [country, registrant, year].map(str::len) => {
            [country, registrant, year, recording].concat()
        }
        _ => return Err(wrong()),
    };
    let code = code.to_ascii_uppercase();
    let fits = code.len() == 12
        && code.bytes().enumerate().all(|(place, byte)| match place {
            0..2 => byte.is_ascii_uppercase(),
            2..5 => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            _ => byte.is_ascii_digit(),
        });
    if fits { Ok(code) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(set: impl FnOnce(&mut TagFields)) -> String {
        let mut fields = TagFields::default();
        set(&mut fields);
        Tags::new(fields).expect_err("a refusal").to_string()
    }

    #[test]
    fn an_isrc_is_brought_to_twelve_letters_and_digits_and_nothing_else_passes() {
        for good in ["US-S1Z-99-00001", "uss1z9900001", "USS1Z9900001", "us-s1z-99-00001"] {
            let tags = Tags::new(TagFields { isrc: Some(good.to_owned()), ..TagFields::default() }).unwrap();
            assert_eq!(tags.isrc(), Some("USS1Z9900001"));
        }
        let bad = [
            "",
            "USS1Z990000",
            "USS1Z99000011",
            "U1S1Z9900001",
            "USS1Z9A00001",
            "USS-1Z-99-00001",
            "US-S1Z-9900001",
            "-USS1Z9900001",
            "USÄ1Z9900001",
            "USS1Z990000\u{0661}",
        ];
        for bad in bad {
            let refused = refusal(|fields| fields.isrc = Some(bad.to_owned()));
            assert!(refused.starts_with(&format!("isrc is {bad:?}")), "{refused}");
        }
    }

    #[test]
    fn a_date_is_one_that_exists() {
        for good in ["2026", "0001", "2026-12", "2024-02-29", "2000-02-29", "2026-04-30"] {
            Tags::new(TagFields { date: Some(good.to_owned()), ..TagFields::default() }).unwrap();
        }
        let bad = [
            "",
            "26",
            "0000",
            "2026-13",
            "2026-00",
            "2026-1",
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-04-00",
            "2026-04-01-01",
            "+026",
            "2026-04-01T10:00",
        ];
        for bad in bad {
            let refused = refusal(|fields| fields.date = Some(bad.to_owned()));
            assert!(refused.starts_with("date is ") && refused.contains("2026-03-31"), "{bad}: {refused}");
        }
    }

    #[test]
    fn a_refusal_names_the_field_the_value_and_the_bound() {
        let refused = refusal(|fields| fields.title = Some("ä".repeat(256)));
        assert_eq!(
            refused,
            format!("title has 256 characters (\"{}…\"); it can have 1 to 255", "ä".repeat(24))
        );
        let refused = refusal(|fields| fields.album_artist = Some("  ".to_owned()));
        assert_eq!(refused, "album_artist is empty; leave it out, or give it 1 to 255 characters");
        for (text, code) in [("a\0b", "U+0000"), ("a\nb", "U+000A"), ("a\u{9b}31mb", "U+009B")] {
            let refused = refusal(|fields| fields.comment = Some(text.to_owned()));
            let expected = format!(
                "comment has the control character {code} at place 2; it can have printable characters only"
            );
            assert_eq!(refused, expected);
        }
        assert_eq!(refusal(|fields| fields.track_number = Some(0)), "track_number is 0; it can be 1 to 999");
        let refused = refusal(|fields| (fields.track_number, fields.track_total) = (Some(4), Some(3)));
        assert_eq!(refused, "track_total is 3; it can be 4 to 999");
        let refused = refusal(|fields| fields.track_total = Some(9));
        assert_eq!(refused, "track_total is 9 without a track_number; it can only stand beside one");
    }

    #[test]
    fn the_longest_text_passes_and_nothing_set_is_empty() {
        let fields = TagFields { comment: Some("🎛".repeat(1_000)), ..TagFields::default() };
        assert!(!Tags::new(fields).unwrap().is_empty());
        assert!(Tags::new(TagFields::default()).unwrap().is_empty());
    }
}
