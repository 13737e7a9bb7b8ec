//! Headers of AIFF (Apple, 1989) and AIFC (draft of 1991).

use std::io::{Read, Seek};

use dsp::audio::Layout;

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
    let claimed_end = input
        .array_at(4)?
        .map(|size| u64::from(u32::from_be_bytes(size)) + 8)
        .ok_or(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None })?;
    let mut common = None;
    let mut sound = None;
    let mut walk = Walk::new(Family::Form, 12);
    while let Some(chunk) = walk.next(input)? {
        match &chunk.id {
            b"COMM" if common.is_none() => common = Some(Common::read(input, &chunk)?),
            b"SSND" if sound.is_none() => sound = Some(chunk),
            _ if sound.is_none() && chunk.body.saturating_add(chunk.size) > input.length() => {
                if claimed_end > input.length() {
                    return Err(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None });
                }
                return Err(DecodeError::malformed(format!(
                    "its {} chunk claims {} bytes, and {} follow",
                    chunk.name(),
                    chunk.size,
                    chunk.found(input)
                )));
            }
            _ => {}
        }
    }
    let cut = claimed_end > input.length();
    let Some(common) = common else {
        return Err(if cut {
            DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None }
        } else {
            DecodeError::malformed("it has no COMM chunk")
        });
    };
    let channels = plan::channels(i64::from(common.channels), limits)?;
    let rate = plan::rate(common.hertz)?;
    let (encoding, depth) = common.encoding()?;
    let Some(sound) = sound else {
        return Err(match cut && common.frames > 0 {
            true => DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None },
            false => DecodeError::Empty { seconds: 0.0, seconds_min: limits.seconds_min },
        });
    };
    let mut notes = Vec::new();
    let frame_bytes = (encoding.bytes() * channels) as u64;
    let data = data_span(input, &sound, u64::from(common.frames) * frame_bytes)?;
    let end = walk.position().max(data.start + data.bytes);
    if input.length() > end + 1 {
        notes.push(DecodeNote::TrailingBytesIgnored { bytes: input.length() - end });
    }
    let source = SourceFormat { container, codec: encoding.codec(), depth, time_reference_frames: None };
    Ok(PcmPlan { source, encoding, rate, layout: Layout::usual(channels), data, notes })
}

/// The samples lie behind two numbers and an offset. Two headers give their length, and either may be
/// missing in a file that was streamed: the number of frames, and the size of the chunk.
fn data_span<S: Read + Seek>(
    input: &mut Input<S>,
    sound: &Chunk,
    claimed_by_frames: u64,
) -> Result<DataSpan, DecodeError> {
    let offset = input.array_at(sound.body)?.map_or(0, |offset| u64::from(u32::from_be_bytes(offset)));
    let start = sound.body + 8 + offset;
    let open = sound.size < 8 || (sound.found(input) < sound.size && plan::is_placeholder(sound.size));
    let remaining = input.length().saturating_sub(start);
    let in_chunk = if open { remaining } else { (sound.size - 8).saturating_sub(offset) };
    if offset > 0 && in_chunk == 0 {
        return Err(DecodeError::malformed(format!("its samples begin {offset} bytes into a shorter chunk")));
    }
    let claimed = match claimed_by_frames {
        0 => in_chunk,
        frames if open => frames,
        frames => frames.min(in_chunk),
    };
    let bytes = claimed.min(remaining);
    let open_ended = open || (claimed_by_frames == 0 && in_chunk > 0) || claimed_by_frames > in_chunk;
    Ok(DataSpan { start, bytes, bytes_lost: claimed - bytes, open_ended })
}

/// The fields of a `COMM` chunk.
struct Common {
    channels: i16,
    frames: u32,
    bits: i16,
    hertz: f64,
    compression: [u8; 4],
}

impl Common {
    fn read<S: Read + Seek>(input: &mut Input<S>, chunk: &Chunk) -> Result<Self, DecodeError> {
        let mut body = [0; 22];
        let filled = input.read_at(chunk.body, &mut body)?.min(usize::try_from(chunk.size).unwrap_or(22));
        if filled < 18 {
            return Err(DecodeError::malformed(format!("its COMM chunk has {filled} bytes; it needs 18")));
        }
        let [c0, c1, f0, f1, f2, f3, b0, b1, rest @ ..] = body;
        let mut extended = [0; 10];
        extended.copy_from_slice(&rest[..10]);
        let compression = if filled == 22 { [rest[10], rest[11], rest[12], rest[13]] } else { *b"NONE" };
        Ok(Self {
            channels: i16::from_be_bytes([c0, c1]),
            frames: u32::from_be_bytes([f0, f1, f2, f3]),
            bits: i16::from_be_bytes([b0, b1]),
            hertz: extended_to_f64(extended),
            compression,
        })
    }

    fn encoding(&self) -> Result<(Encoding, Option<Depth>), DecodeError> {
        let bits = self.bits as u16;
        let endian = match &self.compression {
            b"sowt" | b"23ni" => Endian::Little,
            _ => Endian::Big,
        };
        match &self.compression {
            b"NONE" | b"twos" | b"sowt" | b"in24" | b"in32" | b"23ni" => {
                if !(8..=32).contains(&bits) {
                    return Err(DecodeError::BitDepthUnsupported { bits: u32::from(bits) });
                }
                let encoding = match bits.div_ceil(8) {
                    1 => Encoding::S8,
                    2 => Encoding::S16(endian),
                    3 => Encoding::S24(endian),
                    _ => Encoding::S32(endian),
                };
                Ok((encoding, Some(Depth::Int(bits as u8))))
            }
            b"fl32" | b"FL32" => Ok((Encoding::F32(Endian::Big), Some(Depth::Float(32)))),
            b"fl64" | b"FL64" => Ok((Encoding::F64(Endian::Big), Some(Depth::Float(64)))),
            b"alaw" | b"ALAW" => Ok((Encoding::ALaw, None)),
            b"ulaw" | b"ULAW" => Ok((Encoding::MuLaw, None)),
            other => Err(DecodeError::CodecUnsupported {
                found: format!("AIFC of type {:?}", String::from_utf8_lossy(other)),
            }),
        }
    }
}

/// An 80-bit float (IEEE 754 extended, as the 68881 had it): sign, 15 bits of exponent, 64 bits of mantissa
/// with the integer bit written out. What is no number gives NaN.
fn extended_to_f64(bytes: [u8; 10]) -> f64 {
    let [e0, e1, mantissa @ ..] = bytes;
    let exponent = i32::from(u16::from_be_bytes([e0, e1]) & 0x7fff);
    if exponent == 0x7fff {
        return f64::NAN;
    }
    let sign = if e0 & 0x80 == 0 { 1.0 } else { -1.0 };
    sign * u64::from_be_bytes(mantissa) as f64 * f64::from(exponent - 16_383 - 63).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eighty_bit_rate_is_read_as_apple_wrote_it() {
        // 44 100 = 0xac44 at exponent 15, as every AIFF of that rate has it.
        assert_eq!(extended_to_f64(*b"\x40\x0e\xac\x44\0\0\0\0\0\0"), 44_100.0);
        assert_eq!(extended_to_f64(*b"\x40\x0f\xbb\x80\0\0\0\0\0\0"), 96_000.0);
        assert!(extended_to_f64([0xff; 10]).is_nan());
        assert_eq!(extended_to_f64([0; 10]), 0.0);
    }
}
