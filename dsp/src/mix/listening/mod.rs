//! What is true of each stem as it comes in: kept small, so that a session need not fit into memory.

pub(super) mod activity;
mod name;
mod spectra;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::error::MixError;
use super::finding::StemFinding;
use super::plan::Part;
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

/// Listens to every stem that may play. Silent ones are left out.
pub(super) fn listen(tracks: &mut [Track<'_>], watch: &dyn Watch) -> Result<(), MixError> {
    let count = tracks.iter().filter(|track| track.plays()).count().max(1);
    let done = AtomicUsize::new(0);
    for batch in tracks.chunks_mut(BATCH) {
        batch.par_iter_mut().filter(|track| track.plays()).try_for_each(|track| {
            if watch.is_cancelled() {
                return Err(MixError::Cancelled);
            }
            hear(track)?;
            watch.done((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / count as f64);
            Ok(())
        })?;
    }
    Ok(())
}

fn hear(track: &mut Track<'_>) -> Result<(), MixError> {
    let audio = track.load()?;
    let heard = Heard::of(&audio);
    if heard.peak == 0.0 {
        track.plan.part = Part::LeftOut;
        track.findings.push(StemFinding::Silent);
        return Ok(());
    }
    name::assign(track);
    track.heard = Some(heard);
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
