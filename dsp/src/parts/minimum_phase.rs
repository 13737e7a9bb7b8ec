//! The phase that a gain brings with it where nothing may sound before its time.

use realfft::RealFftPlanner;

/// The phase in radians at each frequency of the minimum-phase filter with these gains (linear, above zero, at evenly
/// spaced frequencies from 0 Hz to half the rate): the Hilbert transform of the logarithm of the gain, by way of the
/// cepstrum folded to positive times (Oppenheim and Schafer, "Discrete-Time Signal Processing", section 13.5).
///
/// The cepstrum folds onto itself if the gains are too far apart for how steep they are; those of a filter's design,
/// eight times as fine as its bins, are not.
#[must_use]
pub fn minimum_phase(gains: &[f64]) -> Vec<f64> {
    let frames = 2 * (gains.len().max(2) - 1);
    let mut planner = RealFftPlanner::<f64>::new();
    let (inverse, forward) = (planner.plan_fft_inverse(frames), planner.plan_fft_forward(frames));
    let mut spectrum = inverse.make_input_vec();
    for (bin, gain) in spectrum.iter_mut().zip(gains) {
        bin.re = gain.max(f64::MIN_POSITIVE).ln() / frames as f64;
    }
    let mut cepstrum = inverse.make_output_vec();
    let done = inverse.process(&mut spectrum, &mut cepstrum);
    assert!(done.is_ok(), "a real spectrum has a real cepstrum");
    cepstrum[1..frames / 2].iter_mut().for_each(|value| *value *= 2.0);
    cepstrum[frames / 2 + 1..].fill(0.0);
    let done = forward.process(&mut cepstrum, &mut spectrum);
    assert!(done.is_ok(), "as long as planned");
    spectrum.iter().map(|bin| bin.im).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::biquad::Biquad;
    use crate::units::{Decibels, Hertz, SampleRate};

    #[test]
    fn a_bell_gets_its_own_phase_back_from_its_gain() {
        let (rate, count) = (SampleRate::literal(44_100), 1 << 14);
        let bell = Biquad::bell(Hertz::literal(3000.0), Decibels::literal(9.0), 2.0, rate);
        let hertz: Vec<f64> = (0..=count).map(|k| rate.as_f64() / 2.0 * k as f64 / count as f64).collect();
        let gains: Vec<f64> =
            hertz.iter().map(|hz| bell.power_at(Hertz::literal(*hz), rate).sqrt()).collect();
        let angle = |c: [f64; 3], turn: f64| {
            let re = c[0] + c[1] * turn.cos() + c[2] * (2.0 * turn).cos();
            let im = -c[1] * turn.sin() - c[2] * (2.0 * turn).sin();
            im.atan2(re)
        };
        let mut most = 0.0f64;
        for (hz, phase) in hertz.iter().zip(minimum_phase(&gains)) {
            let turn = std::f64::consts::TAU * hz / rate.as_f64();
            let wanted = angle(bell.b, turn) - angle([1.0, bell.a[0], bell.a[1]], turn);
            most = most.max(wanted.abs());
            assert!((phase - wanted).abs() < 1e-6, "{hz} Hz: {phase} is not {wanted}");
        }
        assert!(most > 0.3, "the case must be real: {most}");
    }
}
