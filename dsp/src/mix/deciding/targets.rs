//! How loud a role is in a mix.
//!
//! Kept as [`Target`]s: 270 stems of 31 songs in their composers' balance (General MIDI scores, played by the FluidR3
//! sounds) gave the levels of instruments, how much a peaky or a bright stem lies under others of its role, how much a
//! kit rises over many others, and the measure itself: of what is struck, hits are alike from song to song, and not the
//! loudness over the pauses between them. Measured so, a stem lies within 3.1 dB (one standard deviation) of its target
//! in songs that were left out of the fit. Roles that these songs lack follow De Man and Reiss (2017) and what is
//! usual.

use crate::mix::role::{Group, Role};

/// Where a role stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Target {
    /// Loudness relative to the whole mix in LU: of its hits for what is struck, of all its active moments else.
    pub(super) level_lu: f64,
    /// Peak over loudness that the level holds for, in dB.
    pub(super) peak_db: f64,
    /// Centre of the spectrum that the level holds for, in Hz.
    pub(super) centre_hz: f64,
}

/// How far the lead vocal lies under the rest while it sings, in LU. De Man and Reiss found it as loud as the rest;
/// the songs above have it 3 LU under.
pub(super) const LEAD_UNDER_REST_LU: f64 = 2.0;

/// What is struck, and measured by its hits.
pub(super) fn is_struck(role: Role) -> bool {
    role.group() == Group::Drums
}

impl Target {
    /// Of a role.
    pub(super) fn of(role: Role) -> Self {
        let (level_lu, peak_db, centre_hz) = match role {
            Role::LeadVocal => (-4.0, 14.0, 600.0),
            Role::BackingVocal => (-10.0, 14.0, 600.0),
            Role::Drums => (-4.5, 12.0, 500.0),
            Role::Kick => (-7.7, 11.7, 83.0),
            Role::Snare => (-7.0, 12.0, 432.0),
            Role::Toms => (-7.4, 12.0, 134.0),
            Role::Hats => (-14.0, 9.6, 7455.0),
            Role::Cymbals => (-10.1, 10.1, 5014.0),
            Role::Overheads => (-9.0, 11.0, 2500.0),
            Role::Percussion => (-7.8, 11.6, 1540.0),
            Role::Bass => (-8.4, 12.4, 174.0),
            Role::Sub => (-8.0, 10.0, 60.0),
            Role::RhythmGuitar => (-6.1, 14.2, 508.0),
            Role::LeadGuitar => (-6.0, 13.0, 800.0),
            Role::AcousticGuitar => (-6.8, 15.0, 600.0),
            Role::Keys => (-6.5, 14.5, 309.0),
            Role::LeadSynth => (-7.5, 11.0, 400.0),
            Role::Pad => (-8.3, 14.0, 466.0),
            Role::Strings => (-6.9, 12.5, 356.0),
            Role::Brass => (-8.2, 13.3, 592.0),
            Role::Winds => (-6.2, 11.5, 498.0),
            Role::Effects => (-14.0, 14.0, 800.0),
            Role::RoughMix | Role::Other => (-8.5, 14.0, 500.0),
        };
        Self { level_lu, peak_db, centre_hz }
    }

    /// The level for a stem with this peak over loudness and centre of spectrum, beside so many that are not struck.
    pub(super) fn level_for(&self, role: Role, peak_db: f64, centre_hz: f64, sustained: usize) -> f64 {
        /// LU for each dB of peak.
        const STRUCK: f64 = -0.67;
        const SUSTAINED: f64 = -0.23;
        /// LU for each octave.
        const BRIGHT: f64 = -0.82;
        /// One stray peak is not a way to play.
        const PEAK_MAX_DB: f64 = 6.0;
        const OCTAVES_MAX: f64 = 1.5;
        /// A kit is heard against all others together: of what more of them are louder than the usual five, in dB, it
        /// takes this share.
        const KIT: f64 = 0.71;
        const USUAL_COUNT: f64 = 5.0;
        let (by_peak, kit) = if is_struck(role) {
            (STRUCK, KIT * 10.0 * (sustained.max(1) as f64 / USUAL_COUNT).log10())
        } else {
            (SUSTAINED, 0.0)
        };
        let octaves = (centre_hz / self.centre_hz).log2().clamp(-OCTAVES_MAX, OCTAVES_MAX);
        let peaks = (peak_db - self.peak_db).clamp(-PEAK_MAX_DB, PEAK_MAX_DB);
        self.level_lu + by_peak * peaks + BRIGHT * octaves + kit
    }
}
