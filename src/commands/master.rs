//! `mixrunners master IN -o OUT`: one file in, one master out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use codec::{Delivery, EncodeOptions, Limits, Tags};
use domain::job::Stage;
use domain::plan::Plan;
use dsp::audio::Audio;
use dsp::effects::dither::Depth;
use dsp::master::MasterParams;
use dsp::units::SampleRate;
use worker::render::certificate::certificate;
use worker::render::master::Master;
use worker::render::mastering::{Desk, depth_of};
use worker::render::report::Shown;
use worker::render::{Listener, RenderError, Song, report_text};

use super::local_song::{
    Existing, check_writable, extension, name_of, same_place, write_whole, write_whole_text,
};
use super::sound::Sound;
use super::terminal::{Stages, catch_interrupt, in_pool};
use super::{output_format, report_file, table, tags};
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
    #[command(flatten)]
    sound: Sound,
    /// wav16, wav24, wav32f, flac16, flac24, mp3_320, mp3_v0 or vorbis_q8 [default: by OUT's name, 24 bits]
    #[arg(long, value_name = "FORMAT", env = "MIXRUNNERS_FORMAT")]
    format: Option<Delivery>,
    /// Sample rate of OUT in Hz [default: IN's]
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// What OUT says about the music: title, artist, album, album_artist, track, date, genre, isrc, comment, cover
    #[arg(long, value_name = "KEY=VALUE")]
    tags: Vec<String>,
    /// Also write what was measured and decided, as JSON or as a page (FILE.json, FILE.html); may be given twice
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Also write the plan: every number with its reason, to be changed and rendered again
    #[arg(long, value_name = "FILE.json")]
    plan: Option<PathBuf>,
    /// Do exactly what an earlier plan says
    #[arg(long, value_name = "FILE.json", conflicts_with_all = [
        "preset", "intensity", "tone", "dynamics", "width", "reference", "loudness", "ceiling", "rate", "force_target"
    ])]
    from_plan: Option<PathBuf>,
    /// Write the song with its tone, dynamics and width done and its loudness not, in 32-bit floats
    #[arg(long, conflicts_with_all = ["plan", "from_plan", "report", "rate"])]
    stop_before_limiter: bool,
    /// How many threads to use; the master is the same for any number
    #[arg(long, value_name = "N", env = "MIXRUNNERS_THREADS")]
    threads: Option<usize>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

/// Decodes, masters, writes, and says what came of it.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let order = Order::of(arguments)?;
    catch_interrupt();
    let stages = Stages::new();
    let done = in_pool(arguments.threads, || order.carry_out(&stages))??;
    stages.finish();
    print!("{}", done.text);
    Ok(if done.is_refused { ExitCode::from(TARGET_REFUSED) } else { ExitCode::SUCCESS })
}

/// The arguments, checked: nothing that could have been known before is found out after minutes of work.
struct Order<'a> {
    arguments: &'a Arguments,
    existing: Existing,
    format: Delivery,
    rate: Option<SampleRate>,
    tags: Tags,
    plan: Option<Plan>,
}

/// What a command says in the end.
struct Done {
    text: String,
    is_refused: bool,
}

impl<'a> Order<'a> {
    fn of(arguments: &'a Arguments) -> Result<Self, Failure> {
        let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
        let format = format_of(arguments)?;
        arguments.sound.without_references()?;
        let rate = arguments.rate.map(SampleRate::new).transpose().map_err(Failure::usage)?;
        if let Some(rate) = rate.filter(|rate| !format.accepts(*rate)) {
            return Err(Failure::usage(format!("--rate is {rate}, which {format} cannot hold"))
                .hint(format!("the nearest it can is {}", format.nearest_rate(rate))));
        }
        let tags = tags::parse(&arguments.tags)?;
        let written: Vec<&PathBuf> =
            [&arguments.output].into_iter().chain(&arguments.report).chain(&arguments.plan).collect();
        for (index, path) in written.iter().enumerate() {
            check_writable(path, existing)?;
            if written[..index].iter().any(|other| same_place(path, other)) {
                return Err(Failure::usage(format!("{} is named for two files", path.display())));
            }
        }
        arguments.report.iter().try_for_each(|path| report_file::check(path))?;
        if same_place(&arguments.input, &arguments.output) {
            return Err(
                Failure::usage("IN and OUT are the same file").hint("the original is never overwritten")
            );
        }
        let plan = arguments.from_plan.as_deref().map(read_plan).transpose()?;
        Ok(Self { arguments, existing, format, rate, tags, plan })
    }

    fn carry_out(&self, stages: &Stages) -> Result<Done, Failure> {
        let input = &self.arguments.input;
        let failed = |error: RenderError| Failure::of_render(input, &error);
        if let Some(plan) = &self.plan {
            return self.follow(plan, stages);
        }
        let brief = self.arguments.sound.brief(stages)?;
        let song = Song::open(input, extension(input), &Limits::COMMAND_LINE, stages).map_err(failed)?;
        let mut desk = Desk::open(song, brief, self.shown(), stages).map_err(failed)?;
        if self.arguments.stop_before_limiter {
            return self.write_premaster(&desk, stages);
        }
        let made = desk.master(self.format, self.rate, stages).map_err(failed)?;
        let plan = self
            .arguments
            .plan
            .as_ref()
            .map(|path| (path, Plan::of(desk.premaster(), &made.mastered.plan, &made.params)));
        let mut master = Master::of(&desk, made, self.format);
        self.write(&desk, &mut master, plan, stages)
    }

    fn follow(&self, plan: &Plan, stages: &Stages) -> Result<Done, Failure> {
        let input = &self.arguments.input;
        let failed = |error: RenderError| Failure::of_render(input, &error);
        let (engine_plan, params) = plan.to_engine().map_err(|error| self.bad_plan(&error))?;
        let rate = plan.rate().map_err(|error| self.bad_plan(&error))?;
        self.check_grid(&params, rate)?;
        let song = Song::open(input, extension(input), &Limits::COMMAND_LINE, stages).map_err(failed)?;
        let mut desk = Desk::by_plan(song, &engine_plan, self.shown(), stages).map_err(failed)?;
        let found = Plan::of(desk.premaster(), &engine_plan, &params).song;
        if found != plan.song {
            return Err(Failure::input(format!("{}: the plan was made for another song", input.display()))
                .hint("its samples, rate, length or channels differ; make a new plan with --plan"));
        }
        let made = desk.master_by_plan(&engine_plan, params, (self.format, rate), stages).map_err(failed)?;
        let rewritten = self.arguments.plan.as_ref().map(|path| (path, plan.clone()));
        let mut master = Master::of(&desk, made, self.format);
        self.write(&desk, &mut master, rewritten, stages)
    }

    /// A plan's dither and ceiling belong to its grid: another would be rounded to without any.
    fn check_grid(&self, params: &MasterParams, rate: SampleRate) -> Result<(), Failure> {
        let words = |depth: Depth| depth.bits().map_or("floats".to_owned(), |bits| format!("{bits} bits"));
        let (planned, held) = (params.depth(), depth_of(self.format));
        if planned != held {
            let (format, planned, held) = (self.format, words(planned), words(held));
            return Err(Failure::usage(format!("the plan is for {planned}, and {format} holds {held}"))
                .hint("give the --format that the plan was made for, or make a plan for this one"));
        }
        if !self.format.accepts(rate) {
            return Err(Failure::usage(format!("the plan is for {rate}, which {} cannot hold", self.format)));
        }
        Ok(())
    }

    fn bad_plan(&self, error: &domain::plan::PlanError) -> Failure {
        let path = self.arguments.from_plan.as_deref().unwrap_or(Path::new("the plan"));
        Failure::usage(format!("{}: {error}", path.display()))
    }

    fn write(
        &self,
        desk: &Desk,
        master: &mut Master,
        plan: Option<(&PathBuf, Plan)>,
        stages: &Stages,
    ) -> Result<Done, Failure> {
        self.encode(&master.audio, Some(&master.loudness), self.format, stages)?;
        let output = &self.arguments.output;
        if self.shown() == Shown::Pictures {
            master.report.delivered = vec![certificate(output, name_of(output), self.format.name())?];
        }
        let title = self.title();
        for path in &self.arguments.report {
            report_file::write(path, self.existing, &master.report, &title)?;
        }
        if let Some((path, plan)) = plan {
            write_whole_text(path, self.existing, &report_text::json(&plan).map_err(Failure::ours)?)?;
        }
        let (input, output) = (&self.arguments.input, &self.arguments.output);
        let text = table::of_master(input, desk.origin(), output, self.format, &master.report);
        Ok(Done { text, is_refused: master.is_refused })
    }

    fn write_premaster(&self, desk: &Desk, stages: &Stages) -> Result<Done, Failure> {
        self.encode(desk.premaster().audio(), None, Delivery::Wav32f, stages)?;
        let text = table::of_premaster(&self.arguments.input, desk, &self.arguments.output);
        Ok(Done { text, is_refused: false })
    }

    fn encode(
        &self,
        audio: &Audio,
        loudness: Option<&codec::BextLoudness>,
        format: Delivery,
        stages: &Stages,
    ) -> Result<(), Failure> {
        stages.enter(Stage::Encode);
        let output = &self.arguments.output;
        write_whole(output, self.existing, |file| {
            let options = EncodeOptions { loudness, tags: Some(&self.tags) };
            codec::encode(audio, format, &options, file, stages)
                .map_err(|error| Failure::of_render(output, &error.into()))
        })
    }

    /// A terminal shows numbers; only reports show curves, and the hash of what was written.
    fn shown(&self) -> Shown {
        if self.arguments.report.is_empty() { Shown::Numbers } else { Shown::Pictures }
    }

    /// What a page about the master is headed with.
    fn title(&self) -> String {
        let name = self.arguments.input.file_stem().unwrap_or_default().to_string_lossy();
        self.tags.title().map_or_else(|| name.into_owned(), str::to_owned)
    }
}

fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{} is no plan of this program: {error}", path.display())))
}

/// The format asked for, or what the name of OUT says; floats for what comes before the limiter.
fn format_of(arguments: &Arguments) -> Result<Delivery, Failure> {
    if !arguments.stop_before_limiter {
        return output_format::of(&arguments.output, arguments.format);
    }
    match (arguments.format, extension(&arguments.output)) {
        (None | Some(Delivery::Wav32f), Some("wav")) => Ok(Delivery::Wav32f),
        _ => Err(Failure::usage("what comes before the limiter is written as 32-bit floats: name it .wav")),
    }
}
