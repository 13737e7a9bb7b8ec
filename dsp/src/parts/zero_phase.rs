//! Filters without phase: symmetric impulse responses from a wanted gain, as gains on the bins of a transform.

use realfft::RealFftPlanner;

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
    let response = response(framing, rate, gain);
    let mut block = vec![0.0f64; framing.fft_frames];
    for (tap, &value) in response.iter().enumerate() {
        block[tap] = value;
        block[(framing.fft_frames - tap) % framing.fft_frames] = value;
    }
    let scale = 1.0 / framing.fft_frames as f64;
    spectrum_of(block).into_iter().map(|gain| (gain * scale) as f32).collect()
}

/// One half of the symmetric response, from the middle tap on: `framing.margin` taps, the last of them zero.
#[must_use]
pub fn response(framing: &Framing, rate: SampleRate, gain: impl Fn(Hertz) -> f64) -> Vec<f64> {
    let fine = framing.fft_frames * FINENESS;
    let step = rate.as_f64() / fine as f64;
    let mut planner = RealFftPlanner::<f64>::new();
    let inverse = planner.plan_fft_inverse(fine);
    let mut spectrum = inverse.make_input_vec();
    for (bin, value) in spectrum.iter_mut().enumerate() {
        value.re = gain(Hertz::literal(bin as f64 * step)) / fine as f64;
    }
    let mut block = inverse.make_output_vec();
    let done = inverse.process(&mut spectrum, &mut block);
    assert!(done.is_ok(), "a real spectrum has a real response");
    let reach = framing.margin as f64;
    (0..framing.margin).map(|tap| block[tap] * kaiser(BETA, tap as f64 / reach)).collect()
}

/// The real spectrum of a block that is symmetric about its first frame.
fn spectrum_of(mut block: Vec<f64>) -> Vec<f64> {
    let forward = RealFftPlanner::<f64>::new().plan_fft_forward(block.len());
    let mut spectrum = forward.make_output_vec();
    let done = forward.process(&mut block, &mut spectrum);
    assert!(done.is_ok(), "blocks and spectra of one length");
    spectrum.into_iter().map(|bin| bin.re).collect()
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
