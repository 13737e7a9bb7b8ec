//! What is remembered of something that was removed.

use domain::removal::{Day, Receipt};
use serde::Serialize;
use utoipa::ToSchema;

use super::rfc3339;

/// A receipt. Days are UTC, `YYYY-MM-DD`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt)]
pub(crate) struct ReceiptView {
    /// As it was asked for; it is not kept.
    id: String,
    /// `job`, `artifact`, `upload` or `account`.
    removed: &'static str,
    /// `retention` (120 days after its job), `erasure` (asked for), or `expiry` (never completed or never used).
    cause: &'static str,
    /// The day its time was up; null if it went before.
    due_on: Option<String>,
    /// From this day on nobody can read it: its rows and the keys of its audio were deleted.
    removed_on: String,
    /// The day its place was found empty, twice; of an account the last of its places. Null until then.
    verified_on: Option<String>,
    /// How many files lay there.
    files: u64,
}

impl ReceiptView {
    pub(crate) fn new(id: String, receipt: Receipt) -> Self {
        Self {
            id,
            removed: receipt.removed.as_str(),
            cause: receipt.cause.as_str(),
            due_on: receipt.due_on.map(date),
            removed_on: date(receipt.removed_on),
            verified_on: receipt.verified_on.map(date),
            files: receipt.files,
        }
    }
}

fn date(day: Day) -> String {
    let mut text = rfc3339(day.start());
    text.truncate("YYYY-MM-DD".len());
    text
}
