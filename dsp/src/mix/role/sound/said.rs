//! What can be said of a sound in words, as a reason for a role.

use super::Sound;
use crate::mix::role::{Group, Role};

impl Sound {
    /// One or two facts that go with a role, with numbers.
    pub(in crate::mix::role) fn said(&self, role: Role) -> Vec<String> {
        let low = || format!("{:.0} % of its energy lies below 120 Hz", 100.0 * self.low_share());
        let centre = || format!("its energy centres at {:.0} Hz", 1000.0 * self.centroid_octaves.exp2());
        let hits = || {
            let (rate, decay) = (self.onsets_per_second, self.decay_ms);
            format!("it has {rate:.1} hits a second that fall by 20 dB in {decay:.0} ms")
        };
        let pitch = || format!("its notes lie around {:.0} Hz", self.pitch().value());
        let held = || format!("{:.0} % of its time its level holds", 100.0 * self.level_trend[1]);
        let speaks =
            || format!("{:.0} % of its treble moves at the rate of syllables", 100.0 * self.syllabic);
        let glides = || format!("its pitch moves by {:.1} semitones within 50 ms", self.glide_semitones);
        match (role.group(), role) {
            (_, Role::Kick) => vec![low(), hits()],
            (Group::Drums, _) => vec![centre(), hits()],
            (Group::Bass, _) => vec![low(), pitch()],
            (Group::Vocals, _) => vec![speaks(), glides()],
            (_, Role::Pad | Role::Strings) => vec![held(), pitch()],
            (_, Role::Other | Role::RoughMix | Role::Effects) => vec![centre()],
            _ => vec![centre(), pitch()],
        }
    }
}
