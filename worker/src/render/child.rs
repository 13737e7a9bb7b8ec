//! The process that meets a stranger's file, from inside: one request, the work, the answer.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Mutex;

use codec::{Delivery, EncodeOptions, Limits};
use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::job::Stage;
use domain::recipe::Recipe;
use dsp::audio::Audio;
use dsp::effects::dither::{Depth, Quantiser};
use dsp::master::MasterParams;
use dsp::progress::Watch;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::master::{Master, depth_of, master};
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
            let files = make_files(&song, recipe, title, out, teller)?;
            Ok(Done::Mastered { files, engine_version: dsp::ENGINE_VERSION.to_owned() })
        }
    }
}

/// Every master that the recipe asks for, both listening copies, and the report of the first master.
fn make_files(
    song: &Song,
    recipe: &Recipe,
    title: &str,
    out: &Path,
    teller: &Teller,
) -> Result<Vec<MadeFile>, RenderError> {
    let formats: Vec<Delivery> = recipe.deliver.iter().filter_map(|f| f.as_str().parse().ok()).collect();
    // One master for each grid: dither and certificate belong to the depth.
    let mut masters: Vec<(Depth, Master)> = Vec::new();
    for format in &formats {
        let depth = depth_of(*format);
        if !masters.iter().any(|(made, _)| *made == depth) {
            let params = MasterParams::new(recipe.loudness, recipe.ceiling, depth)?;
            masters.push((depth, master(song.audio.clone(), &song.origin, &params, teller)?));
        }
    }
    teller.enter(Stage::Encode);
    let Some((_, first)) = masters.first() else { return Ok(Vec::new()) };
    let mut parts = Vec::new();
    for format in &formats {
        let made = masters.iter().find(|(depth, _)| *depth == depth_of(*format));
        let Some((_, master)) = made else { continue };
        parts.push(Part::Master { format: *format, master });
    }
    parts.push(Part::Preview { name: "original", audio: &song.audio });
    parts.push(Part::Preview { name: "master", audio: &first.audio });
    let parts = parts.into_par_iter().map(|part| part.make(title, out, teller));
    let mut files = parts.collect::<Result<Vec<_>, RenderError>>()?;
    files.push(write_report(first, out)?);
    Ok(files)
}

/// One audio file to be written.
enum Part<'a> {
    /// What is delivered.
    Master { format: Delivery, master: &'a Master },
    /// What the page plays.
    Preview { name: &'static str, audio: &'a Audio },
}

impl Part<'_> {
    fn make(self, title: &str, out: &Path, teller: &Teller) -> Result<MadeFile, RenderError> {
        match self {
            Self::Master { format, master } => {
                let file = format!("master.{format}");
                let path = out.join(&file);
                let options = EncodeOptions { loudness: Some(&master.loudness), tags: None };
                codec::encode(&master.audio, format, &options, sink(&path)?, &Silent(teller))?;
                let name = format!("{title} (master).{}", format.extension());
                made(ArtifactKind::Master, name, format.name(), file, &path, None)
            }
            Self::Preview { name, audio } => {
                let (file, peaks_file) = (format!("{name}.preview"), format!("{name}.peaks.json"));
                let path = out.join(&file);
                let mut copy = audio.clone();
                for (index, channel) in copy.channels_mut().iter_mut().enumerate() {
                    Quantiser::new(Depth::Int16, PREVIEW_SEED, index).quantise(0, channel);
                }
                let options = EncodeOptions::default();
                codec::encode(&copy, Delivery::Flac16, &options, sink(&path)?, &Silent(teller))?;
                write_peaks(audio, &out.join(&peaks_file))?;
                made(ArtifactKind::Preview, name.to_owned(), "flac16", file, &path, Some(peaks_file))
            }
        }
    }
}

/// Of the dither of listening copies, which nobody masters from: any number will do, and it is the same each time.
const PREVIEW_SEED: u64 = 1;

fn sink(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

fn write_report(master: &Master, out: &Path) -> Result<MadeFile, RenderError> {
    let file = "report.json".to_owned();
    let path = out.join(&file);
    fs::write(&path, serde_json::to_vec(&master.report).map_err(io::Error::other)?)?;
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
