//! How long a job will wait.
//!
//! The queue serves accounts in turns, so what counts is not who came first but how many turns come before: of each
//! other account as many of its jobs as this account takes turns itself. A run is taken to last as long as runs
//! lasted lately, and the runs of now to be spread evenly over it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::attempt::RUNNING_PER_ACCOUNT_MAX;
use crate::ids::AccountId;

/// The queue at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Outlook {
    /// How many jobs all workers that are alive run side by side; at least 1.
    pub slots: u32,
    /// How long a run lasted lately: the median.
    pub typical_run: Duration,
    /// How many jobs of each account wait.
    pub waiting: BTreeMap<AccountId, u64>,
    /// How many jobs of each account run.
    pub running: BTreeMap<AccountId, u64>,
}

impl Outlook {
    /// How long the job of `account` waits that has so many of the same account before it.
    #[must_use]
    pub fn wait(&self, account: &AccountId, own_ahead: u64) -> Duration {
        let turns = own_ahead + 1;
        let others = self.waiting.iter().filter(|(other, _)| *other != account);
        let before = own_ahead + others.map(|(_, count)| turns.min(*count)).sum::<u64>();
        let slots = u64::from(self.slots);
        let all = self.until_free(before, self.running.values().sum(), slots);
        // And it waits for its own account's turn, however many slots there are.
        let of_own = self.running.get(account).copied().unwrap_or(0);
        all.max(self.until_free(own_ahead, of_own, u64::from(RUNNING_PER_ACCOUNT_MAX)))
    }

    /// Until one of `slots` is free for whoever comes after `ahead` others, while so many run.
    fn until_free(&self, ahead: u64, running: u64, slots: u64) -> Duration {
        let free = slots.saturating_sub(running);
        if ahead < free {
            return Duration::ZERO;
        }
        // The n-th end of a run is expected after n − ½ of the time between two ends.
        let ends = (ahead - free + 1) as f64 - 0.5;
        self.typical_run.mul_f64(ends / slots.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SeededEntropy;

    const RUN: Duration = Duration::from_secs(10);

    fn accounts() -> [AccountId; 3] {
        let entropy = SeededEntropy::new(1);
        [(); 3].map(|()| AccountId::new(&entropy))
    }

    fn outlook(slots: u32, waiting: [u64; 3], running: [u64; 3]) -> Outlook {
        let of = |counts: [u64; 3]| accounts().into_iter().zip(counts).collect();
        Outlook { slots, typical_run: RUN, waiting: of(waiting), running: of(running) }
    }

    #[test]
    fn a_free_slot_is_no_wait() {
        let [anna, ..] = accounts();
        assert_eq!(outlook(1, [1, 0, 0], [0, 0, 0]).wait(&anna, 0), Duration::ZERO);
    }

    #[test]
    fn five_hundred_jobs_of_another_delay_a_single_one_by_one_run() {
        let [anna, ..] = accounts();
        let wait = outlook(1, [1, 500, 0], [0, 1, 0]).wait(&anna, 0);
        assert_eq!(
            wait,
            RUN.mul_f64(1.5),
            "half a run that is under way, and at worst one turn of the other"
        );
    }

    #[test]
    fn more_slots_do_not_shorten_the_wait_for_ones_own_cap() {
        let [anna, ..] = accounts();
        let wait = outlook(64, [6, 0, 0], [2, 0, 0]).wait(&anna, 5);
        assert_eq!(wait, RUN.mul_f64(5.5 / 2.0));
    }

    /// The queue's own order, played through, is what the estimate is judged by.
    #[test]
    fn the_estimate_is_within_one_run_of_what_happens() {
        let everybody = accounts();
        for (slots, waiting) in [(1, [3, 9, 1]), (2, [8, 8, 8]), (3, [20, 1, 1]), (4, [5, 0, 7])] {
            for (me, account) in everybody.iter().enumerate() {
                let outlook = outlook(slots, waiting, [0; 3]);
                for (ahead, happened) in starts(slots, waiting, me).into_iter().enumerate() {
                    let expected = outlook.wait(account, ahead as u64).as_secs_f64();
                    let off = (expected - happened).abs() / RUN.as_secs_f64();
                    assert!(off <= 1.5, "slots {slots} {waiting:?} {me}/{ahead}: {expected} for {happened}");
                }
            }
        }
    }

    /// When each job of one account starts, in seconds, if every run lasts as long as any other.
    fn starts(slots: u32, mut waiting: [u64; 3], me: usize) -> Vec<f64> {
        let (mut now, mut starts, mut turn) = (0.0, Vec::new(), 0);
        let (mut last_turn, mut running) = ([0; 3], Vec::<(f64, usize)>::new());
        while waiting[me] > 0 {
            let of = |account: usize| running.iter().filter(|(_, other)| *other == account).count();
            let next = (0..3)
                .filter(|account| waiting[*account] > 0 && of(*account) < RUNNING_PER_ACCOUNT_MAX as usize)
                .min_by_key(|account| (of(*account), last_turn[*account]));
            match next.filter(|_| running.len() < slots as usize) {
                Some(account) => {
                    waiting[account] -= 1;
                    turn += 1;
                    last_turn[account] = turn;
                    running.push((now + RUN.as_secs_f64(), account));
                    if account == me {
                        starts.push(now);
                    }
                }
                None => {
                    now = running.iter().map(|(end, _)| *end).fold(f64::INFINITY, f64::min);
                    running.retain(|(end, _)| *end > now);
                }
            }
        }
        starts
    }
}
