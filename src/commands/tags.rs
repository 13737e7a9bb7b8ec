//! `--tags KEY=VALUE`: what a file shall say about the music in it. Nothing is written that nobody set.

use std::fs;
use std::path::Path;

use codec::Tags;
use codec::tags::TagFields;

use crate::exit::Failure;

/// The names that can be set.
const KEYS: &str =
    "title, artist, album, album_artist, track (3 or 3/12), date, genre, isrc, comment, cover (a file)";

/// Checks what was given as `KEY=VALUE`, and reads the cover.
pub fn parse(pairs: &[String]) -> Result<Tags, Failure> {
    let mut fields = TagFields::default();
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::usage(format!(
                "--tags is {pair:?}; it is KEY=VALUE, and KEY one of {KEYS}"
            )));
        };
        set(&mut fields, key, value)?;
    }
    Tags::new(fields).map_err(|error| Failure::usage(format!("--tags: {error}")))
}

fn set(fields: &mut TagFields, key: &str, value: &str) -> Result<(), Failure> {
    let text = Some(value.to_owned());
    match key {
        "title" => fields.title = text,
        "artist" => fields.artist = text,
        "album" => fields.album = text,
        "album_artist" => fields.album_artist = text,
        "date" => fields.date = text,
        "genre" => fields.genre = text,
        "isrc" => fields.isrc = text,
        "comment" => fields.comment = text,
        "cover" => fields.cover = Some(cover(Path::new(value))?),
        "track" => {
            let (number, total) =
                value.split_once('/').map_or((value, None), |(number, total)| (number, Some(total)));
            fields.track_number = Some(count(number)?);
            fields.track_total = total.map(count).transpose()?;
        }
        other => return Err(Failure::usage(format!("--tags sets {other:?}; it can set {KEYS}"))),
    }
    Ok(())
}

fn count(text: &str) -> Result<u32, Failure> {
    text.trim()
        .parse()
        .map_err(|_| Failure::usage(format!("--tags track is {text:?}; it is a number, or two as 3/12")))
}

fn cover(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path)
        .map_err(|error| Failure::usage(format!("--tags cover: cannot read {}: {error}", path.display())))
}
