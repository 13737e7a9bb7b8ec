//! Stems to a mix: what `mixrunners mix` does for a producer at a terminal, and the child for the worker.
//!
//! | module | what |
//! |---|---|
//! | [`stems`] | files of stems, decoded and brought to one rate |
//! | [`reel`] | samples on a disk, where 64 stems have room |
//! | [`sink`] | the processed stems as files |
//! | [`report`] | the engine's values as the report's words and numbers |
//! | `job` | the files of a job |

pub(super) mod job;
pub mod reel;
pub mod report;
pub mod sink;
pub mod stems;

use std::path::Path;

use codec::Limits;
use domain::job::Stage;
use domain::mix_settings::MixSettings;
use domain::report::SourceFacts;
use domain::session::Session;
use domain::upload::AudioFacts;
use dsp::audio::Audio;
use dsp::master::{Character, SourceDepth, Target};
use dsp::mix::{self, MixPlan, MixWatch, Mixed, Pan, Part, Polarity, StemPlan, StemSink};
use dsp::progress::Watch;
use dsp::units::{Dbtp, Decibels, SampleRate};

use super::mastering::Brief;
use super::song::Origin;
use super::{Listener, RenderError, Song};
use stems::{Rack, StemFile};

/// How stems shall be mixed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MixBrief {
    /// What was decided about the whole.
    pub settings: MixSettings,
    /// At which rate; none for that of most stems.
    pub rate: Option<SampleRate>,
}

/// A mix in memory, with what there is to say about its stems.
#[derive(Debug)]
pub struct MadeMix {
    /// The mix, its plan, and what is true of each stem.
    pub mixed: Mixed,
    /// What there is to say about each stem's file, in the order of the plan.
    pub origins: Vec<Origin>,
    /// The stems as they came, summed: what a mix is compared with.
    pub sum: Audio,
}

/// Decodes all stems into `scratch`, and mixes them. `sink` gets each processed stem.
pub fn mix(
    files: &[StemFile],
    brief: &MixBrief,
    scratch: &Path,
    limits: &Limits,
    sink: Option<&dyn StemSink>,
    listener: &dyn Listener,
) -> Result<MadeMix, RenderError> {
    let wish = brief.settings.to_wish()?;
    let rack = Rack::load(files, brief.rate, scratch, limits, listener)?;
    let stems = rack.stems(files)?;
    let mixed = mix::mix(&stems, &wish, sink, &Stages(listener))?;
    let sum = mix::plain_sum(&stems, &mixed.plan, listener)?;
    let origin_of = |planned: &StemPlan| rack.origin(&planned.name).cloned();
    let origins = mixed.plan.stems.iter().filter_map(origin_of).collect();
    Ok(MadeMix { mixed, origins, sum })
}

/// How a mix becomes a file: neither its sound nor its loudness is changed on the way.
#[must_use]
pub fn as_mixed() -> Brief {
    Brief { target: Some(Target::AsTheMix), ceiling: Some(Dbtp::FULL_SCALE), ..Brief::of(Character::NONE) }
}

impl MadeMix {
    /// The session that makes this mix again.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::of(&self.mixed.plan, self.mixed.audio.rate().hertz())
    }

    /// The grid of the mix's samples: one stem that was left alone still lies on its own.
    fn depth(&self) -> SourceDepth {
        let (plan, origins) = (&self.mixed.plan, &self.origins);
        let mut playing = plan.stems.iter().zip(origins).filter(|(stem, _)| stem.part == Part::Plays);
        match (playing.next(), playing.next()) {
            (Some((stem, origin)), None) if is_left_alone(stem, origin) && leaves_the_sum_alone(plan) => {
                origin.depth
            }
            _ => SourceDepth::Float,
        }
    }

    /// The mix as a song, to be mastered. Its samples move there.
    #[must_use]
    pub fn take_song(&mut self) -> Song {
        let empty = Audio::silence(self.mixed.audio.rate(), self.mixed.audio.layout().clone(), 0);
        let audio = std::mem::replace(&mut self.mixed.audio, empty);
        let facts = AudioFacts {
            format: "mix".to_owned(),
            sample_rate_hz: audio.rate().hertz(),
            channels: audio.channel_count() as u32,
            bit_depth: None,
            frames: audio.frames() as u64,
            duration_s: audio.seconds(),
            lossy: false,
        };
        let origin = Origin {
            facts: SourceFacts { audio: facts, codec: "pcm_f32".to_owned() },
            depth: self.depth(),
            time_reference_frames: None,
            findings: Vec::new(),
        };
        Song { audio, origin }
    }
}

/// Whether a stem goes into the sum sample for sample: one channel in the middle would be turned down.
fn is_left_alone(stem: &StemPlan, origin: &Origin) -> bool {
    let has_no_gain = [stem.fader, stem.width].iter().all(|gain| *gain == Decibels::ZERO);
    let has_no_effect = stem.high_pass.is_none() && stem.eq.is_empty() && stem.ride.is_empty();
    let has_no_dynamics = stem.compressor.is_none() && stem.de_esser.is_none() && stem.send.is_none();
    let is_in_place = stem.polarity == Polarity::Kept && stem.delay.value() == 0.0 && stem.pan == Pan::CENTRE;
    has_no_gain && has_no_effect && has_no_dynamics && is_in_place && origin.facts.audio.channels == 2
}

fn leaves_the_sum_alone(plan: &MixPlan) -> bool {
    plan.mix_gain == Decibels::ZERO && plan.vocal_dip == Decibels::ZERO && plan.drums_compressor.is_none()
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

impl MixWatch for Stages<'_> {
    fn enter(&self, stage: mix::Stage) {
        self.0.enter(match stage {
            mix::Stage::Listen => Stage::Analyse,
            mix::Stage::Plan | mix::Stage::Render => Stage::Mix,
        });
    }
}
