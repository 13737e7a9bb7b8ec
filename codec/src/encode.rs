//! Planar floats to the files that are delivered.

use std::fmt;
use std::io::{Seek, Write};
use std::str::FromStr;

use dsp::audio::Audio;
use dsp::progress::Watch;

use crate::error::EncodeError;
pub use crate::write::bext::BextLoudness;
use crate::write::quantise::Form;
use crate::write::{flac, wave};

/// A form in which audio is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Delivery {
    /// WAV, 16 bits.
    Wav16,
    /// WAV, 24 bits.
    Wav24,
    /// WAV, floats of 32 bits.
    Wav32f,
    /// FLAC, 16 bits.
    Flac16,
    /// FLAC, 24 bits.
    Flac24,
}

impl Delivery {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::Wav16, Self::Wav24, Self::Wav32f, Self::Flac16, Self::Flac24];

    /// Its name: `wav16`, `wav24`, `wav32f`, `flac16`, `flac24`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav16 => "wav16",
            Self::Wav24 => "wav24",
            Self::Wav32f => "wav32f",
            Self::Flac16 => "flac16",
            Self::Flac24 => "flac24",
        }
    }

    /// The extension of its file names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav16 | Self::Wav24 | Self::Wav32f => "wav",
            Self::Flac16 | Self::Flac24 => "flac",
        }
    }

    /// The media type it is served as.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Wav16 | Self::Wav24 | Self::Wav32f => "audio/wav",
            Self::Flac16 | Self::Flac24 => "audio/flac",
        }
    }

    /// The bits of its integers, to whose grid the audio must be brought before; none for floats.
    #[must_use]
    pub fn integer_bits(self) -> Option<u32> {
        match self {
            Self::Wav16 | Self::Flac16 => Some(16),
            Self::Wav24 | Self::Flac24 => Some(24),
            Self::Wav32f => None,
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Delivery {
    type Err = UnknownDelivery;

    fn from_str(name: &str) -> Result<Self, UnknownDelivery> {
        let known = Self::ALL.into_iter().find(|delivery| delivery.name() == name);
        known.ok_or_else(|| UnknownDelivery { name: name.to_owned() })
    }
}

/// No form of delivery has this name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name:?} is no form of delivery; there are wav16, wav24, wav32f, flac16 and flac24")]
pub struct UnknownDelivery {
    /// What was asked for.
    pub name: String,
}

/// Writes `audio` as a whole file.
///
/// `audio` lies on the grid of the form's integers (`n / 2^(bits−1)`), which makes them exact; a sample off it is
/// rounded to the nearest, ties to even, and clamped. There is no dither here. Floats are written as they are.
/// `loudness` goes into the `bext` chunk of a WAV; FLAC has no place for it, and leaves it out. The same audio gives
/// the same bytes on every day and every number of threads: nothing in a file tells the time.
///
/// # Errors
/// Where the form has no place for so many channels or frames, where the sink fails, or on cancelling; what was
/// written until then is no whole file.
pub fn encode<W: Write + Seek + Send>(
    audio: &Audio,
    format: Delivery,
    loudness: Option<&BextLoudness>,
    mut sink: W,
    watch: &dyn Watch,
) -> Result<(), EncodeError> {
    match format {
        Delivery::Wav16 => wave::write(audio, Form::S16, loudness, &mut sink, watch),
        Delivery::Wav24 => wave::write(audio, Form::S24, loudness, &mut sink, watch),
        Delivery::Wav32f => wave::write(audio, Form::F32, loudness, &mut sink, watch),
        Delivery::Flac16 => flac::write::<_, 16>(audio, &mut sink, watch),
        Delivery::Flac24 => flac::write::<_, 24>(audio, &mut sink, watch),
    }
}
