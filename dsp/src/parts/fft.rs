//! The fast Fourier transform of real blocks, and the frames in which a whole signal goes through it.
//!
//! The transform itself is `rustfft`'s of half as many complex numbers, which picks the processor's vector instructions
//! at run time; what makes it one of real numbers is here. It contracts multiplications and additions where the
//! processor can, so what passed a transform agrees between kinds of processors to about −135 dBFS, not to the bit.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use rustfft::FftPlanner;

use crate::simd::{Kernel, dispatch};
use crate::units::SampleRate;

/// Transforms of one length, forward and back, with room to work in. Nothing allocates after it is made; a clone
/// shares the tables and has room of its own, so that each thread can have one for little.
#[derive(Clone)]
pub struct Fft {
    forward: Arc<dyn rustfft::Fft<f32>>,
    inverse: Arc<dyn rustfft::Fft<f32>>,
    /// e^(−2πi k / frames) / 2 for k from 1 to a quarter of the frames.
    turns: Arc<[Complex32]>,
    /// Frames in pairs, each as one complex number.
    pairs: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Fft {
    /// For blocks of `frames`, an even number.
    #[must_use]
    pub fn new(frames: usize) -> Self {
        let half = frames / 2;
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(half), planner.plan_fft_inverse(half));
        let room = [&forward, &inverse].map(|fft| fft.get_outofplace_scratch_len());
        let turn = |k: usize| {
            let (sine, cosine) = (std::f64::consts::TAU * k as f64 / frames as f64).sin_cos();
            Complex32::new((0.5 * cosine) as f32, (-0.5 * sine) as f32)
        };
        Self {
            turns: (1..half.div_ceil(2)).map(turn).collect(),
            pairs: vec![Complex32::ZERO; half],
            scratch: vec![Complex32::ZERO; room[0].max(room[1])],
            forward,
            inverse,
        }
    }

    /// Frames in a block.
    #[must_use]
    pub fn frames(&self) -> usize {
        2 * self.pairs.len()
    }

    /// Bins of a spectrum: half the frames and one.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.pairs.len() + 1
    }

    /// `block` to `spectrum`, not scaled.
    ///
    /// # Panics
    /// If a length is not the one this was made for.
    pub fn forward(&mut self, block: &[f32], spectrum: &mut [Complex32]) {
        assert!(
            block.len() == self.frames() && spectrum.len() == self.bins(),
            "blocks and spectra of one length"
        );
        let half = self.pairs.len();
        let (pairs, _) = block.as_chunks::<2>();
        self.pairs.iter_mut().zip(pairs).for_each(|(to, [even, odd])| *to = Complex32::new(*even, *odd));
        let folded = &mut spectrum[..half];
        self.forward.process_outofplace_with_scratch(&mut self.pairs, folded, &mut self.scratch);
        let first = folded[0];
        spectrum[0] = Complex32::new(first.re + first.im, 0.0);
        spectrum[half] = Complex32::new(first.re - first.im, 0.0);
        dispatch(Unfold::<true> { turns: &self.turns, bins: &mut spectrum[1..half] });
    }

    /// `spectrum` (which is used up) to `block`, scaled so that forward and back is the same block times `frames`.
    ///
    /// The imaginary parts of the first and the last bin, which no real block has, are not looked at.
    ///
    /// # Panics
    /// If a length is not the one this was made for.
    pub fn inverse(&mut self, spectrum: &mut [Complex32], block: &mut [f32]) {
        assert!(
            block.len() == self.frames() && spectrum.len() == self.bins(),
            "blocks and spectra of one length"
        );
        let half = self.pairs.len();
        let (first, last) = (spectrum[0].re, spectrum[half].re);
        spectrum[0] = Complex32::new(first + last, first - last);
        dispatch(Unfold::<false> { turns: &self.turns, bins: &mut spectrum[1..half] });
        let folded = &mut spectrum[..half];
        self.inverse.process_outofplace_with_scratch(folded, &mut self.pairs, &mut self.scratch);
        let (out, _) = block.as_chunks_mut::<2>();
        out.iter_mut().zip(&self.pairs).for_each(|(out, pair)| *out = [pair.re, pair.im]);
    }
}

/// Between the spectrum of pairs, read as complex numbers, and that of the frames, without the first bin: bin `k` and
/// bin `half − k` come from each other's sum and difference, one of which is turned (Sorensen and others, "Real-valued
/// fast Fourier transform algorithms", IEEE Transactions on Acoustics 35-6, 1987). `FORWARD` halves what the way back
/// does not.
struct Unfold<'a, const FORWARD: bool> {
    turns: &'a [Complex32],
    bins: &'a mut [Complex32],
}

impl<const FORWARD: bool> Kernel for Unfold<'_, FORWARD> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        const LANES: usize = 8;
        let count = self.turns.len();
        let (low, rest) = self.bins.split_at_mut(count);
        let high_from = rest.len() - count;
        let (middle, high) = rest.split_at_mut(high_from);
        for bin in middle {
            *bin = if FORWARD { bin.conj() } else { bin.conj() * 2.0 };
        }
        let (lows, low_rest) = low.as_chunks_mut::<LANES>();
        let (high_rest, highs) = high.as_rchunks_mut::<LANES>();
        let (turns, turns_rest) = self.turns.as_chunks::<LANES>();
        for ((low, high), turns) in lows.iter_mut().zip(highs.iter_mut().rev()).zip(turns) {
            let (mut out_low, mut out_high) = ([Complex32::ZERO; LANES], [Complex32::ZERO; LANES]);
            for lane in 0..LANES {
                (out_low[lane], out_high[LANES - 1 - lane]) =
                    pair::<FORWARD>(low[lane], high[LANES - 1 - lane], turns[lane]);
            }
            (*low, *high) = (out_low, out_high);
        }
        for ((low, high), &turn) in low_rest.iter_mut().zip(high_rest.iter_mut().rev()).zip(turns_rest) {
            (*low, *high) = pair::<FORWARD>(*low, *high, turn);
        }
    }
}

/// Bins `k` and `half − k`.
#[inline(always)]
fn pair<const FORWARD: bool>(low: Complex32, high: Complex32, turn: Complex32) -> (Complex32, Complex32) {
    let (sum, difference) = (low + high, low - high);
    if FORWARD {
        let re = sum.im * turn.re + difference.re * turn.im;
        let im = sum.im * turn.im - difference.re * turn.re;
        let (even, odd) = (0.5 * sum.re, 0.5 * difference.im);
        (Complex32::new(even + re, im + odd), Complex32::new(even - re, im - odd))
    } else {
        let re = 2.0 * (sum.im * turn.re - difference.re * turn.im);
        let im = 2.0 * (sum.im * turn.im + difference.re * turn.re);
        (Complex32::new(sum.re - re, im + difference.im), Complex32::new(sum.re + re, im - difference.im))
    }
}

impl fmt::Debug for Fft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fft({} frames)", self.frames())
    }
}

/// How a whole signal is cut for filters with symmetric impulse responses: overlap-save, nothing delayed.
///
/// Block `k` holds frames `k · hop − margin .. k · hop + hop + margin`; of what comes back, the middle `hop` frames are
/// the filtered signal, if no response is longer than `taps()`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Framing {
    /// Frames of the transform.
    pub fft_frames: usize,
    /// Frames before and after those that are new in a block.
    pub margin: usize,
    /// New frames of a block.
    pub hop: usize,
}

impl Framing {
    /// 16384 frames with responses of 4095 taps up to 50 kHz, twice as many for each doubling of the rate: 93 ms of
    /// response, which resolves about 11 Hz.
    #[must_use]
    pub fn at(rate: SampleRate) -> Self {
        let times = (f64::from(rate.hertz()) / 50_000.0).log2().ceil().max(0.0) as u32;
        let fft_frames = 16_384usize << times;
        let margin = fft_frames / 8;
        Self { fft_frames, margin, hop: fft_frames - 2 * margin }
    }

    /// Taps of the longest response: `2 · margin − 1`.
    #[must_use]
    pub fn taps(&self) -> usize {
        2 * self.margin - 1
    }

    /// Bins of a spectrum.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.fft_frames / 2 + 1
    }

    /// How many blocks cover so many frames.
    #[must_use]
    pub fn blocks(&self, frames: usize) -> usize {
        frames.div_ceil(self.hop)
    }

    /// Reads block number `index` of a channel into `block`; silence stands before its start and after its end.
    pub fn read(&self, channel: &[f32], index: usize, block: &mut [f32]) {
        let first = index * self.hop;
        let before = self.margin.saturating_sub(first);
        let from = (first + before).saturating_sub(self.margin).min(channel.len());
        let to = (first + self.hop + self.margin).min(channel.len());
        let count = to - from;
        block[..before].fill(0.0);
        block[before..before + count].copy_from_slice(&channel[from..to]);
        block[before + count..].fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forward_and_back_is_the_same_times_the_frames() {
        let mut fft = Fft::new(1024);
        let given: Vec<f32> =
            (0..1024u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 9) as f32 / 8e6 - 0.5).collect();
        let (mut block, mut spectrum) = (given.clone(), vec![Complex32::ZERO; fft.bins()]);
        fft.forward(&block, &mut spectrum);
        fft.inverse(&mut spectrum, &mut block);
        for (got, want) in block.iter().zip(&given) {
            assert!((got / 1024.0 - want).abs() < 1e-6);
        }
    }

    #[test]
    fn blocks_cover_a_signal_with_margins_of_silence() {
        let framing = Framing::at(SampleRate::literal(44_100));
        assert_eq!((framing.fft_frames, framing.hop, framing.taps()), (16_384, 12_288, 4095));
        let channel: Vec<f32> = (1..=20_000u32).map(|i| i as f32).collect();
        assert_eq!(framing.blocks(channel.len()), 2);
        let mut block = vec![9.0; framing.fft_frames];
        framing.read(&channel, 0, &mut block);
        assert_eq!((block[2047], block[2048], block[16_383]), (0.0, 1.0, 14_336.0));
        framing.read(&channel, 1, &mut block);
        assert_eq!((block[0], block[2048], block[9759], block[9760]), (10_241.0, 12_289.0, 20_000.0, 0.0));
        framing.read(&channel, 9, &mut block);
        assert!(block.iter().all(|&sample| sample == 0.0));
    }

    #[test]
    fn higher_rates_get_longer_blocks() {
        for (hz, frames) in
            [(8000, 16_384), (48_000, 16_384), (88_200, 32_768), (192_000, 65_536), (384_000, 131_072)]
        {
            assert_eq!(Framing::at(SampleRate::literal(hz)).fft_frames, frames, "{hz} Hz");
        }
    }
}
