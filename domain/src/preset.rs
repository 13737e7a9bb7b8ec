//! The named sets of parameters that we publish.

use dsp::master::Character;
use dsp::units::{Dbtp, Lufs};
use serde::{Deserialize, Serialize};

use crate::artifact::closed_words;

closed_words! {
    /// What a master is for; where the defaults of a recipe come from.
    Preset {
        /// What the streaming services play at.
        Streaming = "streaming",
        /// Dense, beside other loud records.
        Loud = "loud",
        /// For a club's system.
        Club = "club",
        /// Voices and instruments with room around them.
        Acoustic = "acoustic",
        /// An orchestra's dynamics.
        Classical = "classical",
        /// Speech.
        Podcast = "podcast",
    }
}

impl Preset {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Streaming => "Streaming",
            Self::Loud => "Loud",
            Self::Club => "Club",
            Self::Acoustic => "Acoustic",
            Self::Classical => "Classical",
            Self::Podcast => "Podcast",
        }
    }

    /// What it is for, in one sentence.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Streaming => "At the level that Spotify, YouTube and Tidal play at.",
            Self::Loud => "Dense and close, for rock and pop beside other loud records.",
            Self::Club => "As loud as it goes on a big system, with a firm bottom.",
            Self::Acoustic => "Voices and instruments, with room to breathe.",
            Self::Classical => "The whole range from whisper to tutti, hardly touched.",
            Self::Podcast => "Speech that stays clear on small speakers.",
        }
    }

    /// How loud its masters are where nothing else was asked for.
    #[must_use]
    pub const fn loudness(self) -> Lufs {
        self.engine().loudness
    }

    /// What its masters may reach between samples where nothing else was asked for.
    #[must_use]
    pub const fn ceiling(self) -> Dbtp {
        self.engine().ceiling
    }

    /// Raised when it comes to mean something else.
    #[must_use]
    pub const fn version(self) -> u32 {
        self.engine().version
    }

    /// Its numbers.
    #[must_use]
    pub const fn engine(self) -> &'static dsp::master::Preset {
        use dsp::master::Preset as Engine;
        match self {
            Self::Streaming => &Engine::STREAMING,
            Self::Loud => &Engine::LOUD,
            Self::Club => &Engine::CLUB,
            Self::Acoustic => &Engine::ACOUSTIC,
            Self::Classical => &Engine::CLASSICAL,
            Self::Podcast => &Engine::PODCAST,
        }
    }
}

/// How much is done to a mix beyond its loudness. Each goes from 0 (not at all) to 1 (as far as is good).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Amounts {
    /// Of everything below; 0 changes nothing but the loudness.
    pub intensity: f64,
    /// How far the balance of low and high goes towards the preset's or the references'.
    pub tone: f64,
    /// How far its dynamics are brought together.
    pub dynamics: f64,
    /// How far its stereo image is brought into order.
    pub width: f64,
}

impl Amounts {
    /// What each may be.
    pub const RANGE: (f64, f64) = (0.0, 1.0);
    /// Of every preset.
    pub const DEFAULT: Self = Self {
        intensity: Character::INTENSITY,
        tone: Character::TONE,
        dynamics: Character::DYNAMICS,
        width: Character::WIDTH,
    };
    /// Nothing but the loudness.
    pub const LOUDNESS_ALONE: Self = Self { intensity: 0.0, ..Self::DEFAULT };

    /// Each under its name.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, f64); 4] {
        [
            ("intensity", self.intensity),
            ("tone", self.tone),
            ("dynamics", self.dynamics),
            ("width", self.width),
        ]
    }
}
