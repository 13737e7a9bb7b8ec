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

/// A frequency to three digits, and to whole hertz.
pub(super) fn frequency(hertz: f64) -> f64 {
    let step = 10f64.powf((hertz.max(1.0).log10().floor() - 2.0).max(0.0));
    (hertz / step).round() * step
}
