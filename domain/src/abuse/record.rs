//! Why something is remembered, what may follow from it, and for how long.

use serde::{Deserialize, Serialize};

use super::pepper::AbuseTag;
use super::signal::AbuseKind;
use crate::artifact::closed_words;
use crate::removal::Day;

closed_words! {
    /// Why a tag was written. Without one of these none is.
    AbuseReason {
        /// A free preview was used: no misuse, and no more than that follows from it.
        PreviewUsed = "preview_used",
        /// A payment was taken back at the bank after the work was delivered.
        Chargeback = "chargeback",
        /// Money was asked back again and again for what was used.
        RefundAbuse = "refund_abuse",
        /// A file that was made to break a decoder.
        MaliciousFile = "malicious_file",
        /// Requests without end.
        Flood = "flood",
        /// Something that the terms forbid, seen by a person.
        TermsBreach = "terms_breach",
    }
}

closed_words! {
    /// What may follow from a tag. Nobody is shut out by one: that takes a person, who says why.
    AbuseEffect {
        /// What was used of the free previews counts on.
        PreviewQuota = "preview_quota",
        /// One more proof is asked for before something expensive is begun.
        Challenge = "challenge",
        /// A person looks at it, and whoever is concerned hears of it and may object.
        ManualReview = "manual_review",
    }
}

impl AbuseReason {
    /// As it is stored.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::PreviewUsed => 1,
            Self::Chargeback => 2,
            Self::RefundAbuse => 3,
            Self::MaliciousFile => 4,
            Self::Flood => 5,
            Self::TermsBreach => 6,
        }
    }

    /// The one with this number.
    #[must_use]
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| i64::from(reason.number()) == number)
    }

    /// All that may follow from it.
    #[must_use]
    pub const fn effects(self) -> &'static [AbuseEffect] {
        use AbuseEffect::{Challenge, ManualReview, PreviewQuota};
        match self {
            Self::PreviewUsed => &[PreviewQuota],
            Self::Chargeback | Self::RefundAbuse => &[PreviewQuota, ManualReview],
            Self::MaliciousFile => &[Challenge, ManualReview],
            Self::Flood => &[Challenge],
            Self::TermsBreach => &[ManualReview],
        }
    }

    /// Whether this may follow from it.
    #[must_use]
    pub fn may(self, effect: AbuseEffect) -> bool {
        self.effects().contains(&effect)
    }

    /// Days after the last time that it is remembered for; an address in a network less, see
    /// [`AbuseRecord::expires_after`].
    pub(crate) const fn days(self) -> i64 {
        match self {
            // As long as what the account itself made.
            Self::PreviewUsed => 120,
            _ => AbuseRecord::DAYS_MAX,
        }
    }

    /// Whether its hits are those of the last day alone: of previews nobody needs to know more than how many are left
    /// today.
    #[must_use]
    pub const fn counts_by_day(self) -> bool {
        matches!(self, Self::PreviewUsed)
    }
}

/// All that is remembered of a signal: no account, no job, no moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AbuseRecord {
    /// Of what.
    pub tag: AbuseTag,
    /// Why.
    pub reason: AbuseReason,
    /// The first day.
    pub first_day: Day,
    /// The last day.
    pub last_day: Day,
    /// How often, at most [`AbuseRecord::HITS_MAX`]; see [`AbuseReason::counts_by_day`].
    pub hits: u8,
    /// The day on which it goes.
    pub expires_day: Day,
}

impl AbuseRecord {
    /// Nothing is counted beyond this.
    pub const HITS_MAX: u8 = u8::MAX;
    /// The most days after the last time.
    pub const DAYS_MAX: i64 = 365;
    /// The most days after the last time for an address in a network.
    pub const ADDRESS_DAYS_MAX: i64 = 30;
    /// The most days after the first time, whatever happens.
    pub const LIFE_DAYS_MAX: i64 = 730;

    /// The day on which what is remembered goes.
    #[must_use]
    pub fn expires_after(kind: AbuseKind, reason: AbuseReason, first_day: Day, last_day: Day) -> Day {
        let days = if kind.is_address() { reason.days().min(Self::ADDRESS_DAYS_MAX) } else { reason.days() };
        Day::from_number((last_day.number() + days).min(first_day.number() + Self::LIFE_DAYS_MAX))
    }

    /// What is remembered once it has happened on this day too; `before` is what was. What has run out is not gone on
    /// with.
    #[must_use]
    pub fn after(before: Option<&Self>, tag: AbuseTag, reason: AbuseReason, day: Day) -> Self {
        let before = before.filter(|before| day < before.expires_day);
        let first_day = before.map_or(day, |before| before.first_day.min(day));
        let last_day = before.map_or(day, |before| before.last_day.max(day));
        let counted = before.filter(|before| !reason.counts_by_day() || before.last_day >= day);
        Self {
            tag,
            reason,
            first_day,
            last_day,
            hits: counted.map_or(0, |before| before.hits).saturating_add(1),
            expires_day: Self::expires_after(tag.kind, reason, first_day, last_day),
        }
    }

    /// How many free previews it says were used on this day.
    #[must_use]
    pub fn previews_on(&self, day: Day) -> u32 {
        let counts = self.reason == AbuseReason::PreviewUsed && self.last_day == day;
        if counts { u32::from(self.hits) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abuse::Epoch;

    fn day(number: i64) -> Day {
        Day::from_number(20_000 + number)
    }

    fn tag(kind: AbuseKind) -> AbuseTag {
        AbuseTag { kind, epoch: Epoch::of(day(0)), bits: [1; 16] }
    }

    #[test]
    fn mr_8b_what_may_follow_from_a_reason_is_one_table_without_a_ban() {
        use AbuseEffect::{Challenge, ManualReview, PreviewQuota};
        let expected: [(AbuseReason, &[AbuseEffect]); 6] = [
            (AbuseReason::PreviewUsed, &[PreviewQuota]),
            (AbuseReason::Chargeback, &[PreviewQuota, ManualReview]),
            (AbuseReason::RefundAbuse, &[PreviewQuota, ManualReview]),
            (AbuseReason::MaliciousFile, &[Challenge, ManualReview]),
            (AbuseReason::Flood, &[Challenge]),
            (AbuseReason::TermsBreach, &[ManualReview]),
        ];
        assert_eq!(
            expected.map(|(reason, _)| reason).as_slice(),
            AbuseReason::ALL,
            "every reason is in the table"
        );
        for (reason, effects) in expected {
            for effect in AbuseEffect::ALL {
                assert_eq!(reason.may(*effect), effects.contains(effect), "{reason} {effect}");
            }
        }
        let effects: Vec<&str> = AbuseEffect::ALL.iter().map(|effect| effect.as_str()).collect();
        assert_eq!(effects, ["preview_quota", "challenge", "manual_review"], "no other can be asked for");
        assert_eq!(AbuseReason::of_number(0), None);
        assert_eq!(AbuseReason::of_number(7), None);
    }

    #[test]
    fn nothing_is_remembered_longer_than_its_kind_and_reason_allow() {
        for kind in AbuseKind::ALL {
            for reason in AbuseReason::ALL {
                for last in [0, 1, 89, 400, 729, 730] {
                    let end = AbuseRecord::expires_after(*kind, *reason, day(0), day(last)).number() - 20_000;
                    assert!(end <= last + 365 && end <= 730, "{kind} {reason} {last}: {end}");
                    assert!(!kind.is_address() || end <= last + 30, "{kind} {reason} {last}: {end}");
                }
            }
        }
        let end = |kind, reason| AbuseRecord::expires_after(kind, reason, day(0), day(0));
        assert_eq!(end(AbuseKind::Email, AbuseReason::PreviewUsed), day(120));
        assert_eq!(end(AbuseKind::Email, AbuseReason::Chargeback), day(365));
        assert_eq!(end(AbuseKind::Ipv6, AbuseReason::Flood), day(30));
    }

    #[test]
    fn hits_are_counted_to_their_end_and_those_of_previews_day_by_day() {
        let tag = tag(AbuseKind::Email);
        let once = |before: Option<&AbuseRecord>, reason, on| AbuseRecord::after(before, tag, reason, on);
        let mut record = once(None, AbuseReason::Chargeback, day(0));
        for _ in 0..300 {
            record = once(Some(&record), AbuseReason::Chargeback, day(3));
        }
        assert_eq!((record.hits, record.first_day, record.last_day), (255, day(0), day(3)));
        let first = once(None, AbuseReason::PreviewUsed, day(0));
        let second = once(Some(&first), AbuseReason::PreviewUsed, day(0));
        assert_eq!((second.hits, second.previews_on(day(0)), second.previews_on(day(1))), (2, 2, 0));
        let next_day = once(Some(&second), AbuseReason::PreviewUsed, day(1));
        assert_eq!((next_day.hits, next_day.first_day), (1, day(0)));
        let long_after = once(Some(&second), AbuseReason::PreviewUsed, day(120));
        assert_eq!((long_after.first_day, long_after.hits), (day(120), 1), "what ran out is forgotten");
    }
}
