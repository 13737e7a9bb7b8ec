//! Headers of the Core Audio Format (Apple, CAF 1.0) where it holds uncompressed samples.

use std::io::{Read, Seek};

use dsp::audio::Layout;

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::read::chunks::{Family, Walk};
use crate::read::input::Input;
use crate::read::pcm::{Encoding, Endian};
use crate::read::plan::{self, DataSpan, PcmPlan};
use crate::source_format::{Container, Depth, SourceFormat};

/// More than a packet of any codec takes, with the most channels and bits.
const PACKET_BYTES_MAX: u32 = 1 << 24;

/// Reads the headers; none if the samples are compressed.
pub(crate) fn plan<S: Read + Seek>(
    input: &mut Input<S>,
    limits: &Limits,
) -> Result<Option<PcmPlan>, DecodeError> {
    let mut description = None;
    let mut data = None;
    let mut walk = Walk::new(Family::Caf, 8);
    while let Some(chunk) = walk.next(input)? {
        match &chunk.id {
            b"desc" if description.is_none() => description = Description::read(input, chunk.body)?,
            b"data" if data.is_none() => data = Some(chunk),
            _ if chunk.body.saturating_add(chunk.size) > input.length() => {
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
    let Some(description) = description else {
        return Err(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None });
    };
    let channels = plan::channels(i64::from(description.channels), limits)?;
    let rate = plan::rate(description.hertz)?;
    if !matches!(&description.format, b"lpcm" | b"alaw" | b"ulaw") {
        // symphonia 0.6.1 counts the bits of a packet in 32 bits, and panics where they do not suffice.
        if description.packet_bytes > PACKET_BYTES_MAX {
            return Err(DecodeError::malformed(format!(
                "its packets claim {} bytes each; at most {PACKET_BYTES_MAX} make sense",
                description.packet_bytes
            )));
        }
        return Ok(None);
    }
    let (encoding, depth) = description.encoding()?;
    let Some(data) = data else {
        return Err(DecodeError::Empty { seconds: 0.0, seconds_min: limits.seconds_min });
    };
    // The samples lie behind a count of edits. A size of −1 means all that follows.
    let start = data.body + 4;
    let remaining = input.length().saturating_sub(start);
    let span = if data.size == u64::MAX {
        DataSpan::to_the_end(start, input)
    } else {
        let claimed = data.size.saturating_sub(4);
        let bytes = claimed.min(remaining);
        DataSpan { start, bytes, bytes_lost: claimed - bytes, open_ended: false }
    };
    let source = SourceFormat {
        container: Container::Caf,
        codec: encoding.codec(),
        depth,
        time_reference_frames: None,
    };
    Ok(Some(PcmPlan {
        source,
        encoding,
        rate,
        layout: Layout::usual(channels),
        data: span,
        notes: Vec::new(),
    }))
}

/// The fields of a `desc` chunk.
struct Description {
    hertz: f64,
    format: [u8; 4],
    flags: u32,
    packet_bytes: u32,
    channels: u32,
    bits: u32,
}

impl Description {
    fn read<S: Read + Seek>(input: &mut Input<S>, at: u64) -> Result<Option<Self>, DecodeError> {
        let Some(body) = input.array_at::<32>(at)? else { return Ok(None) };
        let u32_at = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|i| body[at + i]));
        let mut hertz = [0; 8];
        hertz.copy_from_slice(&body[..8]);
        Ok(Some(Self {
            hertz: f64::from_be_bytes(hertz),
            format: [8, 9, 10, 11].map(|i| body[i]),
            flags: u32_at(12),
            packet_bytes: u32_at(16),
            channels: u32_at(24),
            bits: u32_at(28),
        }))
    }

    fn encoding(&self) -> Result<(Encoding, Option<Depth>), DecodeError> {
        const FLOAT: u32 = 1;
        const LITTLE: u32 = 2;
        let bits = self.bits;
        match &self.format {
            b"alaw" => return Ok((Encoding::ALaw, None)),
            b"ulaw" => return Ok((Encoding::MuLaw, None)),
            _ => {}
        }
        let endian = if self.flags & LITTLE != 0 { Endian::Little } else { Endian::Big };
        let float = self.flags & FLOAT != 0;
        if (float && bits != 32 && bits != 64) || (!float && !(8..=32).contains(&bits)) {
            return Err(DecodeError::BitDepthUnsupported { bits });
        }
        let room = self.packet_bytes / self.channels;
        if !self.packet_bytes.is_multiple_of(self.channels) || room != bits.div_ceil(8) {
            return Err(DecodeError::malformed(format!(
                "its packets have {} bytes, which is no room for {} channels of {bits} bits",
                self.packet_bytes, self.channels
            )));
        }
        if float {
            let encoding = if bits == 32 { Encoding::F32(endian) } else { Encoding::F64(endian) };
            return Ok((encoding, Some(Depth::Float(bits as u8))));
        }
        let encoding = match room {
            1 => Encoding::S8,
            2 => Encoding::S16(endian),
            3 => Encoding::S24(endian),
            _ => Encoding::S32(endian),
        };
        Ok((encoding, Some(Depth::Int(bits as u8))))
    }
}
