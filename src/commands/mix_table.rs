//! The report of a mix as a person at a terminal reads it.

use std::fmt::Write;

use domain::mix_report::{MixReport, StemRow};
use domain::report::number::{decimal, quantity, signed};
use domain::stem::PartWord;

/// Every stem beside the others, and what its owner should know.
pub fn of_mix(report: &MixReport) -> String {
    let playing = report.stems.iter().filter(|stem| stem.part == PartWord::Plays).count();
    let mut text = format!(
        "{}: {playing} of {} stems at {}\u{2009}kHz\n",
        report.title,
        report.stems.len(),
        f64::from(report.sample_rate_hz) / 1000.0
    );
    let _ = writeln!(
        text,
        "  {:<28}{:<20}{:>14}{:>12}{:>8}{:>10}{:>8}",
        "", "taken for", "as it came", "in the mix", "aim", "fader", "place"
    );
    for stem in &report.stems {
        row(&mut text, stem);
    }
    let masking = &report.masking;
    if masking.index_before > 0.0 {
        let less = 100.0 * (1.0 - masking.index_after / masking.index_before);
        let _ = writeln!(
            text,
            "\nAt the same faders they hide each other {}\u{2009}% less than untouched.",
            decimal(less, 0)
        );
    }
    let loudness = report.mix.integrated_lufs.map_or_else(|| "–".to_owned(), |lufs| quantity(lufs, "LUFS"));
    let peak = report.mix.true_peak_dbtp.map_or_else(|| "–".to_owned(), |peak| quantity(peak, "dBTP"));
    let _ = writeln!(text, "The mix is at {loudness} with a true peak of {peak}.");
    for stem in &report.stems {
        for finding in &stem.findings {
            let _ = writeln!(text, "Note: {}: {}", stem.file, finding.text);
        }
    }
    text
}

fn row(text: &mut String, stem: &StemRow) {
    let role = match stem.part {
        PartWord::Plays if stem.certainty >= 1.0 => stem.role_name.clone(),
        PartWord::Plays => format!("{} ({}\u{2009}%)", stem.role_name, decimal(100.0 * stem.certainty, 0)),
        PartWord::Muted => "muted".to_owned(),
        PartWord::LeftOut => "left out".to_owned(),
    };
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let _ = writeln!(
        text,
        "  {:<28}{role:<20}{:>14}{:>12}{:>8}{:>10}{:>8}",
        stem.file,
        or_dash(stem.loudness_before_lufs.map(|lufs| quantity(lufs, "LUFS"))),
        or_dash(stem.standing_lu.map(|lu| format!("{}\u{2009}LU", signed(lu, 1)))),
        or_dash(stem.aim_lu.map(|lu| signed(lu, 1))),
        format!("{}\u{2009}dB", signed(stem.fader_db, 1)),
        signed(stem.pan, 2),
    );
}
