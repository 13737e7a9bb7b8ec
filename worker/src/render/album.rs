//! The masters of an album, one after another so that one song is in memory at a time, and their common report.

use std::path::Path;

use codec::Limits;
use domain::album::AlbumReport;
use domain::job::Stage;
use domain::recipe::Recipe;
use domain::tags::Tags;

use super::aim::{loudness_of, tags_of};
use super::files::{Label, make_files, write_report};
use super::teller::OneOf;
use super::{Listener, RenderError, Song};
use crate::protocol::{MadeFile, Reference, Track};

/// All files of an album; the report is the last.
pub(super) fn make_album(
    tracks: &[Track],
    references: &[Reference],
    recipe: &Recipe,
    title: &str,
    out: &Path,
    listener: &dyn Listener,
) -> Result<Vec<MadeFile>, RenderError> {
    let loudness = loudness_of(recipe, references, listener)?;
    listener.enter(Stage::Master);
    let (mut files, mut reports) = (Vec::new(), Vec::with_capacity(tracks.len()));
    for (index, track) in tracks.iter().enumerate() {
        let one = OneOf::new(listener, index, tracks.len());
        let number = index as u32 + 1;
        let make = || {
            let tags = tags_of(&tags_of_track(&recipe.tags, title, track, number, tracks.len() as u32))?;
            let label = Label { title: track.title.clone(), track: Some(number), tags };
            let song = Song::open(&track.input, track.extension.as_deref(), &Limits::SERVICE, &one)?;
            make_files(&song, recipe, loudness, &label, out, &one)
        };
        let (made, report) = make().map_err(|cause| RenderError::of_track(number, &track.title, cause))?;
        files.extend(made);
        reports.push((track.title.clone(), report));
    }
    files.push(write_report(&AlbumReport::of(title, dsp::ENGINE_VERSION, reports), out)?);
    Ok(files)
}

/// What the producer set, and what an album says of each of its tracks.
fn tags_of_track(tags: &Tags, album: &str, track: &Track, number: u32, total: u32) -> Tags {
    let line = |text: &str| {
        let plain = text.chars().filter(|c| !c.is_control()).take(Tags::LINE_CHARACTERS_MAX);
        Some(plain.collect::<String>()).filter(|text| !text.trim().is_empty())
    };
    Tags {
        title: line(&track.title),
        album: tags.album.clone().or_else(|| line(album)),
        track_number: Some(number),
        track_total: Some(total),
        ..tags.clone()
    }
}
