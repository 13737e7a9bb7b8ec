//! The gain of every band of dynamics at the control rate.

use rayon::prelude::*;

use super::{ChainPlan, Compressor};
use crate::analysis::control::{CONTROL_FRAMES, ControlLevels};
use crate::effects::compressor::{gains, reduction};
use crate::effects::multiband::BANDS;
use crate::units::{Milliseconds, SampleRate};

/// How much time a detector's level takes in, about its middle, for each band, lowest first. A tone of 50 Hz has
/// two maxima of power in 20 ms: its level must not follow them.
pub const WINDOWS: [Milliseconds; BANDS] =
    [Milliseconds::literal(30.0), Milliseconds::literal(15.0), WINDOW_ABOVE, WINDOW_ABOVE];
const WINDOW_ABOVE: Milliseconds = Milliseconds::literal(10.0);
/// The same for the glue.
pub const GLUE_WINDOW: Milliseconds = Milliseconds::literal(15.0);

/// All gain curves of a chain, for a whole signal. Linear; each point belongs to the middle of its frames.
#[derive(Clone, PartialEq, Debug)]
pub enum Gains {
    /// Nothing moves.
    Still,
    /// One gain for everything.
    One(Vec<f32>),
    /// One for each band of dynamics, lowest first.
    Four([Vec<f32>; BANDS]),
}

impl Gains {
    /// What the compressors of `plan` do to a signal of these levels.
    #[must_use]
    pub fn of(plan: &ChainPlan, levels: &ControlLevels) -> Self {
        let bands = plan.working_bands().map(|bands| band_gains(&bands, levels));
        let Some(glue) = plan.working_glue() else { return bands.map_or(Self::Still, Self::Four) };
        let detector = glue_detector(levels, bands.as_ref());
        let mut glue_gains = Vec::new();
        reduction(&glue, &detector, levels.rate, &mut glue_gains);
        gains(&glue, &mut glue_gains);
        let Some(mut bands) = bands else { return Self::One(glue_gains) };
        for band in &mut bands {
            for (gain, glue) in band.iter_mut().zip(&glue_gains) {
                *gain *= glue;
            }
        }
        Self::Four(bands)
    }
}

/// What the glue of `plan` would read at these levels, after the plan's bands.
#[must_use]
pub fn heard_by_glue(plan: &ChainPlan, levels: &ControlLevels) -> Vec<f32> {
    let bands = plan.working_bands().map(|bands| band_gains(&bands, levels));
    glue_detector(levels, bands.as_ref())
}

/// What the detector of band `band` reads: the powers, smoothed over [`WINDOWS`].
#[must_use]
pub fn band_detector(levels: &ControlLevels, band: usize) -> Vec<f32> {
    smoothed(&levels.powers[band], WINDOWS[band], levels.rate)
}

/// What the detector of the glue reads: the sum of all bands but the lowest, each after its own gain.
#[must_use]
pub fn glue_detector(levels: &ControlLevels, gains: Option<&[Vec<f32>; BANDS]>) -> Vec<f32> {
    let mut sum = vec![0.0f32; levels.powers[0].len()];
    for band in 1..BANDS {
        match gains {
            None => sum.iter_mut().zip(&levels.powers[band]).for_each(|(sum, power)| *sum += power),
            Some(gains) => {
                let powers = levels.powers[band].iter().zip(&gains[band]);
                sum.iter_mut().zip(powers).for_each(|(sum, (power, gain))| *sum += power * gain * gain);
            }
        }
    }
    smoothed(&sum, GLUE_WINDOW, levels.rate)
}

fn band_gains(compressors: &[Compressor; BANDS], levels: &ControlLevels) -> [Vec<f32>; BANDS] {
    let mut bands = [const { Vec::new() }; BANDS];
    bands.par_iter_mut().enumerate().for_each(|(band, out)| {
        if compressors[band].is_neutral() {
            *out = vec![1.0; levels.powers[band].len()];
            return;
        }
        reduction(&compressors[band], &band_detector(levels, band), levels.rate, out);
        gains(&compressors[band], out);
    });
    bands
}

/// `powers` under a symmetric window (von Hann's) of `window` in all; beyond the ends they go on as they end. It reads
/// forward as far as back, so a compressor begins half a window before an attack arrives, and none delays.
pub(crate) fn smoothed(powers: &[f32], window: Milliseconds, rate: SampleRate) -> Vec<f32> {
    let points = window.value() / 1000.0 * rate.as_f64() / CONTROL_FRAMES as f64;
    let reach = (points / 2.0).round() as usize;
    let (Some(&first), Some(&last)) = (powers.first(), powers.last()) else { return Vec::new() };
    if reach == 0 {
        return powers.to_vec();
    }
    let taps: Vec<f64> = (0..=2 * reach)
        .map(|k| (std::f64::consts::PI * (k + 1) as f64 / (2 * reach + 2) as f64).sin().powi(2))
        .collect();
    let sum: f64 = taps.iter().sum();
    let mut padded = vec![first; reach];
    padded.extend_from_slice(powers);
    padded.resize(powers.len() + 2 * reach, last);
    let mut out = vec![0.0f32; powers.len()];
    for (tap, padded) in taps.iter().zip(padded.windows(powers.len())) {
        let tap = (tap / sum) as f32;
        out.iter_mut().zip(padded).for_each(|(out, power)| *out += tap * power);
    }
    out
}
