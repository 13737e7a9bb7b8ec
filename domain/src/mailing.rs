//! How many mails may be asked for, and how often one is tried.

use std::time::Duration;

use crate::clock::Timestamp;

/// So many of something in so long, whenever one begins to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// At most.
    pub count: usize,
    /// In any stretch of this length.
    pub within: Duration,
}

const HOUR: Duration = Duration::from_secs(3600);

impl Pace {
    /// Links that one address gets: more would be a nuisance to whoever reads it.
    pub const PER_ADDRESS: Self = Self { count: 5, within: HOUR };
    /// Links that one network asks for.
    pub const PER_NETWORK: Self = Self { count: 20, within: HOUR };

    /// What still counts of `times`, oldest first.
    #[must_use]
    pub fn recent(&self, times: &[Timestamp], now: Timestamp) -> Vec<Timestamp> {
        let mut recent: Vec<_> = times.iter().copied().filter(|time| *time + self.within > now).collect();
        recent.sort_unstable();
        recent
    }

    /// How long until one more is allowed after `recent`; `None` if it is now.
    #[must_use]
    pub fn wait(&self, recent: &[Timestamp], now: Timestamp) -> Option<Duration> {
        let over = recent.len().checked_sub(self.count)?;
        let free_at = recent.get(over).map_or(now, |time| *time + self.within);
        let micros = u64::try_from(free_at.micros() - now.micros()).unwrap_or(0);
        Some(Duration::from_micros(micros))
    }
}

/// A mail is tried so often at most.
pub const TRIES_MAX: u32 = 8;
/// Nobody else tries a mail that was taken so lately: longer than a try can take.
pub const TRY_WITHIN: Duration = Duration::from_secs(120);
/// A mail that nobody waits for is given up after so long.
pub const NOTICE_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// How long to wait after try `tries` (from 1) came to nothing: 5 s, then three times as long each, up to half an hour.
#[must_use]
pub fn wait_after(tries: u32) -> Duration {
    let tripled = 3_u64.saturating_pow(tries.saturating_sub(1));
    Duration::from_secs(5_u64.saturating_mul(tripled).min(1800))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0) + Duration::from_secs(seconds)
    }

    #[test]
    fn one_more_is_allowed_when_the_oldest_stops_to_count() {
        let pace = Pace { count: 2, within: HOUR };
        assert_eq!(pace.wait(&[], at(0)), None);
        assert_eq!(pace.wait(&[at(0)], at(10)), None);
        assert_eq!(pace.wait(&[at(0), at(5)], at(10)), Some(HOUR - Duration::from_secs(10)));
        assert_eq!(pace.recent(&[at(5), at(0)], at(3600)), [at(5)]);
        assert_eq!(pace.wait(&pace.recent(&[at(0), at(5)], at(3600)), at(3600)), None);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<_> = (1..=TRIES_MAX).map(|tries| wait_after(tries).as_secs()).collect();
        assert_eq!(waits, [5, 15, 45, 135, 405, 1215, 1800, 1800]);
    }
}
