//! A mix with its tone, dynamics and width done, from which any number of masters are made.

use rayon::prelude::*;

use super::analysis::{Analysis, is_dense_master};
use super::chain::{Chain, ChainPlan, Gains};
use super::character::Character;
use super::decide;
use super::landing;
use super::loudness_target::Programme;
use super::outcome::{MasterError, Mastered};
use super::params::MasterParams;
use super::plan::MasterPlan;
use super::planner::{self, Sound, Standing, ToneTarget};
use super::reference::Aim;
use super::{MasterWatch, Stage};
use crate::analysis::{Features, analyse};
use crate::audio::Audio;
use crate::effects::peak_shaver::PeakShaver;
use crate::effects::saturator::Saturator;
use crate::meter::{Measurements, measure, measure_in_detail};
use crate::parts::resampler;
use crate::progress::{Cancelled, Watch};
use crate::units::{Dbtp, Decibels, SampleRate};

/// A mix with its tone, dynamics and width done. Loudness, ceiling, rate and depth come after: another target costs
/// only solver, limiter and dither.
#[derive(Debug)]
pub struct Premaster {
    audio: Audio,
    analysis: Analysis,
    /// As a limiter sees it; measured when the first limiter is needed.
    programme: Option<Programme>,
    about: About,
    /// The memory of the mix, which the first master gets.
    room: Option<Audio>,
}

/// What is known of a premaster besides its samples.
#[derive(Clone, Debug)]
pub struct About {
    /// Of the mix.
    pub before: Measurements,
    /// Of the mix; none if nothing was to be decided from them.
    pub features: Option<Features>,
    /// What was done to it.
    pub chain: ChainPlan,
    /// Why.
    pub choices: Vec<super::choice::Choice>,
    /// The average spectrum that was aimed at.
    pub target: Option<ToneTarget>,
    /// The gains of dynamics over time, if there are any.
    pub gains: Option<Gains>,
}

impl Premaster {
    /// Analyses `mix`, decides what its sound needs, and does it.
    pub fn of(
        mix: Audio,
        character: &Character,
        aim: Option<&Aim>,
        watch: &dyn MasterWatch,
    ) -> Result<Self, MasterError> {
        let before = measured(&mix, watch)?;
        if character.is_none() {
            let sound = planner::untouched_by_wish();
            return Ok(Self::untouched(mix, before, None, sound));
        }
        let features = analyse(&mix, watch)?;
        go_on(watch)?;
        watch.enter(Stage::Plan);
        let standing = Standing {
            peak_to_loudness: before.plr,
            is_dense_master: is_dense_master(&before),
            loudness: before.integrated,
            peak: before.true_peak,
        };
        let mut sound = planner::decide(&features, standing, character, aim);
        let has_curves = !(sound.chain.tone.is_flat() && sound.chain.side.is_flat());
        if let Some(aim) = aim.filter(|aim| has_curves && aim.references() > 0) {
            let made = analyse(&sounding(&mix, &features, &sound, watch)?, watch)?;
            sound = planner::decide_again(sound, &features, &made, standing, character, aim);
        }
        Self::made(mix, before, Some(features), sound, watch)
    }

    /// Does to `mix` exactly what an earlier plan says.
    pub fn by_plan(mix: Audio, plan: &MasterPlan, watch: &dyn MasterWatch) -> Result<Self, MasterError> {
        let before = measured(&mix, watch)?;
        let sound = Sound { chain: plan.chain.clone(), choices: plan.choices.clone(), target: None };
        if sound.chain.is_neutral() {
            return Ok(Self::untouched(mix, before, None, sound));
        }
        let features = analyse(&mix, watch)?;
        Self::made(mix, before, Some(features), sound, watch)
    }

    fn made(
        mix: Audio,
        before: Measurements,
        features: Option<Features>,
        sound: Sound,
        watch: &dyn MasterWatch,
    ) -> Result<Self, MasterError> {
        let Some(control) = features.as_ref().map(|features| &features.control) else {
            return Ok(Self::untouched(mix, before, features, sound));
        };
        if sound.chain.is_neutral() {
            return Ok(Self::untouched(mix, before, features, sound));
        }
        watch.enter(Stage::Process);
        let gains = Gains::of(&sound.chain, control);
        let chain = Chain::new(&sound.chain, mix.rate(), mix.channel_count());
        let mut audio = chain.render(&mix, &gains, watch)?;
        colour(&mut audio, &sound.chain)?;
        let analysis = Analysis::of_mix(&mix, before.clone());
        let (levels, programme) = measured_for_limiter(&audio, before.true_peak);
        let analysis = analysis.after_chain(levels);
        let Sound { chain, choices, target } = sound;
        let about = About { before, features, chain, choices, target, gains: Some(gains) };
        Ok(Self { audio, analysis, programme: Some(programme), about, room: Some(mix) })
    }

    fn untouched(mix: Audio, before: Measurements, features: Option<Features>, sound: Sound) -> Self {
        let analysis = Analysis::of_mix(&mix, before.clone());
        let Sound { chain, choices, target } = sound;
        let about = About { before, features, chain, choices, target, gains: None };
        Self { audio: mix, analysis, programme: None, about, room: None }
    }

    /// Its samples: what a limiter would get at a gain of 0 dB.
    #[must_use]
    pub fn audio(&self) -> &Audio {
        &self.audio
    }

    /// The same, giving up the rest.
    #[must_use]
    pub fn into_audio(self) -> Audio {
        self.audio
    }

    /// What is known of it.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Of the mix's measurements: tells songs apart, and seeds the dither.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.analysis.fingerprint
    }

    /// Its levels.
    #[must_use]
    pub fn levels(&self) -> &Measurements {
        &self.analysis.levels
    }

    /// The same at another rate: the conversion comes before the limiter, so that its ceiling holds.
    pub fn at_rate(&mut self, rate: SampleRate, watch: &dyn Watch) -> Result<Self, Cancelled> {
        self.room = None; // too short or too long for what comes now
        let audio = resampler::resample(&self.audio, rate, watch)?;
        let (levels, programme) = measured_for_limiter(&audio, self.analysis.levels.true_peak);
        let analysis = self.analysis.at_rate(levels);
        Ok(Self { audio, analysis, programme: Some(programme), about: self.about.clone(), room: None })
    }

    /// A master of it. May be called again with other parameters: nothing before the limiter is done twice.
    pub fn master(
        &mut self,
        params: &MasterParams,
        watch: &dyn MasterWatch,
    ) -> Result<Mastered, MasterError> {
        go_on(watch)?;
        watch.enter(Stage::Plan);
        let mut given = self.given();
        let decision = decide::decide(&mut given, params);
        go_on(watch)?;
        landing::land(given, params, decision, watch)
    }

    /// The master that an earlier plan describes, bit for bit.
    pub fn master_by_plan(
        &mut self,
        plan: &MasterPlan,
        params: &MasterParams,
        watch: &dyn MasterWatch,
    ) -> Result<Mastered, MasterError> {
        go_on(watch)?;
        watch.enter(Stage::Plan);
        let mut given = self.given();
        let decision = decide::by_plan(&mut given, plan);
        landing::land(given, params, decision, watch)
    }

    fn given(&mut self) -> Given<'_> {
        Given {
            audio: &self.audio,
            analysis: &self.analysis,
            about: &self.about,
            programme: &mut self.programme,
            room: &mut self.room,
        }
    }
}

/// A premaster lent to the stages that make one master of it.
pub(crate) struct Given<'a> {
    pub(crate) audio: &'a Audio,
    pub(crate) analysis: &'a Analysis,
    pub(crate) about: &'a About,
    programme: &'a mut Option<Programme>,
    /// Memory that a master may be written to.
    pub(crate) room: &'a mut Option<Audio>,
}

impl<'a> Given<'a> {
    /// As a limiter sees it, measured the first time.
    pub(crate) fn programme(&mut self) -> &Programme {
        let (audio, highest) = (self.audio, self.analysis.levels.true_peak);
        self.programme.get_or_insert_with(|| Programme::of(audio, highest))
    }
}

/// `mix` as far as a sound is made without bending the waveform.
fn sounding(
    mix: &Audio,
    features: &Features,
    sound: &Sound,
    watch: &dyn MasterWatch,
) -> Result<Audio, Cancelled> {
    let gains = Gains::of(&sound.chain, &features.control);
    Chain::new(&sound.chain, mix.rate(), mix.channel_count()).render(mix, &gains, watch)
}

/// Saturation and shaving, which bend the waveform itself.
fn colour(audio: &mut Audio, plan: &ChainPlan) -> Result<(), MasterError> {
    let saturator = Saturator::new(plan.saturation_percent).map_err(MasterError::Plan)?;
    if !saturator.is_identity() {
        let (drive, back) =
            (plan.saturation_drive.amplitude() as f32, (-plan.saturation_drive).amplitude() as f32);
        scale(audio, drive);
        saturator.apply(audio);
        scale(audio, back);
    }
    if let Some(level) = plan.shave_above {
        PeakShaver::new(level).apply(audio);
    }
    Ok(())
}

fn scale(audio: &mut Audio, gain: f32) {
    audio
        .channels_mut()
        .par_iter_mut()
        .for_each(|channel| channel.iter_mut().for_each(|sample| *sample *= gain));
}

/// What the report and a limiter need, in one pass. `peak` is about the highest level.
fn measured_for_limiter(audio: &Audio, peak: Dbtp) -> (Measurements, Programme) {
    /// More than any limiter takes off within its budgets, and what tone may have taken off the peak.
    const WITHIN: Decibels = Decibels::literal(15.0);
    let (levels, detail) = measure_in_detail(audio, peak - WITHIN);
    let programme = Programme::from_detail(detail, audio);
    (levels, programme)
}

fn measured(mix: &Audio, watch: &dyn MasterWatch) -> Result<Measurements, MasterError> {
    if mix.frames() == 0 {
        return Err(MasterError::Empty);
    }
    watch.enter(Stage::Analyse);
    let before = measure(mix);
    if before.broken_samples > 0 {
        return Err(MasterError::Broken { samples: before.broken_samples });
    }
    go_on(watch)?;
    Ok(before)
}

fn go_on(watch: &dyn Watch) -> Result<(), Cancelled> {
    if watch.is_cancelled() { Err(Cancelled) } else { Ok(()) }
}
