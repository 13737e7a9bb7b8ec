//! What a master shall sound like, as the command line says it: shared by `master` and `album`.

use std::path::{Path, PathBuf};

use clap::Args;
use codec::Limits;
use dsp::error::ParamError;
use dsp::master::{Character, Force, MasterParams, Preset, Reference, Target};
use dsp::units::{Dbtp, Lufs};
use worker::render::aim::{aim_of, measured};
use worker::render::mastering::Brief;
use worker::render::{Listener, RenderError, Song};

use super::local_song::extension;
use crate::exit::Failure;

/// Preset, amounts, references, loudness.
#[derive(Args, Debug)]
pub struct Sound {
    /// streaming, loud, club, acoustic, classical or podcast
    #[arg(long, value_name = "NAME", default_value = "streaming", env = "MIXRUNNERS_PRESET")]
    preset: String,
    /// How far to go with tone, dynamics and width, 0 to 1; at 0 only the loudness changes [default: 0.5]
    #[arg(long, value_name = "X", env = "MIXRUNNERS_INTENSITY")]
    intensity: Option<f64>,
    /// How much to correct the tone, 0 to 1 [default: 0.7]
    #[arg(long, value_name = "X", env = "MIXRUNNERS_TONE")]
    tone: Option<f64>,
    /// How much to even out the dynamics, 0 to 1 [default: 0.5]
    #[arg(long, value_name = "X", env = "MIXRUNNERS_DYNAMICS")]
    dynamics: Option<f64>,
    /// How much to correct the width, 0 to 1 [default: 0.5]
    #[arg(long, value_name = "X", env = "MIXRUNNERS_WIDTH")]
    width: Option<f64>,
    /// A song to sound like; give it again for several
    #[arg(long, value_name = "FILE")]
    reference: Vec<PathBuf>,
    /// How much of the references' loudness to take on, 0 to 1, where --loudness is not given
    #[arg(long, value_name = "X", default_value_t = 1.0, requires = "reference")]
    match_loudness: f64,
    /// Integrated loudness in LUFS, or `keep` for the loudness it has [default: the preset's, or the references']
    #[arg(long, value_name = "LUFS", allow_hyphen_values = true, env = "MIXRUNNERS_LOUDNESS")]
    loudness: Option<String>,
    /// The highest true peak in dBTP [default: −1, or the references' if lower]
    #[arg(long, value_name = "DBTP", allow_hyphen_values = true, env = "MIXRUNNERS_CEILING")]
    ceiling: Option<f64>,
    /// Reach the loudness whatever it does to the sound; the ceiling holds all the same
    #[arg(long)]
    force_target: bool,
}

/// References at most: more have no character left in common.
const REFERENCES_MAX: usize = 8;

impl Sound {
    /// Checks everything, and listens to the references.
    pub fn brief(&self, listener: &dyn Listener) -> Result<Brief, Failure> {
        let mut brief = self.without_references()?;
        let references = self.references(listener)?;
        brief.aim = aim_of(&references).map_err(Failure::input)?;
        Ok(brief)
    }

    /// Checks all that needs no file.
    pub fn without_references(&self) -> Result<Brief, Failure> {
        let mut brief = Brief::of(self.character()?);
        brief.target = self.target()?;
        brief.ceiling = self.ceiling()?;
        brief.match_loudness = dsp::error::within("--match-loudness", self.match_loudness, 0.0, 1.0, "of 1")
            .map_err(Failure::usage)?;
        brief.force = if self.force_target { Force::BeyondBudgets } else { Force::WithinBudgets };
        if self.reference.len() > REFERENCES_MAX {
            return Err(Failure::usage(format!(
                "--reference is given {} times; it can be given {REFERENCES_MAX} times",
                self.reference.len()
            )));
        }
        Ok(brief)
    }

    /// How far to go with the sound, as asked or by default.
    pub fn intensity(&self) -> f64 {
        self.intensity.unwrap_or(0.5)
    }

    fn character(&self) -> Result<Character, Failure> {
        let Some(preset) = Preset::named(&self.preset) else {
            let names: Vec<&str> = Preset::ALL.iter().map(|preset| preset.name).collect();
            return Err(Failure::usage(format!(
                "--preset is {:?}; it can be {}",
                self.preset,
                names.join(", ")
            )));
        };
        let set = |character: Character| -> Result<Character, ParamError> {
            let character = self.intensity.map_or(Ok(character), |x| character.with_intensity(x))?;
            let character = self.tone.map_or(Ok(character), |x| character.with_tone(x))?;
            let character = self.dynamics.map_or(Ok(character), |x| character.with_dynamics(x))?;
            self.width.map_or(Ok(character), |x| character.with_width(x))
        };
        set(Character::of(preset)).map_err(Failure::usage)
    }

    fn target(&self) -> Result<Option<Target>, Failure> {
        let Some(text) = &self.loudness else { return Ok(None) };
        if text == "keep" {
            return Ok(Some(Target::AsTheMix));
        }
        let value: f64 = text.parse().map_err(|_| {
            Failure::usage(format!("--loudness is {text:?}; it can be a number of LUFS, or keep"))
        })?;
        let (low, high) = (MasterParams::LOUDNESS_MIN.value(), MasterParams::LOUDNESS_MAX.value());
        let value = dsp::error::within("loudness", value, low, high, "LUFS").map_err(Failure::usage)?;
        Ok(Some(Target::Loudness(Lufs::literal(value))))
    }

    fn ceiling(&self) -> Result<Option<Dbtp>, Failure> {
        let (low, high) = (MasterParams::CEILING_MIN.value(), Dbtp::FULL_SCALE.value());
        let checked = |value| dsp::error::within("ceiling", value, low, high, "dBTP").map(Dbtp::literal);
        self.ceiling.map(checked).transpose().map_err(Failure::usage)
    }

    fn references(&self, listener: &dyn Listener) -> Result<Vec<Reference>, Failure> {
        self.reference.iter().map(|path| reference(path, listener)).collect()
    }
}

fn reference(path: &Path, listener: &dyn Listener) -> Result<Reference, Failure> {
    let song = Song::open(path, extension(path), &Limits::COMMAND_LINE, listener);
    song.and_then(|song| measured(&song, listener)).map_err(|error| match error {
        // Whoever names a file on the command line can look at it: the file is at fault.
        RenderError::Reference(error) => Failure::input(format!("{}: {error}", path.display())),
        other => Failure::of_render(path, &other),
    })
}
