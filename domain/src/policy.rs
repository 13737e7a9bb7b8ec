//! The texts that people agree to, by their versions, and the times that the page about privacy tells.

use crate::abuse::AbuseReason;
use crate::removal::RECEIPTS;
use crate::retention::Retention;

/// One of the texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Its name on the wire.
    pub id: &'static str,
    /// The day it is of. Whoever changes what the text says changes this too.
    pub version: &'static str,
    /// Where it can be read.
    pub path: &'static str,
}

/// What signing up agrees to.
pub const TERMS: Policy = Policy { id: "terms", version: "2026-12-01", path: "/terms" };
/// What happens to data about people.
pub const PRIVACY: Policy = Policy { id: "privacy", version: "2026-12-01", path: "/privacy" };

/// Whoever signs up is at least so old. The date of birth is nobody's business here.
pub const AGE_MIN_YEARS: u32 = 16;

/// How long something is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keeping {
    /// What.
    pub what: &'static str,
    /// How long.
    pub how_long: Span,
    /// From when on, or until what.
    pub counted: &'static str,
}

/// A length of time, in the unit that people are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    /// Exactly so many times 60 s.
    Minutes(u64),
    /// Exactly so many times 3,600 s.
    Hours(u64),
    /// Exactly so many times 86,400 s.
    Days(u64),
    /// By the calendar.
    Months(u64),
    /// By the calendar.
    Years(u64),
    /// As long as the account.
    Account,
}

const DAY_S: u64 = 86_400;
const POLICY: Retention = Retention::POLICY;

/// Every time there is.
pub const KEEPING: [Keeping; 14] = [
    row(
        "Songs, stems and references that a job used",
        days(POLICY.after_job.as_secs()),
        "after the job ended, however it ended; a file of several jobs goes with the first of them",
    ),
    row(
        "Masters, mixes, stems and reports",
        days(POLICY.after_job.as_secs()),
        "after the job ended; neither a download nor a revision extends it",
    ),
    row(
        "An upload that was not finished",
        Span::Hours(POLICY.unfinished_upload.as_secs() / 3600),
        "after it began",
    ),
    row("An upload that no job used", days(POLICY.unused_upload.as_secs()), "after it was complete"),
    row(
        "A receipt of what was deleted: days, and the hash of a random id",
        days(RECEIPTS.as_secs()),
        "after the deletion",
    ),
    row("A preview", days(POLICY.preview.as_secs()), "after it was made"),
    row(
        "If you used a free preview: a hash of your address that leads to nobody",
        Span::Days(AbuseReason::PreviewUsed.days().unsigned_abs()),
        "after the last one, also when your account is gone",
    ),
    row(
        "A signed-in browser: its kind, as in “Firefox on Linux”, and since when",
        days(POLICY.session.as_secs()),
        "after you signed in, or until you sign out",
    ),
    row(
        "A link in a mail",
        Span::Minutes(POLICY.sign_in_link.as_secs() / 60),
        "after it was asked for, or until it is used",
    ),
    row("A mail that waits to be sent", Span::Days(1), "at most, sealed; it is removed when it is sent"),
    row("Logs of the program, without names and addresses", Span::Days(14), "after they were written"),
    row("What operators did", Span::Months(24), "after they did it"),
    row("Invoices, cut from the person", Span::Years(6), "as bookkeeping demands"),
    row(
        "Your address, that you confirmed your age and that you may pay, and the versions of the terms",
        Span::Account,
        "until you delete the account",
    ),
];

const fn row(what: &'static str, how_long: Span, counted: &'static str) -> Keeping {
    Keeping { what, how_long, counted }
}

const fn days(seconds: u64) -> Span {
    Span::Days(seconds / DAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_that_are_told_are_the_times_that_are_kept() {
        let told = |what: &str| {
            let row = KEEPING.iter().find(|row| row.what.contains(what));
            row.expect(what).how_long
        };
        assert_eq!(told("that a job used"), Span::Days(120));
        assert_eq!(told("was not finished"), Span::Hours(24));
        assert_eq!(told("no job used"), Span::Days(7));
        assert_eq!(told("A preview"), Span::Days(7));
        assert_eq!(told("hash of your address"), Span::Days(120));
        assert_eq!(told("receipt"), Span::Days(730));
        assert_eq!(told("signed-in browser"), Span::Days(30));
        assert_eq!(told("link in a mail"), Span::Minutes(10));
        assert_eq!(POLICY.after_job.as_secs(), 120 * DAY_S, "nothing was rounded");
        assert_eq!(crate::mailing::NOTICE_WITHIN.as_secs(), DAY_S);
    }
}
