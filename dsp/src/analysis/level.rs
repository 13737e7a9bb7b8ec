//! Powers as levels, and levels in their order.

/// What is below counts as nothing, in dB.
pub(super) const FLOOR_DB: f64 = -200.0;

/// 10 log10 of a mean square, −200 at least.
pub(super) fn level_db(power: f64) -> f64 {
    // Not `max`: what is no number must not come out as one above the floor.
    let level = 10.0 * power.log10();
    if level > FLOOR_DB { level } else { FLOOR_DB }
}

/// The value that a share of all stay under or at, 0 to 1: the nearest rank. `sorted` rises and is not empty.
pub(crate) fn percentile<T: Copy>(sorted: &[T], share: f64) -> T {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}
