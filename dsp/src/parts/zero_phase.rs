//! Filters without phase: symmetric impulse responses from a wanted gain, as gains on the bins of a transform.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::{Complex32, Complex64};
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::fft::Framing;
use super::window::kaiser;
use crate::units::{Hertz, SampleRate};

/// The Kaiser window that cuts a response: side lobes at about −57 dB of what is cut.
const BETA: f64 = 5.0;
/// The wanted gain is sampled so many times as finely as the bins of the transform, so that the response before it
/// is cut does not fold onto itself.
const FINENESS: usize = 8;

/// The gain on each bin of `framing`'s transform of the symmetric filter whose response, at most `framing.taps()` long,
/// comes nearest to `gain` (linear, real, of a frequency).
///
/// Includes the scale that undoes a forward and an inverse transform, 1 / frames. Multiplying a block's spectrum by
/// it filters the block without delay. Linear in `gain`: filters of gains that sum up to a third sum up to its filter.
#[must_use]
pub fn bin_gains(framing: &Framing, rate: SampleRate, gain: impl Fn(Hertz) -> f64) -> Vec<f32> {
    let design = Design::new(framing, rate);
    design.bin_gains(&design.sampled(gain))
}

/// One half of the symmetric response, from the middle tap on: `framing.margin` taps, the last of them zero.
#[must_use]
pub fn response(framing: &Framing, rate: SampleRate, gain: impl Fn(Hertz) -> f64) -> Vec<f64> {
    let design = Design::new(framing, rate);
    design.response(&design.sampled(gain))
}

/// Designs several filters for one framing and rate from gains that were sampled once.
pub struct Design {
    framing: Framing,
    step_hz: f64,
    fine: Arc<dyn ComplexToReal<f64>>,
    forward: Arc<dyn RealToComplex<f64>>,
}

impl Design {
    /// For filters of `framing.taps()`.
    #[must_use]
    pub fn new(framing: &Framing, rate: SampleRate) -> Self {
        let fine_frames = framing.fft_frames * FINENESS;
        let mut planner = RealFftPlanner::<f64>::new();
        Self {
            framing: *framing,
            step_hz: rate.as_f64() / fine_frames as f64,
            fine: planner.plan_fft_inverse(fine_frames),
            forward: planner.plan_fft_forward(framing.fft_frames),
        }
    }

    /// Where gains are sampled, from 0 Hz to half the rate, evenly.
    pub fn frequencies(&self) -> impl ExactSizeIterator<Item = Hertz> {
        let step_hz = self.step_hz;
        (0..self.fine.len() / 2 + 1).map(move |bin| Hertz::literal(bin as f64 * step_hz))
    }

    /// `gain` at [`Self::frequencies`].
    #[must_use]
    pub fn sampled(&self, gain: impl Fn(Hertz) -> f64) -> Vec<f64> {
        self.frequencies().map(gain).collect()
    }

    /// As the function [`bin_gains`], from gains at [`Self::frequencies`].
    #[must_use]
    pub fn bin_gains(&self, gains: &[f64]) -> Vec<f32> {
        let frames = self.framing.fft_frames;
        let mut block = vec![0.0f64; frames];
        for (tap, value) in self.response(gains).into_iter().enumerate() {
            block[tap] = value;
            block[(frames - tap) % frames] = value;
        }
        let mut spectrum = self.forward.make_output_vec();
        let done = self.forward.process(&mut block, &mut spectrum);
        assert!(done.is_ok(), "blocks and spectra of one length");
        // A block that is symmetric about its first frame has a real spectrum.
        spectrum.into_iter().map(|bin| (bin.re / frames as f64) as f32).collect()
    }

    /// The same of a filter that also turns the phase by `turns` (in radians, at [`Self::frequencies`]), for instance
    /// as much as [`minimum_phase`](super::minimum_phase::minimum_phase) says.
    #[must_use]
    pub fn turned_bins(&self, gains: &[f64], turns: &[f64]) -> Vec<Complex32> {
        let scale = 1.0 / self.fine.len() as f64;
        let mut spectrum = self.fine.make_input_vec();
        let last = spectrum.len() - 1;
        for (bin, (value, (gain, turn))) in spectrum.iter_mut().zip(gains.iter().zip(turns)).enumerate() {
            *value = Complex64::from_polar(gain * scale, *turn);
            if bin == 0 || bin == last {
                value.im = 0.0;
            }
        }
        let mut response = self.fine.make_output_vec();
        let done = self.fine.process(&mut spectrum, &mut response);
        assert!(done.is_ok(), "a spectrum that is real at both ends has a real response");
        let (frames, reach) = (self.framing.fft_frames, self.framing.margin);
        let mut block = vec![0.0f64; frames];
        block[0] = response[0];
        for tap in 1..reach {
            let kept = flat_top(tap as f64 / reach as f64);
            block[tap] = response[tap] * kept;
            block[frames - tap] = response[response.len() - tap] * kept;
        }
        let mut bins = self.forward.make_output_vec();
        let done = self.forward.process(&mut block, &mut bins);
        assert!(done.is_ok(), "blocks and spectra of one length");
        let scaled =
            |bin: Complex64| Complex32::new((bin.re / frames as f64) as f32, (bin.im / frames as f64) as f32);
        bins.into_iter().map(scaled).collect()
    }

    /// As the function [`response`], from gains at [`Self::frequencies`].
    #[must_use]
    pub fn response(&self, gains: &[f64]) -> Vec<f64> {
        let scale = 1.0 / self.fine.len() as f64;
        let mut spectrum = self.fine.make_input_vec();
        for (value, gain) in spectrum.iter_mut().zip(gains) {
            value.re = gain * scale;
        }
        let mut block = self.fine.make_output_vec();
        let done = self.fine.process(&mut spectrum, &mut block);
        assert!(done.is_ok(), "a real spectrum has a real response");
        let reach = self.framing.margin as f64;
        (0..self.framing.margin).map(|tap| block[tap] * kaiser(BETA, tap as f64 / reach)).collect()
    }
}

/// The window that cuts a response which is not symmetric: its tail is longer than that of a symmetric one, and stays
/// whole up to half the reach.
fn flat_top(way: f64) -> f64 {
    let beyond = (2.0 * way - 1.0).clamp(0.0, 1.0);
    (std::f64::consts::FRAC_PI_2 * beyond).cos().powi(2)
}

impl fmt::Debug for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Design({:?}, every {} Hz)", self.framing, self.step_hz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::literal(44_100);

    #[test]
    fn no_gain_is_a_gain_of_one_on_every_bin() {
        let framing = Framing::at(RATE);
        for gain in bin_gains(&framing, RATE, |_| 1.0) {
            assert!((f64::from(gain) * framing.fft_frames as f64 - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_gentle_shelf_is_met_within_a_hundredth_of_a_decibel() {
        let framing = Framing::at(RATE);
        let wanted = |f: Hertz| 10f64.powf(3.0 / (1.0 + (2000.0 / f.value().max(1.0)).powi(2)) / 20.0);
        let gains = bin_gains(&framing, RATE, wanted);
        for (bin, gain) in gains.iter().enumerate().skip(40) {
            let frequency = Hertz::literal(bin as f64 * RATE.as_f64() / framing.fft_frames as f64);
            let got = 20.0 * (f64::from(*gain) * framing.fft_frames as f64).log10();
            assert!((got - 20.0 * wanted(frequency).log10()).abs() < 0.01, "{frequency}: {got}");
        }
    }
}
