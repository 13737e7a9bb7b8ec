//! Whether so much may go at once. A wrong date, a wrong table or a wrong program deletes everything; 120 days of a
//! service do not end on one evening.

use std::fmt;

/// What is due, and what that is to be seen against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Load {
    /// Jobs whose time is up.
    pub due: u64,
    /// Jobs there are, those included.
    pub jobs: u64,
    /// Jobs that went in the last seven days by themselves.
    pub gone_lately: u64,
    /// So many an operator has approved.
    pub approved: u64,
}

/// So many may always go: a small service has days like that.
pub const ALWAYS: u64 = 50;
const TIMES_THE_MEAN: u64 = 5;
const DAYS: u64 = 7;
/// One in so many jobs.
const SHARE: u64 = 5;

impl Load {
    /// Whether all that is due may go.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        let is_usual = self.due <= TIMES_THE_MEAN * self.gone_lately / DAYS && self.due <= self.jobs / SHARE;
        self.due <= ALWAYS || is_usual || self.due <= self.approved
    }
}

/// For the operator who has to decide.
impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} jobs are due at once; in the last seven days {} went",
            self.due, self.jobs, self.gone_lately
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_like_others_passes_and_a_mass_deletion_waits_for_an_operator() {
        let load = |due, jobs, gone_lately| Load { due, jobs, gone_lately, approved: 0 };
        for plausible in [load(1, 1, 0), load(50, 50, 0), load(600, 100_000, 7 * 150)] {
            assert!(plausible.is_plausible(), "{plausible}");
        }
        for implausible in
            [load(51, 51, 0), load(51, 1000, 0), load(800, 100_000, 7 * 150), load(300, 1000, 7000)]
        {
            assert!(!implausible.is_plausible(), "{implausible}");
            let approved = Load { approved: implausible.due, ..implausible };
            assert!(approved.is_plausible() && !Load { due: implausible.due + 1, ..approved }.is_plausible());
        }
    }
}
