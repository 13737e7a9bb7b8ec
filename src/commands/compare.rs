//! `mixrunners compare A B`: how two files differ, once both are equally loud.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use codec::Limits;
use domain::job::Stage;
use dsp::meter::Measurements;
use dsp::units::Dbtp;
use worker::render::compared::{Compared, compare};
use worker::render::report::Sight;
use worker::render::report_page::comparison_page;
use worker::render::{Listener, Song, report_text};

use super::local_song::{Existing, check_writable, extension, name_of, write_whole_text};
use super::table;
use super::terminal::{Stages, catch_interrupt, in_pool};
use crate::exit::Failure;

/// What `compare` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The one: a mix, an earlier master, another service's master
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The other; differences are B less A
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Also write the comparison as JSON
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
    /// Also write it as a page
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// How many threads to use; the result is the same for any number
    #[arg(long, value_name = "N", env = "MIXRUNNERS_THREADS")]
    threads: Option<usize>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

/// Decodes both, measures, aligns, prints.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    for path in arguments.json.iter().chain(&arguments.html) {
        check_writable(path, existing)?;
    }
    catch_interrupt();
    let stages = Stages::new();
    let comparison = in_pool(arguments.threads, || {
        let (a, b) = (open(&arguments.a, &stages)?, open(&arguments.b, &stages)?);
        stages.enter(Stage::Analyse);
        Ok::<_, Failure>(compare(&of(&arguments.a, &a), &of(&arguments.b, &b)))
    })??;
    stages.finish();
    if let Some(path) = &arguments.json {
        write_whole_text(path, existing, &report_text::json(&comparison).map_err(Failure::ours)?)?;
    }
    if let Some(path) = &arguments.html {
        write_whole_text(path, existing, &comparison_page(&comparison))?;
    }
    print!("{}", table::of_comparison(&comparison));
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path, stages: &Stages) -> Result<(Song, Measurements), Failure> {
    let song = Song::open(path, extension(path), &Limits::COMMAND_LINE, stages)
        .map_err(|error| Failure::of_render(path, &error))?;
    let meters = dsp::meter::measure_certified(&song.audio, Dbtp::FULL_SCALE);
    Ok((song, meters))
}

fn of<'a>(path: &Path, (song, meters): &'a (Song, Measurements)) -> Compared<'a> {
    Compared {
        name: name_of(path),
        source: song.origin.facts.clone(),
        audio: &song.audio,
        meters,
        sight: Sight::of(&song.audio),
    }
}
