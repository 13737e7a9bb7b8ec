//! What the user decided. What is wished is kept as it is; everything else is decided around it.

use super::plan::{DeEsser, EqBand, Part, Polarity, RidePoint};
use super::role::Role;
use crate::error::{ParamError, within};
use crate::master::chain::Compressor;
use crate::units::{Decibels, Hertz, Milliseconds};

/// What is wished of one stem; `None` leaves the engine to decide.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct StemWish {
    /// What it is.
    pub role: Option<Role>,
    /// Whether it plays.
    pub part: Option<Part>,
    /// Only stems with this play, if there is any.
    pub solo: Solo,
    /// Not processed at all: fader and pan only.
    pub touch: Touch,
    /// How much louder than the engine would have it; of no account beside a fader.
    pub trim: Option<Decibels>,
    /// Gain of the fader as it is.
    pub fader: Option<Decibels>,
    /// Gain over time on top of the fader; empty is none.
    pub ride: Option<Vec<RidePoint>>,
    /// Where it stands.
    pub pan: Option<Pan>,
    /// Gain of the side of a stereo stem.
    pub width: Option<Decibels>,
    /// Whether it is turned over.
    pub polarity: Option<Polarity>,
    /// How much later it plays.
    pub delay: Option<Milliseconds>,
    /// Corner of the high-pass; `Some(None)` is off.
    pub high_pass: Option<Option<Hertz>>,
    /// The equaliser; empty is off.
    pub eq: Option<Vec<EqBand>>,
    /// The compressor; `Some(None)` is off.
    pub compressor: Option<Option<Compressor>>,
    /// The de-esser; `Some(None)` is off.
    pub de_esser: Option<Option<DeEsser>>,
    /// Level of its send into the common room, relative to the stem; `Some(None)` is off.
    pub send: Option<Option<Decibels>>,
}

/// Whether a stem is among those that alone shall be heard.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Solo {
    /// As all others.
    #[default]
    Off,
    /// It is.
    On,
}

/// Whether a stem may be processed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Touch {
    /// As it needs.
    #[default]
    Free,
    /// Its sound is left alone: no filter, no dynamics, no ride. Fader and pan remain.
    Untouched,
}

/// What is wished of the whole mix.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MixWish {
    /// How much is done to the sound of the stems, 0 to 1. 0 sets faders and pan alone.
    pub intensity: f64,
    /// How much common room, 0 (off) to 1.
    pub space: f64,
    /// The compressor on the sum of the drums; `Some(None)` is off.
    pub drums_compressor: Option<Option<Compressor>>,
    /// How far the music gives way to the lead vocal; 0 dB is not at all.
    pub vocal_dip: Option<Decibels>,
    /// Gain on the sum.
    pub mix_gain: Option<Decibels>,
}

impl MixWish {
    /// What is done if nobody asked.
    pub const DEFAULT: Self =
        Self { intensity: 0.5, space: 0.0, drums_compressor: None, vocal_dip: None, mix_gain: None };

    /// A wish, if both amounts are 0 to 1.
    pub fn new(intensity: f64, space: f64) -> Result<Self, ParamError> {
        Ok(Self {
            intensity: within("intensity", intensity, 0.0, 1.0, "")?,
            space: within("space", space, 0.0, 1.0, "")?,
            ..Self::DEFAULT
        })
    }
}

/// Where a stem stands between the loudspeakers: −1 is left, 0 the middle, 1 right.
///
/// One channel is placed by a law of sine and cosine, −3 dB each in the middle; two channels are balanced: the one
/// farther away is turned down.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Pan(f64);

impl Pan {
    /// The middle.
    pub const CENTRE: Self = Self(0.0);

    /// A place, −1 to 1.
    pub fn new(place: f64) -> Result<Self, ParamError> {
        within("pan", place, -1.0, 1.0, "").map(Self)
    }

    /// A place that is known to lie within −1 to 1; what does not is brought there.
    #[must_use]
    pub const fn literal(place: f64) -> Self {
        Self(place.clamp(-1.0, 1.0))
    }

    /// −1 to 1.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}
