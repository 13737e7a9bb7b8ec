//! A tone curve, realised in two halves.
//!
//! Below [`ChainPlan::LINEAR_FROM`] by five minimum-phase sections, common to all channels: a symmetric filter
//! there would ring audibly before each attack, and would have to be long. Above by symmetric filters, so that mid and
//! side, which may differ, stay aligned. The symmetric filters' gain is held constant an octave below, and what the
//! sections do above is divided out again, so the two together meet the curve.
//!
//! Ringing more than 5 ms before an attack carries at least 60 dB less than the attack (`tests/chain/tone.rs`).

mod low_end;

use super::multiband::{BANDS, band_gain};
use crate::bands::Curve;
use crate::master::chain::ChainPlan;
use crate::parts::biquad::Biquad;
use crate::parts::zero_phase::Design;
use crate::units::{Decibels, Hertz, SampleRate};

/// From here to [`ChainPlan::LINEAR_FROM`] the symmetric filters take over what the sections leave, bit by bit: a
/// bend at the seam would ring.
const LEFT_FROM_HZ: f64 = ChainPlan::LINEAR_FROM.value() / 2.0;

/// The tone, the width and the high-pass of a [`ChainPlan`], as things that can be rendered.
#[derive(Clone, Debug)]
pub struct Equalizer {
    rate: SampleRate,
    high_pass: Option<Biquad>,
    low_pass: Option<Hertz>,
    /// Low shelf and bells; none if the curve does nothing below [`ChainPlan::LINEAR_FROM`].
    low_end: Vec<Biquad>,
    tone: Curve,
    side: Curve,
    width: [Decibels; BANDS],
    mono_below: Option<Hertz>,
}

impl Equalizer {
    /// Fits the sections: some milliseconds.
    #[must_use]
    pub fn new(plan: &ChainPlan, rate: SampleRate) -> Self {
        Self {
            rate,
            high_pass: plan.high_pass.map(|corner| Biquad::high_pass(corner, rate)),
            low_pass: plan.low_pass,
            low_end: low_end::sections(&plan.tone, rate),
            tone: plan.tone,
            side: plan.side,
            width: plan.width,
            mono_below: plan.mono_below,
        }
    }

    /// The recursive sections in order, at most six; none if there is nothing for them to do.
    #[must_use]
    pub fn sections(&self) -> Vec<Biquad> {
        self.high_pass.iter().chain(&self.low_end).copied().collect()
    }

    /// Gain of the symmetric filter of the mid (or of any channel that has no side) where `design` asks for it; none if
    /// there is no such filter.
    #[must_use]
    pub fn mid_gains(&self, design: &Design) -> Option<Vec<f64>> {
        if self.tone.is_flat() && self.low_pass.is_none() {
            return None;
        }
        let powers: Vec<PowerGain> = self.low_end.iter().map(PowerGain::of).collect();
        let gain = |frequency: Hertz| {
            let sine = (std::f64::consts::PI * frequency.value() / self.rate.as_f64()).sin();
            let sections: f64 = powers.iter().map(|power| power.at(sine * sine)).product();
            amplitude(self.tone.at_db(frequency)) / sections.sqrt()
        };
        let held = gain(ChainPlan::LINEAR_FROM);
        let nyquist = Hertz::literal(self.rate.as_f64() / 2.0);
        let fade = |frequency: Hertz| self.low_pass.map_or(1.0, |from| faded(from, nyquist, frequency));
        let at = |frequency: Hertz| match kept_above(Hertz::literal(LEFT_FROM_HZ), frequency) {
            kept if kept > 0.0 => held * (gain(frequency) / held).powf(kept) * fade(frequency),
            _ => held,
        };
        Some(design.sampled(at))
    }

    /// The same of the side, given that of the mid.
    #[must_use]
    pub fn side_gains(&self, design: &Design, mid: Option<&[f64]>) -> Option<Vec<f64>> {
        let as_wide = self.width == [Decibels::ZERO; BANDS];
        if self.side.is_flat() && as_wide && self.mono_below.is_none() {
            return mid.map(<[f64]>::to_vec);
        }
        let width = self.width.map(Decibels::amplitude);
        let gain = |frequency: Hertz| {
            let width: f64 = if as_wide {
                1.0
            } else {
                width.iter().enumerate().map(|(band, gain)| gain * band_gain(band, frequency)).sum()
            };
            let kept = self.mono_below.map_or(1.0, |corner| kept_above(corner, frequency));
            amplitude(self.side.at_db(frequency)) * width * kept
        };
        let mut gains = design.sampled(gain);
        for (gain, mid) in gains.iter_mut().zip(mid.unwrap_or_default()) {
            *gain *= mid;
        }
        Some(gains)
    }
}

fn amplitude(gain_db: f64) -> f64 {
    Decibels::literal(gain_db).amplitude()
}

/// The fade of the top: 1 up to `from`, a raised cosine, 0 from `to` on.
fn faded(from: Hertz, to: Hertz, frequency: Hertz) -> f64 {
    let way = ((frequency.value() - from.value()) / (to.value() - from.value())).clamp(0.0, 1.0);
    (std::f64::consts::FRAC_PI_2 * way).cos().powi(2)
}

/// The ramp of the side's removal: 0 up to `corner`, a raised cosine in the logarithm of frequency, 1 from an octave
/// above.
fn kept_above(corner: Hertz, frequency: Hertz) -> f64 {
    let octaves = (frequency.value() / corner.value()).log2().clamp(0.0, 1.0);
    (std::f64::consts::FRAC_PI_2 * octaves).sin().powi(2)
}

/// |H|² of a section as a ratio of two quadratics in sin²(w / 2): exact at low frequencies, and quick.
#[derive(Clone, Copy, Debug)]
struct PowerGain {
    above: [f64; 3],
    below: [f64; 3],
}

impl PowerGain {
    fn of(section: &Biquad) -> Self {
        let quadratic = |c: [f64; 3]| {
            let outer = 4.0 * c[0] * c[2];
            [(c[0] + c[1] + c[2]).powi(2), -4.0 * (c[1] * (c[0] + c[2]) + outer), 4.0 * outer]
        };
        Self { above: quadratic(section.b), below: quadratic([1.0, section.a[0], section.a[1]]) }
    }

    fn at(&self, sine_squared: f64) -> f64 {
        let value = |c: [f64; 3]| c[0] + sine_squared * (c[1] + sine_squared * c[2]);
        value(self.above) / value(self.below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_gain_in_sines_is_that_of_the_section() {
        for hertz in [8000, 44_100, 384_000] {
            let rate = SampleRate::literal(hertz);
            let bell = Biquad::bell(Hertz::literal(40.0), Decibels::literal(6.0), 1.5, rate);
            let power = PowerGain::of(&bell);
            for hz in [10.0, 20.0, 40.0, 80.0, 180.0, 1000.0, 3900.0] {
                let sine = (std::f64::consts::PI * hz / rate.as_f64()).sin();
                let (got, want) = (power.at(sine * sine), bell.power_at(Hertz::literal(hz), rate));
                assert!((got / want - 1.0).abs() < 1e-5, "{hz} Hz at {rate}: {got} is not {want}");
            }
        }
    }
}
