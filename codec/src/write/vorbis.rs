//! Ogg Vorbis, coded by aoTuV's encoder from the floats.

use std::io::Write;
use std::num::{NonZeroU8, NonZeroU32};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dsp::audio::Audio;
use dsp::progress::Watch;
use vorbis_rs::{VorbisBitrateManagementStrategy, VorbisEncoder, VorbisEncoderBuilder, VorbisError};

use crate::error::EncodeError;
use crate::tags::Tags;
use crate::write::comments;

/// Frames given to the encoder at once; it takes longer over larger blocks, and its memory grows with them.
const BLOCK_FRAMES: usize = 1_024;
/// The watch is asked every so many blocks.
const BLOCKS_PER_LOOK: usize = 16;
/// Quality 8 on the scale that producers know, −2 to 10.
const QUALITY: f32 = 0.8;
/// Tells streams of one file apart (RFC 3533, section 6). There is one, and the same audio gives the same file.
const SERIAL: i32 = 1;

/// Writes a whole file of one or two channels.
pub(crate) fn write<W: Write>(
    audio: &Audio,
    tags: Option<&Tags>,
    sink: &mut W,
    watch: &dyn Watch,
) -> Result<(), EncodeError> {
    let frames = audio.frames();
    let mut encoder = encoder(audio, tags, &mut *sink)?;
    for (index, from) in (0..frames).step_by(BLOCK_FRAMES).enumerate() {
        if index.is_multiple_of(BLOCKS_PER_LOOK) {
            if watch.is_cancelled() {
                return Err(EncodeError::Cancelled);
            }
            watch.done(from as f64 / frames as f64);
        }
        let block = from..frames.min(from + BLOCK_FRAMES);
        let channels: Vec<&[f32]> = audio.channels().iter().map(|channel| &channel[block.clone()]).collect();
        encoder.encode_audio_block(&channels).map_err(failed)?;
    }
    encoder.finish().map_err(failed)?;
    sink.flush()?;
    watch.done(1.0);
    Ok(())
}

fn encoder<W: Write>(audio: &Audio, tags: Option<&Tags>, sink: W) -> Result<VorbisEncoder<W>, EncodeError> {
    let impossible = || EncodeError::Encoder("Vorbis has no such shape".to_owned());
    let rate = NonZeroU32::new(audio.rate().hertz()).ok_or_else(impossible)?;
    let channels =
        u8::try_from(audio.channel_count()).ok().and_then(NonZeroU8::new).ok_or_else(impossible)?;
    let mut builder = VorbisEncoderBuilder::new_with_serial(rate, channels, sink, SERIAL);
    builder
        .bitrate_management_strategy(VorbisBitrateManagementStrategy::QualityVbr { target_quality: QUALITY });
    if let Some(tags) = tags {
        builder.comment_tags(comments::pairs(tags)).map_err(failed)?;
        if let Some(cover) = tags.cover() {
            let picture = STANDARD.encode(comments::picture(cover));
            builder.comment_tag("METADATA_BLOCK_PICTURE", picture).map_err(failed)?;
        }
    }
    builder.build().map_err(failed)
}

fn failed(error: VorbisError) -> EncodeError {
    match error {
        VorbisError::Io(error) => EncodeError::Unwritable(error),
        error => EncodeError::Encoder(format!("Vorbis says: {error}")),
    }
}
