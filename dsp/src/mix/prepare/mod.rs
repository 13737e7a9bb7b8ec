//! Before anything is decided: each stem is listened to once, and what keeps stems from adding up is put right.
//!
//! What is found out: its role ([`role`](super::role)); whether it plays at all: silence, copies of another stem and
//! rough mixes of the others do not; when it starts; and, within groups of microphones of one source, whether it is
//! turned over or late. Stems are worked on in the order of their names, so that theirs in the list changes nothing.
//!
//! | module | what | key types |
//! |---|---|---|
//! | `heard` | one pass over one stem | `Heard` |
//! | `archive` | what is kept of its samples: pieces at about 6 kHz | `Archive` |
//! | `condition` | clipping, hum, a constant, dead channels | |
//! | `starts` | where stems lie on the clock | |
//! | `copies` | stems that are another stem | |
//! | `rough` | stems that are a mix of the others | |
//! | `pairs` | which stems are microphones of one source | |
//! | `lag` | polarity and delay of two of them | `Lag` |

mod archive;
mod condition;
mod copies;
mod heard;
mod lag;
mod pairs;
mod rough;
mod starts;

use rayon::prelude::*;

use super::finding::StemFinding;
use super::plan::{Part, Polarity};
use super::role::{Guess, Role, Sound, guess};
use super::{MixError, Stem};
use crate::progress::Watch;
use crate::units::Milliseconds;
use heard::Heard;

/// What becomes of one stem before anything is decided about its sound.
#[derive(Clone, PartialEq, Debug)]
pub struct Prepared {
    /// What it is: what the user said, else what was guessed.
    pub role: Role,
    /// The guess, whether it is followed or not.
    pub guess: Guess,
    /// Whether it plays.
    pub part: Part,
    /// Whether it is turned over.
    pub polarity: Polarity,
    /// How much later it plays than its file has it; earlier if negative. Part of a millisecond counts.
    pub delay: Milliseconds,
    /// Frames by which its file starts after the earliest one, on the session's clock; 0 for all if one has no clock.
    pub starts_after_frames: usize,
    /// The one channel to read of a stereo file that holds no more: its other channel is dead or the same.
    pub mono_from: Option<usize>,
    /// What its owner should know.
    pub findings: Vec<StemFinding>,
    /// What it sounds like.
    pub sound: Sound,
}

/// Listens to all stems and prepares them; the answers are in the order given. All stems have one rate.
///
/// What the user decided is kept: role, part, polarity and delay of a wish. Memory: pieces of each stem at about 6 kHz,
/// at most five minutes in all of each, which is 7 MB, and a megabyte for each thread.
pub fn prepare(stems: &[Stem<'_>], watch: &dyn Watch) -> Result<Vec<Prepared>, MixError> {
    let mut order: Vec<usize> = (0..stems.len()).collect();
    order.sort_by(|a, b| stems[*a].name.cmp(&stems[*b].name));
    let sorted: Vec<&Stem<'_>> = order.iter().map(|index| &stems[*index]).collect();
    let starts = starts::of(&sorted);
    let frames =
        sorted.iter().zip(&starts).map(|(stem, start)| stem.reel.frames() + start).max().unwrap_or(0);
    let heard: Vec<Heard> = sorted
        .par_iter()
        .zip(&starts)
        .map(|(stem, start)| Heard::of(stem.reel, *start, frames, watch))
        .collect::<Result<_, _>>()?;
    let mut prepared: Vec<Prepared> = sorted
        .iter()
        .zip(&heard)
        .zip(&starts)
        .map(|((stem, heard), start)| alone(stem, heard, *start))
        .collect();
    lengths(&sorted, &heard, &mut prepared);
    copies::leave_out(&sorted, &heard, &mut prepared);
    rough::leave_out(&sorted, &heard, &mut prepared);
    if watch.is_cancelled() {
        return Err(MixError::Cancelled);
    }
    pairs::align(&sorted, &heard, &mut prepared);
    for (stem, prepared) in sorted.iter().zip(&mut prepared) {
        wished(stem, prepared);
    }
    let mut places: Vec<(usize, Prepared)> = order.into_iter().zip(prepared).collect();
    places.sort_by_key(|(index, _)| *index);
    Ok(places.into_iter().map(|(_, prepared)| prepared).collect())
}

/// What can be said of a stem without the others.
fn alone(stem: &Stem<'_>, heard: &Heard, start: usize) -> Prepared {
    let guess = guess(&stem.name, &heard.sound);
    let mut findings: Vec<StemFinding> =
        heard.condition.findings.iter().copied().map(StemFinding::Alone).collect();
    let is_silent = heard.is_silent();
    if is_silent {
        findings = vec![StemFinding::Silent];
    } else if guess.is_unsure() && stem.wish.role.is_none() {
        findings.push(StemFinding::UnknownRole);
    }
    Prepared {
        role: stem.wish.role.unwrap_or(guess.role),
        guess,
        part: if is_silent { Part::LeftOut } else { Part::Plays },
        polarity: Polarity::Kept,
        delay: Milliseconds::literal(0.0),
        starts_after_frames: start,
        mono_from: heard.condition.mono_from,
        findings,
        sound: heard.sound.clone(),
    }
}

/// A file that ends more than a second before the longest one may be cut or from another song.
fn lengths(stems: &[&Stem<'_>], heard: &[Heard], prepared: &mut [Prepared]) {
    const SPREAD_SECONDS: f64 = 1.0;
    let seconds = |stem: &Stem<'_>| stem.reel.rate().seconds(stem.reel.frames());
    let sounding = stems.iter().zip(heard).filter(|(_, heard)| !heard.is_silent());
    let longest_seconds = sounding.map(|(stem, _)| seconds(stem)).fold(0.0, f64::max);
    for ((stem, heard), prepared) in stems.iter().zip(heard).zip(prepared) {
        let seconds = seconds(stem);
        let is_placed = prepared.starts_after_frames > 0;
        if !heard.is_silent() && !is_placed && seconds < longest_seconds - SPREAD_SECONDS {
            prepared.findings.push(StemFinding::OtherLength { seconds, longest_seconds });
        }
    }
}

/// The user's word.
fn wished(stem: &Stem<'_>, prepared: &mut Prepared) {
    let wish = &stem.wish;
    prepared.part = wish.part.unwrap_or(prepared.part);
    prepared.polarity = wish.polarity.unwrap_or(prepared.polarity);
    prepared.delay = wish.delay.unwrap_or(prepared.delay);
}
