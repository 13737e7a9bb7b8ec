//! Numbers as a person would write them. A rounded zero has no sign.

/// To tenths.
pub(super) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

/// To hundredths.
pub(super) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

/// To the whole.
pub(super) fn whole(value: f64) -> f64 {
    value.round() + 0.0
}
