//! A low shelf and four bells that follow a curve below the frequency from which filters are symmetric.

use super::PowerGain;
use crate::bands::Curve;
use crate::master::chain::ChainPlan;
use crate::parts::biquad::Biquad;
use crate::units::{Decibels, Hertz, SampleRate};

/// A shelf and four bells. Three sections follow a curve well enough up to the seam, but what they then do above it the
/// symmetric filters have to undo, and that rings; five go on with the curve for an octave and a half.
pub(super) const SECTIONS: usize = 5;
/// Corner, gain and quality of each.
const UNKNOWNS: usize = 3 * SECTIONS;
/// A point each twelfth of an octave from 16 Hz to an octave and a half above the seam.
const POINTS: usize = 61;
const FIRST_HZ: f64 = 16.0;
/// What the curve asks for below this everywhere needs no sections, in dB.
const NOTHING_DB: f64 = 0.005;
/// A fit this close everywhere is good enough to stop looking, in dB.
const CLOSE_DB: f64 = 0.05;
/// Where the search starts: corners in Hz. The best end counts.
const STARTS_HZ: [[f64; SECTIONS]; 7] = [
    [30.0, 50.0, 95.0, 170.0, 320.0],
    [60.0, 25.0, 110.0, 200.0, 380.0],
    [110.0, 30.0, 60.0, 150.0, 260.0],
    [40.0, 80.0, 140.0, 220.0, 320.0],
    [180.0, 40.0, 70.0, 130.0, 240.0],
    [300.0, 25.0, 45.0, 100.0, 190.0],
    [50.0, 130.0, 190.0, 270.0, 400.0],
];
const STEPS_MAX: usize = 80;

type Unknowns = [f64; UNKNOWNS];

/// Sections whose gain, less that at [`ChainPlan::LINEAR_FROM`], is that of `tone` less that at
/// the same place.
pub(super) fn sections(tone: &Curve, rate: SampleRate) -> Vec<Biquad> {
    let wanted = Wanted::new(tone, rate);
    let mut asked = wanted.gains_db.iter().zip(wanted.weights).filter(|(_, weight)| *weight == 1.0);
    if asked.all(|(gain, _)| gain.abs() < NOTHING_DB) {
        return Vec::new();
    }
    let mut best: Option<(f64, Unknowns)> = None;
    for start in STARTS_HZ {
        let found = wanted.search(start);
        let worst_db = wanted.worst_db(&found);
        if best.is_none_or(|(least, _)| worst_db < least) {
            best = Some((worst_db, found));
        }
        if worst_db < CLOSE_DB {
            break;
        }
    }
    best.map_or_else(Vec::new, |(_, found)| of(&found, rate).to_vec())
}

/// The sections of unknowns: natural logarithm of the corner in Hz, gain in dB, natural logarithm of the quality.
fn of(unknowns: &Unknowns, rate: SampleRate) -> [Biquad; SECTIONS] {
    std::array::from_fn(|k| {
        let corner = Hertz::literal(unknowns[3 * k].exp());
        let (gain, quality) = (Decibels::literal(unknowns[3 * k + 1]), unknowns[3 * k + 2].exp());
        match k {
            0 => Biquad::low_shelf(corner, gain, quality, rate),
            _ => Biquad::bell(corner, gain, quality, rate),
        }
    })
}

/// Keeps unknowns where sections are well-behaved: they forget within some seconds, and ring little.
fn bounded(mut unknowns: Unknowns) -> Unknowns {
    for k in 0..SECTIONS {
        unknowns[3 * k] = unknowns[3 * k].clamp(15f64.ln(), 500f64.ln());
        unknowns[3 * k + 1] = unknowns[3 * k + 1].clamp(-14.0, 14.0);
        let sharpest = if k == 0 { 1.2f64 } else { 3.0 };
        unknowns[3 * k + 2] = unknowns[3 * k + 2].clamp(0.35f64.ln(), sharpest.ln());
    }
    unknowns
}

/// A least-squares problem.
struct Wanted {
    rate: SampleRate,
    /// sin²(w / 2) of each point, and of the seam.
    sines: [f64; POINTS],
    seam: f64,
    gains_db: [f64; POINTS],
    weights: [f64; POINTS],
}

impl Wanted {
    fn new(tone: &Curve, rate: SampleRate) -> Self {
        let seam = ChainPlan::LINEAR_FROM;
        let hertz: [f64; POINTS] = std::array::from_fn(|k| FIRST_HZ * 2f64.powf(k as f64 / 12.0));
        let sine = |hz: f64| (std::f64::consts::PI * hz / rate.as_f64()).sin().powi(2);
        let at_seam = tone.at_db(seam);
        // Below 20 Hz there is little to hear; above the seam the slope should go on, so that the symmetric filters
        // see no bend, but they make good what is missing.
        let weight = |hz: f64| match hz {
            hz if hz < 20.0 => 0.3,
            hz if hz <= seam.value() => 1.0,
            hz => 0.5 * seam.value() / hz,
        };
        Self {
            rate,
            sines: hertz.map(sine),
            seam: sine(seam.value()),
            gains_db: hertz.map(|hz| tone.at_db(Hertz::literal(hz)) - at_seam),
            weights: hertz.map(weight),
        }
    }

    /// What is missing at each point, in dB.
    fn errors(&self, unknowns: &Unknowns) -> [f64; POINTS] {
        let powers = of(unknowns, self.rate).map(|section| PowerGain::of(&section));
        let power = |sine: f64| powers.iter().map(|power| power.at(sine)).product::<f64>();
        let at_seam = power(self.seam);
        std::array::from_fn(|k| 10.0 * (power(self.sines[k]) / at_seam).log10() - self.gains_db[k])
    }

    /// The largest error as it counts, in dB.
    fn worst_db(&self, unknowns: &Unknowns) -> f64 {
        self.residuals(unknowns).iter().fold(0.0, |worst, error| worst.max(error.abs()))
    }

    fn residuals(&self, unknowns: &Unknowns) -> [f64; POINTS] {
        let errors = self.errors(unknowns);
        std::array::from_fn(|k| errors[k] * self.weights[k])
    }

    /// Levenberg's and Marquardt's damped least squares.
    fn search(&self, corners_hz: [f64; SECTIONS]) -> Unknowns {
        let mut at = [0.0; UNKNOWNS];
        for (k, corner) in corners_hz.into_iter().enumerate() {
            at[3 * k] = corner.ln();
            at[3 * k + 2] = if k == 0 { 0.6f64.ln() } else { 0.9f64.ln() };
        }
        at[1] = self.gains_db[8] / 2.0;
        let mut residuals = self.residuals(&at);
        let mut damping = 0.1;
        for _ in 0..STEPS_MAX {
            let slopes = self.slopes(&at, &residuals);
            let mut moved = false;
            for _ in 0..6 {
                let Some(step) = damped_step(&slopes, &residuals, damping) else { break };
                let next = bounded(std::array::from_fn(|k| at[k] + step[k]));
                let better = self.residuals(&next);
                if energy(&better) < energy(&residuals) * (1.0 - 1e-5) {
                    (at, residuals, moved) = (next, better, true);
                    damping = f64::max(damping * 0.3, 1e-7);
                    break;
                }
                damping *= 5.0;
            }
            if !moved {
                break;
            }
        }
        at
    }

    /// How each residual changes with each unknown.
    fn slopes(&self, at: &Unknowns, residuals: &[f64; POINTS]) -> [[f64; POINTS]; UNKNOWNS] {
        const NUDGE: f64 = 1e-5;
        std::array::from_fn(|unknown| {
            let mut nudged = *at;
            nudged[unknown] += NUDGE;
            let there = self.residuals(&nudged);
            std::array::from_fn(|k| (there[k] - residuals[k]) / NUDGE)
        })
    }
}

fn energy(residuals: &[f64; POINTS]) -> f64 {
    residuals.iter().map(|r| r * r).sum()
}

/// Solves (JᵀJ + damping · (its diagonal and a little)) step = −Jᵀr.
fn damped_step(
    slopes: &[[f64; POINTS]; UNKNOWNS],
    residuals: &[f64; POINTS],
    damping: f64,
) -> Option<Unknowns> {
    let dot = |a: &[f64; POINTS], b: &[f64; POINTS]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut rows = [[0.0; UNKNOWNS + 1]; UNKNOWNS];
    for (i, row) in rows.iter_mut().enumerate() {
        for j in 0..UNKNOWNS {
            row[j] = dot(&slopes[i], &slopes[j]);
        }
        row[i] += damping * (row[i] + 0.01);
        row[UNKNOWNS] = -dot(&slopes[i], residuals);
    }
    // The matrix is positive definite: elimination needs no pivots.
    for column in 0..UNKNOWNS {
        let lead = rows[column];
        for row in &mut rows[column + 1..] {
            let factor = row[column] / lead[column];
            for (value, lead) in row.iter_mut().zip(lead) {
                *value -= factor * lead;
            }
        }
    }
    let mut step = [0.0; UNKNOWNS];
    for i in (0..UNKNOWNS).rev() {
        let known: f64 = (i + 1..UNKNOWNS).map(|j| rows[i][j] * step[j]).sum();
        step[i] = (rows[i][UNKNOWNS] - known) / rows[i][i];
    }
    step.iter().all(|v| v.is_finite()).then_some(step)
}
