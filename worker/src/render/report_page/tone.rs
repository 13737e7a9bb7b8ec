//! The plots over frequency: average spectra against the target, and what was changed.

use domain::report::number::decimal;
use domain::report::pictures::SpectrumPicture;

use super::figures::{Names, samples};
use super::plot::{Across, Plot, Upright, band, level, line};

/// Bands at which the tables read the curves: octaves from 31.5 Hz (every sixth from the fourth).
const OCTAVES: std::ops::Range<usize> = 4..61;
/// What they are called.
const OCTAVE_NAMES: [&str; 10] = ["32", "63", "127", "254", "508", "1k", "2k", "4k", "8k", "16k"];

/// Both spectra; the target with its tolerance, and the reference, where they are known.
pub(super) fn spectrum(picture: &SpectrumPicture, names: Names<'_>) -> String {
    let across = Across::Frequency;
    let top = highest(picture);
    let upright = Upright { bottom: top - 48.0, top, step: 12.0 };
    let point = |i: usize, db: f64| Some((across.x(*picture.frequency_hz.get(i)?), upright.y(db)));
    let curve = |class: &str, values: &[Option<f64>]| {
        line(class, values.iter().enumerate().map(|(i, db)| point(i, (*db)?)))
    };
    let mut legend = names.legend();
    let mut curves = String::new();
    let mut rows = Vec::new();
    if let Some(target) = &picture.target_db {
        let flat = vec![0.0; target.len()];
        let tolerance = picture.tolerance_db.as_ref().unwrap_or(&flat);
        let edge = |sign: f64| -> Vec<(f64, f64)> {
            let edge = target.iter().zip(tolerance).map(|(db, room)| db + sign * room);
            edge.enumerate().filter_map(|(i, db)| point(i, db)).collect()
        };
        curves += &band("tolerance", &edge(1.0), &edge(-1.0));
        curves += &line("goal", target.iter().enumerate().map(|(i, db)| point(i, *db)));
        legend.push(("goal", "Target".to_owned()));
        if picture.tolerance_db.is_some() {
            legend.push(("tolerance", "Left alone".to_owned()));
        }
    }
    if let Some(reference) = &picture.reference_db {
        curves += &line("reference", reference.iter().enumerate().map(|(i, db)| point(i, *db)));
        legend.push(("reference", "Reference".to_owned()));
    }
    curves += &curve("original", &picture.before_db);
    curves += &curve("master", &picture.after_db);
    rows.push((names.before, octaves(&picture.before_db)));
    rows.push((names.after, octaves(&picture.after_db)));
    if let Some(target) = &picture.target_db {
        rows.push(("Target", octaves(&target.iter().copied().map(Some).collect::<Vec<_>>())));
    }
    Plot {
        title: "Average spectrum",
        note: "Level per sixth of an octave with both at equal loudness; pink noise would be flat."
            .to_owned(),
        legend,
        spoken: "Average spectra of both signals; the table below has the level at each octave".to_owned(),
        size: "tall",
        across,
        upright,
        unit: "dB",
        curves,
        table: samples("Level in dB around each frequency in Hz", &names_of_octaves(), &rows),
    }
    .html()
}

/// The equaliser's curve, and what the spectra really differ by; none if nothing was changed.
pub(super) fn change(picture: &SpectrumPicture, names: Names<'_>) -> Option<String> {
    let difference: Vec<Option<f64>> = picture
        .before_db
        .iter()
        .zip(&picture.after_db)
        .map(|(before, after)| Some((*after)? - (*before)?))
        .collect();
    let tone: Option<Vec<Option<f64>>> =
        picture.tone_db.as_ref().map(|tone| tone.iter().copied().map(Some).collect());
    // The ends of the spectrum hold too little to be worth a picture of their own.
    let inner = difference.iter().skip(4).take(52).chain(tone.iter().flatten());
    let largest = inner.flatten().fold(0.0f64, |largest, db| largest.max(db.abs()));
    if largest < 0.2 {
        return None;
    }
    let room = [1.5, 3.0, 6.0, 12.0].into_iter().find(|room| largest <= *room).unwrap_or(24.0);
    let (across, upright) = (Across::Frequency, Upright { bottom: -room, top: room, step: room / 3.0 * 1.5 });
    let curve = |class: &str, values: &[Option<f64>]| {
        let point = |i: usize, db: f64| Some((across.x(*picture.frequency_hz.get(i)?), upright.y(db)));
        line(class, values.iter().enumerate().map(|(i, db)| point(i, (*db)?)))
    };
    let mut curves = level("zero", upright.y(0.0));
    let mut legend = Vec::new();
    let mut rows = Vec::new();
    if let Some(tone) = &tone {
        curves += &curve("glue", tone);
        legend.push(("glue", "Equaliser".to_owned()));
        rows.push(("Equaliser", octaves(tone)));
    }
    curves += &curve("master", &difference);
    let what = format!("{} less {}", names.after, names.inside[0]);
    legend.push(("master", what.clone()));
    rows.push((what.as_str(), octaves(&difference)));
    Some(
        Plot {
            title: "Change of tone",
            note: "Above the middle is more, below it less, at equal loudness.".to_owned(),
            legend,
            spoken: "Change of tone over frequency; the table below has the change at each octave".to_owned(),
            size: "low",
            across,
            upright,
            unit: "dB",
            curves,
            table: samples("Change in dB around each frequency in Hz", &names_of_octaves(), &rows),
        }
        .html(),
    )
}

fn highest(picture: &SpectrumPicture) -> f64 {
    let measured = picture.before_db.iter().chain(&picture.after_db).flatten();
    let highest =
        measured.chain(picture.target_db.iter().flatten()).fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    if highest.is_finite() { ((highest + 1.0) / 6.0).ceil() * 6.0 } else { 0.0 }
}

fn octaves(values: &[Option<f64>]) -> Vec<String> {
    let value = |i: usize| values.get(i).copied().flatten();
    OCTAVES.step_by(6).map(|i| value(i).map_or_else(|| "–".to_owned(), |db| decimal(db, 1))).collect()
}

fn names_of_octaves() -> Vec<String> {
    OCTAVE_NAMES.map(str::to_owned).to_vec()
}
