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
use dsp::mix::{self, MixPlan, MixWatch, Mixed, Part, StemPlan, StemSink};
use dsp::progress::Watch;
use dsp::units::{Dbtp, SampleRate};

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
            depth: depth_of_mix(&audio, &self.mixed.plan, &self.origins),
            time_reference_frames: None,
            findings: Vec::new(),
        };
        Song { audio, origin }
    }
}

/// The grid of a mix's samples: that of its only stem, if every sample still lies on it. It does where the stem was
/// left alone; a stem that was resampled, brought from one channel to two or turned down is floats as any other mix.
fn depth_of_mix(audio: &Audio, plan: &MixPlan, origins: &[Origin]) -> SourceDepth {
    let mut playing = plan.stems.iter().zip(origins).filter(|(stem, _)| stem.part == Part::Plays);
    let (Some((_, origin)), None) = (playing.next(), playing.next()) else { return SourceDepth::Float };
    let SourceDepth::Int { bits } = origin.depth else { return SourceDepth::Float };
    let steps = 2f64.powi(bits as i32 - 1);
    let is_on_grid = |sample: &f32| (f64::from(*sample) * steps).fract() == 0.0 && sample.abs() <= 1.0;
    let is_whole = audio.channels().iter().all(|channel| channel.iter().all(is_on_grid));
    if is_whole { origin.depth } else { SourceDepth::Float }
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
