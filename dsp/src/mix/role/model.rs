//! How likely each role is, of what a stem sounds like: multinomial logistic regression on standardised features,
//! with constants fitted once (their origin is told at `weights`).

use super::Role;
use super::sound::Sound;
use super::weights::{FIXED, MEANS, SPREADS, WEIGHTS};

/// For each of [`Role::ALL`], how much the sound speaks for it, as the logarithm of its probability, −12 at the least.
/// Nothing that was not heard says anything.
pub(super) fn odds(sound: &Sound) -> Vec<f64> {
    const LEAST: f64 = -12.0;
    if !sound.is_heard() {
        return vec![0.0; Role::ALL.len()];
    }
    shares(sound).into_iter().map(|share| share.max(1e-9).ln().max(LEAST)).collect()
}

/// The probability of each role.
fn shares(sound: &Sound) -> Vec<f64> {
    /// Beyond so many standard deviations nothing was fitted.
    const FARTHEST: f64 = 3.0;
    let features = sound.features();
    let mut terms = [0.0f64; Sound::FEATURES];
    for (index, feature) in features.iter().enumerate() {
        let standard = (feature - thousandths(MEANS[index])) / thousandths(SPREADS[index]);
        terms[index] = standard.clamp(-FARTHEST, FARTHEST);
    }
    let mut shares = vec![0.0; Role::ALL.len()];
    let sums: Vec<(Role, f64)> = WEIGHTS
        .iter()
        .zip(FIXED)
        .map(|((role, weights), fixed)| {
            let products = weights.iter().zip(terms).map(|(weight, term)| thousandths(*weight) * term);
            (*role, thousandths(fixed) + products.sum::<f64>())
        })
        .collect();
    let highest = sums.iter().fold(f64::NEG_INFINITY, |highest, (_, sum)| highest.max(*sum));
    let all: f64 = sums.iter().map(|(_, sum)| (sum - highest).exp()).sum();
    for (role, sum) in sums {
        shares[role as usize] = (sum - highest).exp() / all;
    }
    shares
}

fn thousandths(value: i32) -> f64 {
    f64::from(value) / 1000.0
}
