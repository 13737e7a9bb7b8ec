//! How far a compressor comes down, and where its threshold must stand for that.
//!
//! Works on levels at the control rate, one for each [`CONTROL_FRAMES`] frames, in dB, after Giannoulis, Massberg and
//! Reiss, "Digital Dynamic Range Compressor Design" (JAES 60-6, 2012): a quadratic knee (their equation 4), then smooth
//! branching (equation 16). No delay: the value of a control point belongs to the middle of its frames, because each
//! step takes the mean of what two neighbours ask for.

use crate::analysis::control::CONTROL_FRAMES;
use crate::master::chain::Compressor;
use crate::parts::decibels;
use crate::simd::{Kernel, dispatch};
use crate::units::{Dbfs, Decibels, Milliseconds, SampleRate};

/// The highest threshold that [`solve_threshold`] answers.
pub const THRESHOLD_MAX: Dbfs = Dbfs::literal(12.0);
/// The lowest.
pub const THRESHOLD_MIN: Dbfs = Dbfs::literal(-90.0);

/// Reduction in dB, 0 or more, at each control point: `out` becomes as long as `powers` (mean squares).
pub fn reduction(compressor: &Compressor, powers: &[f32], rate: SampleRate, out: &mut Vec<f32>) {
    out.clear();
    out.resize(powers.len(), 0.0);
    decibels::levels(powers, out);
    dispatch(Bend { knee: Knee::of(compressor), levels: out });
    Pace::of(compressor, rate).follow(out);
}

/// Turns reductions into gains on amplitudes: make-up × (1 − mix + mix × compressed). No reduction and no make-up is
/// exactly 1.
pub fn gains(compressor: &Compressor, reductions: &mut [f32]) {
    for reduction in &mut *reductions {
        *reduction = -*reduction;
    }
    decibels::amplitudes(reductions);
    let (mix, makeup) = (compressor.mix as f32, compressor.makeup.amplitude() as f32);
    for gain in reductions {
        *gain = makeup * (1.0 - mix * (1.0 - *gain));
    }
}

/// The highest threshold, in steps of 0.01 dB, at which the mean reduction over active control points (those with a
/// level above `active_gate`) reaches `wanted_mean`, whatever threshold `compressor` has now.
///
/// [`THRESHOLD_MAX`] if nothing is active, [`THRESHOLD_MIN`] if not even that reduces so much.
#[must_use]
pub fn solve_threshold(
    compressor: &Compressor,
    powers: &[f32],
    rate: SampleRate,
    active_gate: Dbfs,
    wanted_mean: Decibels,
) -> Dbfs {
    const STEPS_PER_DB: f64 = 100.0;
    let gate = power_of(active_gate);
    let active = powers.iter().filter(|&&power| power > gate).count();
    if active == 0 {
        return THRESHOLD_MAX;
    }
    let mut levels = vec![0.0; powers.len()];
    decibels::levels(powers, &mut levels);
    let at = |step: i32| Dbfs::literal(f64::from(step) / STEPS_PER_DB);
    let wanted = wanted_mean.value();
    // Enough at `low` (or nowhere), not enough at `high`.
    let mut low = (THRESHOLD_MIN.value() * STEPS_PER_DB) as i32;
    let mut high = (THRESHOLD_MAX.value() * STEPS_PER_DB) as i32;
    while high - low > 1 {
        let parts = TRIALS as i32 + 1;
        let between = |trial: usize| low + (high - low) * (trial as i32 + 1) / parts;
        let steps: [i32; TRIALS] = std::array::from_fn(between);
        let knee = |step: i32| Knee::of(&Compressor { threshold: at(step), ..*compressor });
        let trials = Trials {
            knees: steps.map(knee),
            pace: Pace::of(compressor, rate),
            levels: &levels,
            powers,
            gate,
        };
        let sums = dispatch(trials);
        // The higher a threshold, the less it reduces.
        let enough = sums.iter().take_while(|&&sum| sum / active as f64 >= wanted).count();
        let reached = enough.checked_sub(1).map_or(low, |last| steps[last]);
        high = steps.get(enough).copied().unwrap_or(high);
        low = reached;
    }
    at(low)
}

/// Thresholds that are tried at once: each point waits for the one before it, so eight cost hardly more than one.
const TRIALS: usize = 8;

/// Reductions under several thresholds, side by side, summed over active points.
struct Trials<'a> {
    knees: [Knee; TRIALS],
    pace: Pace,
    levels: &'a [f32],
    powers: &'a [f32],
    gate: f32,
}

impl Kernel for Trials<'_> {
    type Output = [f64; TRIALS];
    #[inline(always)]
    fn run(self) -> [f64; TRIALS] {
        let (knee, pace) = (self.knees[0], self.pace);
        let begins = self.knees.map(|knee| knee.begins_db);
        let (mut at, mut before, mut sums) = ([0.0f64; TRIALS], [0.0f64; TRIALS], [0.0f64; TRIALS]);
        for (&level, &power) in self.levels.iter().zip(self.powers) {
            let counts = if power > self.gate { 1.0 } else { 0.0 };
            for trial in 0..TRIALS {
                let asked = f64::from(knee.reduction(level - begins[trial]));
                at[trial] = pace.step(at[trial], (asked + before[trial]) * 0.5);
                before[trial] = asked;
                sums[trial] += counts * f64::from(at[trial] as f32);
            }
        }
        sums
    }
}

/// The mean of `reductions` (dB) where the level is above `active_gate`; 0 if it is nowhere.
#[must_use]
pub fn mean_reduction(reductions: &[f32], powers: &[f32], active_gate: Dbfs) -> Decibels {
    let gate = power_of(active_gate);
    let (mut sum, mut count) = (0.0f64, 0usize);
    for (&reduction, &power) in reductions.iter().zip(powers) {
        let active = power > gate;
        sum += if active { f64::from(reduction) } else { 0.0 };
        count += usize::from(active);
    }
    Decibels::literal(sum / count.max(1) as f64)
}

/// The reduction that 95 % of the control points with a level above `active_gate` stay under; 0 if there are none.
#[must_use]
pub fn p95_reduction(reductions: &[f32], powers: &[f32], active_gate: Dbfs) -> Decibels {
    let gate = power_of(active_gate);
    let active = reductions.iter().zip(powers).filter(|&(_, &power)| power > gate);
    let mut active: Vec<f32> = active.map(|(&reduction, _)| reduction).collect();
    if active.is_empty() {
        return Decibels::ZERO;
    }
    let rank = ((active.len() - 1) as f64 * 0.95).round() as usize;
    let (_, value, _) = active.select_nth_unstable_by(rank, f32::total_cmp);
    Decibels::literal(f64::from(*value))
}

fn power_of(level: Dbfs) -> f32 {
    level.amplitude().powi(2) as f32
}

/// The reduction that the static curve asks for.
#[derive(Clone, Copy)]
struct Knee {
    /// Where the knee begins.
    begins_db: f32,
    width_db: f32,
    /// 1 / (2 · width), 0 without a knee.
    bend: f32,
    /// Reduction for each dB above the knee: 1 − 1 / ratio.
    slope: f32,
}

impl Knee {
    fn of(compressor: &Compressor) -> Self {
        let width = compressor.knee.value().max(0.0);
        Self {
            begins_db: (compressor.threshold.value() - width / 2.0) as f32,
            width_db: width as f32,
            bend: if width > 0.0 { (0.5 / width) as f32 } else { 0.0 },
            slope: (1.0 - 1.0 / compressor.ratio) as f32,
        }
    }

    /// For a level so many dB above where the knee begins: within the knee a parabola, beyond it the line that it ends
    /// in.
    #[inline(always)]
    fn reduction(self, over: f32) -> f32 {
        let over = if over > 0.0 { over } else { 0.0 };
        let within = if over < self.width_db { over } else { self.width_db };
        self.slope * (within * within * self.bend + (over - within))
    }
}

/// Turns levels in dB into the reductions that a knee asks for.
struct Bend<'a> {
    knee: Knee,
    levels: &'a mut [f32],
}

impl Kernel for Bend<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for level in self.levels {
            *level = self.knee.reduction(*level - self.knee.begins_db);
        }
    }
}

/// How fast a reduction follows what is asked for.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Share of the distance that a control point covers.
    attack: f64,
    release: f64,
}

impl Pace {
    fn of(compressor: &Compressor, rate: SampleRate) -> Self {
        let point_ms = CONTROL_FRAMES as f64 * 1000.0 / rate.as_f64();
        let share = |time: Milliseconds| 1.0 - (-point_ms / time.value().max(1e-3)).exp();
        Self { attack: share(compressor.attack), release: share(compressor.release) }
    }

    fn follow(self, reductions: &mut [f32]) {
        let (mut at, mut before) = (0.0f64, 0.0f64);
        for reduction in reductions {
            let asked = f64::from(*reduction);
            at = self.step(at, (asked + before) * 0.5);
            before = asked;
            *reduction = at as f32;
        }
    }

    /// Where a reduction that is `at` comes to when `asked` for.
    #[inline(always)]
    fn step(self, at: f64, asked: f64) -> f64 {
        /// Far below what changes a gain in single precision.
        const GONE: f64 = 1e-9;
        let distance = asked - at;
        let at = at + distance * if distance > 0.0 { self.attack } else { self.release };
        if at > GONE { at } else { 0.0 }
    }
}
