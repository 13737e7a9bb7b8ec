//! One pass over one stem.

use super::archive::{Archive, Archivist};
use super::condition::{Condition, Conditions};
use crate::audio::Layout;
use crate::mix::MixError;
use crate::mix::reel::Reel;
use crate::mix::role::{Ear, Sound};
use crate::progress::Watch;

/// What was heard of one stem.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) sound: Sound,
    pub(super) condition: Condition,
    pub(super) archive: Archive,
}

impl Heard {
    /// Reads a stem that starts so many frames after the session's zero, piece by piece.
    pub(super) fn of(
        reel: &dyn Reel,
        start: usize,
        session_frames: usize,
        watch: &dyn Watch,
    ) -> Result<Self, MixError> {
        const PIECE: usize = 1 << 16;
        let is_stereo = reel.layout().count() > Layout::mono().count();
        let mut ear = Ear::new(reel.rate());
        let mut archivist = Archivist::new(reel.rate(), start, session_frames);
        let mut conditions = Conditions::new(reel.rate(), if is_stereo { 2 } else { 1 });
        let mut pieces = [vec![0.0f32; PIECE], vec![0.0f32; PIECE]];
        for from in (0..reel.frames()).step_by(PIECE) {
            if watch.is_cancelled() {
                return Err(MixError::Cancelled);
            }
            let count = PIECE.min(reel.frames() - from);
            let [left, right] = &mut pieces;
            reel.read(0, from, &mut left[..count]).map_err(MixError::Reel)?;
            clean(&mut left[..count]);
            let left = &left[..count];
            if is_stereo {
                reel.read(1, from, &mut right[..count]).map_err(MixError::Reel)?;
                clean(&mut right[..count]);
                let right = &right[..count];
                ear.hear(left, Some(right));
                conditions.add(&[left, right]);
                archivist.take(left.iter().zip(right).map(|(left, right)| 0.5 * (left + right)));
            } else {
                ear.hear(left, None);
                conditions.add(&[left]);
                archivist.take(left.iter().copied());
            }
        }
        let archive = archivist.finish();
        let condition = conditions.finish(&archive);
        Ok(Self { sound: ear.finish(), condition, archive })
    }

    /// Whether it holds nothing that could be heard.
    pub(super) fn is_silent(&self) -> bool {
        /// −72 dBFS.
        const PEAK: f32 = 2.5e-4;
        self.condition.peak < PEAK
    }
}

/// What is no number, or beyond all sense, is silence.
fn clean(samples: &mut [f32]) {
    for sample in samples.iter_mut().filter(|sample| sample.is_nan() || sample.abs() > 1e6) {
        *sample = 0.0;
    }
}
