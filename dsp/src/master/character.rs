//! How a master shall sound, apart from its loudness: a preset, and how far to go with it.

use super::preset::Preset;
use crate::error::{ParamError, within};

/// A preset, and how far to go with it. Every amount is 0 to 1; 0 leaves that side of the sound alone.
///
/// `intensity` scales all decisions, never the loudness, which is asked for by itself; at 0 nothing happens before the
/// limiter. The others scale decisions of tone, dynamics and width among each other.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Character {
    preset: &'static Preset,
    intensity: f64,
    tone: f64,
    dynamics: f64,
    width: f64,
}

impl Character {
    /// Intensity where nobody says another.
    pub const INTENSITY: f64 = 0.5;
    /// Amount of tone where nobody says another.
    pub const TONE: f64 = 0.7;
    /// Amount of dynamics likewise.
    pub const DYNAMICS: f64 = 0.5;
    /// Amount of width likewise.
    pub const WIDTH: f64 = 0.5;

    /// Loudness and nothing else.
    pub const NONE: Self =
        Self { preset: &Preset::STREAMING, intensity: 0.0, tone: 0.0, dynamics: 0.0, width: 0.0 };

    /// A preset at its middle settings.
    #[must_use]
    pub const fn of(preset: &'static Preset) -> Self {
        Self {
            preset,
            intensity: Self::INTENSITY,
            tone: Self::TONE,
            dynamics: Self::DYNAMICS,
            width: Self::WIDTH,
        }
    }

    /// The same with another intensity, 0 to 1.
    pub fn with_intensity(self, intensity: f64) -> Result<Self, ParamError> {
        Ok(Self { intensity: within("intensity", intensity, 0.0, 1.0, "of 1")?, ..self })
    }

    /// The same with another amount of tone, 0 to 1.
    pub fn with_tone(self, tone: f64) -> Result<Self, ParamError> {
        Ok(Self { tone: within("tone", tone, 0.0, 1.0, "of 1")?, ..self })
    }

    /// The same with another amount of dynamics, 0 to 1.
    pub fn with_dynamics(self, dynamics: f64) -> Result<Self, ParamError> {
        Ok(Self { dynamics: within("dynamics", dynamics, 0.0, 1.0, "of 1")?, ..self })
    }

    /// The same with another amount of width, 0 to 1.
    pub fn with_width(self, width: f64) -> Result<Self, ParamError> {
        Ok(Self { width: within("width", width, 0.0, 1.0, "of 1")?, ..self })
    }

    /// The preset.
    #[must_use]
    pub fn preset(&self) -> &'static Preset {
        self.preset
    }

    /// How far to go, 0 to 1.
    #[must_use]
    pub fn intensity(&self) -> f64 {
        self.intensity
    }

    /// With tone, 0 to 1.
    #[must_use]
    pub fn tone(&self) -> f64 {
        self.tone
    }

    /// With dynamics, 0 to 1.
    #[must_use]
    pub fn dynamics(&self) -> f64 {
        self.dynamics
    }

    /// With width, 0 to 1.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.width
    }

    /// How much of what is beyond the tolerance of a preset's spectrum is corrected, 0 to 1: at full tone all of it
    /// from an intensity of 5/6 on.
    #[must_use]
    pub fn tone_share(&self) -> f64 {
        (1.2 * self.intensity).min(1.0) * self.tone
    }

    /// Whether nothing but the loudness is to change.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.intensity == 0.0 || (self.tone == 0.0 && self.dynamics == 0.0 && self.width == 0.0)
    }
}
