//! The process that meets a stranger's file, from inside: one request, the work, the answer.

use std::io::{self, Write};
use std::path::Path;

use codec::Limits;
use domain::artifact::ArtifactKind;
use domain::job::Stage;
use domain::recipe::Recipe;

use super::aim::{brief_of, tags_of};
use super::album_job::make_album;
use super::files::{Label, make_files, write_page, write_peaks, write_report};
use super::mix::job::make_mix;
use super::preview::make_preview;
use super::teller::Teller;
use super::{Listener, RenderError, Song};
use crate::protocol::{Done, Line, MadeFile, Reference, Request};

/// Does what one line of `request` says, and answers. A file to be checked is decoded within `limits`. The error is
/// that of the pipe, not of the file.
pub fn serve_one(request: &str, limits: &Limits, output: Box<dyn Write + Send>) -> io::Result<()> {
    let request: Request = serde_json::from_str(request)?;
    let teller = Teller::new(output);
    let last = match answer(&request, limits, &teller) {
        Ok(done) => Line::Done { done },
        Err(error) => Line::Problem { problem: error.problem(teller.stage().unwrap_or(Stage::Fetch)) },
    };
    teller.write(&last)
}

fn answer(request: &Request, limits: &Limits, teller: &Teller) -> Result<Done, RenderError> {
    match request {
        Request::Check { input, extension, out } => {
            let song = Song::open(input, extension.as_deref(), limits, teller)?;
            teller.enter(Stage::Analyse);
            let peaks_file = "peaks.json".to_owned();
            write_peaks(&song.audio, &out.join(&peaks_file))?;
            Ok(Done::Checked { audio: song.origin.facts.audio, findings: song.origin.findings, peaks_file })
        }
        Request::Master { input, extension, references, out, recipe, title } => {
            let song = || Song::open(input, extension.as_deref(), &Limits::SERVICE, teller);
            mastered(make_master(song, references, recipe, title, out, teller)?)
        }
        Request::Mix { order, out } => mastered(make_mix(order, out, teller)?),
        Request::Album { inputs, references, out, recipe, title } => {
            mastered(make_album(inputs, references, recipe, title, out, teller)?)
        }
    }
}

fn mastered(files: Vec<MadeFile>) -> Result<Done, RenderError> {
    Ok(Done::Mastered { files, engine_version: dsp::ENGINE_VERSION.to_owned() })
}

/// One song and its report. The references are measured and let go before it is opened.
fn make_master(
    song: impl FnOnce() -> Result<Song, RenderError>,
    references: &[Reference],
    recipe: &Recipe,
    title: &str,
    out: &Path,
    listener: &dyn Listener,
) -> Result<Vec<MadeFile>, RenderError> {
    let brief = brief_of(recipe, references, listener)?;
    let label = Label {
        title: title.to_owned(),
        track: None,
        tags: tags_of(&recipe.tags)?,
        what: ArtifactKind::Master,
    };
    if let Some(part) = recipe.preview {
        return make_preview(song()?, brief, recipe, part, &label, out, listener);
    }
    let (mut files, report) = make_files(song()?, None, brief, recipe, &label, out, listener)?;
    files.push(write_report(&report, out)?);
    files.push(write_page(&report, &label, out)?);
    Ok(files)
}
