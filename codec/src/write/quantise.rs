//! Planar floats into integers and interleaved bytes.
//!
//! A sample on the grid of the depth (`n / 2^(bits−1)`) gives exactly its `n`. One off the grid is rounded to the
//! nearest, ties to even, and clamped to what the depth can hold; what is no number becomes the lowest value.

use dsp::simd::{Kernel, dispatch};

/// How a sample is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    S16,
    S24,
    F32,
}

impl Form {
    /// Bytes of one sample.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::S16 => 2,
            Self::S24 => 3,
            Self::F32 => 4,
        }
    }

    /// Bits of one sample.
    pub(crate) fn bits(self) -> u16 {
        self.bytes() as u16 * 8
    }
}

/// Writes frames as little-endian bytes, channel by channel in turn. `bytes` holds as many as the channels do.
pub(crate) fn interleave(form: Form, channels: &[&[f32]], bytes: &mut [u8]) {
    match form {
        Form::S16 => {
            dispatch(Interleave { channels, bytes, write: |x| (to_int::<16>(x) as i16).to_le_bytes() })
        }
        Form::S24 => dispatch(Interleave {
            channels,
            bytes,
            write: |x| {
                let [a, b, c, _] = to_int::<24>(x).to_le_bytes();
                [a, b, c]
            },
        }),
        Form::F32 => dispatch(Interleave { channels, bytes, write: f32::to_le_bytes }),
    }
}

/// Writes frames as integers of `BITS` bits, channel by channel in turn.
pub(crate) fn interleave_ints<const BITS: u32>(channels: &[&[f32]], ints: &mut [i32]) {
    let count = channels.len();
    for (place, channel) in channels.iter().enumerate() {
        for (frame, sample) in ints.chunks_exact_mut(count).zip(*channel) {
            frame[place] = to_int::<BITS>(*sample);
        }
    }
}

/// Nearest integer, ties to even, clamped.
///
/// Adding 1.5 · 2^52 leaves no room for a fraction in a double, so that the addition itself rounds, to even as
/// all of IEEE 754 does; the integer then stands in the low bits. Unlike a cast it is a few plain vector instructions.
#[inline(always)]
pub(crate) fn to_int<const BITS: u32>(sample: f32) -> i32 {
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    let scale = (1u64 << (BITS - 1)) as f64;
    let scaled = (f64::from(sample) * scale).max(-scale).min(scale - 1.0);
    (scaled + ROUNDER).to_bits() as i32
}

struct Interleave<'a, F, const W: usize>
where
    F: Fn(f32) -> [u8; W],
{
    channels: &'a [&'a [f32]],
    bytes: &'a mut [u8],
    write: F,
}

impl<F: Fn(f32) -> [u8; W], const W: usize> Kernel for Interleave<'_, F, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let samples = self.bytes.as_chunks_mut::<W>().0;
        match self.channels {
            [mono] => {
                for (out, sample) in samples.iter_mut().zip(*mono) {
                    *out = (self.write)(*sample);
                }
            }
            [left, right] => {
                let frames = samples.as_chunks_mut::<2>().0;
                for (frame, (left, right)) in frames.iter_mut().zip(left.iter().zip(*right)) {
                    *frame = [(self.write)(*left), (self.write)(*right)];
                }
            }
            many => {
                let count = many.len();
                for (place, channel) in many.iter().enumerate() {
                    for (frame, sample) in samples.chunks_exact_mut(count).zip(*channel) {
                        frame[place] = (self.write)(*sample);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_on_the_grid_gives_its_own_number() {
        for n in -32_768..=32_767 {
            assert_eq!(to_int::<16>(n as f32 / 32_768.0), n);
        }
        for n in (-8_388_608..=8_388_607).step_by(7) {
            assert_eq!(to_int::<24>(n as f32 / 8_388_608.0), n);
        }
    }

    #[test]
    fn off_the_grid_ties_go_to_even_and_overs_are_clamped() {
        let lsb = 1.0 / 32_768.0;
        for (sample, expected) in [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (0.51, 1), (-0.49, 0)]
        {
            assert_eq!(to_int::<16>(sample * lsb), expected, "{sample} LSB");
        }
        for (sample, expected) in
            [(1.0, 32_767), (7.0, 32_767), (-1.5, -32_768), (f32::INFINITY, 32_767), (f32::NAN, -32_768)]
        {
            assert_eq!(to_int::<16>(sample), expected);
        }
    }
}
