//! A low shelf and bells that follow a curve below the frequency from which filters are symmetric.

use super::PowerGain;
use crate::bands::{Curve, PER_OCTAVE};
use crate::master::chain::ChainPlan;
use crate::parts::biquad::Biquad;
use crate::units::{Decibels, Hertz, SampleRate};

/// How the low end of a curve is made.
#[derive(Clone, Debug)]
pub(super) struct LowEnd {
    /// None if the curve does nothing below the seam.
    pub(super) sections: Vec<Biquad>,
    /// Up to where the sections alone make the curve.
    pub(super) seam: Hertz,
    /// Of the filters above.
    pub(super) phase: Phase,
}

/// What the filters above the sections do to the phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Nothing.
    Linear,
    /// As much as their gain must have: nothing sounds before its time.
    Minimum,
}

/// How many sections, up to where, and within what bounds.
#[derive(Clone, Copy, Debug)]
struct Frame {
    sections: usize,
    seam: Hertz,
    corner_max_hz: f64,
    gain_max_db: f64,
    quality_max: f64,
}

/// A shelf and four bells. Three sections follow a curve well enough up to the seam, but what they then do above it the
/// symmetric filters have to undo, and that rings; five go on with the curve for an octave and a half.
const GENTLE: Frame = Frame {
    sections: 5,
    seam: ChainPlan::LINEAR_FROM,
    corner_max_hz: 500.0,
    gain_max_db: 14.0,
    quality_max: 3.0,
};
/// For curves that five sections cannot follow, or that are so steep that symmetric filters would ring. What is above
/// the seam has minimum phase as well; it is lower because nothing rings there, and such filters reach further down.
const STEEP: Frame = Frame {
    sections: 9,
    seam: Hertz::literal(110.0),
    corner_max_hz: 310.0,
    gain_max_db: 20.0,
    quality_max: 4.0,
};
/// Five sections that are further from the curve than this somewhere are not enough, in dB.
const FOLLOWED_DB: f64 = 0.2;
/// Curves that somewhere have more decibels an octave are steep. Presets draw none, or else where a cut meets a boost.
pub(super) const STEEP_DB: f64 = 6.3;
/// Points where the fit is compared, in an octave; the lowest, and how far above the seam the highest is.
const POINTS_PER_OCTAVE: f64 = 12.0;
const FIRST_HZ: f64 = 16.0;
const BEYOND_OCTAVES: f64 = 1.5;
/// What the curve asks for below this everywhere needs no sections, in dB.
const NOTHING_DB: f64 = 0.005;
/// A fit this close everywhere is good enough to stop looking, in dB.
const CLOSE_DB: f64 = 0.05;
/// Where the search for five sections starts: corners in Hz. The best end counts.
const STARTS_HZ: [[f64; GENTLE.sections]; 7] = [
    [30.0, 50.0, 95.0, 170.0, 320.0],
    [60.0, 25.0, 110.0, 200.0, 380.0],
    [110.0, 30.0, 60.0, 150.0, 260.0],
    [40.0, 80.0, 140.0, 220.0, 320.0],
    [180.0, 40.0, 70.0, 130.0, 240.0],
    [300.0, 25.0, 45.0, 100.0, 190.0],
    [50.0, 130.0, 190.0, 270.0, 400.0],
];
/// Where that for nine starts.
const STEEP_STARTS_HZ: [[f64; STEEP.sections]; 2] = [
    [22.0, 28.0, 38.0, 50.0, 66.0, 88.0, 117.0, 160.0, 230.0],
    [40.0, 22.0, 32.0, 55.0, 75.0, 100.0, 130.0, 180.0, 260.0],
];
const STEPS_MAX: usize = 80;

impl LowEnd {
    /// Sections whose gain, less that at the seam, is that of `tone` less that at the same place.
    pub(super) fn of(tone: &Curve, rate: SampleRate) -> Self {
        let gentle = Wanted::new(GENTLE, tone, rate);
        let mut asked = gentle.gains_db.iter().zip(&gentle.weights).filter(|(_, weight)| **weight == 1.0);
        let is_steep = steepest(tone) > STEEP_DB;
        if asked.all(|(gain, _)| gain.abs() < NOTHING_DB) {
            let phase = if is_steep { Phase::Minimum } else { Phase::Linear };
            return Self { sections: Vec::new(), seam: GENTLE.seam, phase };
        }
        if !is_steep {
            let (worst_db, sections) = gentle.best(STARTS_HZ.iter().map(<[f64; _]>::as_slice));
            if worst_db <= FOLLOWED_DB {
                return Self { sections, seam: GENTLE.seam, phase: Phase::Linear };
            }
        }
        let (_, sections) =
            Wanted::new(STEEP, tone, rate).best(STEEP_STARTS_HZ.iter().map(<[f64; _]>::as_slice));
        Self { sections, seam: STEEP.seam, phase: Phase::Minimum }
    }
}

/// The steepest slope between two bands, in dB an octave.
pub(super) fn steepest(tone: &Curve) -> f64 {
    tone.0.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max) * PER_OCTAVE as f64
}

/// One section's corner, gain and quality: natural logarithm of Hz, dB, natural logarithm.
type Section = [f64; 3];

/// A least-squares problem.
struct Wanted {
    frame: Frame,
    rate: SampleRate,
    /// sin²(w / 2) of each point, and at last of the seam.
    sines: Vec<f64>,
    gains_db: Vec<f64>,
    weights: Vec<f64>,
}

/// A try: its sections, what each gives at each point less at the seam, and what is missing as it counts, in dB.
#[derive(Clone)]
struct Try {
    at: Vec<Section>,
    gains_db: Vec<Vec<f64>>,
    residuals: Vec<f64>,
    energy: f64,
}

impl Wanted {
    fn new(frame: Frame, tone: &Curve, rate: SampleRate) -> Self {
        let seam = frame.seam.value();
        let octaves = (seam / FIRST_HZ).log2() + BEYOND_OCTAVES;
        let count = (octaves * POINTS_PER_OCTAVE).round() as usize + 1;
        let hertz: Vec<f64> =
            (0..count).map(|k| FIRST_HZ * 2f64.powf(k as f64 / POINTS_PER_OCTAVE)).collect();
        let sine = |hz: &f64| (std::f64::consts::PI * hz / rate.as_f64()).sin().powi(2);
        let at_seam = tone.at_db(frame.seam);
        // Below 20 Hz there is little to hear; above the seam the slope should go on, so that the symmetric filters
        // see no bend, but they make good what is missing.
        let weight = |hz: &f64| match *hz {
            hz if hz < 20.0 => 0.3,
            hz if hz <= seam => 1.0,
            hz => 0.5 * seam / hz,
        };
        Self {
            frame,
            rate,
            sines: hertz.iter().chain([&seam]).map(sine).collect(),
            gains_db: hertz.iter().map(|hz| tone.at_db(Hertz::literal(*hz)) - at_seam).collect(),
            weights: hertz.iter().map(weight).collect(),
        }
    }

    /// The best of what the searches find, with its largest error as it counts, in dB.
    fn best<'a>(&self, starts: impl Iterator<Item = &'a [f64]>) -> (f64, Vec<Biquad>) {
        let mut best: Option<(f64, Try)> = None;
        for start in starts {
            let found = self.search(start);
            let worst_db = found.residuals.iter().fold(0.0f64, |worst, error| worst.max(error.abs()));
            if best.as_ref().is_none_or(|(least, _)| worst_db < *least) {
                best = Some((worst_db, found));
            }
            if worst_db < CLOSE_DB {
                break;
            }
        }
        best.map_or((0.0, Vec::new()), |(worst_db, found)| {
            (worst_db, found.at.iter().enumerate().map(|(k, section)| self.biquad(k, section)).collect())
        })
    }

    fn biquad(&self, k: usize, section: &Section) -> Biquad {
        let (corner, gain, quality) =
            (Hertz::literal(section[0].exp()), Decibels::literal(section[1]), section[2].exp());
        match k {
            0 => Biquad::low_shelf(corner, gain, quality, self.rate),
            _ => Biquad::bell(corner, gain, quality, self.rate),
        }
    }

    /// Keeps a section where it is well-behaved: it forgets within some seconds, and rings little.
    fn bounded(&self, k: usize, [corner, gain, quality]: Section) -> Section {
        let sharpest = if k == 0 { 1.2 } else { self.frame.quality_max };
        [
            corner.clamp(15f64.ln(), self.frame.corner_max_hz.ln()),
            gain.clamp(-self.frame.gain_max_db, self.frame.gain_max_db),
            quality.clamp(0.35f64.ln(), sharpest.ln()),
        ]
    }

    /// What a section gives at each point less at the seam, in dB.
    fn given_db(&self, k: usize, section: &Section) -> Vec<f64> {
        let power = PowerGain::of(&self.biquad(k, section));
        let db = |sine: &f64| 10.0 * power.at(*sine).log10();
        let (points, seam) = self.sines.split_at(self.gains_db.len());
        let at_seam = db(&seam[0]);
        points.iter().map(|sine| db(sine) - at_seam).collect()
    }

    fn tried(&self, at: Vec<Section>) -> Try {
        let gains_db: Vec<Vec<f64>> =
            at.iter().enumerate().map(|(k, section)| self.given_db(k, section)).collect();
        let residuals: Vec<f64> = (0..self.gains_db.len())
            .map(|point| {
                let given: f64 = gains_db.iter().map(|section| section[point]).sum();
                (given - self.gains_db[point]) * self.weights[point]
            })
            .collect();
        let energy = residuals.iter().map(|r| r * r).sum();
        Try { at, gains_db, residuals, energy }
    }

    /// Levenberg's and Marquardt's damped least squares.
    fn search(&self, corners_hz: &[f64]) -> Try {
        let start = |(k, corner): (usize, &f64)| match k {
            0 => [corner.ln(), self.gains_db[8] / 2.0, 0.6f64.ln()],
            _ => [corner.ln(), 0.0, 0.9f64.ln()],
        };
        let mut best = self.tried(corners_hz.iter().enumerate().map(start).collect());
        let mut damping = 0.1;
        for _ in 0..STEPS_MAX {
            let slopes = self.slopes(&best);
            let mut moved = false;
            for _ in 0..6 {
                let Some(step) = damped_step(&slopes, &best.residuals, damping) else { break };
                let there = best.at.iter().zip(step.as_chunks::<3>().0).enumerate();
                let there = there.map(|(k, (at, step))| {
                    self.bounded(k, std::array::from_fn(|unknown| at[unknown] + step[unknown]))
                });
                let next = self.tried(there.collect());
                if next.energy < best.energy * (1.0 - 1e-5) {
                    (best, moved) = (next, true);
                    damping = f64::max(damping * 0.3, 1e-7);
                    break;
                }
                damping *= 5.0;
            }
            if !moved {
                break;
            }
        }
        best
    }

    /// How each residual changes with each unknown, three for a section.
    fn slopes(&self, at: &Try) -> Vec<Vec<f64>> {
        const NUDGE: f64 = 1e-5;
        let one = |index: usize| {
            let (k, unknown) = (index / 3, index % 3);
            let mut nudged = at.at[k];
            nudged[unknown] += NUDGE;
            let there = self.given_db(k, &nudged);
            let moves = there.iter().zip(&at.gains_db[k]).zip(&self.weights);
            moves.map(|((there, here), weight)| (there - here) / NUDGE * weight).collect()
        };
        (0..3 * self.frame.sections).map(one).collect()
    }
}

/// Solves (JᵀJ + damping · (its diagonal and a little)) step = −Jᵀr.
fn damped_step(slopes: &[Vec<f64>], residuals: &[f64], damping: f64) -> Option<Vec<f64>> {
    let unknowns = slopes.len();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut rows: Vec<Vec<f64>> = (0..unknowns)
        .map(|i| {
            let mut row: Vec<f64> = slopes.iter().map(|slope| dot(&slopes[i], slope)).collect();
            row[i] += damping * (row[i] + 0.01);
            row.push(-dot(&slopes[i], residuals));
            row
        })
        .collect();
    // The matrix is positive definite: elimination needs no pivots.
    for column in 0..unknowns {
        let (above, below) = rows.split_at_mut(column + 1);
        let lead = &above[column];
        for row in below {
            let factor = row[column] / lead[column];
            for (value, lead) in row.iter_mut().zip(lead) {
                *value -= factor * lead;
            }
        }
    }
    let mut step = vec![0.0; unknowns];
    for i in (0..unknowns).rev() {
        let known: f64 = (i + 1..unknowns).map(|j| rows[i][j] * step[j]).sum();
        step[i] = (rows[i][unknowns] - known) / rows[i][i];
    }
    step.iter().all(|v| v.is_finite()).then_some(step)
}
