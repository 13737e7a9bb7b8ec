//! What is true of each stem as it comes in: kept small, so that a session need not fit into memory.

pub(super) mod activity;
mod spectra;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::Stem;
use super::error::MixError;
use super::plan::Part;
use super::prepare::prepare;
use super::track::Track;
use crate::audio::Audio;
use crate::meter::loudness::{FINE_FRAMES, k_energy};
use crate::progress::Watch;
use crate::units::Lufs;
use activity::{Hops, gated};
pub(super) use spectra::Spectra;

/// Stems that are in memory at once.
pub(super) const BATCH: usize = 4;

/// What is kept of a stem that was listened to.
#[derive(Debug)]
pub(super) struct Heard {
    /// Loudness over its own active moments.
    pub(super) loudness: Option<Lufs>,
    /// Loudness over time.
    pub(super) hops: Hops,
    /// Powers per band over time.
    pub(super) spectra: Spectra,
    /// Highest magnitude of a sample.
    pub(super) peak: f32,
}

/// Sums of squares of left and right (twice the same for one channel), and of their product.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Image {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) product: f64,
}

/// Finds out what each stem that is not muted is, and listens to those that play.
pub(super) fn listen(tracks: &mut [Track<'_>], watch: &dyn Watch) -> Result<(), MixError> {
    let asked = |track: &&mut Track<'_>| track.plan.part != Part::Muted;
    let known: Vec<Stem<'_>> = tracks.iter_mut().filter(asked).map(|track| copied(track)).collect();
    let prepared = prepare(&known, watch)?;
    tracks.iter_mut().filter(asked).zip(prepared).for_each(|(track, prepared)| track.take(prepared));
    hear(tracks, watch)
}

fn copied<'a>(track: &Track<'a>) -> Stem<'a> {
    let Stem { name, reel, starts_at_frame, wish } = track.stem;
    Stem { name: name.clone(), reel: *reel, starts_at_frame: *starts_at_frame, wish: wish.clone() }
}

fn hear(tracks: &mut [Track<'_>], watch: &dyn Watch) -> Result<(), MixError> {
    let count = tracks.iter().filter(|track| track.plays()).count().max(1);
    let done = AtomicUsize::new(0);
    for batch in tracks.chunks_mut(BATCH) {
        batch.par_iter_mut().filter(|track| track.plays()).try_for_each(|track| {
            if watch.is_cancelled() {
                return Err(MixError::Cancelled);
            }
            track.heard = Some(Heard::of(&track.load(watch)?));
            watch.done((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / count as f64);
            Ok(())
        })?;
    }
    Ok(())
}

impl Heard {
    fn of(audio: &Audio) -> Self {
        let hops = Hops::of_runs(&k_energy(audio), FINE_FRAMES, audio.rate());
        Self {
            loudness: gated(&hops),
            hops,
            spectra: Spectra::of(audio),
            peak: audio.channels().iter().flat_map(|c| c.iter()).fold(0.0, |a, x| a.max(x.abs())),
        }
    }
}

impl Image {
    pub(super) fn of(audio: &Audio) -> Self {
        let left = audio.channel(0);
        let right = audio.channel(audio.channel_count() - 1);
        let mut image = Self::default();
        for (left, right) in left.chunks(4096).zip(right.chunks(4096)) {
            let mut sums = [0.0f32; 3];
            for (l, r) in left.iter().zip(right) {
                sums[0] += l * l;
                sums[1] += r * r;
                sums[2] += l * r;
            }
            image.left += f64::from(sums[0]);
            image.right += f64::from(sums[1]);
            image.product += f64::from(sums[2]);
        }
        image
    }
}
