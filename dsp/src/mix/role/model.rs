//! How likely each role is, of what a stem sounds like.

use super::Role;
use super::sound::Sound;

/// For each of [`Role::ALL`], how much the sound speaks for it, as the logarithm of odds. Nothing that was not heard
/// says anything.
pub(super) fn odds(_sound: &Sound) -> Vec<f64> {
    vec![0.0; Role::ALL.len()]
}
