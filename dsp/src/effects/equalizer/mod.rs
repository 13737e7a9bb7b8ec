//! A tone curve, realised in two halves.
//!
//! Below [`ChainPlan::LINEAR_FROM`] by five minimum-phase sections, common to all channels: a symmetric filter
//! there would ring audibly before each attack, and would have to be long. Above by symmetric filters, so that mid and
//! side, which may differ, stay aligned. The symmetric filters' gain is held constant an octave below, and what the
//! sections do above is divided out again, so the two together meet the curve.
//!
//! That is for curves as presets draw them. Steeper ones, which references ask for, would ring: those are of minimum
//! phase above the sections too, mid and side each by its own gain.
//!
//! Ringing more than 5 ms before an attack carries at least 60 dB less than the attack (`tests/chain/tone.rs`).

mod low_end;

use low_end::{LowEnd, Phase};

use super::multiband::{BANDS, band_gain};
use crate::bands::Curve;
use crate::master::chain::ChainPlan;
use crate::parts::biquad::Biquad;
use crate::parts::minimum_phase::minimum_phase;
use crate::parts::zero_phase::Design;
use crate::units::{Decibels, Hertz, SampleRate};

/// The tone, the width and the high-pass of a [`ChainPlan`], as things that can be rendered.
#[derive(Clone, Debug)]
pub struct Equalizer {
    rate: SampleRate,
    high_pass: Option<Biquad>,
    low_pass: Option<Hertz>,
    low_end: LowEnd,
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
            low_end: LowEnd::of(&plan.tone, rate),
            tone: plan.tone,
            side: plan.side,
            width: plan.width,
            mono_below: plan.mono_below,
        }
    }

    /// The recursive sections in order, at most ten; none if there is nothing for them to do.
    #[must_use]
    pub fn sections(&self) -> Vec<Biquad> {
        self.high_pass.iter().chain(&self.low_end.sections).copied().collect()
    }

    /// Gain of the filter of the mid (or of any channel that has no side) where `design` asks for it; none if there is
    /// no such filter.
    #[must_use]
    pub fn mid_gains(&self, design: &Design) -> Option<Vec<f64>> {
        if self.tone.is_flat() && self.low_pass.is_none() {
            return None;
        }
        let nyquist = Hertz::literal(self.rate.as_f64() / 2.0);
        let fade = |frequency: Hertz| self.low_pass.map_or(1.0, |from| faded(from, nyquist, frequency));
        let mut gains = self.tone_gains(design);
        for (gain, frequency) in gains.iter_mut().zip(design.frequencies()) {
            *gain *= fade(frequency);
        }
        Some(gains)
    }

    /// The phase of mid and of side there; none where the filter is symmetric.
    #[must_use]
    pub fn turns(&self, design: &Design) -> [Option<Vec<f64>>; 2] {
        let turned = self.low_end.phase == Phase::Minimum;
        let tone = turned.then(|| minimum_phase(&self.tone_gains(design)));
        if low_end::steepest(&self.side) <= low_end::STEEP_DB {
            return [tone.clone(), tone];
        }
        let mut side = minimum_phase(&design.sampled(|frequency| amplitude(self.side.at_db(frequency))));
        side.iter_mut().zip(tone.iter().flatten()).for_each(|(side, tone)| *side += tone);
        [tone, Some(side)]
    }

    /// What is left of the tone for the filters above the sections.
    fn tone_gains(&self, design: &Design) -> Vec<f64> {
        let powers: Vec<PowerGain> = self.low_end.sections.iter().map(PowerGain::of).collect();
        let gain = |frequency: Hertz| {
            let sine = (std::f64::consts::PI * frequency.value() / self.rate.as_f64()).sin();
            let sections: f64 = powers.iter().map(|power| power.at(sine * sine)).product();
            amplitude(self.tone.at_db(frequency)) / sections.sqrt()
        };
        let held = gain(self.low_end.seam);
        // From an octave below the seam on these filters take over what the sections leave, bit by bit: a bend at the
        // seam would ring.
        let left_from = Hertz::literal(self.low_end.seam.value() / 2.0);
        design.sampled(|frequency| match kept_above(left_from, frequency) {
            kept if kept > 0.0 => held * (gain(frequency) / held).powf(kept),
            _ => held,
        })
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
