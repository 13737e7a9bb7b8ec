//! Who must be heard before whom, and where each has what makes it understood.

use crate::mix::role::Role;
use crate::units::Hertz;

/// The higher, the more important.
pub(super) fn rank(role: Role) -> u8 {
    match role {
        Role::LeadVocal => 6,
        Role::Kick | Role::Snare | Role::Drums => 5,
        Role::Bass | Role::Sub => 4,
        Role::LeadGuitar | Role::LeadSynth | Role::BackingVocal => 3,
        Role::Toms
        | Role::RhythmGuitar
        | Role::AcousticGuitar
        | Role::Keys
        | Role::Brass
        | Role::Winds
        | Role::Strings => 2,
        Role::Hats | Role::Cymbals | Role::Overheads | Role::Percussion => 1,
        Role::Pad | Role::Effects | Role::RoughMix | Role::Other => 0,
    }
}

/// How much it matters that it is heard.
pub(super) fn weight(role: Role) -> f64 {
    match rank(role) {
        6 => 1.0,
        5 | 4 => 0.6,
        3 => 0.5,
        _ => 0.25,
    }
}

/// Whether what it is understood by lies at `frequency`.
pub(super) fn essential(role: Role, frequency: Hertz) -> bool {
    let within =
        |ranges: &[(f64, f64)]| ranges.iter().any(|(low, high)| (*low..*high).contains(&frequency.value()));
    match role {
        Role::LeadVocal => within(&[(1000.0, 5000.0)]),
        Role::BackingVocal => within(&[(1000.0, 4000.0)]),
        Role::Kick => within(&[(50.0, 90.0), (2000.0, 5000.0)]),
        Role::Snare => within(&[(180.0, 240.0), (2000.0, 5000.0)]),
        Role::Drums => within(&[(50.0, 90.0), (180.0, 240.0), (2000.0, 5000.0)]),
        Role::Bass => within(&[(50.0, 160.0), (700.0, 1500.0)]),
        Role::Sub => within(&[(45.0, 100.0)]),
        Role::LeadGuitar | Role::LeadSynth => within(&[(800.0, 4000.0)]),
        Role::Toms => within(&[(80.0, 200.0), (2000.0, 4000.0)]),
        Role::RhythmGuitar | Role::AcousticGuitar => within(&[(400.0, 3000.0)]),
        Role::Keys | Role::Brass | Role::Winds | Role::Strings => within(&[(300.0, 2500.0)]),
        Role::Hats | Role::Cymbals | Role::Overheads | Role::Percussion => within(&[(5000.0, 12_000.0)]),
        Role::Pad | Role::Effects | Role::RoughMix | Role::Other => false,
    }
}
