//! One master of a song, and its report.

use codec::Delivery;
use domain::job::Stage;
use domain::report::Report;
use dsp::audio::Audio;
use dsp::effects::dither::Depth;
use dsp::master::{self, MasterParams, MasterWatch, Mastered};
use dsp::progress::Watch;

use super::report::report;
use super::song::Origin;
use super::{Listener, RenderError};

/// A master in memory.
#[derive(Debug)]
pub struct Master {
    /// Its samples, exact on the grid of the depth asked for.
    pub audio: Audio,
    /// What was measured and decided.
    pub report: Report,
    /// The loudness of what is delivered, as a file's own metadata may say it.
    pub loudness: codec::BextLoudness,
    /// Whether the target was refused.
    pub is_refused: bool,
}

/// Masters `mix`, which came from `origin`. Its memory becomes the master's: clone it to keep it.
pub fn master(
    mix: Audio,
    origin: &Origin,
    params: &MasterParams,
    listener: &dyn Listener,
) -> Result<Master, RenderError> {
    let channels = mix.channel_count();
    if channels > 2 {
        return Err(RenderError::Channels { channels });
    }
    let params = params.of_source(origin.depth);
    let mastered = master::master(mix, &params, &Stages(listener))?;
    Ok(Master {
        report: report(origin, &params, &mastered),
        loudness: loudness_of(&mastered),
        is_refused: matches!(mastered.outcome, master::Outcome::Refused { .. }),
        audio: mastered.audio,
    })
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
            master::Stage::Render => Stage::Master,
        });
    }
}

fn loudness_of(mastered: &Mastered) -> codec::BextLoudness {
    let after = &mastered.after;
    codec::BextLoudness {
        integrated: after.integrated,
        range: after.loudness_range,
        true_peak_max: Some(after.true_peak),
        momentary_max: after.momentary_max,
        short_term_max: after.short_term_max,
    }
}
