//! Two files beside each other: the facts of their comparison, from their samples.

use domain::report::comparison::{Comparison, LikenessFacts, SCHEMA, Side, SpectrumDifference};
use domain::report::number::{hundredths, quantity, signed};
use domain::report::{Measured, Pictures, SourceFacts};
use dsp::analysis::average_spectrum::{NOTHING_DB, thirds};
use dsp::analysis::likeness::{Kinship, Likeness, likeness};
use dsp::audio::Audio;
use dsp::bands::{BANDS, PerBand, centre};
use dsp::meter::Measurements;

use super::report::Sight;

/// One of the two.
#[derive(Clone, Debug)]
pub struct Compared<'a> {
    /// The file's name.
    pub name: String,
    /// What it is.
    pub source: SourceFacts,
    /// Its samples.
    pub audio: &'a Audio,
    /// Their meters.
    pub meters: &'a Measurements,
    /// What was seen of them.
    pub sight: Sight,
}

/// Compares two files. Curves of spectra are at equal loudness; those of loudness and waveform are as the files are.
#[must_use]
pub fn compare(a: &Compared<'_>, b: &Compared<'_>) -> Comparison {
    let match_gain_db = loudness(b).zip(loudness(a)).map(|(b, a)| hundredths(b - a));
    let found = likeness(a.audio, b.audio);
    Comparison {
        schema: SCHEMA.to_owned(),
        engine_version: dsp::ENGINE_VERSION.to_owned(),
        a: side(a),
        b: side(b),
        match_gain_db,
        verdict: verdict(a, b, found.as_ref()),
        likeness: found.map(|found| LikenessFacts::of(&found, a.audio.rate().as_f64())),
        spectrum: spectrum(a, b),
        pictures: pictures(a, b),
    }
}

/// Columns share each file's own length, so they lie over each other only where both are about as long.
fn pictures(a: &Compared<'_>, b: &Compared<'_>) -> Pictures {
    const ALIKE: f64 = 0.005;
    let mut pictures = Pictures::of(a.sight.seen(a.meters), b.sight.seen(b.meters));
    let (one, other) = (a.audio.seconds(), b.audio.seconds());
    if (one - other).abs() > ALIKE * one.max(other) {
        (pictures.waveform, pictures.correlation) = (None, None);
    }
    pictures.seconds = hundredths(one.max(other));
    pictures
}

fn side(one: &Compared<'_>) -> Side {
    Side {
        name: one.name.clone(),
        source: one.source.clone(),
        measured: Measured::of(one.meters, &one.sight.picture),
    }
}

fn loudness(one: &Compared<'_>) -> Option<f64> {
    one.meters.integrated.map(|lufs| lufs.value())
}

fn spectrum(a: &Compared<'_>, b: &Compared<'_>) -> Option<SpectrumDifference> {
    let levels = |spectrum: &PerBand, loudness: f64| -> Vec<Option<f64>> {
        let level = |db: f64| (db > NOTHING_DB + 10.0).then(|| hundredths(db - loudness));
        thirds(spectrum).into_iter().map(level).collect()
    };
    let (a_db, b_db) = (levels(&a.sight.spectrum, loudness(a)?), levels(&b.sight.spectrum, loudness(b)?));
    let difference = a_db.iter().zip(&b_db).map(|(a, b)| Some(hundredths((*b)? - (*a)?)));
    Some(SpectrumDifference {
        frequency_hz: (0..BANDS)
            .step_by(2)
            .map(|band| (centre(band).value() * 10.0).round() / 10.0)
            .collect(),
        difference_db: difference.collect(),
        a_db,
        b_db,
    })
}

fn verdict(a: &Compared<'_>, b: &Compared<'_>, found: Option<&Likeness>) -> String {
    let Some(found) = found else {
        let what = if a.audio.rate() == b.audio.rate() { "numbers of channels" } else { "sample rates" };
        return format!("The files have different {what}, so only their measurements are compared.");
    };
    let left = found.residual.as_ref();
    let gain = left.map_or_else(String::new, |left| format!("{}\u{2009}dB", signed(left.gain.value(), 2)));
    let shift = match found.offset_frames {
        0 => String::new(),
        frames if frames > 0 => format!(" B is {frames} frames later."),
        frames => format!(" B is {} frames earlier.", frames.unsigned_abs()),
    };
    match (found.kinship, left) {
        (Kinship::Identical, _) => "Every sample of both files is the same.".to_owned(),
        (Kinship::Strangers, _) => "Nothing of one file was found in the other.".to_owned(),
        (Kinship::UpToGain, _) if left.is_some_and(|left| left.gain.value().abs() < 0.005) => {
            format!("The files are the same but for the rounding of samples.{shift}")
        }
        (Kinship::UpToGain, _) => {
            format!("B is A with {gain} of gain, but for the rounding of samples.{shift}")
        }
        (Kinship::Different, Some(left)) => format!(
            "The same music, treated otherwise: the closest is A with {gain} of gain, and what differs then is {} \
             under B.{shift}",
            quantity(-left.relative.value(), "dB")
        ),
        (Kinship::Different, None) => format!("The same music, treated otherwise.{shift}"),
    }
}
