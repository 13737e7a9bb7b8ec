//! Headers of WAV, RF64, BW64 (EBU Tech 3306, ITU-R BS.2088) and Wave64, as they are, not as they should be.

use std::io::{Read, Seek};

use dsp::audio::{Channel, Layout};

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::note::DecodeNote;
use crate::read::chunks::{Chunk, Family, Walk};
use crate::read::input::Input;
use crate::read::pcm::{Encoding, Endian};
use crate::read::plan::{self, DataSpan, PcmPlan};
use crate::source_format::{Container, Depth, SourceFormat};

/// Reads the headers up to and behind the samples.
pub(crate) fn plan<S: Read + Seek>(
    input: &mut Input<S>,
    container: Container,
    limits: &Limits,
) -> Result<PcmPlan, DecodeError> {
    let found = find_chunks(input, container)?;
    let format = found.format.ok_or_else(|| DecodeError::malformed("it has no fmt chunk"))?;
    let header = FormatChunk::read(input, &format)?;
    let channels = plan::channels(i64::from(header.channels), limits)?;
    let rate = plan::rate(f64::from(header.hertz))?;
    let (encoding, depth) = header.encoding()?;
    let mut notes = found.notes;
    let layout = layout(channels, header.mask, limits, &mut notes)?;
    let data = found.data.ok_or(DecodeError::Empty { seconds: 0.0, seconds_min: limits.seconds_min })?;
    let time_reference_frames = found.time_reference_frames;
    let source = SourceFormat { container, codec: encoding.codec(), depth, time_reference_frames };
    Ok(PcmPlan { source, encoding, rate, layout, data, notes })
}

/// What the walk over the chunks finds.
#[derive(Default)]
struct Found {
    format: Option<Chunk>,
    data: Option<DataSpan>,
    notes: Vec<DecodeNote>,
    /// The real size of the data chunk, where the header has no room for it.
    long_data_size: Option<u64>,
    time_reference_frames: Option<u64>,
}

/// Behind description, originator, its reference, date and time (EBU Tech 3285).
const TIME_REFERENCE_AT: u64 = 256 + 32 + 32 + 10 + 8;

fn find_chunks<S: Read + Seek>(input: &mut Input<S>, container: Container) -> Result<Found, DecodeError> {
    let (family, first) = if container == Container::W64 { (Family::Wave64, 40) } else { (Family::Riff, 12) };
    let claimed_end = claimed_end(input, container)?;
    let mut found = Found::default();
    let mut walk = Walk::new(family, first);
    let mut end = first;
    while let Some(chunk) = walk.next(input)? {
        match &chunk.id {
            b"ds64" if found.data.is_none() => {
                found.long_data_size = input.array_at(chunk.body + 8)?.map(u64::from_le_bytes);
            }
            b"bext" if chunk.size >= TIME_REFERENCE_AT + 8 && chunk.found(input) == chunk.size => {
                let frames = input.array_at(chunk.body + TIME_REFERENCE_AT)?.map(u64::from_le_bytes);
                found.time_reference_frames = frames.or(found.time_reference_frames);
            }
            b"fmt " if found.format.is_none() => found.format = Some(chunk),
            b"data" if found.data.is_none() => {
                let span = data_span(input, &chunk, found.long_data_size)?;
                found.data = Some(span);
                if span.start + span.bytes >= input.length() {
                    return Ok(found);
                }
                if walk.position() > input.length() {
                    // The size that counts was in `ds64`, not in front of the samples.
                    walk = Walk::new(family, span.start + span.bytes + (span.bytes & 1));
                }
            }
            b"data" => found.notes.push(DecodeNote::SecondDataIgnored { bytes: chunk.found(input) }),
            _ if chunk.body.saturating_add(chunk.size) > input.length() => {
                if found.data.is_some() {
                    break;
                }
                return Err(outgrown(input, &chunk, claimed_end));
            }
            _ => {}
        }
        end = walk.position();
    }
    if found.data.is_none() && claimed_end > input.length() {
        return Err(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None });
    }
    let trailing = input.length().saturating_sub(end);
    if trailing > 1 {
        found.notes.push(DecodeNote::TrailingBytesIgnored { bytes: trailing });
    }
    Ok(found)
}

/// A chunk before the samples that ends behind the file: the file was cut, or the size is a lie.
fn outgrown<S: Read + Seek>(input: &Input<S>, chunk: &Chunk, claimed_end: u64) -> DecodeError {
    let remaining = chunk.found(input);
    if claimed_end > input.length() && !plan::is_placeholder(claimed_end.saturating_sub(8)) {
        return DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None };
    }
    DecodeError::malformed(format!(
        "its {} chunk claims {} bytes, and {remaining} follow",
        chunk.name(),
        chunk.size
    ))
}

/// Where the file ends, the outermost header says.
fn claimed_end<S: Read + Seek>(input: &mut Input<S>, container: Container) -> Result<u64, DecodeError> {
    let size = match container {
        Container::W64 => input.array_at(16)?.map(u64::from_le_bytes),
        _ => input.array_at(4)?.map(|size| u64::from(u32::from_le_bytes(size)) + 8),
    };
    size.ok_or(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None })
}

/// The span of the data chunk: by its size, by `ds64`, or to the end where neither can be meant.
fn data_span<S: Read + Seek>(
    input: &mut Input<S>,
    chunk: &Chunk,
    long_size: Option<u64>,
) -> Result<DataSpan, DecodeError> {
    let remaining = input.length().saturating_sub(chunk.body);
    let size = match long_size {
        Some(long) if chunk.size == u64::from(u32::MAX) => long,
        _ => chunk.size,
    };
    let sized = Chunk { size, ..*chunk };
    let open = (size > remaining && plan::is_placeholder(size))
        || (size == 0 && remaining > 0 && !only_chunks_follow(input, chunk.body)?);
    if !open {
        return Ok(DataSpan::of(&sized, input));
    }
    Ok(DataSpan::to_the_end(chunk.body, input))
}

/// Whether nothing but whole chunks follows: then a size of 0 is meant.
fn only_chunks_follow<S: Read + Seek>(input: &mut Input<S>, from: u64) -> Result<bool, DecodeError> {
    let mut walk = Walk::new(Family::Riff, from);
    while walk.next(input)?.is_some() {}
    Ok(walk.position() >= input.length() && walk.position() <= input.length() + 1)
}

/// The fields of a `fmt ` chunk.
struct FormatChunk {
    tag: u16,
    channels: u16,
    hertz: u32,
    frame_bytes: u16,
    bits: u16,
    /// The bits that count, where fewer than there is room for.
    valid_bits: u16,
    /// Where the channels belong; 0 where the header does not say.
    mask: u32,
}

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;
/// What follows the tag in the sub-format GUID of an extensible header.
const SUB_FORMAT_TAIL: [u8; 14] = *b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71";

impl FormatChunk {
    fn read<S: Read + Seek>(input: &mut Input<S>, chunk: &Chunk) -> Result<Self, DecodeError> {
        let mut body = [0; 40];
        let filled = input.read_at(chunk.body, &mut body)?.min(usize::try_from(chunk.size).unwrap_or(40));
        if filled < 16 {
            return Err(DecodeError::malformed(format!("its fmt chunk has {filled} bytes; it needs 16")));
        }
        let u16_at = |at: usize| u16::from_le_bytes([body[at], body[at + 1]]);
        let u32_at = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| body[at + i]));
        let mut header = Self {
            tag: u16_at(0),
            channels: u16_at(2),
            hertz: u32_at(4),
            frame_bytes: u16_at(12),
            bits: u16_at(14),
            valid_bits: u16_at(14),
            mask: 0,
        };
        if header.tag == EXTENSIBLE {
            if filled < 40 {
                return Err(DecodeError::malformed(format!(
                    "its extensible fmt chunk has {filled} bytes; it needs 40"
                )));
            }
            if body[26..40] != SUB_FORMAT_TAIL {
                return Err(DecodeError::CodecUnsupported {
                    found: "a WAV sub-format of its own".to_owned(),
                });
            }
            header.tag = u16_at(24);
            header.mask = u32_at(20);
            // Some writers leave the valid bits at 0 and mean all of them.
            header.valid_bits = if u16_at(18) == 0 { header.bits } else { u16_at(18) };
        }
        Ok(header)
    }

    /// How a sample is written. The room it has follows from the block alignment, which is what players go by.
    fn encoding(&self) -> Result<(Encoding, Option<Depth>), DecodeError> {
        let bits = u32::from(self.bits);
        match self.tag {
            PCM if !(8..=32).contains(&bits) => return Err(DecodeError::BitDepthUnsupported { bits }),
            FLOAT if bits != 32 && bits != 64 => return Err(DecodeError::BitDepthUnsupported { bits }),
            A_LAW | MU_LAW if bits != 8 => return Err(DecodeError::BitDepthUnsupported { bits }),
            PCM | FLOAT | A_LAW | MU_LAW => {}
            tag => return Err(DecodeError::CodecUnsupported { found: codec_name(tag) }),
        }
        let room = self.frame_bytes / self.channels;
        let minimum = self.bits.div_ceil(8);
        let fits = match self.tag {
            PCM => (minimum..=4).contains(&room),
            _ => room == minimum,
        };
        if !self.frame_bytes.is_multiple_of(self.channels) || !fits {
            return Err(DecodeError::malformed(format!(
                "its frames have {} bytes, which is no room for {} channels of {bits} bits",
                self.frame_bytes, self.channels
            )));
        }
        let valid = self.valid_bits.min(self.bits) as u8;
        Ok(match (self.tag, room) {
            (A_LAW, _) => (Encoding::ALaw, None),
            (MU_LAW, _) => (Encoding::MuLaw, None),
            (FLOAT, 4) => (Encoding::F32(Endian::Little), Some(Depth::Float(32))),
            (FLOAT, _) => (Encoding::F64(Endian::Little), Some(Depth::Float(64))),
            (_, 1) => (Encoding::U8, Some(Depth::Int(valid))),
            (_, 2) => (Encoding::S16(Endian::Little), Some(Depth::Int(valid))),
            (_, 3) => (Encoding::S24(Endian::Little), Some(Depth::Int(valid))),
            _ => (Encoding::S32(Endian::Little), Some(Depth::Int(valid))),
        })
    }
}

/// Names of format tags (RFC 2361) that producers meet.
fn codec_name(tag: u16) -> String {
    match tag {
        0x0002 => "ADPCM in WAV".to_owned(),
        0x0011 => "IMA ADPCM in WAV".to_owned(),
        0x0050 | 0x0055 => "MPEG audio in WAV".to_owned(),
        0x0092 => "Dolby Digital in WAV".to_owned(),
        0x00ff | 0x1600 | 0x1610 => "AAC in WAV".to_owned(),
        tag => format!("WAV of format {tag:#06x}"),
    }
}

/// Where each channel belongs, by the mask if there is one (Microsoft, WAVEFORMATEXTENSIBLE).
fn layout(
    channels: usize,
    mask: u32,
    limits: &Limits,
    notes: &mut Vec<DecodeNote>,
) -> Result<Layout, DecodeError> {
    let placed = mask.count_ones() as usize;
    if mask == 0 || channels <= 2 {
        if mask != 0 && placed != channels {
            notes.push(DecodeNote::ChannelMaskIgnored { mask });
        }
        return Ok(Layout::usual(channels));
    }
    if placed != channels {
        return Err(DecodeError::ChannelsUnsupported {
            what: format!("the file has {channels} channels, but its channel mask {mask:#x} places {placed}"),
            channels_max: limits.channels_max,
        });
    }
    const SIDES: u32 = 0x600;
    let places = (0..32).filter(|bit| mask >> bit & 1 == 1).map(|bit| match bit {
        0 => Channel::Left,
        1 => Channel::Right,
        2 => Channel::Centre,
        3 => Channel::Lfe,
        // With side speakers present the back ones stand behind 120°, where BS.1770 gives no extra weight.
        4 if mask & SIDES == 0 => Channel::LeftSurround,
        5 if mask & SIDES == 0 => Channel::RightSurround,
        9 => Channel::LeftSurround,
        10 => Channel::RightSurround,
        _ => Channel::Other,
    });
    Ok(Layout::of(places.collect()))
}
