//! The facts of a mix as plain values.

use crate::analysis::control::ControlLevels;
use crate::bands::PerBand;
use crate::units::{Dbfs, Decibels, Hertz};

/// What is true of a mix. Levels are 10 log10 of a mean square, so that a sine of full scale is at −3.0 dBFS.
///
/// A frame of analysis is *active* if its loudness passes the gate of integrated loudness; what has fewer than
/// 3 s of them has no features that decisions could rest on (`active_seconds` tells).
#[derive(Clone, PartialEq, Debug)]
pub struct Features {
    /// How much of the signal is active, in seconds.
    pub active_seconds: f64,
    /// Average spectra.
    pub spectrum: Spectrum,
    /// The image.
    pub stereo: Stereo,
    /// How levels move.
    pub dynamics: Dynamics,
    /// The lowest octaves.
    pub low_end: LowEnd,
    /// Where the top ends.
    pub bandwidth: Bandwidth,
    /// Level of the quiet moments (5th percentile of 50 ms levels in frames that are not digital silence); none if
    /// that is less than 20 dB below the music, or not as steady as noise is.
    pub noise_floor: Option<Dbfs>,
    /// Flat tops.
    pub clipping: Clipping,
    /// How fast it goes, if it has a beat.
    pub tempo: Option<Tempo>,
    /// Mean of each channel's samples, full scale 1.
    pub dc: Vec<f64>,
    /// A mains hum, if there is one.
    pub hum: Option<Hum>,
    /// Levels that compressors work from.
    pub control: ControlLevels,
}

/// Levels per band of the grid, in dBFS over active frames; −200 where a band has nothing or lies above half the rate.
#[derive(Clone, PartialEq, Debug)]
pub struct Spectrum {
    /// Of (L + R) / 2, or of the only channel.
    pub mid: SpectrumLevels,
    /// Of (L − R) / 2; all −200 for one channel.
    pub side: SpectrumLevels,
}

/// Statistics of one spectrum over time, per band.
#[derive(Clone, PartialEq, Debug)]
pub struct SpectrumLevels {
    /// Of the mean power of the loudest half of active frames.
    pub loud: PerBand,
    /// Of the mean power of all active frames.
    pub mean: PerBand,
    /// The level that half of active frames stay under.
    pub p50: PerBand,
    /// The level that 85 % stay under.
    pub p85: PerBand,
    /// The level that 95 % stay under.
    pub p95: PerBand,
    /// Of the quietest active frames: the 10th percentile.
    pub p10: PerBand,
}

/// The image. Ratios are of energies over active frames.
#[derive(Clone, PartialEq, Debug)]
pub struct Stereo {
    /// Correlation of left and right over everything, −1 to 1; 1 for one channel.
    pub correlation: f64,
    /// The same per band of dynamics, lowest first.
    pub band_correlation: [f64; 4],
    /// Energy of the side over that of the mid per band of dynamics: 0 is mono, 1 as much as wide noise, 1e6 at most.
    pub band_width: [f64; 4],
    /// Level of left less level of right.
    pub balance: Decibels,
    /// Channels that carry nothing (below −80 dB of the other), by number.
    pub dead_channels: Vec<usize>,
    /// Whether both channels hold the same samples (or there is only one).
    pub is_mono: bool,
}

/// How levels move.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dynamics {
    /// Peak over level in windows of 200 ms, of the channel that is louder there, the median over active windows.
    pub crest: Decibels,
    /// 95th less 10th percentile of levels in windows of 50 ms, active ones.
    pub level_range: Decibels,
    /// 95th less 50th percentile of the level of each band of dynamics, lowest first.
    pub band_range: [Decibels; 4],
}

/// The lowest octaves.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LowEnd {
    /// The lowest strongly occupied semitone from 25 to 300 Hz (440 Hz, equal temperament); none if there is none.
    /// It is found in steps of 2.7 Hz and between them: exact for notes that stand alone, but neighbours below E3
    /// that all sound melt into one between them.
    pub lowest_note: Option<Hertz>,
    /// Share of the energy below 30 Hz, 0 to 1.
    pub below_30_hz_share: f64,
    /// Energy of the side over that of the mid below 120 Hz, in dB; −200 for one channel.
    pub bass_side: Decibels,
    /// Correlation of left and right below 120 Hz, −1 to 1.
    pub bass_correlation: f64,
}

/// Where the top ends.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bandwidth {
    /// The highest frequency that stands 10 dB out of the noise of 16 bits and not more than 80 dB below the middle,
    /// in steps of 130 Hz; 0 for silence.
    pub top: Hertz,
    /// The corner of a steep low-pass as lossy encoders leave it, if there is one from 14 to 20.5 kHz.
    pub lossy_low_pass: Option<Hertz>,
}

/// Flat tops: three or more neighbouring samples of one value at 99 % or more of the channel's highest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clipping {
    /// How many runs.
    pub runs: usize,
    /// Samples in them.
    pub samples: usize,
    /// The longest.
    pub longest: usize,
}

/// How fast it goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tempo {
    /// Beats per minute, 50 to 200.
    pub beats_per_minute: f64,
    /// How sure, 0 to 1.
    pub confidence: f64,
}

/// A mains hum: a steady tone at 50 or 60 Hz or a multiple, well above its neighbours.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hum {
    /// 50 or 60 Hz.
    pub mains: Hertz,
    /// Level of the strongest of its tones.
    pub level: Dbfs,
}
