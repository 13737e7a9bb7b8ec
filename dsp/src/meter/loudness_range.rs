//! Loudness range (EBU Tech 3342).

use crate::meter::loudness::{ABSOLUTE_GATE, BlockEnergies, Power, mean_above, of_power, power_at};
use crate::units::Lu;

/// Short-term blocks so much below the mean of those above the absolute gate do not count, in LU.
const RELATIVE_GATE_LU: f64 = -20.0;
const LOW_PERCENTILE: f64 = 0.10;
const HIGH_PERCENTILE: f64 = 0.95;

/// How far the short-term loudness spreads: from its 10th to its 95th percentile, of all 3 s blocks at a
/// hop of 100 ms that pass both gates. `None` if the audio is shorter than 3 s or nothing passes.
#[must_use]
pub fn loudness_range(energies: &BlockEnergies) -> Option<Lu> {
    let mut powers = energies.powers(300, 10);
    let gate = gate(&powers)?;
    powers.retain(|&p| p > gate);
    powers.sort_by(f64::total_cmp);
    let at = |fraction: f64| powers[(fraction * (powers.len() - 1) as f64).round() as usize];
    (!powers.is_empty()).then(|| of_power(at(HIGH_PERCENTILE)) - of_power(at(LOW_PERCENTILE)))
}

/// The power that a short-term block must exceed to count. `None` if nothing is above the absolute gate.
pub(crate) fn gate(powers: &[Power]) -> Option<Power> {
    let absolute = power_at(ABSOLUTE_GATE);
    let relative = mean_above(powers, absolute)? * 10f64.powf(RELATIVE_GATE_LU / 10.0);
    Some(absolute.max(relative))
}
