//! The files of one song: masters in every form asked for, listening copies, overviews.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::Path;

use codec::{Delivery, EncodeOptions, Tags};
use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::job::Stage;
use domain::recipe::Recipe;
use domain::report::Report;
use dsp::audio::Audio;
use dsp::effects::dither::{Depth, Quantiser};
use dsp::master::MasterParams;
use dsp::units::Lufs;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::master::{Master, depth_of, master};
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
}

impl Label {
    /// The name of a file below `out`, where those of other tracks lie too.
    fn file(&self, name: &str) -> String {
        self.track.map_or_else(|| name.to_owned(), |track| format!("{track:02}-{name}"))
    }

    /// The name that a download gets.
    fn download(&self, extension: &str) -> String {
        let place = self.track.map(|track| format!("{track:02} ")).unwrap_or_default();
        format!("{place}{} (master).{extension}", self.title)
    }
}

/// Every master that the recipe asks for and both listening copies, with the report of the first master. `loudness`
/// is the recipe's, or the references'.
pub(super) fn make_files(
    song: &Song,
    recipe: &Recipe,
    loudness: Lufs,
    label: &Label,
    out: &Path,
    listener: &dyn Listener,
) -> Result<(Vec<MadeFile>, Report), RenderError> {
    let rate = song.audio.rate();
    if let Some(asked) = recipe.sample_rate.filter(|asked| *asked != rate) {
        return Err(RenderError::RateNotAvailable { asked, given: rate });
    }
    let formats: Vec<Delivery> = recipe.deliver.iter().filter_map(|f| f.as_str().parse().ok()).collect();
    // One master for each grid: dither and certificate belong to the depth.
    let mut masters: Vec<(Depth, Master)> = Vec::new();
    for format in &formats {
        let depth = depth_of(*format);
        if !masters.iter().any(|(made, _)| *made == depth) {
            let params = MasterParams::new(loudness, recipe.ceiling, depth)?;
            masters.push((depth, master(song.audio.clone(), &song.origin, &params, listener)?));
        }
    }
    listener.enter(Stage::Encode);
    let mut parts = Vec::new();
    for format in &formats {
        let made = masters.iter().find(|(depth, _)| *depth == depth_of(*format));
        let Some((_, master)) = made else { continue };
        parts.push(Part::Master { format: *format, master });
    }
    let Some((_, first)) = masters.first() else {
        return Err(io::Error::other("a recipe delivers nothing").into());
    };
    parts.push(Part::Preview { name: "original", audio: &song.audio });
    parts.push(Part::Preview { name: "master", audio: &first.audio });
    let parts = parts.into_par_iter().map(|part| part.make(label, out, &Silent(listener)));
    let files = parts.collect::<Result<Vec<_>, RenderError>>()?;
    Ok((files, first.report.clone()))
}

/// One audio file to be written.
enum Part<'a> {
    /// What is delivered.
    Master { format: Delivery, master: &'a Master },
    /// What the page plays.
    Preview { name: &'static str, audio: &'a Audio },
}

impl Part<'_> {
    fn make(self, label: &Label, out: &Path, watch: &Silent<'_>) -> Result<MadeFile, RenderError> {
        match self {
            Self::Master { format, master } => {
                let file = label.file(&format!("master.{format}"));
                let path = out.join(&file);
                let options = EncodeOptions { loudness: Some(&master.loudness), tags: Some(&label.tags) };
                codec::encode(&master.audio, format, &options, sink(&path)?, watch)?;
                let name = label.download(format.extension());
                made(ArtifactKind::Master, label.track, name, format.name(), file, &path, None)
            }
            Self::Preview { name, audio } => {
                let peaks_file = label.file(&format!("{name}.peaks.json"));
                let file = label.file(&format!("{name}.preview"));
                let path = out.join(&file);
                let mut copy = audio.clone();
                for (index, channel) in copy.channels_mut().iter_mut().enumerate() {
                    Quantiser::new(Depth::Int16, PREVIEW_SEED, index).quantise(0, channel);
                }
                let options = EncodeOptions::default();
                codec::encode(&copy, Delivery::Flac16, &options, sink(&path)?, watch)?;
                write_peaks(audio, &out.join(&peaks_file))?;
                let name = name.to_owned();
                made(ArtifactKind::Preview, label.track, name, "flac16", file, &path, Some(peaks_file))
            }
        }
    }
}

/// Of the dither of listening copies, which nobody masters from: any number will do, and it is the same each time.
const PREVIEW_SEED: u64 = 1;

fn sink(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

/// The report, of a song or of an album.
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

fn made(
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

fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok((hex::encode(hash.finalize()), size));
        }
        hash.update(&block[..read]);
        size += read as u64;
    }
}
