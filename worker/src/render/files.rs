//! The files of one song: masters in every form asked for, listening copies, overviews.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use codec::{Delivery, EncodeOptions, Tags};
use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::job::Stage;
use domain::recipe::Recipe;
use domain::report::{DeliveredFile, Report};
use dsp::audio::Audio;
use dsp::effects::dither::{Depth, Quantiser};
use rayon::prelude::*;
use serde::Serialize;

use super::certificate::digest;
use super::master::Master;
use super::mastering::{Brief, Desk, depth_of};
use super::report::Shown;
use super::report_page::page;
use super::teller::Silent;
use super::{Listener, RenderError, Song};
use crate::protocol::MadeFile;

/// How many columns an overview has: enough for a wide screen at two pixels each.
const PEAKS_COLUMNS: usize = 2000;

/// What the files of one song are called, and what they say.
pub(super) struct Label {
    /// What the song is called.
    pub(super) title: String,
    /// Its place, on an album.
    pub(super) track: Option<u32>,
    /// Of the delivered files.
    pub(super) tags: Tags,
    /// What the song became: a master or a mix.
    pub(super) what: ArtifactKind,
}

impl Label {
    /// The name of a file below `out`, where those of other tracks lie too.
    fn file(&self, name: &str) -> String {
        self.track.map_or_else(|| name.to_owned(), |track| format!("{track:02}-{name}"))
    }

    /// The name that a download gets.
    fn download(&self, extension: &str) -> String {
        let place = self.track.map(|track| format!("{track:02} ")).unwrap_or_default();
        format!("{place}{} ({}).{extension}", self.title, self.what)
    }
}

/// Every master that the recipe asks for and both listening copies, with the report of the first master. What it is
/// compared with is `original`, or else the song.
pub(super) fn make_files(
    song: Song,
    original: Option<&Audio>,
    brief: Brief,
    recipe: &Recipe,
    label: &Label,
    out: &Path,
    listener: &dyn Listener,
) -> Result<(Vec<MadeFile>, Report), RenderError> {
    let watch = Silent(listener);
    // The song's memory becomes the premaster's, so its listening copy comes first.
    let mut previews = vec![preview("original", original.unwrap_or(&song.audio), label, out, &watch)?];
    let formats: Vec<Delivery> = recipe.deliver.iter().filter_map(|f| f.as_str().parse().ok()).collect();
    let mut desk = Desk::open(song, brief, Shown::Pictures, listener)?;
    let (mut files, mut report) = (Vec::new(), None);
    for group in same_samples(&formats) {
        let made = desk.master(group[0], recipe.sample_rate, listener)?;
        let master = Master::of(&desk, made, group[0]);
        listener.enter(Stage::Encode);
        let written = group.par_iter().map(|format| write_master(&master, *format, label, out, &watch));
        files.extend(written.collect::<Result<Vec<_>, RenderError>>()?);
        if report.is_none() {
            previews.push(preview("master", &master.audio, label, out, &watch)?);
            report = Some(master.report);
        }
    }
    let Some(report) = report else { return Err(io::Error::other("a recipe delivers nothing").into()) };
    let delivered = files.iter().map(certified).collect();
    files.extend(previews);
    Ok((files, Report { delivered, ..report }))
}

/// Formats in groups of which one master serves all: dither and certificate belong to the depth, and a lossy format has
/// a ceiling of its own.
fn same_samples(formats: &[Delivery]) -> Vec<Vec<Delivery>> {
    let mut groups: Vec<Vec<Delivery>> = Vec::new();
    for &format in formats {
        let fits = |group: &&mut Vec<Delivery>| {
            !format.is_lossy() && !group[0].is_lossy() && depth_of(group[0]) == depth_of(format)
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(format),
            None => groups.push(vec![format]),
        }
    }
    groups
}

/// What is delivered.
fn write_master(
    master: &Master,
    format: Delivery,
    label: &Label,
    out: &Path,
    watch: &Silent<'_>,
) -> Result<MadeFile, RenderError> {
    let file = label.file(&format!("{}.{format}", label.what));
    let path = out.join(&file);
    let options = EncodeOptions { loudness: Some(&master.loudness), tags: Some(&label.tags) };
    codec::encode(&master.audio, format, &options, sink(&path)?, watch)?;
    let name = label.download(format.extension());
    made(label.what, label.track, name, format.name(), file, &path, None)
}

/// What the page plays.
pub(super) fn preview(
    name: &str,
    audio: &Audio,
    label: &Label,
    out: &Path,
    watch: &Silent<'_>,
) -> Result<MadeFile, RenderError> {
    let (file, peaks_file) =
        (label.file(&format!("{name}.preview")), label.file(&format!("{name}.peaks.json")));
    let path = out.join(&file);
    let mut copy = audio.clone();
    for (index, channel) in copy.channels_mut().iter_mut().enumerate() {
        Quantiser::new(Depth::Int16, PREVIEW_SEED, index).quantise(0, channel);
    }
    codec::encode(&copy, Delivery::Flac16, &EncodeOptions::default(), sink(&path)?, watch)?;
    write_peaks(audio, &out.join(&peaks_file))?;
    made(ArtifactKind::Preview, label.track, name.to_owned(), "flac16", file, &path, Some(peaks_file))
}

fn certified(file: &MadeFile) -> DeliveredFile {
    DeliveredFile {
        name: file.name.clone(),
        format: file.format.to_string(),
        size_bytes: file.size_bytes,
        sha256: file.sha256.clone(),
    }
}

/// The report as a page to read and to send.
pub(super) fn write_page(report: &Report, label: &Label, out: &Path) -> Result<MadeFile, RenderError> {
    let file = label.file("report.html");
    let path = out.join(&file);
    fs::write(&path, page(report, &label.title))?;
    let place = label.track.map(|track| format!("{track:02} ")).unwrap_or_default();
    let name = format!("{place}{} (report).html", label.title);
    made(ArtifactKind::Report, label.track, name, "html", file, &path, None)
}

/// Of the dither of listening copies, which nobody masters from: any number will do, and it is the same each time.
const PREVIEW_SEED: u64 = 1;

pub(super) fn sink(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

/// A text beside the audio.
pub(super) fn write_text(
    file: &str,
    name: &str,
    format: &str,
    text: &str,
    out: &Path,
) -> Result<MadeFile, RenderError> {
    let path = out.join(file);
    fs::write(&path, text)?;
    made(ArtifactKind::Report, None, name.to_owned(), format, file.to_owned(), &path, None)
}

/// The report, of a song, an album or a mix.
pub(super) fn write_report(report: &impl Serialize, out: &Path) -> Result<MadeFile, RenderError> {
    let file = "report.json".to_owned();
    let path = out.join(&file);
    fs::write(&path, serde_json::to_vec(report).map_err(io::Error::other)?)?;
    made(ArtifactKind::Report, None, file.clone(), "json", file, &path, None)
}

/// The overview of a waveform.
pub(super) fn write_peaks(audio: &Audio, path: &Path) -> Result<(), RenderError> {
    let peaks = codec::peaks(audio, PEAKS_COLUMNS);
    let channels: Vec<_> = peaks
        .channels
        .iter()
        .map(|channel| {
            let of = |side: fn(&codec::peaks::Extent) -> f32| {
                channel.iter().map(|e| thousandths(side(e))).collect()
            };
            let (min, max): (Vec<f64>, Vec<f64>) = (of(|e| e.low), of(|e| e.high));
            serde_json::json!({"min": min, "max": max})
        })
        .collect();
    let document = serde_json::json!({
        "columns": peaks.channels.first().map_or(0, Vec::len),
        "frames": audio.frames(),
        "sample_rate_hz": audio.rate().hertz(),
        "channels": channels,
    });
    Ok(fs::write(path, document.to_string())?)
}

/// A pixel on a screen is far coarser.
fn thousandths(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0 + 0.0
}

/// What is said of a file that was written.
pub(super) fn made(
    kind: ArtifactKind,
    track: Option<u32>,
    name: String,
    format: &str,
    file: String,
    path: &Path,
    peaks_file: Option<String>,
) -> Result<MadeFile, RenderError> {
    let unknown = || io::Error::other(format!("no artifact is written as {format}"));
    let format = ArtifactFormat::parse(format).ok_or_else(unknown)?;
    let (sha256, size_bytes) = digest(path)?;
    Ok(MadeFile { kind, track, name, format, file, sha256, size_bytes, peaks_file })
}
