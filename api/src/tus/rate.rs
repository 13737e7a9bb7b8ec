//! A body that trickles: it holds a place and brings next to nothing.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{ApiError, ApiResult};

/// How much comes, stretch by stretch.
pub(super) struct Rate {
    over: Duration,
    slowest_bytes: u64,
    began: Instant,
    bytes: u64,
}

impl Rate {
    /// Of a body that began then, and brings at least `slowest_bytes` in each stretch of `over`.
    pub(super) fn new(over: Duration, slowest_bytes: u64, began: Instant) -> Self {
        Self { over, slowest_bytes, began, bytes: 0 }
    }

    /// So many bytes came; an error if the stretch that ended by now brought too few.
    pub(super) fn came(&mut self, bytes: usize, now: Instant) -> ApiResult<()> {
        self.bytes += bytes as u64;
        if now - self.began < self.over {
            return Ok(());
        }
        if self.bytes < self.slowest_bytes {
            return Err(ApiError::BodyTooSlow { bytes: self.slowest_bytes, over: self.over });
        }
        (self.began, self.bytes) = (now, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVER: Duration = Duration::from_secs(30);

    fn is_taken(bytes_a_second: usize) -> bool {
        let began = Instant::now();
        let mut rate = Rate::new(OVER, 3000, began);
        (1..=300).all(|second| rate.came(bytes_a_second, began + Duration::from_secs(second)).is_ok())
    }

    #[test]
    fn a_body_that_trickles_is_ended_and_a_slow_one_is_not() {
        assert!(is_taken(100));
        assert!(!is_taken(99));
    }
}
