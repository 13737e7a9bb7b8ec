//! From what is true of a mix and what is asked to a plan. Pure: no sample is touched.

use super::loudness_target::Programme;
use super::params::{Force, MasterParams, Target};
use super::plan::{Dither, Limit, MasterPlan, Reason, Reasoned};
use super::premaster::Given;
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
    /// The plan's gain curve, if it has a limiter.
    pub(crate) curve: Option<GainCurve>,
    /// What the loudness shall be, if it can be.
    pub(crate) wanted: Option<Lufs>,
    /// How much one more decibel of gain adds in loudness.
    pub(crate) slope: f64,
}

impl Decision {
    /// Moves the gain after a render that came out `miss` LU too loud.
    pub(crate) fn correct(&mut self, miss: f64, given: &mut Given<'_>) {
        self.plan.gain.value = self.plan.gain.value - Decibels::literal(miss / self.slope);
        self.draw_curve(given);
    }

    /// Makes the gain curve of the plan.
    fn draw_curve(&mut self, given: &mut Given<'_>) {
        if let Some(limiter) = &self.plan.limiter.value {
            let curve = given.programme().curve(limiter, self.plan.aim.amplitude(), self.plan.gain.value);
            self.curve = Some(curve);
        }
    }

    /// Loudness under the curve.
    fn reached(&self, programme: &Programme) -> Option<Lufs> {
        programme.probe_of(self.curve.as_ref()?, self.plan.gain.value).loudness()
    }
}

/// Decides all of a master that is left to decide once its sound is made.
pub(crate) fn decide(given: &mut Given<'_>, params: &MasterParams) -> Decision {
    let Some((loudness, mix_loudness)) = given.analysis.levels.integrated.zip(given.analysis.mix_loudness)
    else {
        return without_loudness(given, params);
    };
    let peak = given.analysis.peak(given.audio, params.ceiling());
    let (wanted, refused) = wanted(given, mix_loudness, params);
    if (wanted - loudness).value().abs() <= TOLERANCE.value() && peak <= params.ceiling() {
        let reason = refused.map_or(Reason::AlreadyThere { loudness }, Reason::UpTo);
        return fixed(given, params, Decibels::ZERO, peak, reason, refused);
    }
    let straight = Decibels::literal((wanted - loudness).value());
    let most = if params.force() == Force::BeyondBudgets { FORCED_GAIN_MAX } else { GAIN_MAX };
    let boost = (straight > most).then_some(Limit::Boost { most });
    let refused = refused.or(boost);
    let straight = if straight > most { most } else { straight };
    if peak + straight <= aim(params) {
        let reason = refused.map_or(Reason::ToTarget { from: loudness, to: wanted }, Reason::UpTo);
        let decision = fixed(given, params, straight, peak, reason, refused);
        return Decision { wanted: boost.is_none().then_some(wanted), ..decision };
    }
    let search = Search { peak, loudness, wanted, straight, most, aim: aim(params) };
    limited(given, params, search, refused)
}

/// The decision that an earlier plan holds.
pub(crate) fn by_plan(given: &mut Given<'_>, plan: &MasterPlan) -> Decision {
    let mut decision = Decision { plan: plan.clone(), curve: None, wanted: None, slope: 1.0 };
    decision.draw_curve(given);
    decision
}

/// What to aim at: the target, unless the mix is a master that would only lose.
fn wanted(given: &Given<'_>, loudness: Lufs, params: &MasterParams) -> (Lufs, Option<Limit>) {
    let Target::Loudness(target) = params.target() else { return (loudness, None) };
    let louder = target.value() > loudness.value() + TOLERANCE.value();
    if louder && given.analysis.is_dense_master && params.force() == Force::WithinBudgets {
        return (loudness, Some(Limit::AlreadyMastered { loudness }));
    }
    (target, None)
}

/// Too short for a loudness, or silent.
fn without_loudness(given: &Given<'_>, params: &MasterParams) -> Decision {
    let peak = given.analysis.peak(given.audio, params.ceiling());
    if given.analysis.is_too_short() && !given.analysis.is_empty() {
        let room = aim(params) - peak;
        let gain = if room > PEAK_GAIN_MAX { PEAK_GAIN_MAX } else { room };
        return fixed(given, params, gain, peak, Reason::PeakToCeiling { peak }, None);
    }
    // A signal that no loudness counts (an LFE channel alone) may still be over the ceiling.
    let over = peak > params.ceiling();
    let gain = if over { aim(params) - peak } else { Decibels::ZERO };
    fixed(given, params, gain, peak, Reason::Silence, None)
}

/// A gain and nothing else.
fn fixed(
    given: &Given<'_>,
    params: &MasterParams,
    gain: Decibels,
    peak: Dbtp,
    reason: Reason,
    limit: Option<Limit>,
) -> Decision {
    let fits = Reasoned { value: None, reason: Reason::PeaksFit { peak: peak + gain } };
    let untouched = given.analysis.is_the_mix && gain == Decibels::ZERO;
    let plan = MasterPlan {
        chain: given.about.chain.clone(),
        choices: given.about.choices.clone(),
        gain: Reasoned { value: gain, reason },
        limiter: fits,
        aim: aim(params),
        dither: dither(params, untouched),
        limit,
    };
    Decision { plan, curve: None, wanted: None, slope: 1.0 }
}

/// A gain that needs a limiter.
fn limited(given: &mut Given<'_>, params: &MasterParams, search: Search, refused: Option<Limit>) -> Decision {
    let peak_to_loudness = Decibels::literal(search.peak.value() - search.loudness.value());
    let candidates = Limiter::candidates(peak_to_loudness.value());
    let (search, dense) = search.with_room_for_peaks(&params.budgets(), params.force());
    let trial = search.best_trial(given.programme(), &candidates, &params.budgets(), params.force());
    let limit = refused.or(dense).or(trial.limit);
    let gain = Decibels::literal(trial.gain);
    let to_target = Reason::ToTarget { from: search.loudness, to: search.wanted };
    let over = search.peak + gain - search.aim;
    let mut decision = Decision {
        plan: MasterPlan {
            chain: given.about.chain.clone(),
            choices: given.about.choices.clone(),
            gain: Reasoned { value: gain, reason: limit.map_or(to_target, Reason::UpTo) },
            limiter: Reasoned {
                value: Some(trial.limiter),
                reason: Reason::PeaksOver { by: over, peak_to_loudness },
            },
            aim: search.aim,
            dither: dither(params, false),
            limit,
        },
        curve: None,
        wanted: trial.limit.is_none().then_some(search.wanted),
        slope: trial.slope,
    };
    land(&mut decision, given);
    decision
}

/// Corrects the gain of a decision on the gain curve as it will be rendered, and keeps the curve.
fn land(decision: &mut Decision, given: &mut Given<'_>) {
    const CORRECTIONS_MAX: usize = 2;
    const GOOD_ENOUGH_LU: f64 = 0.003;
    decision.draw_curve(given);
    for _ in 0..CORRECTIONS_MAX {
        let Some((wanted, reached)) = decision.wanted.zip(decision.reached(given.programme())) else {
            return;
        };
        let miss = (reached - wanted).value();
        if miss.abs() <= GOOD_ENOUGH_LU {
            return;
        }
        decision.correct(miss, given);
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
