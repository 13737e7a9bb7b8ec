//! The report of an album as JSON: how its tracks stand to each other, and the report of each.
//!
//! `schema` changes when a field goes or changes its meaning; a field more is no change.

use serde::{Deserialize, Serialize};

use crate::report::{OutcomeFacts, Report};

/// The name and version of this form.
pub const SCHEMA: &str = "mixrunners.album/1";

/// What happened to the tracks of one album.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AlbumReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// The engine that made the masters.
    pub engine_version: String,
    /// What the album is called.
    pub title: String,
    /// In the order of the album.
    pub tracks: Vec<AlbumTrack>,
}

/// One track beside the others.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AlbumTrack {
    /// Its place, from 1.
    pub number: u32,
    /// What it is called.
    pub title: String,
    /// Integrated loudness of the mix; `None` if it has none (silent, or shorter than 0.4 s).
    pub loudness_before_lufs: Option<f64>,
    /// Integrated loudness of the master.
    pub loudness_after_lufs: Option<f64>,
    /// How far the mix lies from the album's loudest mix: 0 or below.
    pub step_before_lu: Option<f64>,
    /// How far the master lies from the album's loudest master: where this is the step before, the step was kept.
    pub step_after_lu: Option<f64>,
    /// How far the mix's tone lies from the mean of all tracks; `None` where it was not measured.
    pub tonal_distance_before_db: Option<f64>,
    /// How far the master's tone lies from the mean of all masters; `None` where it was not measured.
    pub tonal_distance_after_db: Option<f64>,
    /// How it came out.
    pub outcome: OutcomeFacts,
    /// All that was measured and decided for it.
    pub report: Report,
}

impl AlbumReport {
    /// From the tracks' titles and reports, in their order; tonal distances are left open.
    #[must_use]
    pub fn of(title: &str, engine_version: &str, tracks: Vec<(String, Report)>) -> Self {
        let loudest = |of: fn(&Report) -> Option<f64>| {
            tracks.iter().filter_map(|(_, report)| of(report)).reduce(f64::max)
        };
        let (before, after) =
            (|report: &Report| report.before.integrated_lufs, |report: &Report| report.after.integrated_lufs);
        let (loudest_before, loudest_after) = (loudest(before), loudest(after));
        let step = |loudness: Option<f64>, loudest: Option<f64>| {
            loudness.zip(loudest).map(|(loudness, loudest)| hundredths(loudness - loudest))
        };
        let track = |(number, (title, report)): (u32, (String, Report))| AlbumTrack {
            number,
            title,
            loudness_before_lufs: before(&report),
            loudness_after_lufs: after(&report),
            step_before_lu: step(before(&report), loudest_before),
            step_after_lu: step(after(&report), loudest_after),
            tonal_distance_before_db: None,
            tonal_distance_after_db: None,
            outcome: report.outcome.clone(),
            report,
        };
        Self {
            schema: SCHEMA.to_owned(),
            engine_version: engine_version.to_owned(),
            title: title.to_owned(),
            tracks: (1..).zip(tracks).map(track).collect(),
        }
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0 // the zero takes the sign off a rounded −0
}
