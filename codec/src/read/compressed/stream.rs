//! Opening a container: which track, which decoder, how long, and what to trim.

use std::io::{Read, Seek};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_VORBIS,
};
use symphonia::core::formats::probe::{Hint, Probe};
use symphonia::core::formats::{FormatOptions, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::default::formats::{CafReader, FlacReader, IsoMp4Reader, MpaReader, OggReader};

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::read::compressed::mp4::{self, Edit};
use crate::read::compressed::{Decoder, Params, Reader, refusal};
use crate::read::input::Input;
use crate::read::plan;
use crate::source_format::{Codec, Container, Depth, SourceFormat};

/// No encoder puts more frames around the audio; they do not count against the limits.
pub(crate) const ENCODER_FRAMES_MAX: u64 = 1 << 17;

/// Which of the decoded frames the producer had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trim {
    /// All of them, or the decoder has trimmed them itself.
    Nothing,
    /// `before` frames are the encoder's; then come `frames` of the producer's, as far as they are known.
    Window { before: u64, frames: Option<u64> },
    /// Some of them are the encoder's, but the file does not say how many.
    Unknown,
}

/// An open file.
pub(crate) struct Stream {
    pub(crate) container: Container,
    pub(crate) reader: Reader,
    pub(crate) decoder: Decoder,
    pub(crate) track_id: u32,
    pub(crate) source: SourceFormat,
    pub(crate) trim: Trim,
    /// How many frames the decoder gives if the header is right, those of the encoder included.
    pub(crate) frames_claimed: Option<u64>,
    /// Frames per second and number of channels, the header says.
    shape_claimed: Option<(u32, usize)>,
}

impl Stream {
    pub(crate) fn open<S: Read + Seek + Send + Sync + 'static>(
        mut input: Input<S>,
        container: Container,
    ) -> Result<Self, DecodeError> {
        let edits = match container {
            Container::Mp4 => mp4::edits(&mut input)?,
            _ => Vec::new(),
        };
        let reader = probe(input, container)?;
        let track = audio_track(&reader)?;
        let track_id = track.id;
        let (decoder, params) = decoder_for(track, container)?;
        let codec = codec_of(&params)?;
        check_places(codec, &params)?;
        let source =
            SourceFormat { container, codec, depth: depth_of(codec, &params), time_reference_frames: None };
        let edit = edits.iter().find(|edit| edit.track_id == track_id);
        let trim = trim_of(track, container, codec, edit, params.sample_rate.unwrap_or(0));
        let frames_claimed = match trim {
            Trim::Window { before, frames: Some(frames) } => Some(before + frames),
            // An MP3 without a tag has its length estimated from its size, which proves nothing.
            _ if container == Container::Mp3 => None,
            _ => track.num_frames,
        };
        let shape_claimed = params.sample_rate.zip(params.channels.as_ref().map(Channels::count));
        Ok(Self { container, decoder, track_id, source, trim, frames_claimed, shape_claimed, reader })
    }

    /// Refuses a claim beyond the limits before anything is decoded: if it is true the audio is too long, and if
    /// not the file is broken.
    pub(crate) fn check_claims(&self, limits: &Limits) -> Result<(), DecodeError> {
        let (Some(frames), Some((hertz, channels))) = (self.frames_claimed, self.shape_claimed) else {
            return Ok(());
        };
        let rate = plan::rate(f64::from(hertz))?;
        let channels = plan::channels(channels as i64, limits)?;
        let frames_max = limits.frames_max(rate, channels);
        if frames > frames_max.saturating_add(ENCODER_FRAMES_MAX) {
            return Err(DecodeError::TooLong { seconds_max: frames_max as f64 / rate.as_f64() });
        }
        Ok(())
    }

    /// Goes on with the next stream of a chain (RFC 3533, 4).
    pub(crate) fn reopen(&mut self) -> Result<(), DecodeError> {
        let track = audio_track(&self.reader)?;
        let (decoder, params) = decoder_for(track, self.container)?;
        if codec_of(&params)? != self.source.codec {
            return Err(DecodeError::malformed("it is a chain of streams of different codecs"));
        }
        self.track_id = track.id;
        self.frames_claimed = None;
        self.decoder = decoder;
        Ok(())
    }
}

/// The reader of just this container: nothing else is looked for in a file whose first bytes are known.
fn probe<S: Read + Seek + Send + Sync + 'static>(
    input: Input<S>,
    container: Container,
) -> Result<Reader, DecodeError> {
    let mut probe = Probe::default();
    match container {
        Container::Flac => probe.register_format::<FlacReader<'_>>(),
        Container::Mp3 => probe.register_format::<MpaReader<'_>>(),
        Container::Mp4 => probe.register_format::<IsoMp4Reader<'_>>(),
        Container::Ogg => probe.register_format::<OggReader<'_>>(),
        _ => probe.register_format::<CafReader<'_>>(),
    }
    let bytes = MediaSourceStream::new(Box::new(input), MediaSourceStreamOptions::default());
    probe.probe(&Hint::new(), bytes, FormatOptions::default(), MetadataOptions::default()).map_err(refusal)
}

fn audio_track(reader: &Reader) -> Result<&Track, DecodeError> {
    reader.default_track(TrackType::Audio).ok_or_else(|| DecodeError::CodecUnsupported {
        found: "a file without an audio track that we know".to_owned(),
    })
}

fn decoder_for(track: &Track, container: Container) -> Result<(Decoder, Params), DecodeError> {
    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
        return Err(DecodeError::CodecUnsupported { found: "a track without audio".to_owned() });
    };
    // Ogg marks what to trim on its packets, which the decoder heeds; for all others we trim.
    let options = AudioDecoderOptions::default().gapless(container == Container::Ogg).verify(true);
    let decoder = symphonia::default::get_codecs().make_audio_decoder(params, &options).map_err(refusal)?;
    let params = decoder.codec_params().clone();
    Ok((decoder, params))
}

fn codec_of(params: &Params) -> Result<Codec, DecodeError> {
    Ok(match params.codec {
        CODEC_ID_FLAC => Codec::Flac,
        CODEC_ID_ALAC => Codec::Alac,
        CODEC_ID_MP3 => Codec::Mp3,
        CODEC_ID_AAC => Codec::Aac,
        CODEC_ID_VORBIS => Codec::Vorbis,
        other => return Err(DecodeError::CodecUnsupported { found: format!("audio of type {other}") }),
    })
}

/// symphonia 0.6.1 decodes Vorbis of six channels wrongly: measured against ffmpeg, the error is as loud as the audio.
fn check_places(codec: Codec, params: &Params) -> Result<(), DecodeError> {
    match params.channels.as_ref().map_or(0, Channels::count) {
        count if codec == Codec::Vorbis && count > 2 => {
            Err(DecodeError::CodecUnsupported { found: format!("Vorbis of {count} channels") })
        }
        _ => Ok(()),
    }
}

fn depth_of(codec: Codec, params: &Params) -> Option<Depth> {
    match codec {
        Codec::Flac => params.bits_per_sample.map(|bits| Depth::Int(bits as u8)),
        // ALACSpecificConfig: frame length (4 bytes), version (1), bit depth.
        Codec::Alac => params.extra_data.as_ref()?.get(5).map(|bits| Depth::Int(*bits)),
        _ => None,
    }
}

fn trim_of(track: &Track, container: Container, codec: Codec, edit: Option<&Edit>, hertz: u32) -> Trim {
    match (container, codec) {
        (Container::Flac | Container::Ogg, _) | (_, Codec::Flac) => Trim::Nothing,
        (Container::Mp4, _) => match edit {
            Some(edit) => edit.trim(hertz),
            None if codec == Codec::Alac => Trim::Nothing,
            None => Trim::Unknown,
        },
        // A delay of 0 comes of a tag that no known encoder wrote: even the decoder alone delays by 529.
        _ => match track.delay {
            None | Some(0) if codec == Codec::Alac => Trim::Nothing,
            None | Some(0) => Trim::Unknown,
            Some(delay) => Trim::Window { before: u64::from(delay), frames: track.num_frames },
        },
    }
}
