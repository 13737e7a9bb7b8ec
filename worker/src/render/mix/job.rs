//! The files of a job that mixes: the mix, the master of it, the processed stems, the session, the report.

use std::fs;
use std::path::Path;

use codec::{Delivery, EncodeOptions, Limits};
use domain::artifact::ArtifactKind;
use domain::job::{JobKind, Stage};
use domain::mix_settings::MixSettings;
use domain::recipe::Recipe;
use dsp::mix::StemSink;

use super::report::{MixMeters, report};
use super::sink::{FolderSink, file_name};
use super::stems::StemFile;
use super::{MadeMix, MixBrief, as_mixed, mix};
use crate::protocol::{MadeFile, MixOrder};
use crate::render::aim::{brief_of, tags_of};
use crate::render::files::{Label, made, make_files, sink, write_page, write_report, write_text};
use crate::render::report_page::mix_page;
use crate::render::teller::Silent;
use crate::render::{Listener, RenderError};

/// All files of a mix. References, where there are any, are those of its master.
pub(in crate::render) fn make_mix(
    order: &MixOrder,
    out: &Path,
    listener: &dyn Listener,
) -> Result<Vec<MadeFile>, RenderError> {
    let MixOrder { kind, recipe, title, .. } = order;
    let brief = match kind {
        JobKind::MixAndMaster => brief_of(recipe, &order.references, listener)?,
        _ => as_mixed(),
    };
    let mut files = Vec::new();
    let mut made = made_mix(order, out, &mut files, listener)?;
    let meters = MixMeters::of(&made);
    let what = if *kind == JobKind::MixAndMaster { ArtifactKind::Master } else { ArtifactKind::Mix };
    let label = Label { title: title.clone(), track: None, tags: tags_of(&recipe.tags)?, what };
    if what == ArtifactKind::Master {
        listener.enter(Stage::Encode);
        files.push(write_mix(&made, &label, out, listener)?);
    }
    let song = made.take_song();
    let (results, result) = make_files(song, Some(&made.sum), brief, recipe, &label, out, listener)?;
    files.splice(0..0, results);
    let text = made.session().to_text(&made.mixed.plan).map_err(std::io::Error::other)?;
    files.push(write_text("session.toml", &format!("{title} (session).toml"), "toml", &text, out)?);
    if what == ArtifactKind::Master {
        files.push(write_page(&result, &label, out)?);
    }
    let report = report(&made, meters, title, result);
    let name = format!("{title} (mix report).html");
    files.push(write_text("mix-report.html", &name, "html", &mix_page(&report), out)?);
    files.push(write_report(&report, out)?);
    Ok(files)
}

/// Mixes the stems; those that were asked for are among `files` then.
fn made_mix(
    order: &MixOrder,
    out: &Path,
    files: &mut Vec<MadeFile>,
    listener: &dyn Listener,
) -> Result<MadeMix, RenderError> {
    let Recipe { amounts, space, stems, .. } = order.recipe.as_ref();
    let reels = folder(out, "reels-")?;
    let processed = folder(out, "stems-")?;
    let folder_sink = stems.then(|| FolderSink::new(processed.path()));
    let given: Vec<StemFile> = order.stems.iter().map(StemFile::from).collect();
    let brief = MixBrief { settings: MixSettings::of(amounts.intensity, *space), rate: None };
    let sink = folder_sink.as_ref().map(|sink| sink as &dyn StemSink);
    let mixed = mix(&given, &brief, reels.path(), &Limits::SERVICE, sink, listener)?;
    let written = folder_sink.map(FolderSink::written).unwrap_or_default();
    for (number, (stem, path)) in (1..).zip(written) {
        let file = format!("stem-{number:02}.wav");
        let place = out.join(&file);
        fs::rename(path, &place)?;
        files.push(made(ArtifactKind::Stem, None, file_name(&stem), "wav32f", file, &place, None)?);
    }
    Ok(mixed)
}

fn folder(out: &Path, prefix: &str) -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(prefix).tempdir_in(out)
}

/// The mix beside its master: in floats, exactly as it went into the mastering.
fn write_mix(
    mix: &MadeMix,
    label: &Label,
    out: &Path,
    listener: &dyn Listener,
) -> Result<MadeFile, RenderError> {
    let (file, name) = ("mix.wav".to_owned(), format!("{} (mix).wav", label.title));
    let path = out.join(&file);
    let options = EncodeOptions { loudness: None, tags: Some(&label.tags) };
    codec::encode(&mix.mixed.audio, Delivery::Wav32f, &options, sink(&path)?, &Silent(listener))?;
    made(ArtifactKind::Mix, None, name, "wav32f", file, &path, None)
}

impl From<&crate::protocol::Stem> for StemFile {
    fn from(stem: &crate::protocol::Stem) -> Self {
        Self {
            path: stem.input.clone(),
            extension: stem.extension.clone(),
            name: stem.name.clone(),
            settings: stem.settings.clone(),
        }
    }
}
