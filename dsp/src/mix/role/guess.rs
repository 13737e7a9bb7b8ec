//! What a stem is taken for, and how surely.

use std::fmt;

use super::names::of_name;
use super::sound::Sound;
use super::spelling::Side;
use super::{Role, model};

/// What a stem is taken for.
#[derive(Clone, PartialEq, Debug)]
pub struct Guess {
    /// The role; [`Role::Other`] if no role is sure enough.
    pub role: Role,
    /// How sure the likeliest role is, 0 to 1: that of `role`, or, of an unsure one, that of what it may be.
    pub certainty: f64,
    /// The next likely role, and how sure it is. Of an unsure stem, the likeliest.
    pub runner_up: (Role, f64),
    /// Why: a clause each, the strongest first; empty if there is no evidence.
    pub evidence: Vec<String>,
    /// Which of a pair it is, if its name says so.
    pub side: Option<Side>,
}

impl Guess {
    /// Below this no role is given.
    pub const CERTAINTY_MIN: f64 = 0.45;

    /// Whether it is not sure enough for a role.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.certainty < Self::CERTAINTY_MIN
    }
}

impl fmt::Display for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.evidence.is_empty() {
            return f.write_str("neither its name nor its sound says what it is");
        }
        f.write_str(&self.evidence.join("; "))
    }
}

/// Guesses the role of a stem from its name and its sound. Takes any name.
///
/// The logarithms of odds of both are added, as of independent witnesses; what sound says against a role is bounded,
/// so that a plain word outweighs it.
#[must_use]
pub fn guess(name: &str, sound: &Sound) -> Guess {
    let named = of_name(name);
    let sounds = model::odds(sound);
    let sum = |(name, sound): (&f64, &f64)| name + if *name > 0.0 { sound.max(AGAINST_NAME) } else { *sound };
    let odds: Vec<f64> = named.odds.iter().zip(&sounds).map(sum).collect();
    let mut shares = shares(&odds);
    doubt_voice(&named.odds, &mut shares);
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    let (best, next) = (order[0], order[1]);
    let certainty = shares[best];
    let is_sure = certainty >= Guess::CERTAINTY_MIN;
    let (role, runner_up) = if is_sure { (Role::ALL[best], next) } else { (Role::Other, best) };
    let mut evidence = Vec::new();
    if !named.words[best].is_empty() {
        evidence.push(format!("its name has “{}”", named.words[best]));
    }
    if is_sure && sound.is_heard() && sounds[best] > AGREES {
        evidence.extend(sound.said(Role::ALL[best]));
    }
    Guess {
        role,
        certainty,
        runner_up: (Role::ALL[runner_up], shares[runner_up]),
        evidence,
        side: named.side,
    }
}

/// What sound can say at most against a role that the name speaks for: less than a plain word says for it.
const AGAINST_NAME: f64 = -4.0;

/// From a third on the sound is told as a reason.
const AGREES: f64 = -1.1;

/// A stem that is wrongly in front of everything spoils a mix more than a voice that stands back: without a word for a
/// voice in the name, the sound must be nearly certain, and what is then made of it is never beyond 0.9.
fn doubt_voice(named: &[f64], shares: &mut [f64]) {
    const NEARLY_CERTAIN: f64 = 0.85;
    const HIGHEST: f64 = 0.9;
    let voice = Role::LeadVocal as usize;
    let has_word = named[voice] > 0.0 || named[Role::BackingVocal as usize] > 0.0;
    if !has_word {
        let most = if shares[voice] < NEARLY_CERTAIN { Guess::CERTAINTY_MIN - 0.01 } else { HIGHEST };
        shares[voice] = shares[voice].min(most);
    }
}

/// Probabilities from logarithms of odds.
fn shares(odds: &[f64]) -> Vec<f64> {
    let highest = odds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let raised: Vec<f64> = odds.iter().map(|odds| (odds - highest).exp()).collect();
    let sum: f64 = raised.iter().sum();
    raised.iter().map(|value| value / sum).collect()
}
