//! Time as a value. Nothing below `src/` asks the machine for it.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// As it is stored.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// As it is stored.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to this one; zero if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn whole_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_micros(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_micros(duration)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => time.fmt(f),
            // Beyond the year 9999: only a broken row can hold it, and a message must still be printable.
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = jiff::Error;
    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_microsecond()))
    }
}

/// What time it is. A real clock must never step back while the process lives (anchor the wall clock once at
/// start and add monotonic time), since leases are measured with it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// A clock that only its owner moves.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    /// Stopped at `start`.
    #[must_use]
    pub const fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.micros()))
    }

    /// Moves it on, and tells the new time.
    pub fn advance(&self, duration: Duration) -> Timestamp {
        let step = whole_micros(duration);
        Timestamp(self.0.fetch_add(step, Ordering::SeqCst).saturating_add(step))
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339_and_reads_back() {
        let time = Timestamp::from_micros(1_700_000_000_123_456);
        assert_eq!(time.to_string(), "2023-11-14T22:13:20.123456Z");
        assert_eq!(Timestamp::try_from(time.to_string()).unwrap(), time);
    }

    #[test]
    fn no_time_is_too_far_to_print() {
        assert!(Timestamp::from_micros(i64::MAX).to_string().contains("µs"));
    }

    #[test]
    fn a_hand_clock_moves_only_by_hand() {
        let clock = HandClock::new(Timestamp::from_micros(5));
        assert_eq!(clock.now(), clock.now());
        assert_eq!(clock.advance(Duration::from_secs(2)), Timestamp::from_micros(2_000_005));
        assert_eq!(clock.now().since(Timestamp::from_micros(5)), Duration::from_secs(2));
    }
}
