//! When each thing must go: one table.

use std::time::Duration;

use crate::clock::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

/// How long each thing lives. Nothing extends any of it: no download, no revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Inputs and outputs, from the end of their job, whatever that end is.
    pub after_job: Duration,
    /// A preview, from the end of its job.
    pub preview: Duration,
    /// An upload that was never completed, from its beginning.
    pub unfinished_upload: Duration,
    /// An upload that no job ever used but for previews, from its completion or its last preview.
    pub unused_upload: Duration,
    /// A job that nobody paid for, from its order.
    pub unpaid_job: Duration,
    /// A session, from its beginning.
    pub session: Duration,
    /// A sign-in link, from its making.
    pub sign_in_link: Duration,
}

impl Retention {
    /// What the policy page says.
    pub const POLICY: Self = Self {
        after_job: DAY.saturating_mul(120),
        preview: DAY.saturating_mul(7),
        unfinished_upload: DAY,
        unused_upload: DAY.saturating_mul(7),
        unpaid_job: DAY.saturating_mul(14),
        session: DAY.saturating_mul(30),
        sign_in_link: Duration::from_secs(600),
    };

    /// When an upload goes that begins now.
    #[must_use]
    pub fn of_new_upload(&self, now: Timestamp) -> Timestamp {
        now + self.unfinished_upload
    }

    /// When an upload goes that is complete now and in no job.
    #[must_use]
    pub fn of_complete_upload(&self, now: Timestamp) -> Timestamp {
        now + self.unused_upload
    }

    /// When a job that ends now goes, with everything it made.
    #[must_use]
    pub fn of_ended_job(&self, now: Timestamp) -> Timestamp {
        now + self.after_job
    }

    /// The same for a preview.
    #[must_use]
    pub fn of_ended_preview(&self, now: Timestamp) -> Timestamp {
        now + self.preview
    }

    /// When an upload goes of which a job ends now. The first of its jobs decides.
    #[must_use]
    pub fn of_used_upload(&self, before: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let after_this_job = self.of_ended_job(now);
        before.map_or(after_this_job, |earlier| earlier.min(after_this_job))
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::POLICY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_and_outputs_live_exactly_120_days_after_the_jobs_end() {
        let end = Timestamp::from_micros(1_000_000);
        assert_eq!(Retention::POLICY.of_ended_job(end).since(end).as_secs(), 120 * 86_400);
    }

    #[test]
    fn a_preview_lives_7_days() {
        let end = Timestamp::from_micros(1_000_000);
        assert_eq!(Retention::POLICY.of_ended_preview(end).since(end), DAY * 7);
    }

    #[test]
    fn an_input_of_several_jobs_goes_with_the_first_of_them() {
        let first_end = Timestamp::from_micros(0);
        let second_end = first_end + DAY;
        let after_first = Retention::POLICY.of_used_upload(None, first_end);
        assert_eq!(Retention::POLICY.of_used_upload(Some(after_first), second_end), after_first);
    }
}
