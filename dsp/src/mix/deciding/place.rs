//! Where stems stand.

use crate::mix::track::Track;

/// Decides pan and width.
pub(super) fn decide(tracks: &mut [Track<'_>]) {
    for track in tracks.iter_mut().filter(|track| track.plays()) {
        if let Some(pan) = track.stem.wish.pan {
            track.plan.pan = pan;
        }
        if let Some(width) = track.stem.wish.width {
            track.plan.width = width;
        }
    }
}
