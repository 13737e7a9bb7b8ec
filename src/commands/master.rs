//! `mixrunners master IN -o OUT`: one file in, one master out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use codec::{Delivery, Limits};
use domain::job::Stage;
use dsp::master::MasterParams;
use dsp::units::{Dbtp, Lufs};
use worker::render::master::{Master, depth_of, master};
use worker::render::{Listener, Song};

use super::local_song::{Existing, check_writable, write_whole, write_whole_text};
use super::table;
use super::terminal::{Stages, catch_interrupt, in_pool};
use crate::exit::{Failure, TARGET_REFUSED};

/// What `master` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 done, 2 wrong usage, 3 the file is at fault, 4 the loudness was refused \
    (the loudest clean master is written, and the report says why), 70 our fault."
)]
pub struct Arguments {
    /// The song: WAV, AIFF, FLAC, CAF, MP3, AAC or ALAC in MP4, Ogg Vorbis
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Where the master goes
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Integrated loudness in LUFS, or `keep` for the loudness it has
    #[arg(
        long,
        value_name = "LUFS",
        default_value = "-14",
        allow_hyphen_values = true,
        env = "MIXRUNNERS_LOUDNESS"
    )]
    loudness: String,
    /// The highest true peak in dBTP
    #[arg(long, value_name = "DBTP", default_value_t = -1.0, allow_hyphen_values = true, env = "MIXRUNNERS_CEILING")]
    ceiling: f64,
    /// wav16, wav24, wav32f, flac16, flac24, mp3_320, mp3_v0 or vorbis_q8; without it what OUT's name says: wav24,
    /// flac24, mp3_320 or vorbis_q8
    #[arg(long, value_name = "FORMAT", env = "MIXRUNNERS_FORMAT")]
    format: Option<Delivery>,
    /// Also write what was measured and decided, as JSON
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// How many threads to use; the master is the same for any number
    #[arg(long, value_name = "N", env = "MIXRUNNERS_THREADS")]
    threads: Option<usize>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

/// Decodes, masters, writes, and says what came of it.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let format = format_of(arguments)?;
    let params = params_of(arguments, format)?;
    check_writable(&arguments.output, existing)?;
    if let Some(report) = &arguments.report {
        check_writable(report, existing)?;
        if same_place(report, &arguments.output) {
            return Err(Failure::usage("--report and -o name the same file"));
        }
    }
    if same_place(&arguments.input, &arguments.output) {
        return Err(Failure::usage("IN and OUT are the same file").hint("the original is never overwritten"));
    }
    catch_interrupt();
    let stages = Stages::new();
    let (origin, master) = in_pool(arguments.threads, || {
        let song = Song::open(&arguments.input, extension(&arguments.input), &Limits::COMMAND_LINE, &stages)
            .map_err(|error| Failure::of_render(&arguments.input, &error))?;
        let Song { audio, origin } = song;
        let master =
            master(audio, &origin, &params, &stages).map_err(|e| Failure::of_render(&arguments.input, &e))?;
        stages.enter(Stage::Encode);
        write_whole(&arguments.output, existing, |file| {
            let options = codec::EncodeOptions { loudness: Some(&master.loudness), tags: None };
            codec::encode(&master.audio, format, &options, file, &stages)
                .map_err(|error| Failure::of_render(&arguments.output, &error.into()))
        })?;
        Ok::<_, Failure>((origin, master))
    })??;
    stages.finish();
    if let Some(path) = &arguments.report {
        let text = serde_json::to_string_pretty(&master.report).map_err(Failure::ours)?;
        write_whole_text(path, existing, &(text + "\n"))?;
    }
    print!("{}", table::of_master(&arguments.input, &origin, &arguments.output, format, &master.report));
    Ok(exit_code(&master))
}

fn exit_code(master: &Master) -> ExitCode {
    if master.is_refused { ExitCode::from(TARGET_REFUSED) } else { ExitCode::SUCCESS }
}

fn params_of(arguments: &Arguments, format: Delivery) -> Result<MasterParams, Failure> {
    let depth = depth_of(format);
    let ceiling = Dbtp::new("ceiling", arguments.ceiling).map_err(Failure::usage)?;
    if arguments.loudness == "keep" {
        return MasterParams::keeping_loudness(ceiling, depth).map_err(Failure::usage);
    }
    let value: f64 = arguments.loudness.parse().map_err(|_| {
        Failure::usage(format!(
            "--loudness is \"{}\"; it can be a number of LUFS, or keep",
            arguments.loudness
        ))
    })?;
    let loudness = Lufs::new("loudness", value).map_err(Failure::usage)?;
    MasterParams::new(loudness, ceiling, depth).map_err(Failure::usage)
}

/// The format asked for, or what the name of OUT says; the two may not contradict.
fn format_of(arguments: &Arguments) -> Result<Delivery, Failure> {
    let by_name = match extension(&arguments.output).map(str::to_ascii_lowercase).as_deref() {
        Some("wav") => Some(Delivery::Wav24),
        Some("flac") => Some(Delivery::Flac24),
        Some("mp3") => Some(Delivery::Mp3At320),
        Some("ogg") => Some(Delivery::VorbisQ8),
        _ => None,
    };
    match (arguments.format, by_name) {
        (Some(asked), Some(named)) if asked.extension() != named.extension() => Err(Failure::usage(format!(
            "--format {asked} makes a .{} file, but {} ends in .{}",
            asked.extension(),
            arguments.output.display(),
            named.extension()
        ))),
        (Some(asked), _) => Ok(asked),
        (None, Some(named)) => Ok(named),
        (None, None) => {
            Err(Failure::usage(format!("{} does not say which format", arguments.output.display()))
                .hint("end its name in .wav, .flac, .mp3 or .ogg, or give --format"))
        }
    }
}

pub(super) fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

fn same_place(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
