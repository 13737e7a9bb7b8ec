//! How much a limiter may do before louder is worse, and whether it does.

use super::loudness_target::{Probe, Programme};
use super::plan::Limit;
use crate::effects::limiter::Limiter;
use crate::units::{Decibels, Lu, Lufs};

/// What the limiter may do before a louder target is refused.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Budgets {
    /// The least distance of true peak and loudness. Below about 7 dB music sounds flat at any playback level.
    pub peak_to_loudness_min: Decibels,
    /// The gain reduction that all but a twentieth of the programme stays under.
    pub reduction_max: Decibels,
    /// The most energy that fast movements of the gain (above 20 Hz) may add, relative to the output. It is what
    /// one hears of a limiter: about −43 dB where it works now and then, −28 to −24 dB where it grinds.
    pub modulation_max: Decibels,
    /// The least that one more decibel of drive must still add in loudness. Below, only distortion grows.
    pub yield_min: Lu,
}

impl Budgets {
    /// For loud music, −9 LUFS and its like.
    pub const LOUD: Self = Self::of(6.5, 6.0, -27.0);
    /// For streaming.
    pub const NORMAL: Self = Self::of(9.5, 4.0, -32.0);
    /// For music that lives from its dynamics.
    pub const GENTLE: Self = Self::of(11.0, 2.0, -38.0);

    const fn of(peak_to_loudness_db: f64, reduction_db: f64, modulation_db: f64) -> Self {
        Self {
            peak_to_loudness_min: Decibels::literal(peak_to_loudness_db),
            reduction_max: Decibels::literal(reduction_db),
            modulation_max: Decibels::literal(modulation_db),
            yield_min: Lu::literal(0.2),
        }
    }
}

/// A limiter on a programme, for every gain before it.
#[derive(Debug)]
pub(crate) struct Trials<'a> {
    pub(crate) programme: &'a Programme,
    pub(crate) limiter: Limiter,
    /// The highest level wanted.
    pub(crate) aim: crate::units::Dbtp,
}

impl Trials<'_> {
    pub(crate) fn probe(&self, gain: f64) -> Probe<'_> {
        self.programme.probe(&self.limiter, self.aim.amplitude(), Decibels::literal(gain))
    }

    /// Loudness after the limiter; without one that can be measured, negative infinity.
    pub(crate) fn loudness(&self, gain: f64) -> Lufs {
        loudness_of(&self.probe(gain))
    }

    /// The first budget that this gain exceeds.
    pub(crate) fn exceeded(&self, gain: f64, budgets: &Budgets) -> Option<Limit> {
        const STEP_DB: f64 = 0.5;
        let probe = self.probe(gain);
        if probe.is_idle() {
            return None;
        }
        let loudness = loudness_of(&probe);
        if self.aim.value() - loudness.value() < budgets.peak_to_loudness_min.value() {
            return Some(Limit::PeakToLoudness { least: budgets.peak_to_loudness_min });
        }
        if probe.reduction_p95() > budgets.reduction_max {
            return Some(Limit::Reduction { most: budgets.reduction_max });
        }
        if probe.modulation() > budgets.modulation_max {
            return Some(Limit::Modulation { most: budgets.modulation_max });
        }
        let added = (loudness - self.loudness(gain - STEP_DB)).value() / STEP_DB;
        (added < budgets.yield_min.value()).then_some(Limit::Wall { least: budgets.yield_min })
    }

    /// The highest gain from `idle` (where the limiter has nothing to do) to `too_much` within the budgets.
    pub(crate) fn most_within(&self, idle: f64, too_much: f64, budgets: &Budgets) -> f64 {
        const HALVINGS: usize = 10;
        let (mut good, mut bad) = (idle, too_much);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (good + bad);
            if self.exceeded(middle, budgets).is_some() { bad = middle } else { good = middle }
        }
        good
    }
}

fn loudness_of(probe: &Probe<'_>) -> Lufs {
    probe.loudness().unwrap_or(Lufs::literal(f64::NEG_INFINITY))
}
