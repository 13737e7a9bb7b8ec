//! What a user decided about one stem, as an order, a row and a session file write it.
//!
//! What is left out is decided by the engine. `off` says that something shall not be there at all.

use dsp::error::{ParamError, within};
use dsp::master::chain::Compressor;
use dsp::mix::wish::{Solo, Touch};
use dsp::mix::{DeEsser, EqBand, EqShape, Pan, Part, Polarity, RidePoint, Role, StemPlan, StemWish};
use dsp::units::{Dbfs, Decibels, Hertz, Milliseconds};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::plan::CompressorRow;

/// What was decided about one stem.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StemSettings {
    /// What it is: the name of a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `plays`, `muted` or `left_out`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<PartWord>,
    /// Only stems with this play, if there is any.
    #[serde(skip_serializing_if = "is_false")]
    pub solo: bool,
    /// Its sound is left alone.
    #[serde(skip_serializing_if = "is_false")]
    pub untouched: bool,
    /// How much louder than the engine would have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain_db: Option<f64>,
    /// Gain of the fader as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fader_db: Option<f64>,
    /// −1 left, 0 middle, 1 right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pan: Option<f64>,
    /// Gain of the side of a stereo stem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_db: Option<f64>,
    /// `kept` or `inverted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polarity: Option<PolarityWord>,
    /// How much later it plays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<f64>,
    /// Corner of the high-pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_pass_hz: Option<Setting<f64>>,
    /// Level of its send into the common room, relative to the stem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_db: Option<Setting<f64>>,
    /// Points of gain over time: seconds and dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ride: Option<Vec<(f64, f64)>>,
    /// The bands of its equaliser; an empty list is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eq: Option<Vec<EqRow>>,
    /// Its compressor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compressor: Option<Setting<CompressorRow>>,
    /// Its de-esser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub de_esser: Option<Setting<DeEsserRow>>,
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Something that is there, or shall not be.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Setting<T> {
    /// Not at all.
    Off(Off),
    /// With these numbers.
    On(T),
}

/// The word `off`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Off {
    /// Not at all.
    #[serde(rename = "off")]
    Off,
}

impl<T> Setting<T> {
    pub(crate) fn of(value: Option<T>) -> Self {
        value.map_or(Self::Off(Off::Off), Self::On)
    }

    pub(crate) fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Option<U>, E> {
        match self {
            Self::Off(_) => Ok(None),
            Self::On(value) => map(value).map(Some),
        }
    }
}

/// Whether a stem plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartWord {
    /// It does.
    Plays,
    /// The user did not want it.
    Muted,
    /// The engine left it out.
    LeftOut,
}

/// Whether a stem is turned over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolarityWord {
    /// As it came.
    Kept,
    /// Every sample times −1.
    Inverted,
}

/// One band of an equaliser.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EqRow {
    /// `bell`, `low_shelf` or `high_shelf`.
    pub shape: EqShapeWord,
    /// Centre or corner.
    pub hz: f64,
    /// Its gain.
    pub gain_db: f64,
    /// Its quality.
    pub q: f64,
}

/// The shape of a band.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EqShapeWord {
    /// Around a frequency.
    Bell,
    /// Below a corner.
    LowShelf,
    /// Above a corner.
    HighShelf,
}

/// A de-esser.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeEsserRow {
    /// Centre of the sibilants.
    pub hz: f64,
    /// Sibilance over voice above which it acts.
    pub threshold_db: f64,
    /// How far it goes at most.
    pub reduction_max_db: f64,
}

/// A setting that cannot be.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum SettingError {
    /// A number out of its range.
    #[error(transparent)]
    Number(#[from] ParamError),
    /// No role of that name.
    #[error("role is {0:?}; it can be {names}", names = role_names())]
    Role(String),
    /// More bands than an equaliser has.
    #[error("eq has {0} bands; it can have {most}", most = StemPlan::EQ_BANDS_MAX)]
    Bands(usize),
    /// Points that do not follow each other in time.
    #[error("ride goes back in time at {0} s; its points follow each other")]
    Ride(f64),
}

/// What a stem can be: the name of each role, and what people call it.
pub fn roles() -> impl Iterator<Item = (&'static str, &'static str)> {
    Role::ALL.iter().map(|role| (role.as_str(), role.said()))
}

/// Every role that a stem can be given, for people to choose from.
#[must_use]
pub fn role_names() -> String {
    Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

impl StemSettings {
    /// The gain that one may ask for on top of the engine's, in dB.
    pub const GAIN_DB: (f64, f64) = (-40.0, 24.0);
    /// The fader, in dB.
    pub const FADER_DB: (f64, f64) = (-80.0, 40.0);
    /// The high-pass, in Hz.
    pub const HIGH_PASS_HZ: (f64, f64) = (10.0, 1000.0);
    /// The delay, in milliseconds.
    pub const DELAY_MS: (f64, f64) = (-100.0, 100.0);
    /// The width, in dB.
    pub const WIDTH_DB: (f64, f64) = (-80.0, 12.0);
    /// The send, in dB.
    pub const SEND_DB: (f64, f64) = (-60.0, 6.0);

    /// Whether everything is left to the engine.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the stem does not play because the user said so.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.part == Some(PartWord::Muted)
    }

    /// As the engine takes it.
    pub fn to_wish(&self) -> Result<StemWish, SettingError> {
        let decibels = |name, value: Option<f64>, (low, high)| {
            value.map(|db| within(name, db, low, high, "dB").map(Decibels::literal)).transpose()
        };
        let hertz = |value| {
            let (low, high) = Self::HIGH_PASS_HZ;
            within("high_pass_hz", value, low, high, "Hz").map(Hertz::literal)
        };
        let send = |value| {
            let (low, high) = Self::SEND_DB;
            within("send_db", value, low, high, "dB").map(Decibels::literal)
        };
        let delay = |value| {
            let (low, high) = Self::DELAY_MS;
            within("delay_ms", value, low, high, "ms").map(Milliseconds::literal)
        };
        Ok(StemWish {
            role: self.role.as_deref().map(role).transpose()?,
            part: self.part.map(Part::from),
            solo: if self.solo { Solo::On } else { Solo::Off },
            touch: if self.untouched { Touch::Untouched } else { Touch::Free },
            trim: decibels("gain_db", self.gain_db, Self::GAIN_DB)?,
            fader: decibels("fader_db", self.fader_db, Self::FADER_DB)?,
            ride: self.ride.as_deref().map(ride).transpose()?,
            pan: self.pan.map(Pan::new).transpose()?,
            width: decibels("width_db", self.width_db, Self::WIDTH_DB)?,
            polarity: self.polarity.map(Polarity::from),
            delay: self.delay_ms.map(delay).transpose()?,
            high_pass: self.high_pass_hz.map(|setting| setting.try_map(hertz)).transpose()?,
            eq: self.eq.as_deref().map(bands).transpose()?,
            compressor: self
                .compressor
                .map(|setting| setting.try_map(CompressorRow::to_engine))
                .transpose()?,
            de_esser: self.de_esser.map(|setting| setting.try_map(DeEsserRow::to_engine)).transpose()?,
            send: self.send_db.map(|setting| setting.try_map(send)).transpose()?,
        })
    }
}

impl From<&StemPlan> for StemSettings {
    fn from(plan: &StemPlan) -> Self {
        Self {
            role: Some(plan.role.as_str().to_owned()),
            part: Some(plan.part.into()),
            solo: false,
            untouched: false,
            gain_db: None,
            fader_db: Some(plan.fader.value()),
            pan: Some(plan.pan.value()),
            width_db: Some(plan.width.value()),
            polarity: Some(plan.polarity.into()),
            delay_ms: Some(plan.delay.value()),
            high_pass_hz: Some(Setting::of(plan.high_pass.map(Hertz::value))),
            send_db: Some(Setting::of(plan.send.map(Decibels::value))),
            ride: Some(plan.ride.iter().map(|point| (point.seconds, point.gain.value())).collect()),
            eq: Some(plan.eq.iter().map(EqRow::of).collect()),
            compressor: Some(Setting::of(plan.compressor.as_ref().map(CompressorRow::of))),
            de_esser: Some(Setting::of(plan.de_esser.as_ref().map(DeEsserRow::of))),
        }
    }
}

fn role(text: &str) -> Result<Role, SettingError> {
    Role::parse(text).ok_or_else(|| SettingError::Role(text.to_owned()))
}

fn bands(rows: &[EqRow]) -> Result<Vec<EqBand>, SettingError> {
    if rows.len() > StemPlan::EQ_BANDS_MAX {
        return Err(SettingError::Bands(rows.len()));
    }
    let band = |row: &EqRow| EqBand::new(row.shape.into(), row.hz, row.gain_db, row.q);
    Ok(rows.iter().map(band).collect::<Result<_, _>>()?)
}

fn ride(points: &[(f64, f64)]) -> Result<Vec<RidePoint>, SettingError> {
    const SECONDS_MAX: f64 = 24.0 * 3600.0;
    let mut ride: Vec<RidePoint> = Vec::with_capacity(points.len());
    for &(seconds, gain_db) in points {
        within("ride", seconds, 0.0, SECONDS_MAX, "s")?;
        if ride.last().is_some_and(|last| last.seconds >= seconds) {
            return Err(SettingError::Ride(seconds));
        }
        let gain = Decibels::literal(within("ride", gain_db, -40.0, 24.0, "dB")?);
        ride.push(RidePoint { seconds, gain });
    }
    Ok(ride)
}

impl EqRow {
    fn of(band: &EqBand) -> Self {
        Self { shape: band.shape.into(), hz: band.frequency.value(), gain_db: band.gain.value(), q: band.q }
    }
}

impl DeEsserRow {
    fn of(de_esser: &DeEsser) -> Self {
        Self {
            hz: de_esser.frequency.value(),
            threshold_db: de_esser.threshold.value(),
            reduction_max_db: de_esser.reduction_max.value(),
        }
    }

    fn to_engine(self) -> Result<DeEsser, ParamError> {
        Ok(DeEsser {
            frequency: Hertz::literal(within("de_esser hz", self.hz, 1000.0, 16_000.0, "Hz")?),
            threshold: Decibels::literal(within(
                "de_esser threshold_db",
                self.threshold_db,
                -60.0,
                40.0,
                "dB",
            )?),
            reduction_max: Decibels::literal(within(
                "de_esser reduction_max_db",
                self.reduction_max_db,
                0.0,
                24.0,
                "dB",
            )?),
        })
    }
}

impl CompressorRow {
    /// As written.
    #[must_use]
    pub fn of(compressor: &Compressor) -> Self {
        Self {
            threshold_dbfs: compressor.threshold.value(),
            ratio: compressor.ratio,
            knee_db: compressor.knee.value(),
            attack_ms: compressor.attack.value(),
            release_ms: compressor.release.value(),
            makeup_db: compressor.makeup.value(),
            mix: compressor.mix,
        }
    }

    /// As the engine takes it.
    pub fn to_engine(self) -> Result<Compressor, ParamError> {
        Ok(Compressor {
            threshold: Dbfs::literal(within("threshold_dbfs", self.threshold_dbfs, -120.0, 20.0, "dBFS")?),
            ratio: within("ratio", self.ratio, 1.0, 20.0, "to 1")?,
            knee: Decibels::literal(within("knee_db", self.knee_db, 0.0, 24.0, "dB")?),
            attack: Milliseconds::literal(within("attack_ms", self.attack_ms, 0.1, 500.0, "ms")?),
            release: Milliseconds::literal(within("release_ms", self.release_ms, 1.0, 5000.0, "ms")?),
            makeup: Decibels::literal(within("makeup_db", self.makeup_db, -24.0, 24.0, "dB")?),
            mix: within("mix", self.mix, 0.0, 1.0, "of 1")?,
        })
    }
}

/// Words for the engine's closed sets, both ways.
macro_rules! words {
    ($($word:ident = $engine:ident { $($name:ident),* };)*) => {
        $(impl From<$engine> for $word {
            fn from(engine: $engine) -> Self {
                match engine { $($engine::$name => Self::$name,)* }
            }
        }

        impl From<$word> for $engine {
            fn from(word: $word) -> Self {
                match word { $($word::$name => Self::$name,)* }
            }
        })*
    };
}

words! {
    PartWord = Part { Plays, Muted, LeftOut };
    PolarityWord = Polarity { Kept, Inverted };
    EqShapeWord = EqShape { Bell, LowShelf, HighShelf };
}
