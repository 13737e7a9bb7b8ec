//! How much a limiter may do before louder is worse, and whether it does.

use super::loudness_target::{Probe, Programme};
use super::plan::Limit;
use crate::effects::limiter::Limiter;
use crate::units::{Dbtp, Decibels, Lu, Lufs};

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
    pub const LOUD: Self = Self::of(6.5, 8.0, -24.0);
    /// For streaming.
    pub const NORMAL: Self = Self::of(9.5, 4.0, -32.0);
    /// For music that lives from its dynamics.
    pub const GENTLE: Self = Self::of(11.0, 2.0, -38.0);
    /// For music whose range is the point of it.
    pub const FAITHFUL: Self = Self::of(13.0, 1.0, -42.0);

    const fn of(peak_to_loudness_db: f64, reduction_db: f64, modulation_db: f64) -> Self {
        Self {
            peak_to_loudness_min: Decibels::literal(peak_to_loudness_db),
            reduction_max: Decibels::literal(reduction_db),
            modulation_max: Decibels::literal(modulation_db),
            yield_min: Lu::literal(0.2),
        }
    }
}

/// What a limiter does to a programme at one gain.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Damage {
    reduction: Decibels,
    modulation: Decibels,
    /// What one more decibel of gain adds in loudness.
    yields: Lu,
}

impl Damage {
    /// How much of the budgets is used: of the one that is used most, 1 being all of it; and that one.
    pub(crate) fn strain(&self, budgets: &Budgets) -> (f64, Limit) {
        let shares = self.shares(budgets);
        shares.into_iter().fold(shares[0], |most, share| if share.0 > most.0 { share } else { most })
    }

    /// How much of all budgets is used together.
    pub(crate) fn toll(&self, budgets: &Budgets) -> f64 {
        self.shares(budgets).iter().map(|share| share.0).sum()
    }

    fn shares(&self, budgets: &Budgets) -> [(f64, Limit); 3] {
        [
            (
                self.reduction.value() / budgets.reduction_max.value(),
                Limit::Reduction { most: budgets.reduction_max },
            ),
            (
                (self.modulation - budgets.modulation_max).amplitude(),
                Limit::Modulation { most: budgets.modulation_max },
            ),
            (
                budgets.yield_min.value() / self.yields.value().max(f64::MIN_POSITIVE),
                Limit::Wall { least: budgets.yield_min },
            ),
        ]
    }
}

/// A limiter on a programme, to try gains with.
#[derive(Debug)]
pub(crate) struct Trials<'a> {
    pub(crate) programme: &'a Programme,
    pub(crate) limiter: Limiter,
    /// The highest level wanted.
    pub(crate) aim: Dbtp,
}

impl Trials<'_> {
    fn probe(&self, gain: f64) -> Probe<'_> {
        self.programme.probe(&self.limiter, self.aim.amplitude(), Decibels::literal(gain))
    }

    /// Loudness after the limiter; without one that can be measured, negative infinity.
    pub(crate) fn loudness(&self, gain: f64) -> Lufs {
        loudness_of(&self.probe(gain))
    }

    pub(crate) fn damage(&self, gain: f64) -> Damage {
        /// The sketched curve is a little smoother than the rendered one: 0.0 to 0.35 dB on music.
        const SKETCH_READS_LOW: Decibels = Decibels::literal(0.3);
        const STEP_DB: f64 = 0.5;
        let probe = self.probe(gain);
        let added = loudness_of(&probe) - self.loudness(gain - STEP_DB);
        Damage {
            reduction: probe.reduction_p95(),
            modulation: probe.modulation() + SKETCH_READS_LOW,
            yields: Lu::literal(added.value() / STEP_DB),
        }
    }

    /// The highest gain from `idle` (where the limiter has nothing to do) to `too_much` within the budgets, and
    /// the budget that ends it.
    pub(crate) fn most_within(&self, idle: f64, too_much: f64, budgets: &Budgets) -> (f64, Limit) {
        const HALVINGS: usize = 8;
        let (mut good, mut bad) = (idle, too_much);
        let mut limit = self.damage(bad).strain(budgets).1;
        for _ in 0..HALVINGS {
            let middle = 0.5 * (good + bad);
            let (strain, most_strained) = self.damage(middle).strain(budgets);
            if strain > 1.0 {
                (bad, limit) = (middle, most_strained);
            } else {
                good = middle;
            }
        }
        (good, limit)
    }
}

fn loudness_of(probe: &Probe<'_>) -> Lufs {
    probe.loudness().unwrap_or(Lufs::literal(f64::NEG_INFINITY))
}
