//! What a recipe leaves to the references, and what the codec asks of its tags.

use codec::{Limits, TagFields, Tags};
use domain::recipe::Recipe;
use dsp::master::{Aim, Character, Reference, Target};
use dsp::progress::Watch;

use super::mastering::Brief;
use super::teller::Silent;
use super::{Listener, RenderError, Song};
use crate::protocol;

/// How the masters shall be made: as the recipe says, and as the references sound. Those are measured one after
/// another, and let go.
pub(super) fn brief_of(
    recipe: &Recipe,
    references: &[protocol::Reference],
    listener: &dyn Listener,
) -> Result<Brief, RenderError> {
    let mut heard = Vec::with_capacity(references.len());
    for protocol::Reference { input, extension } in references {
        let song = Song::open(input, extension.as_deref(), &Limits::SERVICE, &Silent(listener))?;
        heard.push(measured(&song, listener)?);
    }
    let amounts = recipe.amounts;
    let character = Character::of(recipe.preset.engine())
        .with_intensity(amounts.intensity)?
        .with_tone(amounts.tone)?
        .with_dynamics(amounts.dynamics)?
        .with_width(amounts.width)?;
    Ok(Brief {
        target: recipe.loudness.map(Target::Loudness),
        ceiling: Some(recipe.ceiling),
        aim: aim_of(&heard)?,
        ..Brief::of(character)
    })
}

/// One reference, measured.
pub fn measured(song: &Song, watch: &dyn Watch) -> Result<Reference, RenderError> {
    match song.audio.channel_count() {
        1 | 2 => Ok(Reference::of(&song.audio, watch)?),
        channels => Err(RenderError::Channels { channels }),
    }
}

/// What references have in common; none without any. Refused if they are louder or quieter than a master can be.
pub fn aim_of(references: &[Reference]) -> Result<Option<Aim>, RenderError> {
    let aim = Aim::of(references);
    let (low, high) = Recipe::LOUDNESS_LUFS;
    match aim.as_ref().map(Aim::loudness) {
        Some(mean) if !(low..=high).contains(&mean.value()) => Err(RenderError::ReferenceLoudness { mean }),
        _ => Ok(aim),
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
    use dsp::master::Preset;
    use serde_json::{Value, json};

    use super::*;

    /// The codec's verdict on one tag, whatever the order's check would say.
    fn codec_takes(name: &str, value: &Value) -> bool {
        let read: Result<domain::tags::Tags, _> = serde_json::from_value(json!({ name: value }));
        read.is_ok_and(|tags| tags_of(&tags).is_ok())
    }

    #[test]
    fn the_presets_that_can_be_ordered_are_those_of_the_engine() {
        assert_eq!(domain::preset::Preset::ALL.len(), Preset::ALL.len());
        for &ordered in domain::preset::Preset::ALL {
            let engine = Preset::named(ordered.as_str()).expect("the engine has it");
            assert_eq!(
                (ordered.loudness(), ordered.ceiling()),
                (engine.loudness, engine.ceiling),
                "{ordered}"
            );
        }
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
