//! WAV of 16 and 24 bits and of floats, and RF64 where 32 bits cannot count the bytes.

use std::io::Write;

use dsp::audio::{Audio, Channel, Layout};
use dsp::progress::Watch;
use rayon::prelude::*;

use crate::error::EncodeError;
use crate::tags::Tags;
use crate::write::bext::{self, BextLoudness};
use crate::write::info;
use crate::write::quantise::{Form, interleave};

/// Frames converted at once by one thread.
const BLOCK_FRAMES: usize = 1 << 14;
/// Blocks converted before they are written.
const BATCH_BLOCKS: usize = 8;

/// Writes a whole file. While a batch is written, the next one is converted.
pub(crate) fn write<W: Write + Send>(
    audio: &Audio,
    form: Form,
    loudness: Option<&BextLoudness>,
    tags: Option<&Tags>,
    sink: &mut W,
    watch: &dyn Watch,
) -> Result<(), EncodeError> {
    let frame_bytes = form.bytes() * audio.channel_count();
    let shape =
        Shape { frames: audio.frames() as u64, form, hertz: audio.rate().hertz(), layout: audio.layout() };
    sink.write_all(&shape.header(loudness, tags))?;

    let batch_frames = BLOCK_FRAMES * BATCH_BLOCKS;
    let fill = |start: usize, batch: &mut Vec<u8>| {
        let frames = batch_frames.min(audio.frames().saturating_sub(start));
        batch.resize(frames * frame_bytes, 0);
        batch.par_chunks_mut(BLOCK_FRAMES * frame_bytes).enumerate().for_each(|(block, bytes)| {
            let from = start + block * BLOCK_FRAMES;
            let to = from + bytes.len() / frame_bytes;
            let channels: Vec<&[f32]> = audio.channels().iter().map(|channel| &channel[from..to]).collect();
            interleave(form, &channels, bytes);
        });
    };
    let (mut batch, mut next) = (Vec::new(), Vec::new());
    fill(0, &mut batch);
    for start in (0..audio.frames()).step_by(batch_frames) {
        if watch.is_cancelled() {
            return Err(EncodeError::Cancelled);
        }
        watch.done(start as f64 / audio.frames() as f64);
        let (written, ()) = rayon::join(|| sink.write_all(&batch), || fill(start + batch_frames, &mut next));
        written?;
        std::mem::swap(&mut batch, &mut next);
    }
    if shape.data_bytes() % 2 == 1 {
        sink.write_all(&[0])?;
    }
    sink.flush()?;
    watch.done(1.0);
    Ok(())
}

/// What a header says.
struct Shape<'a> {
    frames: u64,
    form: Form,
    hertz: u32,
    layout: &'a Layout,
}

impl Shape<'_> {
    fn data_bytes(&self) -> u64 {
        self.frames * self.form.bytes() as u64 * self.layout.count() as u64
    }

    /// Everything in front of the samples. The length is known beforehand, so no place has to be kept for a
    /// `ds64` chunk that might be needed: it is there where it is.
    fn header(&self, loudness: Option<&BextLoudness>, tags: Option<&Tags>) -> Vec<u8> {
        let mut chunks = Vec::with_capacity(1024);
        put_chunk(&mut chunks, b"fmt ", &self.format());
        if self.form == Form::F32 {
            // Formats other than integers want the number of frames in a chunk of its own.
            put_chunk(&mut chunks, b"fact", &u32::try_from(self.frames).unwrap_or(u32::MAX).to_le_bytes());
        }
        if let Some(loudness) = loudness {
            put_chunk(&mut chunks, b"bext", &bext::body(loudness));
        }
        chunks.extend(tags.map(info::chunks).unwrap_or_default());
        const WAVE_AND_DATA: u64 = 4 + 8;
        let padded = self.data_bytes() + self.data_bytes() % 2;
        let riff_bytes = WAVE_AND_DATA + chunks.len() as u64 + padded;
        let mut header = Vec::with_capacity(chunks.len() + 64);
        match u32::try_from(riff_bytes) {
            Ok(riff_bytes) => {
                header.extend(b"RIFF");
                header.extend(riff_bytes.to_le_bytes());
                header.extend(b"WAVE");
            }
            Err(_) => {
                const DS64_BYTES: u64 = 8 + 28;
                header.extend(b"RF64\xff\xff\xff\xffWAVE");
                let sizes = [riff_bytes + DS64_BYTES, self.data_bytes(), self.frames];
                let mut ds64: Vec<u8> = sizes.into_iter().flat_map(u64::to_le_bytes).collect();
                ds64.extend([0; 4]); // no table of other long chunks
                put_chunk(&mut header, b"ds64", &ds64);
            }
        }
        header.extend(chunks);
        header.extend(b"data");
        // In RF64 all ones send the reader to `ds64`, even where this number alone would still fit.
        let long = riff_bytes > u64::from(u32::MAX);
        header.extend(if long { u32::MAX } else { self.data_bytes() as u32 }.to_le_bytes());
        header
    }

    /// The `fmt ` chunk: plain up to two channels, since every reader takes that; extensible above, since only
    /// that says where the channels belong.
    fn format(&self) -> Vec<u8> {
        const PCM: u16 = 1;
        const FLOAT: u16 = 3;
        const EXTENSIBLE: u16 = 0xfffe;
        let tag = if self.form == Form::F32 { FLOAT } else { PCM };
        let channels = self.layout.count() as u16;
        let plain = channels <= 2;
        let frame_bytes = self.form.bytes() as u16 * channels;
        let mut format = Vec::with_capacity(40);
        format.extend(if plain { tag } else { EXTENSIBLE }.to_le_bytes());
        format.extend(channels.to_le_bytes());
        format.extend(self.hertz.to_le_bytes());
        format.extend((self.hertz.saturating_mul(u32::from(frame_bytes))).to_le_bytes());
        format.extend(frame_bytes.to_le_bytes());
        format.extend(self.form.bits().to_le_bytes());
        if plain && tag == FLOAT {
            format.extend(0u16.to_le_bytes());
        }
        if !plain {
            format.extend(22u16.to_le_bytes());
            format.extend(self.form.bits().to_le_bytes());
            format.extend(mask_of(self.layout).to_le_bytes());
            format.extend(tag.to_le_bytes());
            format.extend(b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71");
        }
        format
    }
}

fn put_chunk(header: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) {
    header.extend(id);
    header.extend((body.len() as u32).to_le_bytes());
    header.extend(body);
}

/// The mask that places these channels, or 0 if one has no place or they do not stand in the mask's order.
fn mask_of(layout: &Layout) -> u32 {
    let mut mask = 0;
    for channel in layout.channels() {
        let bit = match channel {
            Channel::Left => 1,
            Channel::Right => 1 << 1,
            Channel::Centre => 1 << 2,
            Channel::Lfe => 1 << 3,
            Channel::LeftSurround => 1 << 4,
            Channel::RightSurround => 1 << 5,
            Channel::Mono | Channel::Other => 0,
        };
        if bit <= mask {
            return 0;
        }
        mask |= bit;
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(frames: u64, form: Form, layout: &Layout) -> Vec<u8> {
        Shape { frames, form, hertz: 48_000, layout }.header(None, None)
    }

    #[test]
    fn a_file_becomes_rf64_with_the_first_frame_that_32_bits_cannot_count() {
        let stereo = Layout::stereo();
        // 36 bytes of header count towards the size in front.
        let last = (u64::from(u32::MAX) - 36) / 6;
        let small = header(last, Form::S24, &stereo);
        assert_eq!((&small[..4], small.len()), (&b"RIFF"[..], 44));
        let large = header(last + 1, Form::S24, &stereo);
        assert_eq!(&large[..16], b"RF64\xff\xff\xff\xffWAVEds64");
        let u64_at = |at: usize| u64::from_le_bytes(large[at..at + 8].try_into().unwrap());
        assert_eq!((u64_at(28), u64_at(36)), ((last + 1) * 6, last + 1));
        assert_eq!(u64_at(20) + 8, large.len() as u64 + (last + 1) * 6, "the outer size is the file less 8");
        assert_eq!(large[large.len() - 8..], *b"data\xff\xff\xff\xff");
    }

    #[test]
    fn six_channels_are_placed_by_a_mask() {
        let surround = header(1, Form::S16, &Layout::usual(6));
        assert_eq!(surround[20..22], [0xfe, 0xff]);
        assert_eq!(surround[40..44], 0x3fu32.to_le_bytes());
    }
}
