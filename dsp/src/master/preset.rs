//! The presets that we publish: named, versioned sets of numbers. `docs/presets.md` has them as a table.

use super::budgets::Budgets;
use crate::bands::{BANDS, Curve, PerBand, centre};
use crate::units::{Dbtp, Decibels, Hertz, Lufs};

/// A named set of parameters. A change of any number raises its version, and so does [`crate::ENGINE_VERSION`].
#[derive(PartialEq, Debug)]
pub struct Preset {
    /// What it is asked for by.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// In a few words, what it is for.
    pub purpose: &'static str,
    /// Raised with every change of a number.
    pub version: u32,
    /// The loudness that a master gets if nobody says another.
    pub loudness: Lufs,
    /// The ceiling likewise.
    pub ceiling: Dbtp,
    /// What the limiter may do for it.
    pub budgets: Budgets,
    /// Added to the [usual spectrum](usual_spectrum), in dB at frequencies in Hz, straight lines in octaves between.
    pub spectrum_offsets: &'static [(f64, f64)],
    /// How far from its target a spectrum may be before it is touched, as a multiple of [`usual_tolerance`].
    pub tolerance_scale: f64,
    /// Mean gain reduction of the four bands of dynamics at middle settings, lowest band first.
    pub band_reduction: [Decibels; 4],
    /// Mean gain reduction of the glue compressor at middle settings.
    pub glue_reduction: Decibels,
    /// Energy of the side over that of the mid that is usual in each band of dynamics.
    pub width: [f64; 4],
    /// What happens to the side of the bass.
    pub bass: Bass,
    /// Saturation at full intensity, as the distortion of a tone of −10 dBFS in per cent.
    pub saturation_percent: f64,
    /// Whether lone short peaks may be shaved before the limiter when a loudness asks for much.
    pub may_shave: bool,
}

/// What happens to the side of the bass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bass {
    /// Centred if there is much of it: records and clubs have one bass.
    Centred,
    /// Left where the recording has it, unless left and right cancel.
    AsRecorded,
}

impl Preset {
    /// For streaming services, which play everything at about one loudness.
    pub const STREAMING: Self = Self {
        name: "streaming",
        title: "Streaming",
        purpose: "balanced, with its dynamics kept: what services play at −14 LUFS",
        version: 1,
        loudness: Lufs::literal(-14.0),
        ceiling: Dbtp::literal(-1.0),
        budgets: Budgets::NORMAL,
        spectrum_offsets: &[],
        tolerance_scale: 1.0,
        band_reduction: decibels([0.8, 1.2, 0.8, 0.8]),
        glue_reduction: Decibels::literal(0.8),
        width: [0.01, 0.08, 0.15, 0.20],
        bass: Bass::Centred,
        saturation_percent: 0.1,
        may_shave: false,
    };
    /// For loud records.
    pub const LOUD: Self = Self {
        name: "loud",
        title: "Loud",
        purpose: "dense and forward: rock, pop and metal beside other loud records",
        loudness: Lufs::literal(-9.0),
        budgets: Budgets::LOUD,
        spectrum_offsets: &[
            (60.0, 0.0),
            (90.0, 1.0),
            (160.0, 1.0),
            (300.0, 0.0),
            (2500.0, 0.0),
            (4000.0, 1.0),
            (8000.0, 0.5),
        ],
        band_reduction: decibels([1.2, 1.6, 1.2, 1.0]),
        glue_reduction: Decibels::literal(1.2),
        saturation_percent: 0.3,
        may_shave: true,
        ..Self::STREAMING
    };
    /// For dance floors.
    pub const CLUB: Self = Self {
        name: "club",
        title: "Club",
        purpose: "weight below, air above, one bass: electronic music on large systems",
        loudness: Lufs::literal(-8.0),
        budgets: Budgets::LOUD,
        spectrum_offsets: &[(100.0, 3.0), (200.0, 0.0), (6000.0, 0.0), (10_000.0, 2.0)],
        band_reduction: decibels([1.4, 1.2, 1.0, 0.8]),
        glue_reduction: Decibels::literal(1.0),
        width: [0.005, 0.08, 0.20, 0.28],
        saturation_percent: 0.3,
        may_shave: true,
        ..Self::STREAMING
    };
    /// For what was played in a room.
    pub const ACOUSTIC: Self = Self {
        name: "acoustic",
        title: "Acoustic",
        purpose: "a light hand: folk, jazz, chamber music, songs with few instruments",
        loudness: Lufs::literal(-16.0),
        budgets: Budgets::GENTLE,
        spectrum_offsets: &[(50.0, -4.0), (80.0, -2.0), (125.0, 0.0), (8000.0, 0.0), (10_000.0, -1.0)],
        tolerance_scale: 1.5,
        band_reduction: decibels([0.4, 0.6, 0.4, 0.3]),
        glue_reduction: Decibels::literal(0.4),
        bass: Bass::AsRecorded,
        saturation_percent: 0.0,
        ..Self::STREAMING
    };
    /// For orchestras.
    pub const CLASSICAL: Self = Self {
        name: "classical",
        title: "Classical",
        purpose: "hardly a touch: orchestra, choir, organ, with their whole range",
        loudness: Lufs::literal(-18.0),
        budgets: Budgets::FAITHFUL,
        spectrum_offsets: &[(50.0, -6.0), (80.0, -4.0), (200.0, 0.0), (4000.0, 0.0), (12_000.0, -3.0)],
        tolerance_scale: 2.5,
        band_reduction: decibels([0.0; 4]),
        glue_reduction: Decibels::ZERO,
        bass: Bass::AsRecorded,
        saturation_percent: 0.0,
        ..Self::STREAMING
    };
    /// For speech.
    pub const PODCAST: Self = Self {
        name: "podcast",
        title: "Podcast",
        purpose: "speech that is understood in a car: even, without rumble, −16 LUFS",
        loudness: Lufs::literal(-16.0),
        spectrum_offsets: &[
            (63.0, -18.0),
            (80.0, -10.0),
            (125.0, -3.0),
            (200.0, 0.0),
            (2000.0, 2.0),
            (4000.0, 2.0),
            (8000.0, 0.0),
            (16_000.0, -3.0),
        ],
        tolerance_scale: 1.2,
        band_reduction: decibels([0.5, 2.0, 2.0, 1.0]),
        glue_reduction: Decibels::literal(2.0),
        width: [0.0, 0.02, 0.05, 0.05],
        saturation_percent: 0.0,
        ..Self::STREAMING
    };

    /// All of them.
    pub const ALL: [&Self; 6] =
        [&Self::STREAMING, &Self::LOUD, &Self::CLUB, &Self::ACOUSTIC, &Self::CLASSICAL, &Self::PODCAST];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|preset| preset.name == name)
    }

    /// The spectrum that its masters tend to: levels of sixths of an octave, of which only the shape counts.
    #[must_use]
    pub fn spectrum(&self) -> PerBand {
        std::array::from_fn(|band| {
            let frequency = centre(band);
            along(USUAL_SPECTRUM, frequency) + along(self.spectrum_offsets, frequency)
        })
    }

    /// How far a level may be from [`Self::spectrum`] before it is touched, in dB.
    #[must_use]
    pub fn tolerance(&self) -> PerBand {
        std::array::from_fn(|band| along(USUAL_TOLERANCE, centre(band)) * self.tolerance_scale)
    }
}

/// Levels of fractional-octave bands of popular music relative to 1 kHz. The slope is that of average spectra of hit
/// records, about −5 dB an octave in power density from 100 Hz to 4 kHz and steeper above (Pestana, Ma, Reiss, Barbosa
/// and Black, AES 135, 2013; Elowsson and Friberg, AES 142, 2017); not yet calibrated by listening.
const USUAL_SPECTRUM: &[(f64, f64)] = &[
    (20.0, -8.0),
    (31.5, -1.0),
    (50.0, 6.0),
    (80.0, 7.5),
    (125.0, 6.5),
    (250.0, 4.0),
    (500.0, 2.0),
    (1000.0, 0.0),
    (2000.0, -2.0),
    (4000.0, -4.5),
    (8000.0, -9.0),
    (12_500.0, -14.0),
    (16_000.0, -19.0),
    (20_000.0, -26.0),
];

/// Records differ so much (one standard deviation, the same sources): least in the middle.
const USUAL_TOLERANCE: &[(f64, f64)] =
    &[(31.5, 5.0), (100.0, 4.0), (300.0, 3.0), (4000.0, 3.0), (10_000.0, 4.0), (16_000.0, 5.0)];

/// The usual spectrum as a curve.
#[must_use]
pub fn usual_spectrum() -> Curve {
    Curve::of(|frequency| along(USUAL_SPECTRUM, frequency))
}

/// The usual tolerance, in dB.
#[must_use]
pub fn usual_tolerance() -> PerBand {
    let mut tolerance = [0.0; BANDS];
    tolerance.iter_mut().enumerate().for_each(|(band, t)| *t = along(USUAL_TOLERANCE, centre(band)));
    tolerance
}

/// Straight lines in octaves through points in order of frequency, constant beyond the outermost; 0 without points.
fn along(points: &[(f64, f64)], frequency: Hertz) -> f64 {
    let f = frequency.value();
    let next = points.partition_point(|point| point.0 < f);
    match (next.checked_sub(1).map(|before| points[before]), points.get(next)) {
        (Some((from_hz, from)), Some(&(to_hz, to))) => {
            from + (to - from) * (f / from_hz).log2() / (to_hz / from_hz).log2()
        }
        (Some((_, last)), None) => last,
        (None, Some(&(_, first))) => first,
        (None, None) => 0.0,
    }
}

const fn decibels(values: [f64; 4]) -> [Decibels; 4] {
    [
        Decibels::literal(values[0]),
        Decibels::literal(values[1]),
        Decibels::literal(values[2]),
        Decibels::literal(values[3]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_found_by_its_name_and_asks_for_what_can_be_asked() {
        for preset in Preset::ALL {
            assert_eq!(Preset::named(preset.name), Some(preset));
            assert!(
                preset.spectrum().iter().chain(&preset.tolerance()).all(|v| v.is_finite()),
                "{}",
                preset.name
            );
            assert!(
                crate::master::MasterParams::new(
                    preset.loudness,
                    preset.ceiling,
                    crate::effects::dither::Depth::Int24
                )
                .is_ok()
            );
        }
        assert_eq!(Preset::named("Streaming"), None);
    }

    #[test]
    fn lines_go_through_their_points_and_stay_level_outside() {
        let points = [(100.0, 0.0), (400.0, 4.0)];
        let at = |hz| along(&points, Hertz::literal(hz));
        assert_eq!((at(50.0), at(100.0), at(400.0), at(900.0)), (0.0, 0.0, 4.0, 4.0));
        assert!((at(200.0) - 2.0).abs() < 1e-12);
    }
}
