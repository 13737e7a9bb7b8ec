//! Several songs that belong together: listened to one after the other first, then mastered one after the other, so
//! that only one of them is in memory.

use dsp::analysis::{Features, analyse};
use dsp::master::{Character, MasterParams, Target, album};
use dsp::meter::loudness;
use dsp::progress::Watch;
use dsp::units::Lufs;

use super::mastering::Brief;
use super::{RenderError, Song};

/// What an album needs to know of one track before any is mastered.
#[derive(Clone, Debug)]
pub struct Track {
    features: Features,
    loudness: Option<Lufs>,
}

impl Track {
    /// Listens to a song.
    pub fn of(song: &Song, watch: &dyn Watch) -> Result<Self, RenderError> {
        let channels = song.audio.channel_count();
        if channels > 2 {
            return Err(RenderError::Channels { channels });
        }
        let mut features = analyse(&song.audio, watch).map_err(dsp::master::MasterError::from)?;
        // Levels over time are large, and only the master of the track itself needs them.
        features.control.powers = Default::default();
        Ok(Self { features, loudness: loudness::integrated(&song.audio) })
    }

    /// Its loudness before.
    #[must_use]
    pub fn loudness(&self) -> Option<Lufs> {
        self.loudness
    }

    /// How far its tone is from that of another's average spectrum, in dB.
    #[must_use]
    pub fn tonal_distance(&self, centre: &dsp::bands::PerBand) -> f64 {
        album::tonal_distance(&self.features.spectrum.mid.loud, centre)
    }
}

/// What each track of an album is mastered by: the loudest at the album's loudness, the others at their distance, and all
/// towards the tone that they share (or to the references, if there are any).
#[must_use]
pub fn briefs(tracks: &[Track], album_brief: &Brief) -> Vec<Brief> {
    let loudnesses: Vec<Option<Lufs>> = tracks.iter().map(Track::loudness).collect();
    let targets = match album_brief.target() {
        Target::Loudness(loudest) => album::targets(&loudnesses, loudest),
        Target::AsTheMix => vec![None; tracks.len()],
    };
    let character = &album_brief.character;
    let features: Vec<&Features> = tracks.iter().map(|track| &track.features).collect();
    let aim = album_brief.aim.clone().or_else(|| shared_tone(&features, character));
    let brief = |target: Option<Lufs>| Brief {
        target: Some(target.map_or(album_brief.target(), within_reach)),
        ceiling: Some(album_brief.ceiling()),
        aim: aim.clone(),
        ..album_brief.clone()
    };
    targets.into_iter().map(brief).collect()
}

fn shared_tone(features: &[&Features], character: &Character) -> Option<dsp::master::Aim> {
    if character.is_none() || features.len() < 2 {
        return None;
    }
    album::tone_centre(features, character)
}

fn within_reach(loudness: Lufs) -> Target {
    let (low, high) = (MasterParams::LOUDNESS_MIN.value(), MasterParams::LOUDNESS_MAX.value());
    Target::Loudness(Lufs::literal(loudness.value().clamp(low, high)))
}
