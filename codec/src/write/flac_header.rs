//! Everything in front of the frames of a FLAC stream (RFC 9639, section 8).

use dsp::audio::Audio;

use crate::tags::Tags;
use crate::write::comments;
use crate::write::flac::BLOCK_FRAMES;

/// Seconds from one entry of the seek table to the next.
const SEEK_SECONDS: u64 = 10;
/// Room for tags, so that a producer's programs need not write the whole file anew.
const PADDING_BYTES: usize = 4_096;
const VENDOR: &[u8] = b"mixrunners";

/// The header, which is written twice: with room for what only the frames can tell, and with it.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    hertz: u32,
    channels: u64,
    bits: u64,
    frames: u64,
    frame_bytes_min: u64,
    frame_bytes_max: u64,
    seek_points: Vec<SeekPoint>,
    tags: Option<&'a Tags>,
    blocks_counted: u64,
    bytes_counted: u64,
    /// MD5 of the samples.
    pub(crate) digest: [u8; 16],
}

/// Where a frame of the stream lies.
#[derive(Clone, Copy, Debug)]
struct SeekPoint {
    block: u64,
    byte: u64,
}

impl<'a> Header<'a> {
    pub(crate) fn new(audio: &Audio, bits: u32, tags: Option<&'a Tags>) -> Self {
        let frames = audio.frames() as u64;
        let step = SEEK_SECONDS * u64::from(audio.rate().hertz());
        let mut seek_points: Vec<SeekPoint> = (0..frames)
            .step_by(step as usize)
            .map(|at| SeekPoint { block: at / BLOCK_FRAMES as u64, byte: 0 })
            .collect();
        seek_points.dedup_by_key(|point| point.block);
        Self {
            hertz: audio.rate().hertz(),
            channels: audio.channel_count() as u64,
            bits: u64::from(bits),
            frames,
            frame_bytes_min: u64::MAX,
            frame_bytes_max: 0,
            seek_points,
            tags,
            blocks_counted: 0,
            bytes_counted: 0,
            digest: [0; 16],
        }
    }

    /// Takes notice of the next frame of the stream.
    pub(crate) fn count(&mut self, frame_bytes: usize) {
        let place = self.seek_points.binary_search_by_key(&self.blocks_counted, |point| point.block);
        if let Ok(index) = place {
            self.seek_points[index].byte = self.bytes_counted;
        }
        self.blocks_counted += 1;
        self.bytes_counted += frame_bytes as u64;
        self.frame_bytes_min = self.frame_bytes_min.min(frame_bytes as u64);
        self.frame_bytes_max = self.frame_bytes_max.max(frame_bytes as u64);
    }

    /// The header as far as it is known; always as long.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"fLaC".to_vec();
        put_block(&mut bytes, 0, &self.stream_info());
        put_block(&mut bytes, 3, &self.seek_table());
        put_block(&mut bytes, 4, &comments::body(VENDOR, self.tags));
        if let Some(cover) = self.tags.and_then(Tags::cover) {
            put_block(&mut bytes, 6, &comments::picture(cover));
        }
        put_block(&mut bytes, LAST | 1, &[0; PADDING_BYTES]);
        bytes
    }

    fn stream_info(&self) -> Vec<u8> {
        let mut info = Vec::with_capacity(34);
        let block = BLOCK_FRAMES as u16;
        info.extend(block.to_be_bytes());
        info.extend(block.to_be_bytes());
        let known = self.blocks_counted > 0;
        for size in [self.frame_bytes_min, self.frame_bytes_max] {
            // Three bytes, where 0 means unknown.
            let size = if known && size < 1 << 24 { size as u32 } else { 0 };
            info.extend(&size.to_be_bytes()[1..]);
        }
        let packed =
            u64::from(self.hertz) << 44 | (self.channels - 1) << 41 | (self.bits - 1) << 36 | self.frames;
        info.extend(packed.to_be_bytes());
        info.extend(self.digest);
        info
    }

    fn seek_table(&self) -> Vec<u8> {
        let entry = |point: &SeekPoint| {
            let first = point.block * BLOCK_FRAMES as u64;
            let frames = (self.frames - first).min(BLOCK_FRAMES as u64) as u16;
            let mut entry = [0; 18];
            entry[..8].copy_from_slice(&first.to_be_bytes());
            entry[8..16].copy_from_slice(&point.byte.to_be_bytes());
            entry[16..].copy_from_slice(&frames.to_be_bytes());
            entry
        };
        self.seek_points.iter().flat_map(entry).collect()
    }
}

/// The mark of the last block before the frames.
const LAST: u8 = 0x80;

fn put_block(bytes: &mut Vec<u8>, kind: u8, body: &[u8]) {
    bytes.push(kind);
    bytes.extend(&(body.len() as u32).to_be_bytes()[1..]);
    bytes.extend(body);
}
