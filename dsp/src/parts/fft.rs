//! The fast Fourier transform of real blocks, and the frames in which a whole signal goes through it.
//!
//! The transform itself is `realfft`, which picks the processor's vector instructions at run time. It contracts
//! multiplications and additions where the processor can, so what passed a transform agrees between kinds of
//! processors to about −135 dBFS, not to the bit.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::units::SampleRate;

/// Transforms of one length, forward and back, with room to work in. Made once per thread; nothing allocates after.
/// A clone is cheap to make: it shares the plan, which takes long to make, and has room of its own.
#[derive(Clone)]
pub struct Fft {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    scratch: Vec<Complex32>,
    frames: usize,
}

impl Fft {
    /// For blocks of `frames`, an even number.
    #[must_use]
    pub fn new(frames: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(frames), planner.plan_fft_inverse(frames));
        let scratch = vec![Complex32::ZERO; forward.get_scratch_len().max(inverse.get_scratch_len())];
        Self { forward, inverse, scratch, frames }
    }

    /// Frames in a block.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Bins of a spectrum: half the frames and one.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.frames / 2 + 1
    }

    /// `block` (which is used up) to `spectrum`, not scaled.
    ///
    /// # Panics
    /// If a length is not the one this was made for.
    pub fn forward(&mut self, block: &mut [f32], spectrum: &mut [Complex32]) {
        let done = self.forward.process_with_scratch(block, spectrum, &mut self.scratch);
        assert!(done.is_ok(), "blocks and spectra of one length");
    }

    /// `spectrum` (which is used up) to `block`, scaled so that forward and back is the same block times `frames`.
    ///
    /// The imaginary parts of the first and the last bin, which no real block has, are set to zero.
    ///
    /// # Panics
    /// If a length is not the one this was made for.
    pub fn inverse(&mut self, spectrum: &mut [Complex32], block: &mut [f32]) {
        let last = spectrum.len() - 1;
        spectrum[0].im = 0.0;
        spectrum[last].im = 0.0;
        let done = self.inverse.process_with_scratch(spectrum, block, &mut self.scratch);
        assert!(done.is_ok(), "blocks and spectra of one length");
    }
}

impl fmt::Debug for Fft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fft({} frames)", self.frames)
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
        fft.forward(&mut block, &mut spectrum);
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
