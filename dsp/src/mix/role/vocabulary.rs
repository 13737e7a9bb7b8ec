//! The words of `names.txt`: which roles each speaks for.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Role;
use super::spelling::fold;

/// The vocabulary that comes with the engine, read once.
pub(super) fn vocabulary() -> &'static Vocabulary {
    static READ: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::read(include_str!("names.txt")));
    &READ
}

/// A word, as its number.
pub(super) type Word = u16;

/// All words and phrases.
#[derive(Default, Debug)]
pub(super) struct Vocabulary {
    words: BTreeMap<String, Word>,
    classes: BTreeMap<String, Vec<Word>>,
    /// In the order of the file.
    pub(super) phrases: Vec<Phrase>,
    /// Lines and phrases that could not be read, in words: a mistake in the file, which a test looks for.
    pub(super) mistakes: Vec<String>,
}

/// One or several words that speak for a role.
#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) role: Role,
    pub(super) weight: Weight,
    /// For each place, the words that fill it, sorted.
    pub(super) places: Vec<Vec<Word>>,
    /// As it stands in the file.
    #[cfg(test)]
    pub(super) text: String,
}

/// How much a phrase says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weight {
    /// What it says.
    Plain,
    /// As much as a plain one, if no plain one of another role stands beside: `drums` in `Drums - Kick`.
    General,
    /// Another meaning of what is a plain word for one role: the sound can decide for it.
    Possible,
    /// A hint.
    Weak,
}

impl Vocabulary {
    /// Reads lines as the head of `names.txt` explains them. What cannot be read is left out and remembered.
    pub(super) fn read(text: &str) -> Self {
        let mut read = Self { words: numbered(text), ..Self::default() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some((class, words)) = line.strip_prefix('@').and_then(|rest| rest.split_once(" = ")) {
                let mut words: Vec<Word> =
                    words.split(',').filter_map(|word| read.word(&fold(word.trim()))).collect();
                words.sort_unstable();
                if read.classes.insert(class.to_owned(), words).is_some() {
                    read.mistakes.push(format!("@{class} is there twice"));
                }
            } else if let Some((role, phrases)) = line.split_once(": ") {
                match Role::parse(role) {
                    Some(role) => phrases.split(',').for_each(|phrase| read.add(role, phrase.trim())),
                    None => read.mistakes.push(format!("there is no role {role}")),
                }
            } else {
                read.mistakes.push(format!("neither words nor phrases: {line}"));
            }
        }
        read
    }

    fn add(&mut self, role: Role, marked: &str) {
        let marks = [('~', Weight::Weak), ('/', Weight::General), ('?', Weight::Possible)];
        let with_mark = |(mark, weight)| marked.strip_prefix(mark).map(|text| (weight, text));
        let (weight, text) = marks.into_iter().find_map(with_mark).unwrap_or((Weight::Plain, marked));
        let mut places = Vec::new();
        for word in text.split_whitespace() {
            places.push(match word.strip_prefix('@') {
                Some(class) => self.classes.get(class).cloned().unwrap_or_default(),
                None => self.word(&fold(word)).into_iter().collect(),
            });
        }
        if places.is_empty() || places.iter().any(Vec::is_empty) {
            self.mistakes.push(format!("{}: nothing can be “{text}”", role.as_str()));
        } else {
            self.phrases.push(Phrase {
                role,
                weight,
                places,
                #[cfg(test)]
                text: text.to_owned(),
            });
        }
    }

    /// The number of a folded word: that of what a plural s was added to, if that is known.
    pub(super) fn word(&self, folded: &str) -> Option<Word> {
        let singular = folded.strip_suffix('s').filter(|singular| singular.len() >= 3);
        singular.and_then(|singular| self.words.get(singular)).or_else(|| self.words.get(folded)).copied()
    }

    /// Whether a word belongs to a class.
    pub(super) fn is_in(&self, class: &str, word: Word) -> bool {
        self.classes.get(class).is_some_and(|words| words.binary_search(&word).is_ok())
    }
}

/// Every word of the list but the names of roles and classes.
fn numbered(text: &str) -> BTreeMap<String, Word> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let listed = lines.filter_map(|line| line.split_once(" = ").or_else(|| line.split_once(": ")));
    let words = listed.flat_map(|(_, list)| list.split([',', ' ', '~', '/', '?']));
    let mut found = BTreeMap::new();
    for word in words.filter(|word| !word.is_empty() && !word.starts_with('@')) {
        let next = found.len() as Word;
        found.entry(fold(word)).or_insert(next);
    }
    found
}
