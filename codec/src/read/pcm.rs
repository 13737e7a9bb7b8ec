//! Uncompressed samples: interleaved bytes into planar floats.

use std::io::{Read, Seek};

use dsp::audio::{Audio, Samples};
use dsp::progress::Watch;
use dsp::simd::{Kernel, dispatch};
use rayon::prelude::*;

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::note::DecodeNote;
use crate::read::input::Input;
use crate::read::plan::PcmPlan;
use crate::source_format::Codec;

/// Frames converted at once by one thread.
const BLOCK_FRAMES: usize = 1 << 14;
/// Blocks read at once. Most of the time goes into memory that is touched for the first time, so that a batch is
/// worth sharing among threads.
const BATCH_BLOCKS: usize = 8;

/// The order of the bytes of a sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Endian {
    Little,
    Big,
}

/// How one sample is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encoding {
    U8,
    S8,
    S16(Endian),
    S24(Endian),
    S32(Endian),
    F32(Endian),
    F64(Endian),
    ALaw,
    MuLaw,
}

impl Encoding {
    /// Bytes of one sample.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::S8 | Self::ALaw | Self::MuLaw => 1,
            Self::S16(_) => 2,
            Self::S24(_) => 3,
            Self::S32(_) | Self::F32(_) => 4,
            Self::F64(_) => 8,
        }
    }

    /// Whether a sample may be no number.
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F32(_) | Self::F64(_))
    }

    pub(crate) fn codec(self) -> Codec {
        match self {
            Self::U8 => Codec::PcmU8,
            Self::F32(_) | Self::F64(_) => Codec::PcmFloat(self.bytes() as u8 * 8),
            Self::ALaw => Codec::ALaw,
            Self::MuLaw => Codec::MuLaw,
            _ => Codec::PcmSigned(self.bytes() as u8 * 8),
        }
    }
}

/// Reads all frames of `plan`. While a batch is converted, the next one is read.
pub(crate) fn read<S: Read + Seek + Send>(
    input: &mut Input<S>,
    plan: PcmPlan,
    limits: &Limits,
    watch: &dyn Watch,
) -> Result<(Audio, Vec<DecodeNote>), DecodeError> {
    let frames = plan.frames(limits)?;
    let frame_bytes = plan.frame_bytes() as usize;
    let total_bytes = frames * frame_bytes;
    // Not touched before it is written: what is not read costs no memory.
    let mut channels: Vec<Samples> =
        plan.layout.channels().iter().map(|_| Samples::silence(frames)).collect();
    let mut rest: Vec<&mut [f32]> = channels.iter_mut().map(|channel| &mut **channel).collect();

    let batch_bytes = (BLOCK_FRAMES * BATCH_BLOCKS * frame_bytes).min(total_bytes);
    let (mut batch, mut next) = (vec![0; batch_bytes], vec![0; batch_bytes]);
    input.read_at(plan.data.start, &mut [])?;
    read_whole(input, &mut batch)?;
    let mut done_bytes = 0;
    while done_bytes < total_bytes {
        if watch.is_cancelled() {
            return Err(DecodeError::Cancelled);
        }
        watch.done(done_bytes as f64 / total_bytes as f64);
        done_bytes += batch.len();
        next.truncate(total_bytes - done_bytes);
        let ((), read) = rayon::join(
            || convert(plan.encoding, frame_bytes, &batch, &mut rest),
            || read_whole(input, &mut next),
        );
        read?;
        std::mem::swap(&mut batch, &mut next);
    }
    watch.done(1.0);
    Ok((Audio::with_layout(plan.rate, plan.layout.clone(), channels), plan.into_notes(frames)))
}

/// Converts the frames in `bytes` to the start of each channel's `rest`, which moves behind them.
fn convert(encoding: Encoding, frame_bytes: usize, bytes: &[u8], rest: &mut [&mut [f32]]) {
    let blocks: Vec<(&[u8], Vec<&mut [f32]>)> = bytes
        .chunks(BLOCK_FRAMES * frame_bytes)
        .map(|block| {
            let frames = block.len() / frame_bytes;
            (block, rest.iter_mut().map(|channel| split_off(channel, frames)).collect())
        })
        .collect();
    blocks.into_par_iter().for_each(|(block, mut channels)| deinterleave(encoding, block, &mut channels));
}

fn split_off<'a>(rest: &mut &'a mut [f32], frames: usize) -> &'a mut [f32] {
    let (first, second) = std::mem::take(rest).split_at_mut(frames);
    *rest = second;
    first
}

/// Fills `buffer`. The file had these bytes when its length was asked.
fn read_whole<S: Read + Seek>(input: &mut Input<S>, buffer: &mut [u8]) -> Result<(), DecodeError> {
    if input.read_on(buffer)? == buffer.len() {
        Ok(())
    } else {
        Err(std::io::Error::new(
            std::io::ErrorKind::UnexpectedEof,
            "the file became shorter while it was read",
        ))?
    }
}

/// Converts whole frames: `bytes` hold as many as each channel has room for.
///
/// Integers become `n / 2^(bits−1)`, exactly up to 24 bits and rounded to nearest above; so −1.0 can occur and
/// +1.0 cannot. Floats are taken as they are, those of 64 bits rounded to nearest.
pub(crate) fn deinterleave(encoding: Encoding, bytes: &[u8], channels: &mut [&mut [f32]]) {
    use Endian::{Big, Little};
    const S8: f32 = 1.0 / 128.0;
    const S16: f32 = 1.0 / 32_768.0;
    /// 24 bits are read into the upper three bytes of 32.
    const S32: f32 = 1.0 / 2_147_483_648.0;
    match encoding {
        Encoding::U8 => planar(bytes, channels, |[a]: [u8; 1]| (f32::from(a) - 128.0) * S8),
        Encoding::S8 => planar(bytes, channels, |[a]: [u8; 1]| f32::from(a as i8) * S8),
        Encoding::S16(Little) => planar(bytes, channels, |b: [u8; 2]| f32::from(i16::from_le_bytes(b)) * S16),
        Encoding::S16(Big) => planar(bytes, channels, |b: [u8; 2]| f32::from(i16::from_be_bytes(b)) * S16),
        Encoding::S24(Little) => {
            planar(bytes, channels, |[a, b, c]: [u8; 3]| i32::from_le_bytes([0, a, b, c]) as f32 * S32);
        }
        Encoding::S24(Big) => {
            planar(bytes, channels, |[a, b, c]: [u8; 3]| i32::from_be_bytes([a, b, c, 0]) as f32 * S32);
        }
        Encoding::S32(Little) => planar(bytes, channels, |b: [u8; 4]| i32::from_le_bytes(b) as f32 * S32),
        Encoding::S32(Big) => planar(bytes, channels, |b: [u8; 4]| i32::from_be_bytes(b) as f32 * S32),
        Encoding::F32(Little) => planar(bytes, channels, f32::from_le_bytes),
        Encoding::F32(Big) => planar(bytes, channels, f32::from_be_bytes),
        Encoding::F64(Little) => planar(bytes, channels, |b: [u8; 8]| f64::from_le_bytes(b) as f32),
        Encoding::F64(Big) => planar(bytes, channels, |b: [u8; 8]| f64::from_be_bytes(b) as f32),
        Encoding::ALaw => planar(bytes, channels, |[a]: [u8; 1]| f32::from(a_law(a)) * S16),
        Encoding::MuLaw => planar(bytes, channels, |[a]: [u8; 1]| f32::from(mu_law(a)) * S16),
    }
}

fn planar<const W: usize>(bytes: &[u8], channels: &mut [&mut [f32]], sample: impl Fn([u8; W]) -> f32) {
    dispatch(Planar { samples: bytes.as_chunks().0, channels, sample });
}

struct Planar<'a, 'c, F, const W: usize> {
    samples: &'a [[u8; W]],
    channels: &'a mut [&'c mut [f32]],
    sample: F,
}

impl<F: Fn([u8; W]) -> f32, const W: usize> Kernel for Planar<'_, '_, F, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.channels {
            [mono] => {
                for (out, sample) in mono.iter_mut().zip(self.samples) {
                    *out = (self.sample)(*sample);
                }
            }
            [left, right] => {
                let frames = self.samples.as_chunks::<2>().0;
                for ((left, right), frame) in left.iter_mut().zip(right.iter_mut()).zip(frames) {
                    *left = (self.sample)(frame[0]);
                    *right = (self.sample)(frame[1]);
                }
            }
            many => {
                let count = many.len();
                for (place, channel) in many.iter_mut().enumerate() {
                    for (out, frame) in channel.iter_mut().zip(self.samples.chunks_exact(count)) {
                        *out = (self.sample)(frame[place]);
                    }
                }
            }
        }
    }
}

/// ITU-T G.711, A-law: 13 bits, returned in the upper bits of 16.
fn a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let segment = code >> 4 & 7;
    let step = i16::from(code & 0x0f) << 4;
    let magnitude = match segment {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

/// ITU-T G.711, µ-law: 14 bits, returned in the upper bits of 16.
fn mu_law(code: u8) -> i16 {
    let code = !code;
    let magnitude = (((i16::from(code & 0x0f) << 3) + 0x84) << (code >> 4 & 7)) - 0x84;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}
