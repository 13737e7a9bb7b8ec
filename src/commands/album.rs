//! `mixrunners album TRACK… -o DIR`: songs that belong together, mastered to stand beside each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use codec::{Delivery, EncodeOptions, Limits};
use domain::job::Stage;
use domain::report::Report;
use worker::render::album::{Track, briefs, report as album_report};
use worker::render::master::Master;
use worker::render::mastering::{Brief, Desk};
use worker::render::report::Shown;
use worker::render::{Listener, RenderError, Song, report_text};

use super::local_song::{Existing, check_writable, extension, write_whole, write_whole_text};
use super::sound::Sound;
use super::table;
use super::terminal::{Stages, catch_interrupt, in_pool};
use crate::exit::{Failure, TARGET_REFUSED};

/// What `album` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "The loudest track comes to --loudness, the others keep 0.6 of their distance to it (at most 5 LU). \
    All go half the way to the tone that they have in common, unless references are given."
)]
pub struct Arguments {
    /// The songs, in the order of the album
    #[arg(value_name = "TRACK", num_args = 2..=TRACKS_MAX, required = true)]
    tracks: Vec<PathBuf>,
    /// The folder that the masters go into; it is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    sound: Sound,
    /// wav16, wav24, wav32f, flac16, flac24, mp3_320, mp3_v0 or vorbis_q8
    #[arg(long, value_name = "FORMAT", default_value = "wav24", env = "MIXRUNNERS_FORMAT")]
    format: Delivery,
    /// Also write what was measured and decided, as JSON
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// How many threads to use; the masters are the same for any number
    #[arg(long, value_name = "N", env = "MIXRUNNERS_THREADS")]
    threads: Option<usize>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

/// More than a record holds.
const TRACKS_MAX: usize = 60;

/// Listens to all tracks, then masters one after the other.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    arguments.sound.without_references()?;
    let outputs = outputs(arguments)?;
    fs::create_dir_all(&arguments.output)
        .map_err(|error| Failure::usage(format!("cannot make {}: {error}", arguments.output.display())))?;
    for path in outputs.iter().chain(&arguments.report) {
        check_writable(path, existing)?;
    }
    catch_interrupt();
    let stages = Stages::new();
    let made = in_pool(arguments.threads, || masters(arguments, &outputs, existing, &stages))??;
    stages.finish();
    let is_refused = made.iter().any(|made| made.is_refused);
    let tracks = made.into_iter().map(|made| (made.title, made.report)).collect();
    let report = album_report(&title_of(&arguments.output), tracks);
    if let Some(path) = &arguments.report {
        write_whole_text(path, existing, &report_text::json(&report).map_err(Failure::ours)?)?;
    }
    print!("{}", table::of_album(&report, &outputs));
    Ok(if is_refused { ExitCode::from(TARGET_REFUSED) } else { ExitCode::SUCCESS })
}

/// One track, done.
struct Made {
    title: String,
    report: Report,
    is_refused: bool,
}

fn masters(
    arguments: &Arguments,
    outputs: &[PathBuf],
    existing: Existing,
    stages: &Stages,
) -> Result<Vec<Made>, Failure> {
    let album_brief = arguments.sound.brief(stages)?;
    let tracks = arguments.tracks.iter().map(|path| listen(path, stages)).collect::<Result<Vec<_>, _>>()?;
    let briefs = briefs(&tracks, &album_brief);
    let shown = if arguments.report.is_some() { Shown::Pictures } else { Shown::Numbers };
    let each = arguments.tracks.iter().zip(outputs).zip(briefs);
    each.map(|((input, output), brief)| {
        master(input, output, brief, (arguments.format, shown), existing, stages)
    })
    .collect()
}

fn open(path: &Path, stages: &Stages) -> Result<Song, Failure> {
    Song::open(path, extension(path), &Limits::COMMAND_LINE, stages)
        .map_err(|error| Failure::of_render(path, &error))
}

fn listen(path: &Path, stages: &Stages) -> Result<Track, Failure> {
    let song = open(path, stages)?;
    stages.enter(Stage::Analyse);
    Track::of(&song, stages).map_err(|error| Failure::of_render(path, &error))
}

fn master(
    input: &Path,
    output: &Path,
    brief: Brief,
    (format, shown): (Delivery, Shown),
    existing: Existing,
    stages: &Stages,
) -> Result<Made, Failure> {
    let failed = |error: RenderError| Failure::of_render(input, &error);
    let mut desk = Desk::open(open(input, stages)?, brief, shown, stages).map_err(failed)?;
    let made = desk.master(format, None, stages).map_err(failed)?;
    let master = Master::of(&desk, made, format);
    stages.enter(Stage::Encode);
    write_whole(output, existing, |file| {
        let options = EncodeOptions { loudness: Some(&master.loudness), tags: None };
        codec::encode(&master.audio, format, &options, file, stages)
            .map_err(|error| Failure::of_render(output, &error.into()))
    })?;
    Ok(Made { title: title_of(input), report: master.report, is_refused: master.is_refused })
}

/// `01 name.wav` and so on; two tracks of one name stay apart by their numbers.
fn outputs(arguments: &Arguments) -> Result<Vec<PathBuf>, Failure> {
    if arguments.output.is_file() {
        return Err(Failure::usage(format!("{} is a file; -o wants a folder", arguments.output.display())));
    }
    let name = |(number, track): (usize, &PathBuf)| {
        let name = format!("{number:02} {}.{}", title_of(track), arguments.format.extension());
        arguments.output.join(name)
    };
    Ok((1..).zip(&arguments.tracks).map(name).collect())
}

/// A file's name without its extension.
fn title_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
