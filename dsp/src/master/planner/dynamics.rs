//! Thresholds of the four bands of dynamics and of the glue, solved so that each takes as much as was decided.

use super::{Sound, Standing, hundredths};
use crate::analysis::Features;
use crate::effects::compressor::{self, mean_reduction, p95_reduction, solve_threshold};
use crate::effects::multiband::BAND_NAMES;
use crate::master::chain::Compressor;
use crate::master::chain::gains::{band_detector, heard_by_glue};
use crate::master::character::Character;
use crate::master::choice::{Choice, ChoiceStage, Decider};
use crate::master::reference::Aim;
use crate::units::{Dbfs, Decibels, Lu, Milliseconds};

/// Attack and release of the bands, lowest first: several periods of what is in the band.
const BAND_TIMES_MS: [(f64, f64); 4] = [(30.0, 200.0), (20.0, 150.0), (12.0, 120.0), (8.0, 90.0)];
const BAND_RATIO: f64 = 1.8;
const GLUE_RATIO: f64 = 1.6;
const KNEE: Decibels = Decibels::literal(6.0);
/// A band never takes more on average, whatever is asked.
const MEAN_MAX_DB: f64 = 2.5;
/// All but a twentieth of the time a band takes less.
const P95_MAX_DB: f64 = 3.0;
/// Levels further below a band's loudest are not counted as music: 10th percentiles of mixes lie there.
const GATE_BELOW_TOP_DB: f64 = 30.0;
/// Music whose peaks stand no further above its loudness has been compressed enough.
const DENSE_PLR: Lu = Lu::literal(10.0);
/// Less is not worth a compressor.
const WORTH_DB: f64 = 0.1;
/// How far the loud moments of a band usually stand above its middle ones, lowest band first, in dB; what is livelier
/// gets more, up to twice as much.
const USUAL_RANGE_DB: [f64; 4] = [6.0, 6.0, 6.0, 7.0];

/// Decides the four bands and the glue.
pub(super) fn decide(
    features: &Features,
    standing: Standing,
    character: &Character,
    aim: Option<&Aim>,
    sound: &mut Sound,
) {
    let off = |by, reason: String| Choice::off(ChoiceStage::Dynamics, "dynamics", by, reason);
    if character.dynamics() == 0.0 {
        sound.choices.push(off(Decider::User, "the amount of dynamics was set to 0".to_owned()));
        return;
    }
    if let Some(plr) = standing.peak_to_loudness.filter(|plr| *plr < DENSE_PLR) {
        let reason = format!("its peaks stand only {plr} above its loudness: it has been compressed enough");
        sound.choices.push(off(Decider::Engine, reason));
        return;
    }
    // An album shares its tone; how a track moves is its own.
    let aim = aim.filter(|aim| aim.band_range_db.is_some());
    let goals = goals(features, character, aim);
    bands(features, &goals, aim, sound);
    glue(features, character, sound);
    if sound.chain.bands.is_none() && sound.chain.glue.is_none() {
        let reason = match aim {
            Some(aim) => format!("no band moves more than in {}", aim.name()),
            None => format!("the preset {} leaves dynamics as they are", character.preset().name),
        };
        sound.choices.push(off(if aim.is_some() { Decider::Reference } else { Decider::Preset }, reason));
    }
}

/// Mean reduction that each band shall get, in dB.
fn goals(features: &Features, character: &Character, aim: Option<&Aim>) -> [f64; 4] {
    let scale = (character.dynamics() / Character::DYNAMICS) * (character.intensity() / Character::INTENSITY);
    std::array::from_fn(|band| {
        let range = features.dynamics.band_range[band].value();
        let goal = match aim.and_then(|aim| aim.band_range_db) {
            // Compressing by a ratio takes about as much off a range as it takes on average; half is enough.
            Some(aimed) => (range - aimed[band]).max(0.0) * 0.5 * scale,
            None => {
                let lively = (range / USUAL_RANGE_DB[band]).clamp(0.5, 2.0);
                character.preset().band_reduction[band].value() * scale * lively
            }
        };
        goal.min(MEAN_MAX_DB)
    })
}

fn bands(features: &Features, goals: &[f64; 4], aim: Option<&Aim>, sound: &mut Sound) {
    if goals.iter().all(|&goal| goal < WORTH_DB) {
        return;
    }
    let lowest_period_ms = features.low_end.lowest_note.map_or(30.0, |note| 1000.0 / note.value());
    let solved: [Solved; 4] = std::array::from_fn(|band| {
        let (attack, release) = BAND_TIMES_MS[band];
        let release = if band == 0 { release.max(1.5 * lowest_period_ms) } else { release };
        let idle = Compressor {
            threshold: Dbfs::literal(0.0),
            ratio: BAND_RATIO,
            knee: KNEE,
            attack: Milliseconds::literal(attack),
            release: Milliseconds::literal(release.round()),
            makeup: Decibels::ZERO,
            mix: 1.0,
        };
        Solved::of(idle, &band_detector(&features.control, band), features, goals[band])
    });
    sound.chain.bands = Some(solved.map(|solved| solved.compressor));
    for (band, solved) in solved.iter().enumerate() {
        if solved.mean_db < WORTH_DB {
            continue;
        }
        let range = features.dynamics.band_range[band];
        let compared = match aim.and_then(|aim| aim.band_range_db.map(|range| (range[band], aim.name()))) {
            Some((range, name)) => format!("{range:.1}\u{2009}dB in {name}"),
            None => format!("{:.0}\u{2009}dB usual", USUAL_RANGE_DB[band]),
        };
        let reason = format!(
            "its loud moments stand {range} above its middle ones ({compared}); {:.1}\u{2009}dB on average, \
             under {:.1}\u{2009}dB for 95 % of the time, above {}",
            solved.mean_db, solved.p95_db, solved.compressor.threshold
        );
        let by = if aim.is_some() { Decider::Reference } else { Decider::Engine };
        let what = format!("compression of the {}", BAND_NAMES[band]);
        let amount = -hundredths(solved.mean_db);
        sound.choices.push(Choice::new(ChoiceStage::Dynamics, what, amount, "dB", by, reason));
    }
}

fn glue(features: &Features, character: &Character, sound: &mut Sound) {
    let scale = (character.dynamics() / Character::DYNAMICS) * (character.intensity() / Character::INTENSITY);
    let goal = (character.preset().glue_reduction.value() * scale).min(MEAN_MAX_DB);
    if goal < WORTH_DB {
        return;
    }
    let beat = features.tempo.filter(|tempo| tempo.confidence >= 0.3);
    let release = beat.map_or(150.0, |tempo| (30_000.0 / tempo.beats_per_minute).clamp(60.0, 300.0));
    let idle = Compressor {
        threshold: Dbfs::literal(0.0),
        ratio: GLUE_RATIO,
        knee: KNEE,
        attack: Milliseconds::literal(25.0),
        release: Milliseconds::literal(release.round()),
        makeup: Decibels::ZERO,
        mix: 0.6,
    };
    let heard = heard_by_glue(&sound.chain, &features.control);
    let solved = Solved::of(idle, &heard, features, goal);
    if solved.mean_db < WORTH_DB {
        return;
    }
    sound.chain.glue = Some(solved.compressor);
    let pace = beat.map_or("at an easy pace".to_owned(), |tempo| {
        format!("in an eighth of {:.0} beats a minute", tempo.beats_per_minute)
    });
    let reason = format!(
        "holds the mix together by {:.1}\u{2009}dB on average and lets go in {release:.0}\u{2009}ms, {pace}",
        solved.mean_db
    );
    sound.choices.push(Choice::new(
        ChoiceStage::Dynamics,
        "glue",
        -hundredths(solved.mean_db),
        "dB",
        Decider::Engine,
        reason,
    ));
}

/// A compressor with its threshold solved, and what it does.
#[derive(Clone, Copy)]
struct Solved {
    compressor: Compressor,
    mean_db: f64,
    p95_db: f64,
}

impl Solved {
    /// The compressor that takes `goal_db` on average over music, less where that would be too much at times; with the
    /// make-up that leaves the energy as it is.
    fn of(idle: Compressor, powers: &[f32], features: &Features, goal_db: f64) -> Self {
        let rate = features.control.rate;
        let gate = gate(powers);
        let mut goal = goal_db;
        let mut reductions = Vec::new();
        loop {
            let threshold = if goal < WORTH_DB {
                compressor::THRESHOLD_MAX
            } else {
                solve_threshold(&idle, powers, rate, gate, Decibels::literal(goal))
            };
            let compressor = Compressor { threshold, ..idle };
            compressor::reduction(&compressor, powers, rate, &mut reductions);
            let mean_db = mean_reduction(&reductions, powers, gate).value();
            let p95_db = p95_reduction(&reductions, powers, gate).value();
            if p95_db <= P95_MAX_DB || goal < WORTH_DB {
                let makeup =
                    Decibels::literal(hundredths(energy_lost_db(&compressor, powers, &mut reductions)));
                return Self { compressor: Compressor { makeup, ..compressor }, mean_db, p95_db };
            }
            goal *= 0.8;
        }
    }
}

/// By how much a compressor without make-up lowers the energy of `powers`.
fn energy_lost_db(compressor: &Compressor, powers: &[f32], reductions: &mut [f32]) -> f64 {
    compressor::gains(compressor, reductions);
    let (before, after) =
        powers.iter().zip(reductions.iter()).fold((0.0f64, 0.0f64), |(before, after), (&power, &gain)| {
            let power = f64::from(power);
            (before + power, after + power * f64::from(gain) * f64::from(gain))
        });
    if after > 0.0 { 10.0 * (before / after).log10() } else { 0.0 }
}

/// What counts as music in a band: down to 30 dB below its 95th percentile.
fn gate(powers: &[f32]) -> Dbfs {
    let mut sorted: Vec<f32> = powers.iter().copied().filter(|power| *power > 0.0).collect();
    if sorted.is_empty() {
        return Dbfs::literal(0.0);
    }
    let index = (sorted.len() - 1) * 95 / 100;
    let (_, top, _) = sorted.select_nth_unstable_by(index, f32::total_cmp);
    Dbfs::literal(10.0 * f64::from(*top).log10() - GATE_BELOW_TOP_DB)
}
