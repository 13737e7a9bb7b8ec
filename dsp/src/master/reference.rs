//! References: a user's audio whose tone, dynamics, width and loudness are aimed at.

use std::fmt;

use super::choice::Decider;
use crate::analysis::{Features, analyse};
use crate::audio::Audio;
use crate::bands::{BANDS, PerBand};
use crate::meter::{Measurements, measure};
use crate::progress::{Cancelled, Watch};
use crate::units::{Dbtp, Lufs};

/// What is known of one reference. Its samples are not needed again.
#[derive(Clone, PartialEq, Debug)]
pub struct Reference {
    features: Features,
    loudness: Lufs,
    peak: Dbtp,
}

/// Why a piece of audio can be no reference.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum NoReference {
    /// The caller asked to stop.
    Cancelled,
    /// There is too little music in it.
    TooShort {
        /// Seconds that are loud enough to count.
        active_seconds: f64,
    },
}

/// Music shorter than that has no average worth matching.
const ACTIVE_SECONDS_MIN: f64 = 5.0;

impl Reference {
    /// Measures `audio`, mono or stereo, at any rate.
    pub fn of(audio: &Audio, watch: &dyn Watch) -> Result<Self, NoReference> {
        let features = analyse(audio, watch)?;
        let Measurements { integrated, true_peak, .. } = measure(audio);
        match integrated {
            Some(loudness) if features.active_seconds >= ACTIVE_SECONDS_MIN => {
                Ok(Self { features, loudness, peak: true_peak })
            }
            _ => Err(NoReference::TooShort { active_seconds: features.active_seconds }),
        }
    }

    /// Its loudness.
    #[must_use]
    pub fn loudness(&self) -> Lufs {
        self.loudness
    }

    /// Its true peak.
    #[must_use]
    pub fn peak(&self) -> Dbtp {
        self.peak
    }

    /// Its average spectrum: the mid of the loudest half, in dB per band.
    #[must_use]
    pub fn spectrum(&self) -> PerBand {
        self.features.spectrum.mid.loud
    }
}

impl From<Cancelled> for NoReference {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl fmt::Display for NoReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => Cancelled.fmt(f),
            Self::TooShort { active_seconds } => write!(
                f,
                "the reference has {active_seconds:.1}\u{2009}s of music; {ACTIVE_SECONDS_MIN:.0}\u{2009}s are needed \
                 to judge by"
            ),
        }
    }
}

impl std::error::Error for NoReference {}

/// What one or several references have in common.
#[derive(Clone, PartialEq, Debug)]
pub struct Aim {
    /// Average spectrum in dB per band; only its shape counts.
    pub(crate) spectrum: PerBand,
    /// How far from it is fine: where references differ among each other they leave freedom.
    pub(crate) tolerance: PerBand,
    /// Side over mid in dB per band; none if a reference is mono.
    pub(crate) side_over_mid: Option<PerBand>,
    /// How far each band's loud moments stand above its usual ones, in dB; none if that is each track's own.
    pub(crate) band_range_db: Option<[f64; 4]>,
    /// Mean loudness.
    pub(crate) loudness: Lufs,
    /// The lowest true peak among them.
    pub(crate) peak: Dbtp,
    /// Gain that is wanted whatever the distance, in dB per band.
    pub(crate) shift: PerBand,
    kind: Kind,
}

/// Where an aim comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// So many references of a user.
    References(usize),
    /// The tracks of one album, of whose average so much is taken on.
    Album(f64),
}

/// So near to an album's average, closer is not heard.
const TOLERANCE_DB: f64 = 0.3;

impl Aim {
    /// The mean of references; none without any.
    #[must_use]
    pub fn of(references: &[Reference]) -> Option<Self> {
        if references.is_empty() {
            return None;
        }
        let count = references.len() as f64;
        // Shapes first, so that a loud reference does not count more.
        let shapes: Vec<PerBand> = references.iter().map(|r| levelled(&r.spectrum())).collect();
        let spectrum: PerBand =
            std::array::from_fn(|band| shapes.iter().map(|shape| shape[band]).sum::<f64>() / count);
        let tolerance = std::array::from_fn(|band| {
            let spread =
                shapes.iter().map(|shape| (shape[band] - spectrum[band]).powi(2)).sum::<f64>() / count;
            spread.sqrt()
        });
        let mean = |of: &dyn Fn(&Reference) -> f64| references.iter().map(of).sum::<f64>() / count;
        let is_wide = references.iter().all(|r| !r.features.stereo.is_mono);
        let side_over_mid = is_wide.then(|| {
            std::array::from_fn(|band| {
                mean(&|r| r.features.spectrum.side.loud[band] - r.features.spectrum.mid.loud[band])
            })
        });
        let lowest_peak = references.iter().map(|r| r.peak.value()).fold(f64::INFINITY, f64::min);
        Some(Self {
            spectrum,
            tolerance,
            side_over_mid,
            band_range_db: Some(std::array::from_fn(|band| {
                mean(&|r| r.features.dynamics.band_range[band].value())
            })),
            loudness: Lufs::literal(mean(&|r| r.loudness.value())),
            peak: Dbtp::literal(lowest_peak),
            shift: [0.0; BANDS],
            kind: Kind::References(references.len()),
        })
    }

    /// The average of an album, to which each track goes by `pull`, and the gain that all get. Its dynamics, width and
    /// loudness are each track's own.
    pub(crate) fn album(spectrum: PerBand, shift: PerBand, pull: f64) -> Self {
        Self {
            spectrum,
            tolerance: [TOLERANCE_DB; BANDS],
            side_over_mid: None,
            band_range_db: None,
            loudness: Lufs::literal(f64::NEG_INFINITY),
            peak: Dbtp::FULL_SCALE,
            shift,
            kind: Kind::Album(pull),
        }
    }

    /// How many references it comes from; none for an album's own average.
    #[must_use]
    pub fn references(&self) -> usize {
        match self.kind {
            Kind::References(count) => count,
            Kind::Album(_) => 0,
        }
    }

    /// The loudness that references have on average.
    #[must_use]
    pub fn loudness(&self) -> Lufs {
        self.loudness
    }

    /// The lowest true peak among them.
    #[must_use]
    pub fn peak(&self) -> Dbtp {
        self.peak
    }

    /// How much of the way to the aim is gone, 0 to 1, for an amount that a user set, given what it is where nobody
    /// sets it: whoever names a song to sound like wants all of it.
    pub(crate) fn share(&self, amount: f64, usual: f64) -> f64 {
        let whole = (amount / usual).min(1.0);
        match self.kind {
            Kind::References(_) => whole,
            Kind::Album(pull) => pull * whole,
        }
    }

    /// As a reason names it.
    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            Kind::References(1) => "the reference",
            Kind::References(_) => "the references",
            Kind::Album(_) => "the album's average",
        }
    }

    /// Who decides by it.
    pub(crate) fn decider(&self) -> Decider {
        match self.kind {
            Kind::References(_) => Decider::Reference,
            Kind::Album(_) => Decider::Engine,
        }
    }
}

/// Moved so that the mean of the middle bands (about 300 Hz to 5 kHz) is 0.
pub(crate) fn levelled(spectrum: &PerBand) -> PerBand {
    const MIDDLE: std::ops::Range<usize> = 24..48;
    let mean = spectrum[MIDDLE].iter().sum::<f64>() / MIDDLE.len() as f64;
    spectrum.map(|level| level - mean)
}
