//! The process that meets a stranger's file, from inside: one request, the work, the answer.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;

use codec::{Delivery, Limits};
use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::job::Stage;
use domain::recipe::Recipe;
use domain::report::{DeliveredFile, Report};
use dsp::audio::Audio;
use dsp::effects::dither::{Depth, Quantiser};
use dsp::master::{Character, Preset, Target};
use dsp::progress::Watch;
use rayon::prelude::*;

use super::certificate::digest;
use super::master::Master;
use super::mastering::{Brief, Desk, depth_of};
use super::report::Shown;
use super::report_page::page;
use super::{Listener, RenderError, Song};
use crate::protocol::{Done, Line, MadeFile, Request};

/// How many columns an overview has: enough for a wide screen at two pixels each.
const PEAKS_COLUMNS: usize = 2000;

/// Does what one line of `request` says, and answers. The error is that of the pipe, not of the file.
pub fn serve_one(request: &str, output: Box<dyn Write + Send>) -> io::Result<()> {
    let request: Request = serde_json::from_str(request)?;
    let teller = Teller { pipe: Mutex::new(Pipe { output, told: None }) };
    let last = match answer(&request, &teller) {
        Ok(done) => Line::Done { done },
        Err(error) => Line::Problem { problem: error.problem(teller.stage().unwrap_or(Stage::Fetch)) },
    };
    teller.write(&last)
}

fn answer(request: &Request, teller: &Teller) -> Result<Done, RenderError> {
    match request {
        Request::Check { input, extension, out } => {
            let song = Song::open(input, extension.as_deref(), &Limits::SERVICE, teller)?;
            teller.enter(Stage::Analyse);
            let peaks_file = "peaks.json".to_owned();
            write_peaks(&song.audio, &out.join(&peaks_file))?;
            Ok(Done::Checked { audio: song.origin.facts.audio, findings: song.origin.findings, peaks_file })
        }
        Request::Master { input, extension, out, recipe, title } => {
            let song = Song::open(input, extension.as_deref(), &Limits::SERVICE, teller)?;
            let brief = brief_of(recipe);
            let files = make_files(song, brief, recipe, title, out, teller)?;
            Ok(Done::Mastered { files, engine_version: dsp::ENGINE_VERSION.to_owned() })
        }
    }
}

fn brief_of(recipe: &Recipe) -> Brief {
    let character = Character::of(&Preset::STREAMING);
    Brief {
        target: Some(Target::Loudness(recipe.loudness)),
        ceiling: Some(recipe.ceiling),
        ..Brief::of(character)
    }
}

/// Every master that the recipe asks for, both listening copies, and the report of the first master.
fn make_files(
    song: Song,
    brief: Brief,
    recipe: &Recipe,
    title: &str,
    out: &Path,
    teller: &Teller,
) -> Result<Vec<MadeFile>, RenderError> {
    // The song's memory becomes the premaster's, so its listening copy comes first.
    let mut previews = vec![preview("original", &song.audio, out, teller)?];
    let formats: Vec<Delivery> = recipe.deliver.iter().filter_map(|f| f.as_str().parse().ok()).collect();
    let mut desk = Desk::open(song, brief, Shown::Pictures, teller)?;
    let (mut files, mut report) = (Vec::new(), None);
    for group in same_samples(&formats) {
        let made = desk.master(group[0], None, teller)?;
        let master = Master::of(&desk, made, group[0]);
        teller.enter(Stage::Encode);
        let written = group.par_iter().map(|format| write_master(&master, *format, title, out, teller));
        files.extend(written.collect::<Result<Vec<_>, RenderError>>()?);
        if report.is_none() {
            previews.push(preview("master", &master.audio, out, teller)?);
            report = Some(master.report);
        }
    }
    if let Some(report) = report {
        let delivered = files.iter().map(certified).collect();
        let report = Report { delivered, ..report };
        files.push(write_report(&report, out)?);
        files.push(write_page(&report, title, out)?);
    }
    files.extend(previews);
    Ok(files)
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
    title: &str,
    out: &Path,
    teller: &Teller,
) -> Result<MadeFile, RenderError> {
    let file = format!("master.{format}");
    let path = out.join(&file);
    let options = codec::EncodeOptions { loudness: Some(&master.loudness), tags: None };
    codec::encode(&master.audio, format, &options, sink(&path)?, &Silent(teller))?;
    let name = format!("{title} (master).{}", format.extension());
    made(ArtifactKind::Master, name, format.name(), file, &path, None)
}

/// What the page plays.
fn preview(name: &str, audio: &Audio, out: &Path, teller: &Teller) -> Result<MadeFile, RenderError> {
    let (file, peaks_file) = (format!("{name}.preview"), format!("{name}.peaks.json"));
    let path = out.join(&file);
    let mut copy = audio.clone();
    for (index, channel) in copy.channels_mut().iter_mut().enumerate() {
        Quantiser::new(Depth::Int16, PREVIEW_SEED, index).quantise(0, channel);
    }
    codec::encode(&copy, Delivery::Flac16, &codec::EncodeOptions::default(), sink(&path)?, &Silent(teller))?;
    write_peaks(audio, &out.join(&peaks_file))?;
    made(ArtifactKind::Preview, name.to_owned(), "flac16", file, &path, Some(peaks_file))
}

/// Of the dither of listening copies, which nobody masters from: any number will do, and it is the same each time.
const PREVIEW_SEED: u64 = 1;

fn sink(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

fn certified(file: &MadeFile) -> DeliveredFile {
    DeliveredFile {
        name: file.name.clone(),
        format: file.format.to_string(),
        size_bytes: file.size_bytes,
        sha256: file.sha256.clone(),
    }
}

fn write_page(report: &Report, title: &str, out: &Path) -> Result<MadeFile, RenderError> {
    let file = "report.html".to_owned();
    let path = out.join(&file);
    fs::write(&path, page(report, title))?;
    made(ArtifactKind::Report, format!("{title} (report).html"), "html", file, &path, None)
}

fn write_report(report: &Report, out: &Path) -> Result<MadeFile, RenderError> {
    let file = "report.json".to_owned();
    let path = out.join(&file);
    fs::write(&path, serde_json::to_vec(report).map_err(io::Error::other)?)?;
    made(ArtifactKind::Report, file.clone(), "json", file, &path, None)
}

fn write_peaks(audio: &Audio, path: &Path) -> Result<(), RenderError> {
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
    name: String,
    format: &str,
    file: String,
    path: &Path,
    peaks_file: Option<String>,
) -> Result<MadeFile, RenderError> {
    let unknown = || io::Error::other(format!("no artifact is written as {format}"));
    let format = ArtifactFormat::parse(format).ok_or_else(unknown)?;
    let (sha256, size_bytes) = digest(path)?;
    Ok(MadeFile { kind, name, format, file, sha256, size_bytes, peaks_file })
}

/// Writes lines, and thins progress to a line a hundredth.
struct Teller {
    pipe: Mutex<Pipe>,
}

struct Pipe {
    output: Box<dyn Write + Send>,
    /// The stage, and how much of it was told last.
    told: Option<(Stage, f64)>,
}

impl Teller {
    fn stage(&self) -> Option<Stage> {
        self.pipe.lock().ok()?.told.map(|(stage, _)| stage)
    }

    fn write(&self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut pipe = self.pipe.lock().map_err(|_| io::Error::other("a thread panicked while writing"))?;
        pipe.output.write_all(&text)?;
        pipe.output.flush()
    }

    /// A line that cannot be written is not worth failing for: the worker reads the last one, or sees the end.
    fn tell(&self, stage: Stage, progress: f64) {
        let _ = self.write(&Line::Progress { stage, progress });
    }
}

impl Listener for Teller {
    fn enter(&self, stage: Stage) {
        if let Ok(mut pipe) = self.pipe.lock() {
            pipe.told = Some((stage, 0.0));
        }
        self.tell(stage, 0.0);
    }
}

impl Watch for Teller {
    fn done(&self, fraction: f64) {
        const STEP: f64 = 0.01;
        let Ok(mut pipe) = self.pipe.lock() else { return };
        let Some((stage, told)) = &mut pipe.told else { return };
        if fraction < *told + STEP {
            return;
        }
        *told = fraction;
        let stage = *stage;
        drop(pipe);
        self.tell(stage, fraction.clamp(0.0, 1.0));
    }

    /// The worker kills the child instead: that works whatever a decoder is doing.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// For work that goes on side by side, where one part's progress would contradict the other's.
struct Silent<'a>(&'a Teller);

impl Watch for Silent<'_> {
    fn done(&self, _fraction: f64) {}

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
