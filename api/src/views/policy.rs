//! The texts that people agree to.

use domain::policy::{KEEPING, Keeping, PRIVACY, Policy, Span, TERMS};
use serde::Serialize;
use utoipa::ToSchema;

/// One text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyView {
    /// `terms` or `privacy`.
    id: &'static str,
    #[schema(example = "2026-12-01")]
    version: &'static str,
    /// Where people read it.
    path: &'static str,
    /// How long each thing is kept; of `privacy` alone.
    keeping: Vec<KeepingView>,
}

/// How long something is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Keeping)]
pub(crate) struct KeepingView {
    what: &'static str,
    #[schema(example = "120 days")]
    how_long: String,
    /// From when on, or until what.
    counted: &'static str,
}

impl PolicyView {
    pub(crate) fn all() -> Vec<Self> {
        let keeping = KEEPING.iter().map(KeepingView::from).collect();
        vec![Self::new(TERMS, Vec::new()), Self::new(PRIVACY, keeping)]
    }

    fn new(policy: Policy, keeping: Vec<KeepingView>) -> Self {
        let Policy { id, version, path } = policy;
        Self { id, version, path, keeping }
    }
}

impl From<&Keeping> for KeepingView {
    fn from(row: &Keeping) -> Self {
        let count = |number: u64, unit: &str| {
            let plural = if number == 1 { "" } else { "s" };
            format!("{number} {unit}{plural}")
        };
        let how_long = match row.how_long {
            Span::Minutes(number) => count(number, "minute"),
            Span::Hours(number) => count(number, "hour"),
            Span::Days(number) => count(number, "day"),
            Span::Months(number) => count(number, "month"),
            Span::Years(number) => count(number, "year"),
            Span::Account => "as long as your account".to_owned(),
        };
        Self { what: row.what, how_long, counted: row.counted }
    }
}
