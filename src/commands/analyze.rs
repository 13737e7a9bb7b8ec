//! `mixrunners analyze IN`: what the meters say of a file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use codec::Limits;
use domain::job::Stage;
use domain::report::Measured;
use dsp::analysis::picture::{COLUMNS, Picture};
use dsp::units::Dbtp;
use serde_json::json;
use worker::render::{Listener, Song};

use super::local_song::extension;
use super::table;
use super::terminal::{Stages, catch_interrupt, in_pool};
use crate::exit::Failure;

/// What `analyze` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The song: WAV, AIFF, FLAC, CAF, MP3, AAC or ALAC in MP4, Ogg Vorbis
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// How many threads to use; the reading is the same for any number
    #[arg(long, value_name = "N", env = "MIXRUNNERS_THREADS")]
    threads: Option<usize>,
}

/// Decodes, measures, prints.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    catch_interrupt();
    let stages = Stages::new();
    let (song, measured) = in_pool(arguments.threads, || {
        let extension = extension(&arguments.input);
        let song = Song::open(&arguments.input, extension, &Limits::COMMAND_LINE, &stages)
            .map_err(|error| Failure::of_render(&arguments.input, &error))?;
        stages.enter(Stage::Analyse);
        let measurements = dsp::meter::measure_certified(&song.audio, Dbtp::FULL_SCALE);
        let picture = Picture::of(&song.audio, COLUMNS);
        Ok::<_, Failure>((song, Measured::of(&measurements, &picture)))
    })??;
    stages.finish();
    if arguments.json {
        let document = json!({
            "schema": "mixrunners.analysis/1",
            "engine_version": dsp::ENGINE_VERSION,
            "source": song.origin.facts,
            "measured": measured,
            "findings": song.origin.findings,
        });
        println!("{}", serde_json::to_string_pretty(&document).map_err(Failure::ours)?);
    } else {
        print!("{}", table::of_analysis(&arguments.input, &song.origin, &measured));
    }
    Ok(ExitCode::SUCCESS)
}
