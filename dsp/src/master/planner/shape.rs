//! How a wished gain becomes a legal curve: smooth, bounded, without steep slopes, nothing where there is no music.

use super::hundredths;
use crate::bands::{BANDS, Curve, PER_OCTAVE, PerBand, centre};
use crate::units::{Decibels, Hertz};

/// What a curve may be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Law {
    pub(super) cut_max: Decibels,
    pub(super) boost_max: Decibels,
    /// Per octave.
    pub(super) slope_max: Decibels,
    pub(super) smoothing: Smoothing,
    /// Where the gain begins to fade to nothing, and where it is nothing, on either side.
    pub(super) low: (Hertz, Hertz),
    pub(super) high: (Hertz, Hertz),
}

/// How much of its neighbours a band takes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Smoothing {
    /// What a mixing engineer hears as tone, not as notes: an octave at the bottom, half an octave from 100 Hz to
    /// 1 kHz, four tenths above.
    Broad,
    /// What makes one record sound like another: half an octave at the bottom, a third from 100 Hz on.
    Close,
}

impl Smoothing {
    /// The width of the bell at half its height.
    fn octaves(self, at: Hertz) -> f64 {
        match (self, at.value()) {
            (Self::Broad, f) if f < 100.0 => 1.0,
            (Self::Broad, f) if f < 1000.0 => 0.5,
            (Self::Broad, _) => 0.4,
            (Self::Close, f) if f < 100.0 => 0.5,
            (Self::Close, _) => 1.0 / 3.0,
        }
    }
}
/// A curve that nowhere gets further than that is not worth a filter.
const WORTH_DB: f64 = 0.2;

/// The curve for `wish_db`, or none if it is not worth one.
pub(super) fn legal(wish_db: &PerBand, law: &Law) -> Curve {
    let smooth = smoothed(wish_db, law.smoothing);
    let mut gains = [0.0; BANDS];
    for (band, gain) in gains.iter_mut().enumerate() {
        let bounded = smooth[band].clamp(-law.cut_max.value(), law.boost_max.value());
        *gain = bounded * presence(law, centre(band));
    }
    let gentle = gentle(&gains, law.slope_max.value() / PER_OCTAVE as f64);
    if gentle.iter().all(|gain| gain.abs() < WORTH_DB) {
        return Curve::FLAT;
    }
    Curve(gentle.map(hundredths))
}

/// Smoothed by a bell.
pub(super) fn smoothed(values: &PerBand, smoothing: Smoothing) -> PerBand {
    std::array::from_fn(|band| {
        let sigma = smoothing.octaves(centre(band)) * PER_OCTAVE as f64 / 2.355;
        let (mut sum, mut weights) = (0.0, 0.0);
        for (other, value) in values.iter().enumerate() {
            let distance = (other as f64 - band as f64) / sigma;
            let weight = (-0.5 * distance * distance).exp();
            sum += weight * value;
            weights += weight;
        }
        sum / weights
    })
}

/// 1 where there is music, falling to 0 towards the ends of the range.
fn presence(law: &Law, frequency: Hertz) -> f64 {
    let ramp = |(from, to): (Hertz, Hertz)| {
        let (from, to, f) = (from.value().log2(), to.value().log2(), frequency.value().log2());
        ((f - to) / (from - to)).clamp(0.0, 1.0)
    };
    ramp(law.low) * ramp(law.high)
}

/// The nearest curve below (in magnitude) whose slope is nowhere steeper than allowed.
fn gentle(gains: &PerBand, step_max_db: f64) -> PerBand {
    let one_sign = |sign: f64| {
        let mut part: PerBand = gains.map(|gain| (gain * sign).max(0.0));
        for band in 1..BANDS {
            part[band] = part[band].min(part[band - 1] + step_max_db);
        }
        for band in (1..BANDS).rev() {
            part[band - 1] = part[band - 1].min(part[band] + step_max_db);
        }
        part
    };
    let (boost, cut) = (one_sign(1.0), one_sign(-1.0));
    std::array::from_fn(|band| boost[band] - cut[band])
}

/// A stretch of a curve to one side of zero, worth telling.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Move {
    /// Where it is strongest.
    pub(super) band: usize,
    /// The gain there, in dB.
    pub(super) gain_db: f64,
    /// Where it begins and ends.
    pub(super) from: Hertz,
    pub(super) to: Hertz,
}

/// The stretches of a curve that get further than 0.3 dB, lowest first.
pub(super) fn moves(curve: &Curve) -> Vec<Move> {
    const TOLD_DB: f64 = 0.3;
    let mut found: Vec<Move> = Vec::new();
    let mut start = 0;
    for band in 1..=BANDS {
        let ends = band == BANDS || curve.0[band].signum() != curve.0[start].signum() || curve.0[band] == 0.0;
        if !ends {
            continue;
        }
        let strongest =
            (start..band).max_by(|&a, &b| curve.0[a].abs().total_cmp(&curve.0[b].abs())).unwrap_or(start);
        if curve.0[strongest].abs() >= TOLD_DB {
            found.push(Move {
                band: strongest,
                gain_db: curve.0[strongest],
                from: centre(start),
                to: centre(band - 1),
            });
        }
        start = band.min(BANDS - 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: Law = Law {
        cut_max: Decibels::literal(4.0),
        boost_max: Decibels::literal(3.0),
        slope_max: Decibels::literal(6.0),
        smoothing: Smoothing::Broad,
        low: (Hertz::literal(40.0), Hertz::literal(28.0)),
        high: (Hertz::literal(15_000.0), Hertz::literal(18_000.0)),
    };

    #[test]
    fn a_wild_wish_becomes_a_curve_within_its_bounds_and_slopes() {
        let mut seed = 7u64;
        for _ in 0..200 {
            let wish: PerBand = std::array::from_fn(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 40) as f64 / (1u64 << 24) as f64 * 40.0 - 20.0
            });
            assert!(wish.windows(2).any(|pair| (pair[1] - pair[0]).abs() > 6.0), "the case must be wild");
            let curve = legal(&wish, &LAW);
            for band in 0..BANDS {
                assert!((-4.0..=3.0).contains(&curve.0[band]), "{}", curve.0[band]);
                if centre(band).value() <= 28.0 || centre(band).value() >= 18_000.0 {
                    assert_eq!(curve.0[band], 0.0);
                }
            }
            for pair in curve.0.windows(2) {
                assert!((pair[1] - pair[0]).abs() <= 2.0 + 0.011, "{pair:?}");
            }
        }
    }

    #[test]
    fn a_small_wish_is_no_curve_and_a_large_one_is_told_as_its_moves() {
        assert!(legal(&[0.1; BANDS], &LAW).is_flat());
        let tilt: PerBand = std::array::from_fn(|band| 2.0 - band as f64 / 15.0);
        let told = moves(&legal(&tilt, &LAW));
        assert_eq!(told.len(), 2);
        assert!(told[0].gain_db > 1.0 && told[1].gain_db < -1.0, "{told:?}");
        assert!(told[0].to.value() < told[1].from.value());
    }
}
