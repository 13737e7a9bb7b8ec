//! The order of it all: stems are sorted and listened to, decided on, and summed.

use super::deciding::{self, Scene};
use super::error::MixError;
use super::listening;
use super::plan::Part;
use super::sum;
use super::track::Track;
use super::wish::{MixWish, Solo};
use super::{MixWatch, Mixed, STEMS_MAX, Stage, Stem, StemSink};

/// Mixes `stems` as `wish` and their own wishes ask, and decides what they leave open.
///
/// The mix is stereo and as long as the longest stem that is not muted. One channel in the middle comes out 3 dB lower
/// in each of two; two channels in the middle come out as they are: one stereo stem that is not touched, with its
/// fader at 0 dB and no gain on the sum, is the mix, bit for bit. A muted stem is as good as one that was never there.
///
/// `sink` takes each stem as it goes into the sum.
pub fn mix(
    stems: &[Stem<'_>],
    wish: &MixWish,
    sink: Option<&dyn StemSink>,
    watch: &dyn MixWatch,
) -> Result<Mixed, MixError> {
    let mut tracks = sorted(stems)?;
    watch.enter(Stage::Listen);
    listening::listen(&mut tracks, watch)?;
    if !tracks.iter().any(Track::plays) {
        return Err(MixError::NothingPlays);
    }
    watch.enter(Stage::Plan);
    let scene = Scene::of(&tracks, wish);
    let plan = deciding::decide(&mut tracks, &scene, watch)?;
    watch.enter(Stage::Render);
    let audio = sum::render(&tracks, &plan, sink, watch)?;
    Ok(sum::account(audio, plan, tracks))
}

/// The stems in the order of their names, with what the wishes alone say of them.
fn sorted<'a>(stems: &'a [Stem<'a>]) -> Result<Vec<Track<'a>>, MixError> {
    let Some(first) = stems.first() else { return Err(MixError::NoStems) };
    if stems.len() > STEMS_MAX {
        return Err(MixError::TooManyStems(stems.len()));
    }
    let other_rate = |stem: &&Stem<'_>| stem.reel.rate() != first.reel.rate();
    if let Some(stem) = stems.iter().find(other_rate) {
        return Err(MixError::Rates { stem: stem.name.clone() });
    }
    let mut order: Vec<&Stem<'_>> = stems.iter().collect();
    order.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = order.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(MixError::SameName(pair[0].name.clone()));
    }
    let is_solo = |stem: &Stem<'_>| stem.wish.solo == Solo::On;
    let any_solo = stems.iter().any(is_solo);
    let part = |stem: &Stem<'_>| match stem.wish.part {
        _ if any_solo && !is_solo(stem) => Part::Muted,
        Some(part) => part,
        None => Part::Plays,
    };
    Ok(order.into_iter().map(|stem| Track::new(stem, part(stem))).collect())
}
