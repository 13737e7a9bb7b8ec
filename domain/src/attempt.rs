//! How often a job is tried.
//!
//! | what happened | what follows |
//! |---|---|
//! | the audio cannot be used | failed at once: trying again would change nothing |
//! | the process that rendered it died | queued again; the third death ends as `job_quarantined` |
//! | our disk or database failed | queued again after a backoff; the eighth try is the last |
//! | the worker was told to stop | queued again at once; no attempt is spent |

use std::time::Duration;

use crate::ids::Entropy;

/// So many deaths of the process that renders a job end it.
pub const PROCESS_DEATHS_MAX: u32 = 3;
/// So many failures of ours end it.
pub const TRIES_MAX: u32 = 8;
/// Jobs of one account that run at the same time.
pub const RUNNING_PER_ACCOUNT_MAX: u32 = 2;

/// How many jobs may wait at the same time. Looks at uploads do not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Of one account.
    pub per_account: u32,
    /// Of all.
    pub for_all: u32,
}

impl Room {
    /// What the service has.
    pub const POLICY: Self = Self { per_account: 50, for_all: 10_000 };
    /// For operators, and for tests.
    pub const ENDLESS: Self = Self { per_account: u32::MAX, for_all: u32::MAX };
}

impl Default for Room {
    fn default() -> Self {
        Self::POLICY
    }
}

/// The longest wait between two tries.
const BACKOFF_MAX: Duration = Duration::from_secs(300);

/// How long to wait after the `failures`-th failure of ours: 1 s, 2 s, 4 s … up to 5 min, each ±20 % so that
/// jobs that failed together do not come back together.
#[must_use]
pub fn backoff(failures: u32, entropy: &dyn Entropy) -> Duration {
    let mut bytes = [0; 2];
    entropy.fill(&mut bytes);
    let spread = f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX); // 0 to 1
    let doublings = failures.saturating_sub(1).min(16);
    let plain = Duration::from_secs(1 << doublings).min(BACKOFF_MAX);
    plain.mul_f64(0.8 + 0.4 * spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant(u8);
    impl Entropy for Constant {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn the_wait_doubles_up_to_five_minutes_and_spreads_by_a_fifth() {
        let (shortest, longest) = (Constant(0), Constant(255));
        assert_eq!(backoff(1, &shortest), Duration::from_millis(800));
        assert_eq!(backoff(1, &longest), Duration::from_millis(1200));
        assert_eq!(backoff(4, &shortest), Duration::from_millis(6400));
        assert_eq!(backoff(40, &longest), Duration::from_secs(360));
    }
}
