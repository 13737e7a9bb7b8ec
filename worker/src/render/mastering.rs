//! One song on the desk: its sound made once, and from that any number of masters, each for its own kind of file.

use codec::{Delivery, RoundTripError, lossy_round_trip};
use domain::job::Stage;
use dsp::audio::Audio;
use dsp::effects::dither::Depth;
use dsp::error::ParamError;
use dsp::master::{
    self, Aim, Budgets, Character, Force, MasterParams, MasterPlan, MasterWatch, Mastered, Premaster, Target,
};
use dsp::meter::true_peak;
use dsp::progress::Watch;
use dsp::units::{Dbtp, Decibels, Lufs, SampleRate};

use super::report::{Shown, Sight};
use super::song::Origin;
use super::{Listener, RenderError, Song};

/// How a song shall be mastered.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Preset and amounts.
    pub character: Character,
    /// How loud; none for what the preset or the references have.
    pub target: Option<Target>,
    /// The highest true peak; none for what the preset or the references have.
    pub ceiling: Option<Dbtp>,
    /// How much of the way from the preset's loudness to that of the references is gone, 0 to 1.
    pub match_loudness: f64,
    /// Whether budgets hold.
    pub force: Force,
    /// What references, or an album, ask for.
    pub aim: Option<Aim>,
}

impl Brief {
    /// A preset at its middle settings.
    #[must_use]
    pub fn of(character: Character) -> Self {
        Self {
            character,
            target: None,
            ceiling: None,
            match_loudness: 1.0,
            force: Force::WithinBudgets,
            aim: None,
        }
    }

    /// How loud, resolved.
    #[must_use]
    pub fn target(&self) -> Target {
        let preset = self.character.preset().loudness;
        let references = self.aim.as_ref().map(Aim::loudness).filter(|loudness| loudness.value().is_finite());
        self.target.unwrap_or_else(|| match references {
            Some(loudness) => {
                let way = (loudness - preset).value() * self.match_loudness;
                let wanted = (preset.value() + way)
                    .clamp(MasterParams::LOUDNESS_MIN.value(), MasterParams::LOUDNESS_MAX.value());
                Target::Loudness(Lufs::literal((wanted * 10.0).round() / 10.0))
            }
            None => Target::Loudness(preset),
        })
    }

    /// The highest true peak, resolved: that of the references if it is lower than the preset's.
    #[must_use]
    pub fn ceiling(&self) -> Dbtp {
        let preset = self.character.preset().ceiling;
        let references =
            self.aim.as_ref().map(Aim::peak).filter(|peak| *peak < preset && peak.value() > -3.0);
        self.ceiling
            .or(references.map(|peak| Dbtp::literal((peak.value() * 10.0).floor() / 10.0)))
            .unwrap_or(preset)
    }

    /// What is asked of a master whose samples lie on the grid of `depth`.
    pub fn params(&self, depth: Depth, ceiling: Dbtp) -> Result<MasterParams, ParamError> {
        let params = match self.target() {
            Target::Loudness(loudness) => MasterParams::new(loudness, ceiling, depth)?,
            Target::AsTheMix => MasterParams::keeping_loudness(ceiling, depth)?,
        };
        Ok(params.with_budgets(self.budgets()).with_force(self.force))
    }

    /// The preset's, as long as nobody asks for more than it is made for: who asks for a loud master gets what loud
    /// masters may cost.
    fn budgets(&self) -> Budgets {
        const MORE: f64 = 0.5;
        let preset = self.character.preset();
        match self.target() {
            Target::Loudness(loudness) if loudness.value() > preset.loudness.value() + MORE => Budgets::LOUD,
            _ => preset.budgets,
        }
    }
}

/// One song with its sound made.
#[derive(Debug)]
pub struct Desk {
    premaster: Premaster,
    /// The premaster at other rates that were asked for.
    at_rates: Vec<Premaster>,
    origin: Origin,
    /// None where an earlier plan is followed, and nothing is decided.
    brief: Option<Brief>,
    sight: Option<Sight>,
}

/// A master for one kind of file.
#[derive(Debug)]
pub struct ForFile {
    /// The master: its samples are exact on the grid of the file.
    pub mastered: Mastered,
    /// What was asked of it; for a lossy file with the ceiling that its encoder leaves room for.
    pub params: MasterParams,
    /// The highest true peak that listeners may get.
    pub ceiling: Dbtp,
    /// The true peak that listeners of a lossy file get, if it is one.
    pub heard_peak: Option<Dbtp>,
}

impl Desk {
    /// Analyses the song, decides what its sound needs, and does it. The song's memory is used up.
    pub fn open(
        song: Song,
        brief: Brief,
        shown: Shown,
        listener: &dyn Listener,
    ) -> Result<Self, RenderError> {
        let Song { audio, origin } = song;
        check_channels(&audio)?;
        let sight = shown.sight(&audio);
        let premaster = Premaster::of(audio, &brief.character, brief.aim.as_ref(), &Stages(listener))?;
        Ok(Self { premaster, at_rates: Vec::new(), origin, brief: Some(brief), sight })
    }

    /// Does to the song's sound exactly what an earlier plan says.
    pub fn by_plan(
        song: Song,
        plan: &MasterPlan,
        shown: Shown,
        listener: &dyn Listener,
    ) -> Result<Self, RenderError> {
        let Song { audio, origin } = song;
        check_channels(&audio)?;
        let sight = shown.sight(&audio);
        let premaster = Premaster::by_plan(audio, plan, &Stages(listener))?;
        Ok(Self { premaster, at_rates: Vec::new(), origin, brief: None, sight })
    }

    /// The song's sound, before its loudness is set.
    #[must_use]
    pub fn premaster(&self) -> &Premaster {
        &self.premaster
    }

    /// Where the song came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What a report shows of the song as it came, if it will show it.
    #[must_use]
    pub fn sight(&self) -> Option<&Sight> {
        self.sight.as_ref()
    }

    /// How it shall be mastered; none where an earlier plan is followed.
    #[must_use]
    pub fn brief(&self) -> Option<&Brief> {
        self.brief.as_ref()
    }

    /// A master for files of this format, at `rate` (or the song's own, or the nearest that the format can hold).
    ///
    /// A lossy file is written and read again: where its encoder brings peaks over the ceiling, the limiter gets a
    /// lower one, from the same premaster.
    pub fn master(
        &mut self,
        format: Delivery,
        rate: Option<SampleRate>,
        listener: &dyn Listener,
    ) -> Result<ForFile, RenderError> {
        const TRIES_MAX: usize = 5;
        /// So that the next try is under it and not at it.
        const MORE: Decibels = Decibels::literal(0.02);
        let Some(brief) = self.brief.clone() else {
            return Err(RenderError::Disk(std::io::Error::other("who follows a plan decides nothing")));
        };
        let (asked, depth, source) = (brief.ceiling(), depth_of(format), self.origin.depth);
        let rate = format.nearest_rate(rate.unwrap_or_else(|| self.premaster.audio().rate()));
        let premaster = self.at_rate(rate, listener)?;
        let mut ceiling = asked;
        for tries_left in (0..TRIES_MAX).rev() {
            let params = brief.params(depth, ceiling)?.of_source(source);
            let mastered = premaster.master(&params, &Stages(listener))?;
            if !format.is_lossy() {
                return Ok(ForFile { mastered, params, ceiling: asked, heard_peak: None });
            }
            let heard = true_peak_heard(&mastered.audio, format, asked, listener)?;
            let over = heard - asked;
            if over <= Decibels::ZERO || tries_left == 0 {
                return Ok(ForFile { mastered, params, ceiling: asked, heard_peak: Some(heard) });
            }
            ceiling = ceiling - over - MORE;
        }
        Err(RenderError::Disk(std::io::Error::other("no master was tried")))
    }

    /// The master that an earlier plan describes.
    pub fn master_by_plan(
        &mut self,
        plan: &MasterPlan,
        params: MasterParams,
        (format, rate): (Delivery, SampleRate),
        listener: &dyn Listener,
    ) -> Result<ForFile, RenderError> {
        let params = params.of_source(self.origin.depth);
        let premaster = self.at_rate(rate, listener)?;
        let mastered = premaster.master_by_plan(plan, &params, &Stages(listener))?;
        let heard = || true_peak_heard(&mastered.audio, format, params.ceiling(), listener);
        let heard_peak = format.is_lossy().then(heard).transpose()?;
        Ok(ForFile { mastered, params, ceiling: params.ceiling(), heard_peak })
    }

    fn at_rate(&mut self, rate: SampleRate, listener: &dyn Listener) -> Result<&mut Premaster, RenderError> {
        if rate == self.premaster.audio().rate() {
            return Ok(&mut self.premaster);
        }
        let known = self.at_rates.iter().position(|premaster| premaster.audio().rate() == rate);
        let index = match known {
            Some(index) => index,
            None => {
                let other = self.premaster.at_rate(rate, listener).map_err(master::MasterError::from)?;
                self.at_rates.push(other);
                self.at_rates.len() - 1
            }
        };
        Ok(&mut self.at_rates[index])
    }
}

/// The true peak that listeners of a lossy file get.
fn true_peak_heard(
    audio: &Audio,
    format: Delivery,
    ceiling: Dbtp,
    watch: &dyn Watch,
) -> Result<Dbtp, RenderError> {
    let heard = lossy_round_trip(audio, format, watch).map_err(|error| match error {
        RoundTripError::Encode(error) => RenderError::Encode(error),
        other => RenderError::Disk(std::io::Error::other(other)),
    })?;
    Ok(true_peak::certify(&heard, ceiling))
}

fn check_channels(audio: &Audio) -> Result<(), RenderError> {
    match audio.channel_count() {
        1 | 2 => Ok(()),
        channels => Err(RenderError::Channels { channels }),
    }
}

/// The grid that a file of this format holds.
#[must_use]
pub fn depth_of(format: Delivery) -> Depth {
    match format {
        Delivery::Wav16 | Delivery::Flac16 => Depth::Int16,
        Delivery::Wav24 | Delivery::Flac24 => Depth::Int24,
        // The lossy forms are coded from floats: dither would only cost them bits.
        Delivery::Wav32f | Delivery::Mp3At320 | Delivery::Mp3V0 | Delivery::VorbisQ8 => Depth::Float32,
    }
}

/// The engine's stages under the names that a job shows.
struct Stages<'a>(&'a dyn Listener);

impl Watch for Stages<'_> {
    fn done(&self, fraction: f64) {
        self.0.done(fraction);
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl MasterWatch for Stages<'_> {
    fn enter(&self, stage: master::Stage) {
        self.0.enter(match stage {
            master::Stage::Analyse | master::Stage::Plan => Stage::Analyse,
            master::Stage::Process | master::Stage::Render => Stage::Master,
        });
    }
}
