//! The page of two files, in the same look: A stands where the original does, B where the master does.

use domain::report::comparison::{Comparison, Side};
use domain::report::number::{decimal, quantity, signed};

use super::figures::Names;
use super::markup::{document, section, table, text};
use super::{plots, words};

/// The page of a comparison.
#[must_use]
pub fn comparison_page(comparison: &Comparison) -> String {
    const NAMES: Names<'_> = Names { before: "A", after: "B", inside: ["A", "B"] };
    let (a, b) = (&comparison.a, &comparison.b);
    let mut body = format!(
        "<header>\n<p class=\"brand\"><b>mixrunners</b><span>Comparison of two files</span></p>\n\
         <h1><bdi>{}</bdi> and <bdi>{}</bdi></h1>\n\
         <p class=\"outcome\"><span>{}</span></p>\n</header>\n",
        text(&a.name),
        text(&b.name),
        text(&comparison.verdict)
    );
    body += &words::key_numbers(&a.measured, &b.measured);
    let file = |letter: &str, side: &Side| {
        format!("<dt>{letter}</dt><dd>{}{}</dd>\n", text(&side.name), words::facts(&side.source, &[]))
    };
    let files = file("A", a) + &file("B", b) + &likeness(comparison);
    body += &section("sides", "The files", &format!("<dl class=\"plain-facts\">\n{files}</dl>\n"));
    let plots = plots(&comparison.pictures, None, NAMES);
    if !plots.is_empty() {
        body += &section("plots", "What differs", &plots);
    }
    body += &section("thirds", "Tone at equal loudness", &thirds(comparison));
    body += &section("measured", "All measurements", &words::all_numbers(&a.measured, &b.measured, NAMES));
    let engine = text(&comparison.engine_version);
    body += &format!(
        "<footer>Measured by ITU-R BS.1770-5 and EBU Tech 3341 and 3342; mixrunners {engine}</footer>\n"
    );
    document(&format!("{} and {}: comparison", a.name, b.name), &body)
}

fn likeness(comparison: &Comparison) -> String {
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(gain) = comparison.match_gain_db {
        facts.push(("A as loud as B", format!("{}\u{2009}dB", signed(gain, 2))));
    }
    if let Some(found) = &comparison.likeness {
        facts.push(("Correlation", decimal(found.correlation, 2)));
        facts.push((
            "B is later by",
            format!("{} frames ({}\u{2009}s)", found.offset_frames, decimal(found.offset_s, 4)),
        ));
        facts.extend(found.gain_db.map(|gain| ("A closest to B", format!("{}\u{2009}dB", signed(gain, 2)))));
        facts.extend(found.residual_relative_db.map(|db| ("What is left", quantity(-db, "dB under B"))));
    }
    facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>\n")).collect()
}

fn thirds(comparison: &Comparison) -> String {
    let Some(spectrum) = &comparison.spectrum else {
        return "<p>One of the files has no loudness to compare at.</p>\n".to_owned();
    };
    let cell = |value: Option<f64>, write: fn(f64, usize) -> String| {
        value.map_or_else(|| "–".to_owned(), |value| write(value, 1))
    };
    let rows = spectrum.frequency_hz.iter().enumerate().map(|(i, frequency)| {
        let at = |values: &[Option<f64>]| values.get(i).copied().flatten();
        vec![
            super::markup::hertz(*frequency),
            cell(at(&spectrum.a_db), decimal),
            cell(at(&spectrum.b_db), decimal),
            cell(at(&spectrum.difference_db), signed),
        ]
    });
    let head = ["Hz", "A, dB", "B, dB", "Difference"].map(str::to_owned);
    table("thirds", "Level per third of an octave", &head, &rows.collect::<Vec<_>>())
}
