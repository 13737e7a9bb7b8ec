//! The name of a file, taken apart into words.

use super::vocabulary::{Vocabulary, Word};

/// Which of a pair of microphones or takes a name speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// What is looked at of a name: longer ones tell no more.
const LETTERS_MAX: usize = 300;
/// Words looked at.
pub(super) const TOKENS_MAX: usize = 64;

/// A word of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    /// In small letters without accents.
    pub(super) text: String,
    /// Its number, if it is known.
    pub(super) word: Option<Word>,
}

/// Small letters without accents.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        let plain = match letter {
            'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
            'æ' => "ae",
            'ç' | 'ć' | 'č' => "c",
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
            'ì'..='ï' | 'ī' | 'ı' => "i",
            'ñ' | 'ń' | 'ň' => "n",
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
            'œ' => "oe",
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
            'ý' | 'ÿ' => "y",
            'š' | 'ś' => "s",
            'ž' | 'ź' | 'ż' => "z",
            'ł' => "l",
            'ß' => "ss",
            // Accents that stand by themselves, as some systems write names.
            '\u{300}'..='\u{36f}' => "",
            other => {
                folded.push(other);
                continue;
            }
        };
        folded.push_str(plain);
    }
    folded
}

/// The words of a name, in order. Takes any text.
pub(super) fn tokens(name: &str, vocabulary: &Vocabulary) -> Vec<Token> {
    let looked_at: String = without_extension(name).chars().take(LETTERS_MAX).collect();
    let is_part = |c: char| c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c);
    let mut found = Vec::new();
    for chunk in looked_at.split(|c: char| !is_part(c)).filter(|chunk| !chunk.is_empty()) {
        take_chunk(chunk, vocabulary, &mut found);
    }
    found.truncate(TOKENS_MAX);
    found
}

/// The side that a name ends up on: the one side it names, none if it names both or none.
pub(super) fn side(tokens: &[Token]) -> Option<Side> {
    const LEFT: &[&str] =
        &["l", "left", "lt", "links", "vasen", "gauche", "izquierda", "izq", "esquerda", "sinistra"];
    const RIGHT: &[&str] =
        &["r", "right", "rt", "rechts", "oikea", "droite", "derecha", "der", "direita", "destra"];
    let names = |side: &[&str]| tokens.iter().any(|token| side.contains(&token.text.as_str()));
    match (names(LEFT), names(RIGHT)) {
        (true, false) => Some(Side::Left),
        (false, true) => Some(Side::Right),
        _ => None,
    }
}

fn without_extension(name: &str) -> &str {
    const SOUND: [&str; 16] = [
        "wav", "wave", "bwf", "rf64", "w64", "flac", "aif", "aiff", "caf", "mp3", "m4a", "ogg", "opus", "wv",
        "mp4", "aifc",
    ];
    match name.rsplit_once('.') {
        Some((stem, extension)) if SOUND.contains(&extension.to_ascii_lowercase().as_str()) => stem,
        _ => name,
    }
}

/// A run of letters and digits: as a whole if it is known, else cut between letters and digits and where a capital
/// begins a word.
fn take_chunk(chunk: &str, vocabulary: &Vocabulary, found: &mut Vec<Token>) {
    if take_known(&fold(chunk), vocabulary, found) {
        return;
    }
    let pieces = cut(chunk, |before, here, _| before.is_numeric() != here.is_numeric());
    for (index, piece) in pieces.iter().enumerate() {
        let folded = fold(piece);
        // Two letters after a digit are part of a number of no meaning more often than a word: `4ep`, `9bd`.
        let is_counted = index > 0 && folded.len() <= 2;
        if is_counted {
            found.push(Token { text: folded, word: None });
        } else if !take_known(&folded, vocabulary, found) {
            let begins = |before: char, here: char, after: Option<char>| {
                here.is_uppercase() && (before.is_lowercase() || after.is_some_and(char::is_lowercase))
            };
            let parts = cut(piece, begins);
            parts.iter().for_each(|part| take_part(&fold(part), vocabulary, found));
        }
    }
}

fn take_known(folded: &str, vocabulary: &Vocabulary, found: &mut Vec<Token>) -> bool {
    let word = vocabulary.word(folded);
    if word.is_some() {
        found.push(Token { text: folded.to_owned(), word });
    }
    word.is_some()
}

/// A word, or known words written together, the last of which may be a side.
fn take_part(folded: &str, vocabulary: &Vocabulary, found: &mut Vec<Token>) {
    if take_known(folded, vocabulary, found) {
        return;
    }
    if let Some(words) = apart(folded, vocabulary) {
        for text in words {
            found.push(Token { text: text.to_owned(), word: vocabulary.word(text) });
        }
    } else {
        found.push(Token { text: folded.to_owned(), word: None });
    }
}

/// Two or three known words of three letters or more, or one of two or more and a side.
fn apart<'a>(folded: &'a str, vocabulary: &Vocabulary) -> Option<Vec<&'a str>> {
    const LETTERS_MIN: usize = 3;
    const LETTERS_MOST: usize = 40;
    if !folded.is_ascii() || folded.len() > LETTERS_MOST {
        return None;
    }
    let known = |text: &str| text.len() >= LETTERS_MIN && vocabulary.word(text).is_some();
    for end in (LETTERS_MIN..folded.len()).rev() {
        let (first, rest) = folded.split_at(end);
        if !known(first) {
            continue;
        }
        if known(rest) {
            return Some(vec![first, rest]);
        }
        for second_end in (LETTERS_MIN..rest.len()).rev() {
            let (second, third) = rest.split_at(second_end);
            if known(second) && (known(third) || matches!(third, "l" | "r")) {
                return Some(vec![first, second, third]);
            }
        }
    }
    let (word, side) = folded.split_at(folded.len().saturating_sub(1));
    let is_pair = matches!(side, "l" | "r") && word.len() >= 2 && vocabulary.word(word).is_some();
    is_pair.then(|| vec![word, side])
}

/// Cuts before each letter of which `begins(the one before, itself, the one after)` is true.
fn cut(text: &str, begins: impl Fn(char, char, Option<char>) -> bool) -> Vec<&str> {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let mut pieces = Vec::new();
    let mut from = 0;
    for index in 1..letters.len() {
        let after = letters.get(index + 1).map(|(_, letter)| *letter);
        if begins(letters[index - 1].1, letters[index].1, after) {
            pieces.push(&text[from..letters[index].0]);
            from = letters[index].0;
        }
    }
    pieces.push(&text[from..]);
    pieces
}
