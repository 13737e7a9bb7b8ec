//! The gain and the limiter that reach a loudness with least harm.

use super::TOLERANCE;
use super::budgets::{Budgets, Trials};
use super::loudness_target::{Crossing, Programme, crossing};
use super::params::Force;
use super::plan::Limit;
use crate::effects::limiter::Limiter;
use crate::units::{Dbtp, Decibels, Lu, Lufs};

/// How near the search on the coarse grid comes.
const CLOSE: Lu = Lu::literal(0.002);

/// What is searched for, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    pub(crate) programme: &'a Programme,
    /// Of the mix.
    pub(crate) peak: Dbtp,
    /// Of the mix.
    pub(crate) loudness: Lufs,
    pub(crate) wanted: Lufs,
    /// The gain that would do without a limiter.
    pub(crate) straight: Decibels,
    /// The most gain.
    pub(crate) most: Decibels,
    /// The level that the limiter holds.
    pub(crate) aim: Dbtp,
}

/// A limiter and the gain before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    pub(crate) limiter: Limiter,
    pub(crate) gain: f64,
    /// What one more decibel of gain adds in loudness there.
    pub(crate) slope: f64,
    /// Why this is not the loudness wanted, if it is not.
    pub(crate) limit: Option<Limit>,
}

/// One limiter at the target.
struct Attempt<'a> {
    trials: Trials<'a>,
    found: Crossing,
    /// How much of the budgets it uses; what is missing in loudness counts too.
    strain: f64,
}

impl Search<'_> {
    /// The same, no louder than the least distance of peaks and loudness allows, and that limit if it bites.
    pub(crate) fn with_room_for_peaks(self, budgets: &Budgets, force: Force) -> (Self, Option<Limit>) {
        let least = budgets.peak_to_loudness_min;
        let loudest = Lufs::literal(self.aim.value() - least.value());
        if force == Force::BeyondBudgets || self.wanted <= loudest {
            return (self, None);
        }
        // A mix that is denser than that may stay as it is, but no limiter makes it denser.
        let as_it_is = self.loudness + (self.aim - self.peak);
        let wanted = if as_it_is > loudest { as_it_is } else { loudest };
        let straight = self.straight + Decibels::literal((wanted - self.wanted).value());
        (Self { wanted, straight, ..self }, Some(Limit::PeakToLoudness { least }))
    }

    /// The calmest of `candidates` that leaves half of every budget, else the one that leaves most; if none reaches
    /// the target within the budgets, as far as they go.
    pub(crate) fn best_trial(&self, candidates: &[Limiter; 3], budgets: &Budgets, force: Force) -> Trial {
        const AT_EASE: f64 = 0.5;
        let mut best = self.attempt(candidates[0], budgets);
        for &limiter in &candidates[1..] {
            if best.strain <= AT_EASE {
                break;
            }
            let next = self.attempt(limiter, budgets);
            if next.strain < best.strain {
                best = next;
            }
        }
        let Attempt { trials, found, strain } = best;
        let here = Trial { limiter: trials.limiter, gain: found.at, slope: found.slope, limit: None };
        if force == Force::WithinBudgets && strain - found.value.abs() > 1.0 {
            let idle = (self.aim - self.peak).value();
            let (gain, limit) = trials.most_within(idle, found.at, budgets);
            return Trial { gain, limit: Some(limit), ..here };
        }
        Trial { limit: self.missed(found, budgets, force), ..here }
    }

    fn attempt(&self, limiter: Limiter, budgets: &Budgets) -> Attempt<'_> {
        let trials = Trials { programme: self.programme, limiter, aim: self.aim };
        let miss = |gain| (trials.loudness(gain) - self.wanted).value();
        let found = crossing(self.straight.value(), self.most.value(), CLOSE.value(), miss);
        let strain = trials.damage(found.at).strain(budgets).0 + found.value.abs();
        Attempt { trials, found, strain }
    }

    /// Why the search did not reach its target, if it did not.
    fn missed(&self, found: Crossing, budgets: &Budgets, force: Force) -> Option<Limit> {
        if found.value.abs() <= TOLERANCE.value() {
            None
        } else if found.value > 0.0 || found.at < self.most.value() {
            Some(Limit::BetweenAchievable)
        } else if force == Force::BeyondBudgets {
            Some(Limit::Wall { least: budgets.yield_min })
        } else {
            Some(Limit::Boost { most: self.most })
        }
    }
}
