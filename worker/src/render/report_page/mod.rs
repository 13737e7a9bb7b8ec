//! The report of a master as one page of HTML: what a producer sends to a client.
//!
//! One file without a script and with nothing from elsewhere; light, dark and on paper. Three colours carry meaning:
//! the original is grey, the master teal, a reference amber. A table stands under every plot.
//!
//! | module | what |
//! |---|---|
//! | [`markup`] | text made harmless, tables, the document around a page |
//! | [`plot`] | axes, and curves as SVG |
//! | [`figures`], [`tone`] | the plots over time, and those over frequency |
//! | [`words`] | the sections in words and numbers |
//! | [`comparison`] | the page of two files |
//! | [`mix`] | the page of a mix |

mod comparison;
mod figures;
mod markup;
mod mix;
mod plot;
mod tone;
mod words;

use domain::report::{Pictures, Report};

pub use comparison::comparison_page;
pub use mix::mix_page;

use figures::Names;
use markup::{document, section};

/// The page of one master. `title` is the song's name as its owner writes it.
#[must_use]
pub fn page(report: &Report, title: &str) -> String {
    const NAMES: Names<'_> = Names { before: "Original", after: "Master", inside: ["original", "master"] };
    let mut body = words::header(report, title);
    body += &words::key_numbers(&report.before, &report.after);
    let plots = plots(&report.pictures, report.target.loudness_lufs, NAMES);
    if !plots.is_empty() {
        body += &section("plots", "What changed", &plots);
    }
    body += &section("decisions", "What was done", &words::decisions(&report.decisions));
    body += &section("findings", "About your mix", &words::findings(report));
    if !report.platforms.is_empty() {
        body += &section("services", "Where it will be heard", &words::platforms(&report.platforms));
    }
    body +=
        &section("measured", "All measurements", &words::all_numbers(&report.before, &report.after, NAMES));
    body += &section("method", "How it was measured", &words::method(report));
    document(&format!("{title}: report of a master"), &body)
}

fn plots(pictures: &Pictures, target_lufs: Option<f64>, names: Names<'_>) -> String {
    let seconds = pictures.seconds;
    let waveform = pictures.waveform.as_ref().map(|picture| figures::waveform(picture, seconds, names));
    let loudness =
        pictures.short_term.as_ref().map(|picture| figures::loudness(picture, seconds, target_lufs, names));
    let spectrum = pictures.spectrum.as_ref().map(|picture| tone::spectrum(picture, names));
    let change = pictures.spectrum.as_ref().and_then(|picture| tone::change(picture, names));
    let reduction = pictures.gain_reduction.as_ref().map(|picture| figures::reduction(picture, seconds));
    let correlation =
        pictures.correlation.as_ref().map(|picture| figures::correlation(picture, seconds, names));
    [waveform, loudness, spectrum, change, reduction, correlation].into_iter().flatten().collect()
}
