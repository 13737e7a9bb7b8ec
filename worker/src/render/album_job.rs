//! The masters of an album, one after another so that one song is in memory at a time, and their common report.

use std::path::Path;

use codec::Limits;
use domain::artifact::ArtifactKind;
use domain::job::Stage;
use domain::recipe::Recipe;
use domain::tags::Tags;

use super::aim::{brief_of, tags_of};
use super::album::{self, Track, briefs};
use super::files::{Label, make_files, write_page, write_report};
use super::teller::{OneOf, Silent};
use super::{Listener, RenderError, Song};
use crate::protocol::{self, MadeFile};

/// All files of an album; the JSON report is the first of its reports.
pub(super) fn make_album(
    tracks: &[protocol::Track],
    references: &[protocol::Reference],
    recipe: &Recipe,
    title: &str,
    out: &Path,
    listener: &dyn Listener,
) -> Result<Vec<MadeFile>, RenderError> {
    let album_brief = brief_of(recipe, references, listener)?;
    listener.enter(Stage::Analyse);
    let mut heard = Vec::with_capacity(tracks.len());
    for (index, track) in tracks.iter().enumerate() {
        let listened = open(track, &Silent(listener)).and_then(|song| Track::of(&song, &Silent(listener)));
        heard.push(listened.map_err(|cause| RenderError::of_track(index as u32 + 1, &track.title, cause))?);
        listener.done((index + 1) as f64 / tracks.len() as f64);
    }
    listener.enter(Stage::Master);
    let (mut files, mut pages, mut reports) = (Vec::new(), Vec::new(), Vec::with_capacity(tracks.len()));
    for (index, (track, brief)) in tracks.iter().zip(briefs(&heard, &album_brief)).enumerate() {
        let one = OneOf::new(listener, index, tracks.len());
        let number = index as u32 + 1;
        let make = || {
            let tags = tags_of(&tags_of_track(&recipe.tags, title, track, number, tracks.len() as u32))?;
            let label =
                Label { title: track.title.clone(), track: Some(number), tags, what: ArtifactKind::Master };
            let (files, report) = make_files(open(track, &one)?, None, brief, recipe, &label, out, &one)?;
            let page = write_page(&report, &label, out)?;
            Ok((files, page, report))
        };
        let (made, page, report) =
            make().map_err(|cause| RenderError::of_track(number, &track.title, cause))?;
        files.extend(made);
        pages.push(page);
        reports.push((track.title.clone(), report));
    }
    files.push(write_report(&album::report(title, reports), out)?);
    files.extend(pages);
    Ok(files)
}

fn open(track: &protocol::Track, listener: &dyn Listener) -> Result<Song, RenderError> {
    Song::open(&track.input, track.extension.as_deref(), &Limits::SERVICE, listener)
}

/// What the producer set, and what an album says of each of its tracks.
fn tags_of_track(tags: &Tags, album: &str, track: &protocol::Track, number: u32, total: u32) -> Tags {
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
