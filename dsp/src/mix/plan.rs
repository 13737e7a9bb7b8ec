//! What is done to each stem and to all of them, and why.
//!
//! A [`MixPlan`] is a plain value that says everything: the same stems and plan give the same samples. Every number is
//! rounded to what a person would write, so that a plan that was written down and read again is the same plan.

use super::role::Role;
use super::wish::{MixWish, Pan, StemWish};
use crate::error::{ParamError, within};
use crate::master::chain::Compressor;
use crate::master::choice::Decider;
use crate::units::{Decibels, Hertz, Milliseconds};

/// What is done to all stems, in the order of their names.
#[derive(Clone, PartialEq, Debug)]
pub struct MixPlan {
    /// What was wished of the whole.
    pub wish: MixWish,
    /// One for each stem.
    pub stems: Vec<StemPlan>,
    /// A compressor on the sum of the drums.
    pub drums_compressor: Option<Compressor>,
    /// How far the music gives way to the lead vocal around 3 kHz while it sings.
    pub vocal_dip: Decibels,
    /// Gain on the sum, so that a mastering engineer finds room.
    pub mix_gain: Decibels,
    /// Why, of what belongs to no single stem.
    pub choices: Vec<StemChoice>,
}

/// Everything in it is wished again.
impl From<&MixPlan> for MixWish {
    fn from(plan: &MixPlan) -> Self {
        Self {
            drums_compressor: Some(plan.drums_compressor),
            vocal_dip: Some(plan.vocal_dip),
            mix_gain: Some(plan.mix_gain),
            ..plan.wish
        }
    }
}

/// What is done to one stem, in the order in which it is done.
#[derive(Clone, PartialEq, Debug)]
pub struct StemPlan {
    /// Its name.
    pub name: String,
    /// What it is taken for.
    pub role: Role,
    /// Whether it plays.
    pub part: Part,
    /// Whether it is turned over.
    pub polarity: Polarity,
    /// How much later it plays; earlier if negative.
    pub delay: Milliseconds,
    /// Corner of a Butterworth high-pass of second order.
    pub high_pass: Option<Hertz>,
    /// The equaliser, minimum phase, at most [`Self::EQ_BANDS_MAX`].
    pub eq: Vec<EqBand>,
    /// The compressor.
    pub compressor: Option<Compressor>,
    /// The de-esser.
    pub de_esser: Option<DeEsser>,
    /// Gain of the side of a stereo stem.
    pub width: Decibels,
    /// The fader.
    pub fader: Decibels,
    /// Gain over time on top of the fader, in order of time; none between points but what a cosine makes of it.
    pub ride: Vec<RidePoint>,
    /// Where it stands.
    pub pan: Pan,
    /// Its send into the common room, relative to the stem.
    pub send: Option<Decibels>,
    /// Why.
    pub choices: Vec<StemChoice>,
}

impl StemPlan {
    /// The most bands of a stem's equaliser.
    pub const EQ_BANDS_MAX: usize = 12;
}

/// Everything in it is wished again: this is how a plan that was written down is followed.
impl From<&StemPlan> for StemWish {
    fn from(plan: &StemPlan) -> Self {
        Self {
            role: Some(plan.role),
            part: Some(plan.part),
            fader: Some(plan.fader),
            ride: Some(plan.ride.clone()),
            pan: Some(plan.pan),
            width: Some(plan.width),
            polarity: Some(plan.polarity),
            delay: Some(plan.delay),
            high_pass: Some(plan.high_pass),
            eq: Some(plan.eq.clone()),
            compressor: Some(plan.compressor),
            de_esser: Some(plan.de_esser),
            send: Some(plan.send),
            ..Self::default()
        }
    }
}

/// Whether a stem plays in the mix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// It does.
    Plays,
    /// The user did not want it.
    Muted,
    /// It is left out by the engine: silent, a copy of another, or a rough mix of the others.
    LeftOut,
}

/// Whether a stem is turned over.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Polarity {
    /// As it came.
    #[default]
    Kept,
    /// Every sample times −1.
    Inverted,
}

/// One band of an equaliser.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EqBand {
    /// Its shape.
    pub shape: EqShape,
    /// Centre of a bell, corner of a shelf.
    pub frequency: Hertz,
    /// At the centre, or on the shelf.
    pub gain: Decibels,
    /// Its quality: 0.1 to 20.
    pub q: f64,
}

impl EqBand {
    /// A band; 20 Hz to 20 kHz, ±20 dB, q 0.1 to 20.
    pub fn new(shape: EqShape, frequency_hz: f64, gain_db: f64, q: f64) -> Result<Self, ParamError> {
        Ok(Self {
            shape,
            frequency: Hertz::literal(within("frequency", frequency_hz, 20.0, 20_000.0, "Hz")?),
            gain: Decibels::literal(within("gain", gain_db, -20.0, 20.0, "dB")?),
            q: within("q", q, 0.1, 20.0, "")?,
        })
    }
}

/// The shape of a band.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EqShape {
    /// Around a frequency.
    Bell,
    /// Below a corner.
    LowShelf,
    /// Above a corner.
    HighShelf,
}

/// Turns sibilants down, and nothing else.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DeEsser {
    /// Centre of the sibilants.
    pub frequency: Hertz,
    /// Level above 5 kHz, over that of 0.3 to 4 kHz in the 0.4 s around, above which it acts.
    pub threshold: Decibels,
    /// How far it goes at most.
    pub reduction_max: Decibels,
}

/// A gain at a time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RidePoint {
    /// From the start of the mix.
    pub seconds: f64,
    /// The gain there.
    pub gain: Decibels,
}

/// One thing that was decided for a stem or for the mix, with its reason.
#[derive(Clone, PartialEq, Debug)]
pub struct StemChoice {
    /// What was decided on, in a producer's word: `fader`, `pan`, `cut at 310 Hz`.
    pub what: String,
    /// How much, in `unit`; none if it was left alone.
    pub value: Option<f64>,
    /// The unit of the value; empty for a bare number, `off` if there is none.
    pub unit: &'static str,
    /// Who decided.
    pub by: Decider,
    /// Why: a clause with numbers.
    pub reason: String,
}
