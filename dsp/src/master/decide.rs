//! From what is true of a mix and what is asked to a plan. Pure: no sample is touched.

use super::analysis::Analysis;
use super::loudness_target::Programme;
use super::params::{Force, MasterParams, Target};
use super::plan::{Dither, Limit, MasterPlan, Reason, Reasoned};
use super::search::Search;
use crate::effects::dither::Depth;
use crate::effects::limiter::{GainCurve, Limiter};
use crate::units::{Dbtp, Decibels, Lu, Lufs};

/// How near to the target a master must come: half of what loudness meters show.
pub const TOLERANCE: Lu = Lu::literal(0.05);
/// The most gain, unless forced: beyond, a recording's noise comes up with it.
pub const GAIN_MAX: Decibels = Decibels::literal(24.0);
/// The most gain where there is no loudness to aim at.
const PEAK_GAIN_MAX: Decibels = Decibels::literal(20.0);
/// The most drive that force can ask for.
const FORCED_GAIN_MAX: Decibels = Decibels::literal(60.0);
/// What the detector may read low and the gain's own bandwidth may add, nearly always; the rest is dips. Of 21
/// pieces of music at −9 LUFS, 9 need some with 0.01 dB, and with them another pass of the meter; with 0.03 dB it
/// is 3.
const AIM_MARGIN: Decibels = Decibels::literal(0.03);

/// A plan with what was computed on the way to it.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) plan: MasterPlan,
    /// The mix as its limiter sees it, if it has one.
    pub(crate) programme: Option<Programme>,
    /// The plan's gain curve, if it has a limiter.
    pub(crate) curve: Option<GainCurve>,
    /// What the loudness shall be, if it can be.
    pub(crate) wanted: Option<Lufs>,
    /// How much one more decibel of gain adds in loudness.
    pub(crate) slope: f64,
}

impl Decision {
    /// Moves the gain after a render that came out `miss` LU too loud.
    pub(crate) fn correct(&mut self, miss: f64) {
        self.plan.gain.value = self.plan.gain.value - Decibels::literal(miss / self.slope);
        self.draw_curve();
    }

    /// Makes the gain curve of the plan.
    fn draw_curve(&mut self) {
        if let (Some(programme), Some(limiter)) = (&self.programme, &self.plan.limiter.value) {
            self.curve = Some(programme.curve(limiter, self.plan.aim.amplitude(), self.plan.gain.value));
        }
    }

    /// Loudness under the curve.
    fn reached(&self) -> Option<Lufs> {
        let (programme, curve) = (self.programme.as_ref()?, self.curve.as_ref()?);
        programme.probe_of(curve, self.plan.gain.value).loudness()
    }
}

/// Decides all of a master. `programme` measures what only a limiter asks for.
pub(crate) fn decide(
    mix: &Analysis,
    params: &MasterParams,
    programme: impl FnOnce() -> Programme,
) -> Decision {
    let Some(loudness) = mix.before.integrated else {
        return without_loudness(mix, params);
    };
    let (wanted, refused) = wanted(mix, loudness, params);
    if (wanted - loudness).value().abs() <= TOLERANCE.value() && mix.peak <= params.ceiling() {
        let reason = refused.map_or(Reason::AlreadyThere { loudness }, Reason::UpTo);
        return fixed(mix, params, Decibels::ZERO, reason, refused);
    }
    let straight = Decibels::literal((wanted - loudness).value());
    let most = if params.force() == Force::BeyondBudgets { FORCED_GAIN_MAX } else { GAIN_MAX };
    let boost = (straight > most).then_some(Limit::Boost { most });
    let refused = refused.or(boost);
    let straight = if straight > most { most } else { straight };
    if mix.peak + straight <= aim(params) {
        let reason = refused.map_or(Reason::ToTarget { from: loudness, to: wanted }, Reason::UpTo);
        let decision = fixed(mix, params, straight, reason, refused);
        return Decision { wanted: boost.is_none().then_some(wanted), ..decision };
    }
    let programme = programme();
    let search = Search { peak: mix.peak, loudness, wanted, straight, most, aim: aim(params) };
    limited(programme, params, search, refused)
}

/// What to aim at: the target, unless the mix is a master that would only lose.
fn wanted(mix: &Analysis, loudness: Lufs, params: &MasterParams) -> (Lufs, Option<Limit>) {
    let Target::Loudness(target) = params.target() else { return (loudness, None) };
    let louder = target.value() > loudness.value() + TOLERANCE.value();
    if louder && mix.is_dense_master() && params.force() == Force::WithinBudgets {
        return (loudness, Some(Limit::AlreadyMastered { loudness }));
    }
    (target, None)
}

/// Too short for a loudness, or silent.
fn without_loudness(mix: &Analysis, params: &MasterParams) -> Decision {
    if mix.is_too_short() && !mix.is_empty() {
        let room = aim(params) - mix.peak;
        let gain = if room > PEAK_GAIN_MAX { PEAK_GAIN_MAX } else { room };
        return fixed(mix, params, gain, Reason::PeakToCeiling { peak: mix.peak }, None);
    }
    // A signal that no loudness counts (an LFE channel alone) may still be over the ceiling.
    let over = mix.peak > params.ceiling();
    let gain = if over { aim(params) - mix.peak } else { Decibels::ZERO };
    fixed(mix, params, gain, Reason::Silence, None)
}

/// A gain and nothing else.
fn fixed(
    mix: &Analysis,
    params: &MasterParams,
    gain: Decibels,
    reason: Reason,
    limit: Option<Limit>,
) -> Decision {
    let fits = Reasoned { value: None, reason: Reason::PeaksFit { peak: mix.peak + gain } };
    let plan = MasterPlan {
        gain: Reasoned { value: gain, reason },
        limiter: fits,
        aim: aim(params),
        dither: dither(params, gain == Decibels::ZERO),
        limit,
    };
    Decision { plan, programme: None, curve: None, wanted: None, slope: 1.0 }
}

/// A gain that needs a limiter.
fn limited(programme: Programme, params: &MasterParams, search: Search, refused: Option<Limit>) -> Decision {
    let peak_to_loudness = Decibels::literal(search.peak.value() - search.loudness.value());
    let candidates = Limiter::candidates(peak_to_loudness.value());
    let (search, dense) = search.with_room_for_peaks(&params.budgets(), params.force());
    let trial = search.best_trial(&programme, &candidates, &params.budgets(), params.force());
    let limit = refused.or(dense).or(trial.limit);
    let gain = Decibels::literal(trial.gain);
    let to_target = Reason::ToTarget { from: search.loudness, to: search.wanted };
    let over = search.peak + gain - search.aim;
    let mut decision = Decision {
        plan: MasterPlan {
            gain: Reasoned { value: gain, reason: limit.map_or(to_target, Reason::UpTo) },
            limiter: Reasoned {
                value: Some(trial.limiter),
                reason: Reason::PeaksOver { by: over, peak_to_loudness },
            },
            aim: search.aim,
            dither: dither(params, false),
            limit,
        },
        programme: Some(programme),
        curve: None,
        wanted: trial.limit.is_none().then_some(search.wanted),
        slope: trial.slope,
    };
    land(&mut decision);
    decision
}

/// Corrects the gain of a decision on the gain curve as it will be rendered, and keeps the curve.
fn land(decision: &mut Decision) {
    const CORRECTIONS_MAX: usize = 2;
    const GOOD_ENOUGH_LU: f64 = 0.003;
    decision.draw_curve();
    for _ in 0..CORRECTIONS_MAX {
        let Some((wanted, reached)) = decision.wanted.zip(decision.reached()) else { return };
        let miss = (reached - wanted).value();
        if miss.abs() <= GOOD_ENOUGH_LU {
            return;
        }
        decision.correct(miss);
    }
}

/// The level that the limiter holds.
fn aim(params: &MasterParams) -> Dbtp {
    let ceiling = (params.ceiling() - AIM_MARGIN).amplitude();
    let error_max = match rounding(params.depth()) {
        Dither::Shaped(depth) => depth.shaped_error_max(),
        _ => params.depth().error_max(),
    };
    Dbtp::from_amplitude(ceiling - error_max)
}

/// How computed samples come onto the grid of a depth. At 24 bits the noise lies under that of any recording, so
/// it stays flat.
fn rounding(depth: Depth) -> Dither {
    match depth {
        Depth::Int16 => Dither::Shaped(depth),
        Depth::Int24 => Dither::Triangular(depth),
        Depth::Float32 => Dither::None,
    }
}

fn dither(params: &MasterParams, samples_left_alone: bool) -> Reasoned<Dither> {
    match params.depth().bits() {
        None => Reasoned { value: Dither::None, reason: Reason::FloatsNeedNone },
        Some(_) if samples_left_alone && params.can_copy_bits() => {
            Reasoned { value: Dither::None, reason: Reason::BitsKept }
        }
        Some(bits) => {
            let value = rounding(params.depth());
            let shaped = matches!(value, Dither::Shaped(_));
            let reason = if shaped { Reason::CoarseRounding { bits } } else { Reason::Rounding { bits } };
            Reasoned { value, reason }
        }
    }
}
