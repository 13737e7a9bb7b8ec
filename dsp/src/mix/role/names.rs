//! What a name says about a stem's role.

use super::Role;
use super::spelling::{Side, TOKENS_MAX, Token, side, tokens};
use super::vocabulary::{Phrase, Vocabulary, Weight, vocabulary};

/// What a name says, as far as it says anything.
#[derive(Clone, PartialEq, Debug)]
pub struct NameEvidence {
    /// For each of [`Role::ALL`], how much speaks for it, as the logarithm of odds: 0 nothing, 7 beyond doubt.
    pub odds: Vec<f64>,
    /// The words that speak for each role, as they stand in the name; empty where nothing does.
    pub words: Vec<String>,
    /// Which of a pair it is.
    pub side: Option<Side>,
}

/// One plain word makes its role 400 times as likely as another; the share of names that mean something else by it is
/// about that. The words that people use for several things are marked as weak in the list.
const PLAIN_ODDS: f64 = 6.0;
/// Each further word of a phrase.
const FURTHER_ODDS: f64 = 1.0;
const WEAK_ODDS: f64 = 2.5;
/// So near to a plain word that the sound decides: a guitar is an acoustic one if it sounds so.
const POSSIBLE_ODDS: f64 = 4.5;
/// What is named first is more often what it is than what is named last, a little.
const FIRST_ODDS: f64 = 0.3;

/// Listens to a name. Takes any text, an empty one included.
#[must_use]
pub fn of_name(name: &str) -> NameEvidence {
    let vocabulary = vocabulary();
    let tokens = tokens(name, vocabulary);
    let heard = outweighed(matches(&tokens, vocabulary));
    let mut odds = vec![0.0f64; Role::ALL.len()];
    let mut words = vec![String::new(); Role::ALL.len()];
    let earliest = heard.iter().map(|heard| heard.tokens.trailing_zeros()).min();
    for heard in &heard {
        let mut value = match heard.phrase.weight {
            Weight::Weak => WEAK_ODDS,
            Weight::Possible => POSSIBLE_ODDS,
            _ => PLAIN_ODDS + FURTHER_ODDS * (heard.phrase.places.len() - 1) as f64,
        };
        if Some(heard.tokens.trailing_zeros()) == earliest && heard.phrase.weight != Weight::Possible {
            value += FIRST_ODDS;
        }
        let role = heard.phrase.role as usize;
        if value > odds[role] {
            odds[role] = value;
            words[role] = said(&tokens, heard.tokens);
        }
    }
    NameEvidence { odds, words, side: side(&tokens) }
}

/// A phrase that a name has.
struct Heard<'a> {
    phrase: &'a Phrase,
    /// One bit for each of its tokens.
    tokens: u64,
}

fn matches<'a>(tokens: &[Token], vocabulary: &'a Vocabulary) -> Vec<Heard<'a>> {
    let with = |phrase| place(tokens, phrase, vocabulary).map(|tokens| Heard { phrase, tokens });
    vocabulary.phrases.iter().filter_map(with).collect()
}

/// Which tokens fill the places of a phrase, in any order; none if one stays empty. A word of one letter that is no
/// side counts only where the next token belongs to the phrase too: `A Gtr`, not `Gtr A`.
fn place(tokens: &[Token], phrase: &Phrase, vocabulary: &Vocabulary) -> Option<u64> {
    const { assert!(TOKENS_MAX <= 64) };
    let mut filled = 0u64;
    for place in &phrase.places {
        let fits = |(index, token): &(usize, &Token)| {
            filled & (1 << index) == 0 && token.word.is_some_and(|word| place.binary_search(&word).is_ok())
        };
        let (index, _) = tokens.iter().enumerate().find(fits)?;
        filled |= 1 << index;
    }
    let stands = |(index, token): (usize, &Token)| {
        let is_ours = filled & (1 << index) != 0;
        let is_letter = token.text.chars().count() == 1;
        let is_side = token.word.is_some_and(|word| vocabulary.is_in("side", word));
        !is_ours || !is_letter || is_side || (index < 63 && filled & (1 << (index + 1)) != 0)
    };
    tokens.iter().enumerate().all(stands).then_some(filled)
}

/// Without phrases whose words are part of a longer one, and without general ones beside a plain one of another role.
fn outweighed(mut heard: Vec<Heard<'_>>) -> Vec<Heard<'_>> {
    let masks: Vec<u64> = heard.iter().map(|heard| heard.tokens).collect();
    heard.retain(|one| !masks.iter().any(|mask| *mask != one.tokens && mask & one.tokens == one.tokens));
    let plain: Vec<Role> = heard
        .iter()
        .filter(|heard| heard.phrase.weight == Weight::Plain)
        .map(|heard| heard.phrase.role)
        .collect();
    heard.retain(|one| {
        one.phrase.weight != Weight::General || plain.iter().all(|role| *role == one.phrase.role)
    });
    heard
}

fn said(tokens: &[Token], mask: u64) -> String {
    let words = tokens.iter().enumerate().filter(|(index, _)| mask & (1 << index) != 0);
    words.map(|(_, token)| token.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mix::role::{Sound, guess};

    #[test]
    fn the_list_of_names_reads_without_a_mistake_and_covers_every_role() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.mistakes, Vec::<String>::new());
        for role in Role::ALL {
            let phrases = vocabulary.phrases.iter().filter(|phrase| phrase.role == *role).count();
            assert!(phrases >= 10, "{role:?} has {phrases} phrases");
        }
    }

    #[test]
    fn no_phrase_stands_twice_in_the_list() {
        let mut seen = BTreeSet::new();
        for phrase in vocabulary().phrases.iter().filter(|phrase| phrase.weight != Weight::Possible) {
            assert!(seen.insert(&phrase.places), "“{}” of {} again", phrase.text, phrase.role.as_str());
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_remembered() {
        let read = Vocabulary::read("@a = b\n@a = c\nkick: d, @none e\nviolin: f\nnothing\n");
        assert_eq!(read.mistakes.len(), 4, "{:?}", read.mistakes);
        assert_eq!(read.phrases.len(), 1);
    }

    #[test]
    fn every_phrase_alone_says_its_own_role() {
        for phrase in vocabulary().phrases.iter().filter(|phrase| phrase.weight != Weight::Possible) {
            let spelled = |word: &str| match word.strip_prefix('@') {
                Some("vocal") => "vox".to_owned(),
                Some("guitar") => "gtr".to_owned(),
                Some("electric") => "elec".to_owned(),
                Some("acoustic") => "acoust".to_owned(),
                Some("lead") => "lead".to_owned(),
                Some("back") => "background".to_owned(),
                Some("drum") => "drum".to_owned(),
                Some("synth") => "syn".to_owned(),
                Some("side") => "l".to_owned(),
                _ => word.to_owned(),
            };
            let name = phrase.text.split(' ').map(spelled).collect::<Vec<_>>().join("_");
            let odds = of_name(&name).odds;
            let own = odds[phrase.role as usize];
            let role = Role::ALL.iter().max_by(|a, b| odds[**a as usize].total_cmp(&odds[**b as usize]));
            let found = guess(&name, &Sound::default());
            assert!(own > 0.0 && role == Some(&phrase.role), "{name}: {found:?}");
        }
    }
}
