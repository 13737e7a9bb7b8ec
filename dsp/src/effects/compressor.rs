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
    dispatch(Knee::of(compressor, out));
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
    if !powers.iter().any(|&power| power > gate) {
        return THRESHOLD_MAX;
    }
    let mut levels = vec![0.0; powers.len()];
    decibels::levels(powers, &mut levels);
    let (mut reductions, pace) = (vec![0.0; powers.len()], Pace::of(compressor, rate));
    let mut reduces_enough = |step: i32| {
        let threshold = Dbfs::literal(f64::from(step) / STEPS_PER_DB);
        reductions.copy_from_slice(&levels);
        dispatch(Knee::of(&Compressor { threshold, ..*compressor }, &mut reductions));
        pace.follow(&mut reductions);
        mean_reduction(&reductions, powers, active_gate).value() >= wanted_mean.value()
    };
    // Enough at `low` (or nowhere), not enough at `high`.
    let mut low = (THRESHOLD_MIN.value() * STEPS_PER_DB) as i32;
    let mut high = (THRESHOLD_MAX.value() * STEPS_PER_DB) as i32;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if reduces_enough(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Dbfs::literal(f64::from(low) / STEPS_PER_DB)
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

/// Turns levels in dB into the reduction that the static curve asks for.
struct Knee<'a> {
    /// Where the knee begins.
    begins_db: f32,
    width_db: f32,
    /// 1 / (2 · width), 0 without a knee.
    bend: f32,
    /// Reduction for each dB above the knee: 1 − 1 / ratio.
    slope: f32,
    levels: &'a mut [f32],
}

impl<'a> Knee<'a> {
    fn of(compressor: &Compressor, levels: &'a mut [f32]) -> Self {
        let width = compressor.knee.value().max(0.0);
        Self {
            begins_db: (compressor.threshold.value() - width / 2.0) as f32,
            width_db: width as f32,
            bend: if width > 0.0 { (0.5 / width) as f32 } else { 0.0 },
            slope: (1.0 - 1.0 / compressor.ratio) as f32,
            levels,
        }
    }
}

impl Kernel for Knee<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for level in self.levels {
            let over = *level - self.begins_db;
            let over = if over > 0.0 { over } else { 0.0 };
            let within = if over < self.width_db { over } else { self.width_db };
            // Within the knee a parabola, beyond it the line that it ends in.
            *level = self.slope * (within * within * self.bend + (over - within));
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
        /// Far below what changes a gain in single precision.
        const GONE: f64 = 1e-9;
        let (mut at, mut before) = (0.0f64, 0.0f64);
        for reduction in reductions {
            let asked = f64::from(*reduction);
            let distance = (asked + before) * 0.5 - at;
            before = asked;
            at += distance * if distance > 0.0 { self.attack } else { self.release };
            at = if at > GONE { at } else { 0.0 };
            *reduction = at as f32;
        }
    }
}
