//! A file, decoded, with what there is to say about it.

use std::fs::File;
use std::path::Path;

use codec::{Decoded, Depth, Fidelity, Limits, SourceFormat};
use domain::job::Stage;
use domain::report::SourceFacts;
use domain::upload::{AudioFacts, Finding};
use dsp::audio::Audio;
use dsp::master::SourceDepth;

use super::findings;
use super::{Listener, RenderError};

/// A song in memory.
#[derive(Debug)]
pub struct Song {
    /// Its samples.
    pub audio: Audio,
    /// Where they came from.
    pub origin: Origin,
}

/// What there is to say about a file, once its samples are gone.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Format, rate, channels, length.
    pub facts: SourceFacts,
    /// Whether its samples lay on a grid.
    pub depth: SourceDepth,
    /// Where it begins on the clock of its session, in frames of its own rate, if it says.
    pub time_reference_frames: Option<u64>,
    /// What its owner should know about it.
    pub findings: Vec<Finding>,
}

impl Song {
    /// Opens and decodes `path`. The extension of its name is a hint, given apart since a blob has no name.
    pub fn open(
        path: &Path,
        extension: Option<&str>,
        limits: &Limits,
        listener: &dyn Listener,
    ) -> Result<Self, RenderError> {
        listener.enter(Stage::Decode);
        let Decoded { audio, source, notes } = codec::decode(File::open(path)?, extension, limits, listener)?;
        let origin = Origin {
            facts: SourceFacts { audio: facts(&audio, &source), codec: source.codec.name().to_owned() },
            depth: depth(&source),
            time_reference_frames: source.time_reference_frames,
            findings: findings::of(&source, &notes),
        };
        Ok(Self { audio, origin })
    }
}

fn facts(audio: &Audio, source: &SourceFormat) -> AudioFacts {
    AudioFacts {
        format: source.container.name().to_owned(),
        sample_rate_hz: audio.rate().hertz(),
        channels: audio.channel_count() as u32,
        bit_depth: source.depth.map(|depth| match depth {
            Depth::Int(bits) | Depth::Float(bits) => u32::from(bits),
        }),
        frames: audio.frames() as u64,
        duration_s: audio.seconds(),
        lossy: source.fidelity() == Fidelity::Lossy,
    }
}

fn depth(source: &SourceFormat) -> SourceDepth {
    match source.depth {
        // Integers above 24 bits were rounded to f32 when they were decoded.
        Some(Depth::Int(bits)) if bits <= 24 && source.fidelity() == Fidelity::Lossless => {
            SourceDepth::Int { bits: u32::from(bits) }
        }
        _ => SourceDepth::Float,
    }
}
