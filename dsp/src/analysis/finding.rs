//! What a producer should know of a mix before it is mastered, or of what was made from it.

use std::fmt;

use crate::analysis::features::Features;
use crate::meter::Measurements;
use crate::units::{Dbfs, Dbtp, Decibels, Hertz, Lu, Lufs};

/// The findings, in the order of [`Finding`].
#[must_use]
pub fn findings(features: &Features, measured: &Measurements) -> Vec<Finding> {
    let of_signal = [
        clipped(features, measured),
        lossy_low_pass(features),
        already_mastered(measured),
        dead_channel(features),
        mono(features),
        out_of_phase(features),
        unbalanced(features),
        dc_offset(features, measured),
        hum(features, measured),
        noise(features, measured),
        too_quiet(measured),
    ];
    let sounds = measured.sample_peak.value() > f64::NEG_INFINITY;
    let of_signal = of_signal.into_iter().flatten().filter(|_| sounds);
    let silent = (!sounds).then_some(Finding::Silent);
    let of_length = too_short(features, measured).filter(|_| sounds);
    silent.into_iter().chain(of_signal).chain(of_length).collect()
}

/// One thing that is true of a mix and that its producer may want to change.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Finding {
    /// There is nothing but zeros.
    Silent,
    /// Flat tops at the highest level.
    Clipped {
        /// How many.
        runs: usize,
        /// The longest, in samples.
        longest: usize,
    },
    /// What a lossy encoder leaves above its corner: nothing.
    LossyLowPass {
        /// The corner.
        corner: Hertz,
    },
    /// As loud and dense as masters are.
    AlreadyMastered {
        /// Its loudness.
        loudness: Lufs,
        /// Its true peak less its loudness.
        plr: Lu,
    },
    /// One of two channels carries nothing.
    DeadChannel {
        /// Its number, from 0.
        channel: usize,
    },
    /// Two channels that hold the same samples.
    Mono,
    /// Left and right cancel.
    OutOfPhase {
        /// Correlation, −1 to 1.
        correlation: f64,
    },
    /// One channel is much louder.
    Unbalanced {
        /// Left less right.
        balance: Decibels,
    },
    /// The middle of the wave is not zero.
    DcOffset {
        /// The largest of the channels' means.
        level: Dbfs,
    },
    /// A steady tone from the mains.
    Hum {
        /// 50 or 60 Hz.
        mains: Hertz,
        /// Its strongest tone.
        level: Dbfs,
    },
    /// Quiet moments are noisy.
    Noise {
        /// The level of the quiet moments.
        level: Dbfs,
    },
    /// So quiet that mastering lifts the noise with it.
    TooQuiet {
        /// Its true peak.
        peak: Dbtp,
    },
    /// Too little music to decide tone and dynamics from.
    TooShort {
        /// How much there is, in seconds.
        active_seconds: f64,
    },
}

impl Finding {
    /// The stable code of this finding, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Clipped { .. } => "clipped",
            Self::LossyLowPass { .. } => "lossy_low_pass",
            Self::AlreadyMastered { .. } => "already_mastered",
            Self::DeadChannel { .. } => "dead_channel",
            Self::Mono => "mono",
            Self::OutOfPhase { .. } => "out_of_phase",
            Self::Unbalanced { .. } => "unbalanced",
            Self::DcOffset { .. } => "dc_offset",
            Self::Hum { .. } => "hum",
            Self::Noise { .. } => "noise",
            Self::TooQuiet { .. } => "too_quiet",
            Self::TooShort { .. } => "too_short",
        }
    }

    /// Whether it harms the master, rather than only explains it.
    #[must_use]
    pub fn is_harmful(&self) -> bool {
        !matches!(self, Self::Mono | Self::TooShort { .. } | Self::DcOffset { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("There is nothing but silence. Check what was exported."),
            Self::Clipped { runs, longest } => write!(
                f,
                "The mix is clipped: {runs} flat tops, the longest of {longest} samples. Export it again with its \
                 peaks below 0\u{2009}dBFS; what is cut off cannot be brought back."
            ),
            Self::LossyLowPass { corner } => write!(
                f,
                "Nothing lies above {:.1}\u{2009}kHz, as after MP3 or AAC. A master from the original, never \
                 encoded, will sound better.",
                corner.value() / 1000.0
            ),
            Self::AlreadyMastered { loudness, plr } => write!(
                f,
                "This seems to be mastered already: {loudness}, with peaks only {plr} above. If you can, give the \
                 mix before its limiter."
            ),
            Self::DeadChannel { channel } => {
                let (dead, live) = if *channel == 0 { ("left", "right") } else { ("right", "left") };
                write!(
                    f,
                    "The {dead} channel is empty. Check the export, or give the {live} channel as a mono file."
                )
            }
            Self::Mono => f.write_str("Both channels are the same: this is mono in a stereo file."),
            Self::OutOfPhase { correlation } => write!(
                f,
                "Left and right are out of phase (correlation {}): much of the mix vanishes in mono. Flip the \
                 polarity of one channel, or look for the track that is inverted.",
                format!("{correlation:.2}").replace('-', "−")
            ),
            Self::Unbalanced { balance } => {
                let louder = if balance.value() > 0.0 { "left" } else { "right" };
                let by = Decibels::literal(balance.value().abs());
                write!(f, "The {louder} channel is {by} louder than the other. Check that this is meant.")
            }
            Self::DcOffset { level } => write!(
                f,
                "The wave is off its middle: a constant of {level} takes up headroom. A high-pass at 20\u{2009}Hz \
                 removes it."
            ),
            Self::Hum { mains, level } => write!(
                f,
                "There is mains hum: a steady {mains:.0} tone or its multiples, up to {level}. Look for it on the \
                 tracks; a narrow notch there takes it out."
            ),
            Self::Noise { level } => write!(
                f,
                "Quiet moments are noisy, at {level}; a louder master makes that heard. Clean the tracks or their \
                 pauses."
            ),
            Self::TooQuiet { peak } => write!(
                f,
                "The mix is very quiet: its peaks reach {peak}. With 16 bits, lifting it brings the noise of \
                 rounding with it; export it louder, or with 24 bits."
            ),
            Self::TooShort { active_seconds } => write!(
                f,
                "There are only {active_seconds:.1}\u{2009}s of music; tone and dynamics are left as they are below \
                 3\u{2009}s."
            ),
        }
    }
}

/// A sine of low frequency has three equal samples at its top with 16 bits, and a limiter leaves a few: so either
/// many for the length (one in ten seconds and ten in all), or one that is long.
fn clipped(features: &Features, measured: &Measurements) -> Option<Finding> {
    const RUNS_MIN: usize = 10;
    const SECONDS_PER_RUN: f64 = 10.0;
    const LONG: usize = 8;
    /// Below, equal neighbours are those of a quiet signal's few steps.
    const QUIETEST_DBFS: f64 = -30.0;
    let clipping = features.clipping;
    let many = clipping.runs >= RUNS_MIN
        && clipping.longest > 3
        && clipping.runs as f64 * SECONDS_PER_RUN >= measured.rate.seconds(measured.frames);
    let found = measured.sample_peak.value() > QUIETEST_DBFS && (many || clipping.longest >= LONG);
    found.then_some(Finding::Clipped { runs: clipping.runs, longest: clipping.longest })
}

fn lossy_low_pass(features: &Features) -> Option<Finding> {
    features.bandwidth.lossy_low_pass.map(|corner| Finding::LossyLowPass { corner })
}

/// Above −11 LUFS with peaks above −1 dBTP and less than 10 LU between them no mix is, and nearly every loud master:
/// the same bounds at which mastering holds back.
fn already_mastered(measured: &Measurements) -> Option<Finding> {
    let (loudness, plr) = (measured.integrated?, measured.plr?);
    let found = loudness.value() > -11.0 && measured.true_peak.value() > -1.0 && plr.value() < 10.0;
    found.then_some(Finding::AlreadyMastered { loudness, plr })
}

fn dead_channel(features: &Features) -> Option<Finding> {
    features.stereo.dead_channels.first().map(|&channel| Finding::DeadChannel { channel })
}

/// One channel in the file is no news.
fn mono(features: &Features) -> Option<Finding> {
    (features.stereo.is_mono && features.dc.len() == 2).then_some(Finding::Mono)
}

/// At −0.3 the sum in mono is 4.6 dB below that of two equal channels, where wide noise loses 3 dB.
fn out_of_phase(features: &Features) -> Option<Finding> {
    let correlation = features.stereo.correlation;
    (correlation < -0.3).then_some(Finding::OutOfPhase { correlation })
}

/// 3 dB is heard as off the middle by anyone.
fn unbalanced(features: &Features) -> Option<Finding> {
    let balance = features.stereo.balance;
    let found = balance.value().abs() >= 3.0 && features.stereo.dead_channels.is_empty();
    found.then_some(Finding::Unbalanced { balance })
}

/// From −50 dBFS on, a third of a percent. What is less takes no headroom, and a piece of music with rumble has as much
/// of a mean by chance.
fn dc_offset(features: &Features, measured: &Measurements) -> Option<Finding> {
    const LEAST_DBFS: f64 = -50.0;
    const SECONDS_MIN: f64 = 1.0;
    let highest = features.dc.iter().fold(0.0f64, |highest, mean| highest.max(mean.abs()));
    let level = Dbfs::from_amplitude(highest);
    let found = level.value() > LEAST_DBFS && measured.rate.seconds(measured.frames) >= SECONDS_MIN;
    found.then_some(Finding::DcOffset { level })
}

/// What is 70 dB below the loudness is not heard even in a pause.
fn hum(features: &Features, measured: &Measurements) -> Option<Finding> {
    const BELOW_LOUDNESS_DB: f64 = 70.0;
    let (hum, loudness) = (features.hum?, measured.integrated?);
    let found = hum.level.value() > loudness.value() - BELOW_LOUDNESS_DB;
    found.then_some(Finding::Hum { mains: hum.mains, level: hum.level })
}

/// Noise that lies less than 45 dB under the loudness is heard in the pauses, at any loudness of the master.
fn noise(features: &Features, measured: &Measurements) -> Option<Finding> {
    const BELOW_LOUDNESS_DB: f64 = 45.0;
    let (level, loudness) = (features.noise_floor?, measured.integrated?);
    (level.value() > loudness.value() - BELOW_LOUDNESS_DB).then_some(Finding::Noise { level })
}

/// Rounding to 16 bits lies at −101 dBFS. Peaks below −30 dBFS lifted to the usual −1 dBTP bring it above −72 dBFS,
/// where it is heard in pauses.
fn too_quiet(measured: &Measurements) -> Option<Finding> {
    let peak = measured.true_peak;
    (peak.value() < -30.0).then_some(Finding::TooQuiet { peak })
}

fn too_short(features: &Features, measured: &Measurements) -> Option<Finding> {
    let seconds = measured.rate.seconds(measured.frames);
    let found = features.active_seconds < 3.0 && (seconds < 3.0 || measured.integrated.is_some());
    found.then_some(Finding::TooShort { active_seconds: features.active_seconds.min(seconds) })
}
