//! Planar floats to the files that are delivered.

use std::io::{Seek, Write};

use dsp::audio::Audio;
use dsp::progress::Watch;

use crate::delivery::Delivery;
use crate::error::EncodeError;
use crate::tags::Tags;
pub use crate::write::bext::BextLoudness;
use crate::write::quantise::Form;
use crate::write::{flac, mp3, vorbis, wave};

/// What a file says besides its audio. By default nothing.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct EncodeOptions<'a> {
    /// Goes into the `bext` chunk of a WAV; the others have no place for it, and leave it out.
    pub loudness: Option<&'a BextLoudness>,
    /// Title, artist and the like, in the words of each container.
    pub tags: Option<&'a Tags>,
}

/// Writes `audio` as a whole file.
///
/// For WAV and FLAC `audio` lies on the grid of the form's integers (`n / 2^(bits−1)`), which makes them exact; a
/// sample off it is rounded to the nearest, ties to even, and clamped. There is no dither here. Floats are written
/// as they are, and MP3 and Vorbis are coded from the floats. An MP3 says how many frames its encoder put around
/// the audio, so that a decoder gives back just the frames that were encoded; Vorbis says it anyway.
///
/// Tags change no sample, and what is not set is not written. The same audio and options give the same bytes on
/// every day and every number of threads: nothing in a file tells the time.
///
/// # Errors
/// Where the form has no place for this rate ([`Delivery::nearest_rate`] has one), for so many channels or frames,
/// where the sink fails, or on cancelling; what was written until then is no whole file.
pub fn encode<W: Write + Seek + Send>(
    audio: &Audio,
    format: Delivery,
    options: &EncodeOptions<'_>,
    mut sink: W,
    watch: &dyn Watch,
) -> Result<(), EncodeError> {
    format.check(audio.rate(), audio.channel_count(), audio.frames())?;
    let tags = options.tags.filter(|tags| !tags.is_empty());
    let wave = |form, sink: &mut W| wave::write(audio, form, options.loudness, tags, sink, watch);
    match format {
        Delivery::Wav16 => wave(Form::S16, &mut sink),
        Delivery::Wav24 => wave(Form::S24, &mut sink),
        Delivery::Wav32f => wave(Form::F32, &mut sink),
        Delivery::Flac16 => flac::write::<_, 16>(audio, tags, &mut sink, watch),
        Delivery::Flac24 => flac::write::<_, 24>(audio, tags, &mut sink, watch),
        Delivery::Mp3At320 => mp3::write(audio, mp3::Bits::Constant320, tags, &mut sink, watch),
        Delivery::Mp3V0 => mp3::write(audio, mp3::Bits::Variable0, tags, &mut sink, watch),
        Delivery::VorbisQ8 => vorbis::write(audio, tags, &mut sink, watch),
    }
}
