//! What a recipe leaves to the references, and what the codec asks of its tags.

use codec::{Limits, TagFields, Tags};
use domain::recipe::Recipe;
use dsp::meter::loudness::integrated;
use dsp::units::Lufs;

use super::teller::Silent;
use super::{Listener, RenderError, Song};
use crate::protocol::Reference;

/// How loud the masters shall be: as asked for, or as loud as the references are in the mean. Those are measured one
/// after another, and let go.
pub(super) fn loudness_of(
    recipe: &Recipe,
    references: &[Reference],
    listener: &dyn Listener,
) -> Result<Lufs, RenderError> {
    if let Some(asked) = recipe.loudness {
        return Ok(asked);
    }
    let mut measured = Vec::with_capacity(references.len());
    for Reference { input, extension } in references {
        let song = Song::open(input, extension.as_deref(), &Limits::SERVICE, &Silent(listener))?;
        measured.extend(integrated(&song.audio).map(Lufs::value).filter(|lufs| lufs.is_finite()));
    }
    if measured.is_empty() {
        return Err(RenderError::ReferencesSilent);
    }
    let mean = measured.iter().sum::<f64>() / measured.len() as f64;
    let (low, high) = Recipe::LOUDNESS_LUFS;
    match (low..=high).contains(&mean) {
        true => Ok(Lufs::literal(mean)),
        false => Err(RenderError::ReferenceLoudness { mean: Lufs::literal(mean) }),
    }
}

/// The recipe's tags in the codec's form.
pub(super) fn tags_of(tags: &domain::tags::Tags) -> Result<Tags, RenderError> {
    let tags = tags.clone();
    Ok(Tags::new(TagFields {
        title: tags.title,
        artist: tags.artist,
        album: tags.album,
        album_artist: tags.album_artist,
        track_number: tags.track_number,
        track_total: tags.track_total,
        date: tags.date,
        genre: tags.genre,
        isrc: tags.isrc,
        comment: tags.comment,
        cover: None,
    })?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The codec's verdict on one tag, whatever the order's check would say.
    fn codec_takes(name: &str, value: &Value) -> bool {
        let read: Result<domain::tags::Tags, _> = serde_json::from_value(json!({ name: value }));
        read.is_ok_and(|tags| tags_of(&tags).is_ok())
    }

    #[test]
    fn an_order_and_the_codec_agree_on_every_tag() {
        let lines = ["title", "artist", "album", "album_artist", "genre", "comment"];
        let long = |count: usize| Value::from("ä".repeat(count));
        let texts =
            [long(0), long(1), long(255), long(256), long(1000), long(1001), "  ".into(), "a\tb".into()];
        let mut cases: Vec<(&str, Value)> =
            lines.iter().flat_map(|name| texts.iter().map(|text| (*name, text.clone()))).collect();
        let dates =
            ["2026", "2026-02-29", "2024-02-29", "2026-13", "0000", "26", "2026-1", "2026-01-01-01", ""];
        cases.extend(dates.map(|date| ("date", date.into())));
        let codes =
            ["us-s1z-99-00001", "USS1Z9900001", "USS1Z-9900001", "US-S1Z-99-0001", "1SS1Z9900001", ""];
        cases.extend(codes.map(|code| ("isrc", code.into())));
        cases.extend([0, 1, 999, 1000].map(|number| ("track_number", number.into())));
        cases.push(("track_total", 9.into()));
        let mut taken = 0;
        for (name, value) in &cases {
            let checked = domain::tags::Tags::check(&json!({ *name: value })).is_ok();
            assert_eq!(checked, codec_takes(name, value), "{name}: {value}");
            taken += usize::from(checked);
        }
        assert!(
            taken > 15 && cases.len() - taken > 15,
            "both verdicts are there: {taken} of {}",
            cases.len()
        );
    }
}
