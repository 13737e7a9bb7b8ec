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
pub(crate) struct Search {
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
    /// How much of the budgets it uses, of the one it uses most.
    strain: f64,
    /// How much of all budgets together.
    toll: f64,
}

impl Attempt<'_> {
    /// To compare by: the toll, what is missing in loudness, and above all what is beyond a budget.
    fn cost(&self) -> f64 {
        const OVERRUN: f64 = 4.0;
        self.toll + self.found.value.abs() + OVERRUN * (self.strain - 1.0).max(0.0)
    }
}

impl Search {
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

    /// The calmest of `candidates` that hardly touches the budgets, else the one that takes least of all of them
    /// together; if none reaches the target within the budgets, the one that gets loudest.
    ///
    /// Together, because each budget alone is bought with another: a calmer gain modulates less and reduces more,
    /// and what it holds down is heard as a loss of range.
    pub(crate) fn best_trial(
        &self,
        programme: &Programme,
        candidates: &[Limiter; 3],
        budgets: &Budgets,
        force: Force,
    ) -> Trial {
        const AT_EASE: f64 = 0.5;
        let mut attempts: Vec<Attempt<'_>> = Vec::with_capacity(candidates.len());
        // What a decibel over the aim usually costs in gain.
        let mut start = self.straight.value() + 0.25 * (self.peak + self.straight - self.aim).value();
        for &limiter in candidates {
            let attempt = self.attempt(Trials { programme, limiter, aim: self.aim }, budgets, start);
            start = attempt.found.at;
            let at_ease = attempt.cost() <= AT_EASE;
            attempts.push(attempt);
            if at_ease {
                break;
            }
        }
        let fitting =
            attempts.iter().filter(|attempt| force == Force::BeyondBudgets || attempt.strain <= 1.0);
        if let Some(best) = fitting.min_by(|a, b| a.cost().total_cmp(&b.cost())) {
            return self.reaching(best, budgets, force);
        }
        let short = attempts.iter().map(|attempt| self.falling_short(attempt, budgets));
        let loudest = short.max_by(|a, b| a.0.value().total_cmp(&b.0.value()));
        loudest.map_or_else(|| self.reaching(&attempts[0], budgets, force), |(_, trial)| trial)
    }

    /// The target itself, or as near as it comes.
    fn reaching(&self, attempt: &Attempt<'_>, budgets: &Budgets, force: Force) -> Trial {
        let found = attempt.found;
        let limit = self.missed(found, budgets, force);
        Trial { limiter: attempt.trials.limiter, gain: found.at, slope: found.slope, limit }
    }

    /// As loud as the budgets allow.
    fn falling_short(&self, attempt: &Attempt<'_>, budgets: &Budgets) -> (Lufs, Trial) {
        let idle = (self.aim - self.peak).value();
        let (gain, limit) = attempt.trials.most_within(idle, attempt.found.at, budgets);
        let trial =
            Trial { limiter: attempt.trials.limiter, gain, slope: attempt.found.slope, limit: Some(limit) };
        (attempt.trials.loudness(gain), trial)
    }

    fn attempt<'a>(&self, trials: Trials<'a>, budgets: &Budgets, start: f64) -> Attempt<'a> {
        let miss = |gain| (trials.loudness(gain) - self.wanted).value();
        let found = crossing(self.straight.value(), self.most.value(), start, CLOSE.value(), miss);
        let damage = trials.damage(found.at);
        Attempt { strain: damage.strain(budgets).0, toll: damage.toll(budgets), trials, found }
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
