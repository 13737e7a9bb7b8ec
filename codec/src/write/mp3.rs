//! MP3, coded by LAME from the floats.

use std::io::{Seek, Write};

use dsp::audio::Audio;
use dsp::progress::Watch;

use crate::error::EncodeError;
use crate::tags::Tags;

/// How many bits a second of audio gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bits {
    /// 320 kbit/s throughout, the most that MP3 has.
    Constant320,
    /// As many as it needs, at the highest of LAME's qualities: V0.
    Variable0,
}

/// Writes a whole file of one or two channels, at a rate that MP3 has.
#[cfg(feature = "mp3")]
pub(crate) fn write<W: Write + Seek>(
    audio: &Audio,
    bits: Bits,
    tags: Option<&Tags>,
    sink: &mut W,
    watch: &dyn Watch,
) -> Result<(), EncodeError> {
    lame::write(audio, bits, tags, sink, watch)
}

/// Without the encoder nothing can be written.
#[cfg(not(feature = "mp3"))]
pub(crate) fn write<W: Write + Seek>(
    _audio: &Audio,
    _bits: Bits,
    _tags: Option<&Tags>,
    _sink: &mut W,
    _watch: &dyn Watch,
) -> Result<(), EncodeError> {
    Err(EncodeError::NotBuiltIn { format: "MP3" })
}

#[cfg(feature = "mp3")]
mod lame {
    use std::fmt::Debug;
    use std::io::{Seek, SeekFrom, Write};
    use std::num::NonZeroU32;

    use dsp::audio::Audio;
    use dsp::progress::Watch;
    use mp3lame_encoder::{
        Bitrate, Builder, DualPcm, Encoder, FlushGap, Mode, MonoPcm, Quality, VbrMode,
        max_required_buffer_size,
    };

    use super::Bits;
    use crate::error::EncodeError;
    use crate::tags::Tags;
    use crate::write::id3;

    /// Sixteen frames of MPEG-1 layer III.
    const BLOCK_FRAMES: usize = 16 * 1_152;

    /// The first frame of the stream is empty and says how long the audio is and what was put around it, which is
    /// known only at the end: its place is kept, and it is written last.
    pub(super) fn write<W: Write + Seek>(
        audio: &Audio,
        bits: Bits,
        tags: Option<&Tags>,
        sink: &mut W,
        watch: &dyn Watch,
    ) -> Result<(), EncodeError> {
        let mut encoder = encoder(audio, bits)?;
        if let Some(tags) = tags {
            sink.write_all(&id3::tag(tags))?;
        }
        let start = sink.stream_position()?;
        let frames = audio.frames();
        let mut coded = Vec::with_capacity(max_required_buffer_size(BLOCK_FRAMES));
        for from in (0..frames).step_by(BLOCK_FRAMES) {
            if watch.is_cancelled() {
                return Err(EncodeError::Cancelled);
            }
            watch.done(from as f64 / frames as f64);
            let block = from..frames.min(from + BLOCK_FRAMES);
            coded.clear();
            match audio.channels() {
                [mono] => encoder.encode_to_vec(MonoPcm(&mono[block]), &mut coded),
                [left, right, ..] => {
                    let both = DualPcm { left: &left[block.clone()], right: &right[block] };
                    encoder.encode_to_vec(both, &mut coded)
                }
                [] => Ok(0),
            }
            .map_err(failed)?;
            sink.write_all(&coded)?;
        }
        coded.clear();
        // The other way of flushing keeps the last samples back.
        encoder.flush_to_vec::<FlushGap>(&mut coded).map_err(failed)?;
        sink.write_all(&coded)?;
        write_first_frame(&encoder, start, sink)?;
        sink.flush()?;
        watch.done(1.0);
        Ok(())
    }

    /// What every decoder needs to give back just the frames that were encoded.
    fn write_first_frame<W: Write + Seek>(
        encoder: &Encoder,
        start: u64,
        sink: &mut W,
    ) -> Result<(), EncodeError> {
        let mut first = Vec::with_capacity(encoder.lame_tag_size());
        if encoder.lame_tag_encode_to_vec(&mut first).is_none() {
            return Err(EncodeError::Encoder("LAME does not say how long the audio is".to_owned()));
        }
        let end = sink.stream_position()?;
        sink.seek(SeekFrom::Start(start))?;
        sink.write_all(&first)?;
        sink.seek(SeekFrom::Start(end))?;
        Ok(())
    }

    /// Quality 2 of LAME's scale, its "near best": 0 takes several times as long.
    fn encoder(audio: &Audio, bits: Bits) -> Result<Encoder, EncodeError> {
        let mut builder =
            Builder::new().ok_or_else(|| EncodeError::Encoder("LAME has no memory".to_owned()))?;
        let is_mono = audio.channel_count() == 1;
        let hertz = audio.rate().hertz();
        builder.set_num_channels(if is_mono { 1 } else { 2 }).map_err(failed)?;
        builder.set_mode(if is_mono { Mode::Mono } else { Mode::JointStereo }).map_err(failed)?;
        builder.set_sample_rate(hertz).map_err(failed)?;
        // Said, so that LAME does not resample.
        builder.set_output_sample_rate(NonZeroU32::new(hertz)).map_err(failed)?;
        match bits {
            Bits::Constant320 => {
                builder.set_vbr_mode(VbrMode::Off).map_err(failed)?;
                builder.set_brate(Bitrate::Kbps320).map_err(failed)?;
            }
            Bits::Variable0 => {
                builder.set_vbr_mode(VbrMode::Mtrh).map_err(failed)?;
                builder.set_vbr_quality(Quality::Best).map_err(failed)?;
            }
        }
        builder.set_quality(Quality::NearBest).map_err(failed)?;
        builder.set_to_write_vbr_tag(true).map_err(failed)?;
        builder.build().map_err(failed)
    }

    fn failed(error: impl Debug) -> EncodeError {
        EncodeError::Encoder(format!("LAME says {error:?}"))
    }
}
