//! What a stem is, from the name of its file.

use crate::mix::role::Role;
use crate::mix::track::Track;

/// Takes the role that was wished, or the one that the name tells.
pub(super) fn assign(track: &mut Track<'_>) {
    if let Some(role) = track.stem.wish.role {
        (track.plan.role, track.certainty) = (role, 1.0);
        return;
    }
    let name = track.stem.name.to_lowercase();
    let words = [
        ("kick", Role::Kick),
        ("snare", Role::Snare),
        ("tom", Role::Toms),
        ("hihat", Role::Hats),
        ("hat", Role::Hats),
        ("cymbal", Role::Cymbals),
        ("overhead", Role::Overheads),
        ("drum", Role::Drums),
        ("perc", Role::Percussion),
        ("bass", Role::Bass),
        ("sub", Role::Sub),
        ("back", Role::BackingVocal),
        ("vocal", Role::LeadVocal),
        ("vox", Role::LeadVocal),
        ("acoustic", Role::AcousticGuitar),
        ("guitar", Role::RhythmGuitar),
        ("gtr", Role::RhythmGuitar),
        ("piano", Role::Keys),
        ("organ", Role::Keys),
        ("keys", Role::Keys),
        ("lead", Role::LeadSynth),
        ("pad", Role::Pad),
        ("ensemble", Role::Strings),
        ("string", Role::Strings),
        ("brass", Role::Brass),
        ("reed", Role::Winds),
        ("pipe", Role::Winds),
        ("fx", Role::Effects),
    ];
    let found = words.iter().find(|(word, _)| name.contains(word));
    (track.plan.role, track.certainty) = found.map_or((Role::Other, 0.3), |(_, role)| (*role, 0.9));
}
