//! What the command line says about single stems: `--role kick.wav=kick`, and what a session file says.

use std::path::{Path, PathBuf};

use clap::Args;
use domain::session::Session;
use domain::stem::{Off, PartWord, PolarityWord, Setting, StemSettings};
use worker::render::mix::stems::StemFile;

use super::local_song::{extension, name_of};
use crate::exit::Failure;

/// Decisions about single stems. FILE is the name of a stem's file; its folder and its ending may be left out.
#[derive(Args, Debug)]
pub struct StemFlags {
    /// What a stem is: kick, snare, bass, lead_vox, … (docs/session.md lists all)
    #[arg(long, value_name = "FILE=ROLE")]
    role: Vec<String>,
    /// How much louder than it would be mixed
    #[arg(long, value_name = "FILE=DB")]
    gain: Vec<String>,
    /// Where a stem stands: −1 left, 0 middle, 1 right
    #[arg(long, value_name = "FILE=PLACE")]
    pan: Vec<String>,
    /// Leave a stem out
    #[arg(long, value_name = "FILE")]
    mute: Vec<String>,
    /// Leave all others out
    #[arg(long, value_name = "FILE")]
    solo: Vec<String>,
    /// Turn a stem's polarity over
    #[arg(long, value_name = "FILE")]
    invert: Vec<String>,
    /// No high-pass for a stem
    #[arg(long, value_name = "FILE")]
    no_high_pass: Vec<String>,
    /// Leave a stem's sound alone: only its fader and its place are set
    #[arg(long, value_name = "FILE")]
    untouched: Vec<String>,
}

impl StemFlags {
    /// The stems of a mix: the files of `paths`, or those that a session names beside itself; with what the session
    /// and then the flags say.
    pub fn stems(
        &self,
        paths: &[PathBuf],
        session: Option<(&Path, &Session)>,
    ) -> Result<Vec<StemFile>, Failure> {
        let mut stems = match (paths, session) {
            ([], Some((path, session))) => beside(path, session),
            ([], None) => {
                return Err(Failure::usage("there is no stem to mix").hint("name the files of the stems"));
            }
            (paths, session) => from_files(paths, session.map(|(_, session)| session))?,
        };
        self.apply(&mut stems)?;
        for stem in &stems {
            stem.settings.to_wish().map_err(|cause| Failure::usage(format!("{}: {cause}", stem.name)))?;
        }
        Ok(stems)
    }

    fn apply(&self, stems: &mut [StemFile]) -> Result<(), Failure> {
        each(&self.role, "--role", stems, |settings, role| {
            settings.role = Some(role.to_owned());
            Ok(())
        })?;
        each(&self.gain, "--gain", stems, |settings, text| {
            settings.gain_db = Some(number("--gain", text)?);
            Ok(())
        })?;
        each(&self.pan, "--pan", stems, |settings, text| {
            settings.pan = Some(number("--pan", text)?);
            Ok(())
        })?;
        type Flag = (&'static str, fn(&mut StemSettings));
        let flags: [(&[String], Flag); 5] = [
            (&self.mute, ("--mute", |settings| settings.part = Some(PartWord::Muted))),
            (&self.solo, ("--solo", |settings| settings.solo = true)),
            (&self.invert, ("--invert", |settings| settings.polarity = Some(PolarityWord::Inverted))),
            (
                &self.no_high_pass,
                ("--no-high-pass", |settings| settings.high_pass_hz = Some(Setting::Off(Off::Off))),
            ),
            (&self.untouched, ("--untouched", |settings| settings.untouched = true)),
        ];
        for (files, (flag, set)) in flags {
            for file in files {
                set(&mut named(stems, flag, file)?.settings);
            }
        }
        Ok(())
    }
}

fn each(
    values: &[String],
    flag: &str,
    stems: &mut [StemFile],
    set: impl Fn(&mut StemSettings, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for value in values {
        let Some((file, setting)) = value.rsplit_once('=') else {
            return Err(Failure::usage(format!("{flag} is {value:?}; it has the form FILE=VALUE")));
        };
        set(&mut named(stems, flag, file)?.settings, setting)?;
    }
    Ok(())
}

fn number(flag: &str, text: &str) -> Result<f64, Failure> {
    text.replace('−', "-")
        .parse()
        .map_err(|_| Failure::usage(format!("{flag} is {text:?}, which is no number")))
}

/// The stem that a flag means: by its file's name, or by that without its ending if only one fits.
fn named<'a>(stems: &'a mut [StemFile], flag: &str, file: &str) -> Result<&'a mut StemFile, Failure> {
    let wanted = name_of(Path::new(file));
    let is_whole = |stem: &StemFile| stem.name == wanted;
    let is_base = |stem: &StemFile| Path::new(&stem.name).file_stem().is_some_and(|base| *base == *wanted);
    let fitting: Vec<usize> = match stems.iter().position(is_whole) {
        Some(index) => vec![index],
        None => (0..stems.len()).filter(|&index| is_base(&stems[index])).collect(),
    };
    match fitting.as_slice() {
        [index] => Ok(&mut stems[*index]),
        [] => {
            let names: Vec<&str> = stems.iter().map(|stem| stem.name.as_str()).collect();
            Err(Failure::usage(format!("{flag} names {file}, which is no stem of this mix"))
                .hint(format!("the stems are {}", names.join(", "))))
        }
        _ => Err(Failure::usage(format!("{flag} names {file}, and several stems are called that"))
            .hint("give the ending of the file's name too")),
    }
}

fn from_files(paths: &[PathBuf], session: Option<&Session>) -> Result<Vec<StemFile>, Failure> {
    let stem = |path: &PathBuf| StemFile {
        path: path.clone(),
        extension: extension(path).map(str::to_owned),
        name: name_of(path),
        settings: StemSettings::default(),
    };
    let mut stems: Vec<StemFile> = paths.iter().map(stem).collect();
    for planned in session.iter().flat_map(|session| &session.stems) {
        let Some(stem) = stems.iter_mut().find(|stem| stem.name == planned.file) else {
            return Err(Failure::usage(format!(
                "the session has a stem {}, and no such file is given",
                planned.file
            )));
        };
        stem.settings = planned.settings.clone();
    }
    if let Some(session) = session
        && let Some(stem) =
            stems.iter().find(|stem| session.stems.iter().all(|known| known.file != stem.name))
    {
        return Err(Failure::usage(format!("{} is no stem of the session", stem.name))
            .hint("add a [[stem]] table with its file's name, and the rest is decided for it"));
    }
    Ok(stems)
}

/// The stems of a session lie where it lies.
fn beside(path: &Path, session: &Session) -> Vec<StemFile> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let stem = |planned: &domain::session::SessionStem| {
        let path = folder.join(name_of(Path::new(&planned.file)));
        StemFile {
            extension: extension(&path).map(str::to_owned),
            path,
            name: planned.file.clone(),
            settings: planned.settings.clone(),
        }
    };
    session.stems.iter().map(stem).collect()
}
