//! When the owner of a result is told that it goes.

use std::time::Duration;

use crate::clock::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

/// So long before a result goes its owner is mailed.
pub const FIRST_NOTICE: Duration = DAY.saturating_mul(14);
/// And once more.
pub const LAST_NOTICE: Duration = DAY.saturating_mul(3);
/// What is to be told within so long is told along with what is to be told now: nobody gets a mail for each result.
pub const TOLD_ALONG: Duration = DAY;

/// How many notices of a result that goes at `delete_at` are given, or begin to be due within `along`, at `now`.
#[must_use]
pub fn notices_due(delete_at: Timestamp, along: Duration, now: Timestamp) -> u32 {
    let within = |notice: Duration| delete_at <= now + notice + along;
    u32::from(within(FIRST_NOTICE)) + u32::from(within(LAST_NOTICE))
}

/// Whether a result that lives from `finished_at` to `delete_at` is told of at all. A preview is not: its whole life is
/// shorter than the first notice is early.
#[must_use]
pub fn is_told_of(finished_at: Timestamp, delete_at: Timestamp) -> bool {
    delete_at.since(finished_at) > FIRST_NOTICE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Retention;

    #[test]
    fn notices_begin_fourteen_and_three_days_before() {
        let end = Timestamp::from_micros(1_000_000_000_000_000);
        let (moment, no_more) = (Duration::from_micros(1), Duration::ZERO);
        assert_eq!(notices_due(end, no_more, end - FIRST_NOTICE - moment), 0);
        assert_eq!(notices_due(end, no_more, end - FIRST_NOTICE), 1);
        assert_eq!(notices_due(end, no_more, end - LAST_NOTICE - moment), 1);
        assert_eq!(notices_due(end, no_more, end - LAST_NOTICE), 2);
        assert_eq!(notices_due(end, TOLD_ALONG, end - FIRST_NOTICE - DAY), 1);
        assert_eq!(notices_due(end, TOLD_ALONG, end - FIRST_NOTICE - DAY - moment), 0);
    }

    #[test]
    fn a_preview_is_not_told_of() {
        let end = Timestamp::from_micros(0);
        assert!(!is_told_of(end, Retention::POLICY.of_ended_preview(end)));
        assert!(is_told_of(end, Retention::POLICY.of_ended_job(end)));
    }
}
