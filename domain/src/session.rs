//! A mix as a file that a person reads, changes and renders again: `session.toml`.
//!
//! It holds every number of a plan, one table for each stem. Rendering it makes the same mix, bit for bit, with the
//! same stems and engine. A number that is changed is kept; one that is taken out is decided anew.

use std::fmt::Write;

use dsp::error::ParamError;
use dsp::mix::{MixPlan, MixWish, StemChoice, StemWish};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::mix_settings::MixSettings;
use crate::stem::{SettingError, StemSettings};

/// The name and version of this form.
pub const SCHEMA: &str = "mixrunners.session/1";

/// All that was decided for one mix.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// [`SCHEMA`].
    pub schema: String,
    /// The engine that made it, and the only one that makes the same bits of it.
    pub engine_version: String,
    /// The rate at which the stems are mixed.
    pub sample_rate_hz: u32,
    /// What belongs to no single stem.
    pub mix: MixSettings,
    /// One for each stem, in the order of their names.
    #[serde(rename = "stem")]
    pub stems: Vec<SessionStem>,
}

/// One stem of a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "toml::Table")]
pub struct SessionStem {
    /// The name of its file, without its folder.
    pub file: String,
    /// What was decided about it.
    #[serde(flatten)]
    pub settings: StemSettings,
}

/// A flattened struct would pass over keys that it does not know.
impl TryFrom<toml::Table> for SessionStem {
    type Error = String;
    fn try_from(mut table: toml::Table) -> Result<Self, String> {
        let file = match table.remove("file") {
            Some(toml::Value::String(file)) => file,
            Some(other) => return Err(format!("file is {other}, not the name of a file")),
            None => return Err("a stem without file = \"its name\"".to_owned()),
        };
        let settings = StemSettings::deserialize(toml::Value::Table(table));
        let settings = settings.map_err(|error| format!("{file}: {}", error.message()))?;
        Ok(Self { file, settings })
    }
}

/// A session that cannot be rendered.
#[derive(Debug, Error)]
pub enum SessionError {
    /// Not TOML, or not these tables and keys.
    #[error("{0}")]
    Form(#[from] Box<toml::de::Error>),
    /// Another form, or another version of it.
    #[error("its schema is {found:?}; this program reads {SCHEMA}")]
    Schema {
        /// What it says.
        found: String,
    },
    /// A rate that nothing is mixed at.
    #[error(transparent)]
    Number(#[from] ParamError),
    /// A setting of one stem.
    #[error("{file}: {cause}")]
    Stem {
        /// The stem's file.
        file: String,
        /// What is wrong.
        cause: SettingError,
    },
    /// Two tables of one stem.
    #[error("{0} is there twice")]
    Twice(String),
}

impl Session {
    /// What was decided for a mix whose stems came from files of these names, in the plan's order.
    #[must_use]
    pub fn of(plan: &MixPlan, sample_rate_hz: u32) -> Self {
        let stem = |stem: &dsp::mix::StemPlan| SessionStem { file: stem.name.clone(), settings: stem.into() };
        Self {
            schema: SCHEMA.to_owned(),
            engine_version: dsp::ENGINE_VERSION.to_owned(),
            sample_rate_hz,
            mix: plan.into(),
            stems: plan.stems.iter().map(stem).collect(),
        }
    }

    /// Reads one, and checks every number in it.
    pub fn parse(text: &str) -> Result<Self, SessionError> {
        let session: Self = toml::from_str(text).map_err(Box::new)?;
        if session.schema != SCHEMA {
            return Err(SessionError::Schema { found: session.schema });
        }
        session.mix_wish()?;
        for (index, stem) in session.stems.iter().enumerate() {
            if session.stems[..index].iter().any(|other| other.file == stem.file) {
                return Err(SessionError::Twice(stem.file.clone()));
            }
            stem.wish()?;
        }
        Ok(session)
    }

    /// As text, with the reason of each decision as a comment above its stem.
    pub fn to_text(&self, plan: &MixPlan) -> Result<String, toml::ser::Error> {
        let mut text = String::from(
            "# Every number of this mix. Change one and it is kept; take one out and it is decided anew.\n\
             # docs/session.md describes each.\n",
        );
        let head = Self { stems: Vec::new(), ..self.clone() };
        let head = toml::to_string(&head)?;
        text.push_str(head.replace("stem = []\n", "").trim_end());
        text.push('\n');
        comment(&mut text, &plan.choices);
        for (stem, planned) in self.stems.iter().zip(&plan.stems) {
            text.push_str("\n[[stem]]\n");
            comment(&mut text, &planned.choices);
            let table = toml::to_string(stem)?;
            // Tables inside belong to the stem, not to the file.
            text.push_str(&table.replace("\n[", "\n[stem.").replace("\n[stem.[", "\n[[stem."));
        }
        Ok(text)
    }

    /// What is wished of the whole.
    pub fn mix_wish(&self) -> Result<MixWish, ParamError> {
        self.mix.to_wish()
    }
}

impl SessionStem {
    /// What is wished of it.
    pub fn wish(&self) -> Result<StemWish, SessionError> {
        self.settings.to_wish().map_err(|cause| SessionError::Stem { file: self.file.clone(), cause })
    }
}

fn comment(text: &mut String, choices: &[StemChoice]) {
    for choice in choices {
        let amount = match choice.value {
            Some(value) => format!(" {value} {}", choice.unit).trim_end().to_owned(),
            None => format!(" {}", choice.unit),
        };
        let line = format!("{}{amount}: {}", choice.what, choice.reason);
        // One line whatever a name holds: a comment must not become a table.
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(text, "# {line}"); // writing to a String cannot fail
    }
}

#[cfg(test)]
mod tests {
    use dsp::master::chain::Compressor;
    use dsp::master::choice::Decider;
    use dsp::mix::{DeEsser, EqBand, EqShape, Pan, Part, Polarity, RidePoint, Role, StemPlan};
    use dsp::units::{Dbfs, Decibels, Hertz, Milliseconds};

    use super::*;

    fn choice(reason: &str) -> StemChoice {
        StemChoice {
            what: "fader".to_owned(),
            value: Some(-3.1),
            unit: "dB",
            by: Decider::Engine,
            reason: reason.to_owned(),
        }
    }

    /// Every kind of value there is, in one stem, and nothing in the other.
    fn plan() -> MixPlan {
        let compressor = Compressor {
            threshold: Dbfs::literal(-24.3),
            ratio: 2.5,
            knee: Decibels::literal(6.0),
            attack: Milliseconds::literal(12.5),
            release: Milliseconds::literal(180.0),
            makeup: Decibels::literal(1.7),
            mix: 1.0,
        };
        let bare = StemPlan {
            name: "kick.wav".to_owned(),
            role: Role::Kick,
            part: Part::Plays,
            polarity: Polarity::Kept,
            delay: Milliseconds::literal(0.0),
            high_pass: None,
            eq: Vec::new(),
            compressor: None,
            de_esser: None,
            width: Decibels::ZERO,
            fader: Decibels::literal(-3.1),
            ride: Vec::new(),
            pan: Pan::CENTRE,
            send: None,
            choices: vec![choice("kicks sit 9 LU under the mix")],
        };
        let full = StemPlan {
            name: "vox \"lead\".wav".to_owned(),
            role: Role::LeadVocal,
            part: Part::Muted,
            polarity: Polarity::Inverted,
            delay: Milliseconds::literal(-1.25),
            high_pass: Some(Hertz::literal(80.0)),
            eq: vec![
                EqBand::new(EqShape::Bell, 310.0, -2.5, 2.0).unwrap(),
                EqBand::new(EqShape::HighShelf, 9000.0, 1.5, 0.7).unwrap(),
            ],
            compressor: Some(compressor),
            de_esser: Some(DeEsser {
                frequency: Hertz::literal(6800.0),
                threshold: Decibels::literal(-4.5),
                reduction_max: Decibels::literal(6.0),
            }),
            width: Decibels::literal(-3.0),
            fader: Decibels::literal(4.2),
            ride: vec![
                RidePoint { seconds: 0.0, gain: Decibels::ZERO },
                RidePoint { seconds: 1.5, gain: Decibels::literal(2.1) },
            ],
            pan: Pan::literal(-0.35),
            send: Some(Decibels::literal(-12.0)),
            choices: vec![choice("two lines\n[[stem]]\nare one comment")],
        };
        MixPlan {
            wish: MixWish::new(0.5, 0.25).unwrap(),
            stems: vec![bare, full],
            drums_compressor: Some(compressor),
            vocal_dip: Decibels::literal(-2.0),
            mix_gain: Decibels::literal(-5.4),
            choices: vec![choice("room for the master")],
        }
    }

    #[test]
    fn a_written_session_wishes_everything_that_was_planned() {
        let plan = plan();
        let session = Session::of(&plan, 44_100);
        let text = session.to_text(&plan).unwrap();
        let read = Session::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read, session, "{text}");
        for (stem, planned) in read.stems.iter().zip(&plan.stems) {
            assert_eq!(stem.wish().unwrap(), StemWish::from(planned));
        }
        let wish = read.mix_wish().unwrap();
        assert_eq!((wish.intensity, wish.space), (0.5, 0.25));
        assert_eq!((wish.vocal_dip, wish.mix_gain), (Some(plan.vocal_dip), Some(plan.mix_gain)));
        assert_eq!(wish.drums_compressor, Some(plan.drums_compressor));
        assert!(text.contains("# fader -3.1 dB: kicks sit 9 LU under the mix\n"), "{text}");
    }

    #[test]
    fn what_is_taken_out_is_the_engines_again() {
        let text = "schema = \"mixrunners.session/1\"\nengine_version = \"0\"\nsample_rate_hz = 48000\n\
                    [mix]\nintensity = 0.5\nspace = 0\n[[stem]]\nfile = \"a.wav\"\nfader_db = 2\n";
        let session = Session::parse(text).unwrap();
        let wish = session.stems[0].wish().unwrap();
        assert_eq!((wish.fader, wish.pan, wish.eq), (Some(Decibels::literal(2.0)), None, None));
    }

    #[test]
    fn a_bad_session_is_refused_with_the_stem_and_the_bound() {
        let with = |stems: &str| {
            let text = format!(
                "schema = \"mixrunners.session/1\"\nengine_version = \"0\"\nsample_rate_hz = 48000\n\
                 [mix]\nintensity = 0.5\nspace = 0\n{stems}"
            );
            Session::parse(&text).expect_err("the case must be bad").to_string()
        };
        let stem = |line: &str| with(&format!("[[stem]]\nfile = \"a.wav\"\n{line}\n"));
        assert_eq!(stem("pan = 2"), "a.wav: pan is 2; it can be -1 to 1");
        assert!(stem("role = \"kazoo\"").starts_with("a.wav: role is \"kazoo\"; it can be kick, snare"));
        assert!(stem("loud = 1").contains("loud"), "{}", stem("loud = 1"));
        assert!(stem("ride = [[2, 0], [1, 0]]").contains("goes back in time at 1 s"));
        assert_eq!(with("[[stem]]\nfile = \"a\"\n[[stem]]\nfile = \"a\"\n"), "a is there twice");
    }
}
