//! How loud a role is in a mix.

use crate::mix::role::Role;

/// Loudness relative to the whole mix, in LU, over the stem's own active moments.
pub(super) fn usual_lu(role: Role) -> f64 {
    match role {
        Role::LeadVocal => -3.5,
        Role::BackingVocal => -11.0,
        Role::Drums => -6.5,
        Role::Kick => -16.0,
        Role::Snare => -14.5,
        Role::Toms => -13.0,
        Role::Hats => -21.0,
        Role::Cymbals => -17.0,
        Role::Overheads => -13.0,
        Role::Percussion => -12.0,
        Role::Bass | Role::Sub => -9.0,
        Role::RhythmGuitar => -9.5,
        Role::AcousticGuitar => -10.0,
        Role::LeadGuitar | Role::LeadSynth => -8.5,
        Role::Keys => -8.5,
        Role::Pad => -10.0,
        Role::Strings => -10.5,
        Role::Brass => -10.0,
        Role::Winds => -9.0,
        Role::Effects => -18.0,
        Role::RoughMix | Role::Other => -11.0,
    }
}
