//! Numbers as reports hold them (rounded), and as people read them (a true minus, the unit after a thin space).

/// Two decimals: what a reader can use.
#[must_use]
pub fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0 // the zero takes the sign off a rounded −0
}

/// So many decimals.
#[must_use]
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (value * scale).round() / scale + 0.0
}

/// One decimal: along a curve.
#[must_use]
pub fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

/// `-14.04` to one decimal: `−14.0`. A rounded zero has no sign.
#[must_use]
pub fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|b| b == b'0' || b == b'.') => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// The same with the plus that every gain carries; zero has none, since it changes nothing.
#[must_use]
pub fn signed(value: f64, decimals: usize) -> String {
    let text = decimal(value, decimals);
    let is_zero = text.bytes().all(|b| b == b'0' || b == b'.');
    if value > 0.0 && !is_zero { format!("+{text}") } else { text }
}

/// `−14.0 LUFS`.
#[must_use]
pub fn quantity(value: f64, unit: &str) -> String {
    format!("{}\u{2009}{unit}", decimal(value, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_producers_read_them() {
        assert_eq!(decimal(-14.04, 1), "−14.0");
        assert_eq!(decimal(-0.04, 1), "0.0");
        assert_eq!((signed(2.34, 1).as_str(), signed(0.04, 1).as_str()), ("+2.3", "0.0"));
        assert_eq!(quantity(-1.0, "dBTP"), "−1.0\u{2009}dBTP");
        assert!(hundredths(-0.001).is_sign_positive());
    }
}
