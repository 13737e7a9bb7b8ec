//! `mixrunners mix STEM… -o OUT`: stems in, a mix out, and its master.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use codec::{Delivery, EncodeOptions, Limits};
use domain::job::Stage;
use domain::mix_report::MixReport;
use domain::mix_settings::MixSettings;
use domain::session::Session;
use dsp::mix::StemSink;
use dsp::units::SampleRate;
use worker::render::master::Master;
use worker::render::mastering::{Brief, Desk};
use worker::render::mix::report::{MixMeters, report as mix_report};
use worker::render::mix::sink::FolderSink;
use worker::render::mix::stems::StemFile;
use worker::render::mix::{MadeMix, MixBrief, as_mixed, mix};
use worker::render::report::Shown;
use worker::render::report_page::mix_page;
use worker::render::{Listener, RenderError, Song, report_text};

use super::local_song::{Existing, check_writable, extension, same_place, write_whole, write_whole_text};
use super::sound::Sound;
use super::stem_flags::StemFlags;
use super::terminal::{Stages, catch_interrupt, in_pool};
use super::{mix_table, output_format, report_file};
use crate::exit::{Failure, TARGET_REFUSED};

/// What `mix` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Stems start together, unless all of them carry a time reference (BWF). What is said of a stem is \
    kept; everything else is decided around it."
)]
pub struct Arguments {
    /// The stems, 1 to 64 [default: those of the session, beside it]
    #[arg(value_name = "STEM", required_unless_present = "from_plan")]
    stems: Vec<PathBuf>,
    /// Where the mix goes
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Master the mix too, into this file; --preset, --loudness and the like are for it
    #[arg(long, value_name = "FILE")]
    master: Option<PathBuf>,
    #[command(flatten)]
    flags: StemFlags,
    /// How much common room the stems get, 0 to 1 [default: 0]
    #[arg(long, value_name = "X")]
    space: Option<f64>,
    #[command(flatten)]
    sound: Sound,
    /// Also write the processed stems into this folder, in 32-bit floats; they add up to the mix
    #[arg(long, value_name = "DIR")]
    stems_to: Option<PathBuf>,
    /// Also write the session: every number of the mix, to be changed and rendered again
    #[arg(long, value_name = "FILE.toml")]
    plan: Option<PathBuf>,
    /// Do what a session says; what it leaves out is decided anew (--intensity is for the master then)
    #[arg(long, value_name = "FILE.toml")]
    from_plan: Option<PathBuf>,
    /// Also write what was measured and decided, as JSON or as a page (FILE.json, FILE.html); may be given twice
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Format of OUT: wav16, wav24, wav32f, flac16, flac24, mp3_320, mp3_v0 or vorbis_q8 [default: by its name]
    #[arg(long, value_name = "FORMAT", env = "MIXRUNNERS_FORMAT")]
    format: Option<Delivery>,
    /// Sample rate at which the stems are mixed, in Hz [default: that of most stems]
    #[arg(long, value_name = "HZ", conflicts_with = "from_plan")]
    rate: Option<u32>,
    /// How many threads to use; the mix is the same for any number
    #[arg(long, value_name = "N", env = "MIXRUNNERS_THREADS")]
    threads: Option<usize>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

/// Decodes, mixes, writes, and says what came of it.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let order = Order::of(arguments)?;
    catch_interrupt();
    let stages = Stages::new();
    let (text, is_refused) = in_pool(arguments.threads, || order.carry_out(&stages))??;
    stages.finish();
    print!("{text}");
    Ok(if is_refused { ExitCode::from(TARGET_REFUSED) } else { ExitCode::SUCCESS })
}

/// The arguments, checked: nothing that could have been known before is found out after minutes of work.
struct Order<'a> {
    arguments: &'a Arguments,
    existing: Existing,
    stems: Vec<StemFile>,
    brief: MixBrief,
    format: Delivery,
    /// Of the master, if there is one.
    master: Option<(&'a Path, Delivery)>,
}

impl<'a> Order<'a> {
    fn of(arguments: &'a Arguments) -> Result<Self, Failure> {
        let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
        let format = output_format::of(&arguments.output, arguments.format)?;
        let master = match &arguments.master {
            Some(path) => Some((path.as_path(), output_format::of(path, None)?)),
            None => None,
        };
        arguments.sound.without_references()?;
        let session = arguments.from_plan.as_deref().map(read_session).transpose()?;
        let session = arguments.from_plan.as_deref().zip(session.as_ref());
        let stems = arguments.flags.stems(&arguments.stems, session)?;
        let brief = brief(arguments, session.map(|(_, session)| session))?;
        arguments.report.iter().try_for_each(|path| report_file::check(path))?;
        let written = [&arguments.output].into_iter().chain(&arguments.master);
        let written: Vec<&PathBuf> = written.chain(&arguments.report).chain(&arguments.plan).collect();
        for (index, path) in written.iter().enumerate() {
            check_writable(path, existing)?;
            if written[..index].iter().any(|other| same_place(path, other)) {
                return Err(Failure::usage(format!("{} is named for two files", path.display())));
            }
            if let Some(stem) = stems.iter().find(|stem| same_place(&stem.path, path)) {
                return Err(Failure::usage(format!("{} is a stem of the mix", stem.path.display()))
                    .hint("the originals are never overwritten"));
            }
        }
        check_folder(arguments, &stems)?;
        Ok(Self { arguments, existing, stems, brief, format, master })
    }

    fn carry_out(&self, stages: &Stages) -> Result<(String, bool), Failure> {
        let brief = match &self.master {
            Some(_) => Some(self.arguments.sound.brief(stages)?),
            None => None,
        };
        let mut made = self.mix(stages)?;
        let meters = MixMeters::of(&made);
        if let Some(path) = &self.arguments.plan {
            let text = made.session().to_text(&made.mixed.plan).map_err(Failure::ours)?;
            write_whole_text(path, self.existing, &text)?;
        }
        let song = made.take_song();
        let mixed = Song { audio: song.audio.clone(), origin: song.origin.clone() };
        let mut result = self.write(mixed, as_mixed(), &self.arguments.output, self.format, stages)?;
        if let (Some((path, format)), Some(brief)) = (self.master, brief) {
            result = self.write(song, brief, path, format, stages)?;
        }
        let is_refused = result.is_refused;
        let report = mix_report(&made, meters, &self.title(), result.report);
        for path in &self.arguments.report {
            self.write_report(path, &report)?;
        }
        let mut text = mix_table::of_mix(&report);
        text.push_str(&format!("Written: {} ({})\n", self.arguments.output.display(), self.format));
        if let Some((path, format)) = self.master {
            text.push_str(&format!(
                "{}\nWritten: {} ({format})\n",
                report.result.outcome.text,
                path.display()
            ));
        }
        Ok((text, is_refused))
    }

    fn mix(&self, stages: &Stages) -> Result<MadeMix, Failure> {
        // Decoded stems need room: beside the mix there is some, in a folder for temporary files perhaps not.
        let folder = self.arguments.output.parent().filter(|folder| !folder.as_os_str().is_empty());
        let reels = tempfile::Builder::new()
            .prefix(".mixrunners-")
            .tempdir_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| Failure::ours(format!("no room for decoded stems: {error}")))?;
        let sink = match &self.arguments.stems_to {
            Some(folder) => {
                fs::create_dir_all(folder)
                    .map_err(|error| Failure::usage(format!("cannot make {}: {error}", folder.display())))?;
                Some(FolderSink::new(folder))
            }
            None => None,
        };
        let sink = sink.as_ref().map(|sink| sink as &dyn StemSink);
        mix(&self.stems, &self.brief, reels.path(), &Limits::COMMAND_LINE, sink, stages)
            .map_err(|error| self.failed(&error))
    }

    /// The file that an error is about, where there is one; a mix has many.
    fn failed(&self, error: &RenderError) -> Failure {
        match self.stems.as_slice() {
            [only] => Failure::of_render(&only.path, error),
            _ => Failure::of_render(Path::new("the mix"), error),
        }
    }

    fn write(
        &self,
        song: Song,
        brief: Brief,
        path: &Path,
        format: Delivery,
        stages: &Stages,
    ) -> Result<Master, Failure> {
        let failed = |error: RenderError| Failure::of_render(path, &error);
        let shown = if self.arguments.report.is_empty() { Shown::Numbers } else { Shown::Pictures };
        let mut desk = Desk::open(song, brief, shown, stages).map_err(failed)?;
        let made = desk.master(format, None, stages).map_err(failed)?;
        let master = Master::of(&desk, made, format);
        stages.enter(Stage::Encode);
        write_whole(path, self.existing, |file| {
            let options = EncodeOptions { loudness: Some(&master.loudness), tags: None };
            codec::encode(&master.audio, format, &options, file, stages)
                .map_err(|error| Failure::of_render(path, &error.into()))
        })?;
        Ok(master)
    }

    fn write_report(&self, path: &Path, report: &MixReport) -> Result<(), Failure> {
        let text = match extension(path) {
            Some("html" | "htm") => mix_page(report),
            _ => report_text::json(report).map_err(Failure::ours)?,
        };
        write_whole_text(path, self.existing, &text)
    }

    fn title(&self) -> String {
        self.arguments.output.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn brief(arguments: &Arguments, session: Option<&Session>) -> Result<MixBrief, Failure> {
    let rate = session.map(|session| session.sample_rate_hz).or(arguments.rate);
    let rate = rate.map(SampleRate::new).transpose().map_err(Failure::usage)?;
    let mut settings = match session {
        Some(session) => session.mix,
        None => MixSettings::of(arguments.sound.intensity(), 0.0),
    };
    settings.space = arguments.space.unwrap_or(settings.space);
    settings.to_wish().map_err(Failure::usage)?;
    Ok(MixBrief { settings, rate })
}

/// Nothing is written over a stem, and no two stems into one file.
fn check_folder(arguments: &Arguments, stems: &[StemFile]) -> Result<(), Failure> {
    let Some(folder) = &arguments.stems_to else { return Ok(()) };
    if folder.is_file() {
        return Err(Failure::usage(format!("{} is a file; --stems-to wants a folder", folder.display())));
    }
    for stem in stems {
        let path = folder.join(worker::render::mix::sink::file_name(&stem.name));
        if path.exists() && (!arguments.force || stems.iter().any(|stem| same_place(&stem.path, &path))) {
            return Err(Failure::usage(format!("{} exists already", path.display()))
                .hint("give --stems-to a folder of its own"));
        }
    }
    Ok(())
}

fn read_session(path: &Path) -> Result<Session, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    let session = Session::parse(&text).map_err(|error| {
        Failure::usage(format!("{} is no session of this program: {error}", path.display()))
    })?;
    if session.engine_version != dsp::ENGINE_VERSION {
        eprintln!(
            "mixrunners: {} was made by engine {}; engine {} may render it differently",
            path.display(),
            session.engine_version,
            dsp::ENGINE_VERSION
        );
    }
    Ok(session)
}
