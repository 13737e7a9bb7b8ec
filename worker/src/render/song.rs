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
    /// What its file was.
    pub source: SourceFormat,
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
        let findings = findings::of(&source, &notes);
        Ok(Self { audio, source, findings })
    }

    /// Rate, channels and length, as an upload shows them.
    #[must_use]
    pub fn facts(&self) -> AudioFacts {
        AudioFacts {
            format: self.source.container.name().to_owned(),
            sample_rate_hz: self.audio.rate().hertz(),
            channels: self.audio.channel_count() as u32,
            bit_depth: self.source.depth.map(|depth| match depth {
                Depth::Int(bits) | Depth::Float(bits) => u32::from(bits),
            }),
            frames: self.audio.frames() as u64,
            duration_s: self.audio.seconds(),
            lossy: self.source.fidelity() == Fidelity::Lossy,
        }
    }

    /// The same, with the codec, as a report shows them.
    #[must_use]
    pub fn source_facts(&self) -> SourceFacts {
        SourceFacts { audio: self.facts(), codec: self.source.codec.name().to_owned() }
    }

    /// Whether its samples lie on a grid already.
    #[must_use]
    pub fn source_depth(&self) -> SourceDepth {
        match self.source.depth {
            // Integers above 24 bits were rounded to f32 when they were decoded.
            Some(Depth::Int(bits)) if bits <= 24 && self.source.fidelity() == Fidelity::Lossless => {
                SourceDepth::Int { bits: u32::from(bits) }
            }
            _ => SourceDepth::Float,
        }
    }
}
