//! Several songs that belong together: listened to one after the other first, then mastered one after the other, so
//! that only one of them is in memory.

use domain::album::AlbumReport;
use domain::report::Report;
use domain::report::pictures::SpectrumPicture;
use dsp::analysis::{Features, analyse};
use dsp::bands::PerBand;
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
}

/// What each track of an album is mastered by: the loudest at the album's loudness, the others at their distance, and
/// all towards the tone that they share (or to the references, if there are any).
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

/// The report of an album, with how far each track's tone is from the average of all, before and after.
#[must_use]
pub fn report(title: &str, tracks: Vec<(String, Report)>) -> AlbumReport {
    let spectra = |of: fn(&SpectrumPicture) -> &Vec<Option<f64>>| -> Vec<Option<PerBand>> {
        let spectrum = |report: &Report| report.pictures.spectrum.as_ref().map(|picture| filled(of(picture)));
        tracks.iter().map(|(_, report)| spectrum(report)).collect()
    };
    let (before, after) = (spectra(|picture| &picture.before_db), spectra(|picture| &picture.after_db));
    let mut report = AlbumReport::of(title, dsp::ENGINE_VERSION, tracks);
    for (track, distance) in report.tracks.iter_mut().zip(distances(&before)) {
        track.tonal_distance_before_db = distance;
    }
    for (track, distance) in report.tracks.iter_mut().zip(distances(&after)) {
        track.tonal_distance_after_db = distance;
    }
    report
}

/// Levels per band; where a band is empty, far below all others.
fn filled(levels_db: &[Option<f64>]) -> PerBand {
    const EMPTY_DB: f64 = -120.0;
    std::array::from_fn(|band| levels_db.get(band).copied().flatten().unwrap_or(EMPTY_DB))
}

/// How far each spectrum is from the mean of all, in dB.
fn distances(spectra: &[Option<PerBand>]) -> Vec<Option<f64>> {
    let known: Vec<&PerBand> = spectra.iter().flatten().collect();
    let count = known.len().max(1) as f64;
    let mean: PerBand = std::array::from_fn(|band| known.iter().map(|s| s[band]).sum::<f64>() / count);
    let distance = |spectrum: &PerBand| (album::tonal_distance(spectrum, &mean) * 100.0).round() / 100.0;
    spectra.iter().map(|spectrum| spectrum.as_ref().map(distance)).collect()
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
