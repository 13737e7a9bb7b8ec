//! What became of each stem.

use crate::audio::Audio;
use crate::meter::loudness;
use crate::mix::deciding::{balance, unmask};
use crate::mix::masking::Hearing;
use crate::mix::plan::MixPlan;
use crate::mix::track::Track;
use crate::mix::{Masking, Mixed, StemAccount};

/// The mix with its account.
pub(in crate::mix) fn account(audio: Audio, plan: MixPlan, tracks: Vec<Track<'_>>) -> Mixed {
    let mix = loudness::integrated(&audio);
    let stems = tracks.iter().map(|track| {
        let after = balance::loudness_after(track, plan.mix_gain);
        StemAccount {
            certainty: track.certainty,
            loudness_before: balance::loudness_before(track),
            loudness_after: after,
            aim: track.aim,
            standing: after.zip(mix).map(|(stem, mix)| stem - mix),
            findings: track.findings.clone(),
        }
    });
    let stems = stems.collect();
    let hearing = Hearing::new();
    let (before, after) = unmask::before_and_after(&tracks, &hearing);
    let masking = Masking {
        bands: hearing.told(),
        before_db: before.bands_db,
        after_db: after.bands_db,
        index_before: before.index,
        index_after: after.index,
    };
    Mixed { audio, plan, stems, masking }
}
