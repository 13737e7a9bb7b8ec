//! What a report draws: curves of at most some 800 points, rounded, so that the file stays small.

use dsp::analysis::average_spectrum::NOTHING_DB;
use dsp::analysis::picture::{COLUMNS, Picture};
use dsp::bands::{self, BANDS, PerBand};
use dsp::meter::Measurements;
use dsp::units::Decibels;
use serde::{Deserialize, Serialize};

use super::number::{hundredths, tenths};

/// The pictures; each is left out where there is nothing to draw.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pictures {
    /// Length of the song.
    pub seconds: f64,
    /// How far the wave goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waveform: Option<WaveformPicture>,
    /// Short-term loudness over time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_term: Option<ShortTermPicture>,
    /// Average spectra, the target and the equaliser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrum: Option<SpectrumPicture>,
    /// What took level away, over time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain_reduction: Option<ReductionPicture>,
    /// Correlation of left and right over time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<CorrelationPicture>,
}

/// Lowest and highest sample of each column, full scale ±1; the columns share the song evenly.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct WaveformPicture {
    /// How many columns.
    pub columns: usize,
    /// Of the mix.
    pub before: Vec<[f64; 2]>,
    /// Of the master.
    pub after: Vec<[f64; 2]>,
}

/// Short-term loudness (3 s, EBU Tech 3341) in LUFS; silence is `null`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ShortTermPicture {
    /// From value to value.
    pub hop_s: f64,
    /// The middle of the 3 s that the first value stands for.
    pub first_s: f64,
    /// Of the mix.
    pub before: Vec<Option<f64>>,
    /// Of the master.
    pub after: Vec<Option<f64>>,
}

/// Levels per sixth of an octave; pink noise is flat. Each signal is drawn at a loudness of 0 LUFS, so that only their
/// tone differs. `null` where a band is empty.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SpectrumPicture {
    /// Centres of the bands.
    pub frequency_hz: Vec<f64>,
    /// Of the mix.
    pub before_db: Vec<Option<f64>>,
    /// Of the master.
    pub after_db: Vec<Option<f64>>,
    /// What the tone was brought towards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_db: Option<Vec<f64>>,
    /// How far to either side of the target nothing is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance_db: Option<Vec<f64>>,
    /// Of the reference, or of all of them together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_db: Option<Vec<f64>>,
    /// Gain of the equaliser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone_db: Option<Vec<f64>>,
}

/// Gains over time, zero or negative: the deepest of each column; the columns share the song evenly.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReductionPicture {
    /// From column to column.
    pub hop_s: f64,
    /// Of the limiter.
    pub limiter_db: Vec<f64>,
    /// Of the four bands of dynamics, lowest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bands_db: Option<[Vec<f64>; 4]>,
    /// Of the compressor on everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glue_db: Option<Vec<f64>>,
}

/// Correlation of left and right over 3 s around each column, −1 to 1; the columns share the song evenly. Silence is
/// `null`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CorrelationPicture {
    /// From column to column.
    pub hop_s: f64,
    /// Of the mix.
    pub before: Vec<Option<f64>>,
    /// Of the master.
    pub after: Vec<Option<f64>>,
}

/// One signal as pictures need it, once its samples are gone.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its columns.
    pub picture: &'a Picture,
    /// Its average spectrum.
    pub spectrum: &'a PerBand,
    /// Its meters.
    pub meters: &'a Measurements,
}

impl Pictures {
    /// What can be drawn of a mix and its master from their own samples. Gain reduction, target and equaliser are added
    /// by [`ReductionPicture`] and [`SpectrumPicture::with_target`].
    #[must_use]
    pub fn of(before: Seen<'_>, after: Seen<'_>) -> Self {
        let seconds = before.meters.rate.seconds(before.meters.frames);
        Self {
            seconds: hundredths(seconds),
            waveform: waveform(before.picture, after.picture),
            short_term: short_term(&before.meters.short_term, &after.meters.short_term),
            spectrum: spectrum(before, after),
            gain_reduction: None,
            correlation: correlation(before.picture, after.picture, seconds),
        }
    }
}

fn waveform(before: &Picture, after: &Picture) -> Option<WaveformPicture> {
    let columns = |picture: &Picture| {
        picture.columns.iter().map(|c| [c.low, c.high].map(|x| hundredths(f64::from(x)))).collect()
    };
    let columns_are_there = !before.columns.is_empty();
    columns_are_there.then(|| WaveformPicture {
        columns: before.columns.len(),
        before: columns(before),
        after: columns(after),
    })
}

fn short_term(before: &[f64], after: &[f64]) -> Option<ShortTermPicture> {
    /// What the meters have: short-term loudness every 100 ms; the first value is that of the first 3 s.
    const HOP_S: f64 = 0.1;
    const MIDDLE_S: f64 = 1.5;
    let step = before.len().max(after.len()).div_ceil(COLUMNS).max(1);
    let thin = |values: &[f64]| -> Vec<Option<f64>> {
        values.iter().step_by(step).map(|value| value.is_finite().then(|| tenths(*value))).collect()
    };
    let (before, after) = (thin(before), thin(after));
    (before.len() > 1).then_some(ShortTermPicture {
        hop_s: hundredths(step as f64 * HOP_S),
        first_s: MIDDLE_S,
        before,
        after,
    })
}

fn spectrum(before: Seen<'_>, after: Seen<'_>) -> Option<SpectrumPicture> {
    let levels = |seen: Seen<'_>| -> Option<Vec<Option<f64>>> {
        let loudness = seen.meters.integrated?.value();
        let level = |db: &f64| (*db > NOTHING_DB).then(|| hundredths(db - loudness));
        Some(seen.spectrum.iter().map(level).collect())
    };
    Some(SpectrumPicture {
        frequency_hz: (0..BANDS).map(|band| tenths(bands::centre(band).value())).collect(),
        before_db: levels(before)?,
        after_db: levels(after)?,
        ..SpectrumPicture::default()
    })
}

fn correlation(before: &Picture, after: &Picture, seconds: f64) -> Option<CorrelationPicture> {
    /// As long as short-term loudness: shorter, the curve would be a thicket.
    const WINDOW_S: f64 = 3.0;
    let hop_s = seconds / before.columns.len().max(1) as f64;
    let reach = (WINDOW_S / hop_s / 2.0).round() as usize;
    let values = |picture: &Picture| -> Vec<Option<f64>> {
        picture.correlations(reach).map(|value| value.map(hundredths)).collect()
    };
    let is_stereo = before.columns.iter().any(|column| column.side_over_mid() > 0.0);
    is_stereo.then(|| CorrelationPicture {
        hop_s: thousandths(hop_s),
        before: values(before),
        after: values(after),
    })
}

impl SpectrumPicture {
    /// Adds what the tone was brought towards. A target is a shape: it is drawn at the height at which it lies closest
    /// to the master between 100 Hz and 10 kHz (the median of the distances is zero).
    #[must_use]
    pub fn with_target(mut self, target: &PerBand, tolerance: Option<&PerBand>) -> Self {
        let middle = 14..54; // 100.8 Hz to 9.1 kHz
        let distances = middle.filter_map(|band| self.after_db.get(band)?.map(|db| db - target[band]));
        let mut distances: Vec<f64> = distances.collect();
        distances.sort_by(f64::total_cmp);
        let height = distances.get(distances.len() / 2).copied().unwrap_or(0.0);
        self.target_db = Some(target.iter().map(|db| hundredths(db + height)).collect());
        self.tolerance_db = tolerance.map(|tolerance| tolerance.iter().map(|db| hundredths(*db)).collect());
        self
    }

    /// Adds the gain of the equaliser.
    #[must_use]
    pub fn with_tone(mut self, tone: &bands::Curve) -> Self {
        self.tone_db = Some(tone.0.iter().map(|db| hundredths(*db)).collect());
        self
    }
}

impl ReductionPicture {
    /// What a limiter did, from `dsp::analysis::picture::deepest_gains` of its gain; none where it did nothing.
    #[must_use]
    pub fn of_limiter(gains: &[Decibels], seconds: f64) -> Option<Self> {
        let is_at_work = gains.iter().any(|gain| gain.value() < -0.005);
        is_at_work.then(|| Self {
            hop_s: thousandths(seconds / gains.len() as f64),
            limiter_db: rounded(gains),
            bands_db: None,
            glue_db: None,
        })
    }
}

/// Gains as a report holds them.
#[must_use]
pub fn rounded(gains: &[Decibels]) -> Vec<f64> {
    gains.iter().map(|gain| hundredths(gain.value())).collect()
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
