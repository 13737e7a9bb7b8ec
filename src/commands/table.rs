//! Reports as a person at a terminal reads them: one decimal, a true minus, the unit after a thin space.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use codec::Delivery;
use domain::album::AlbumReport;
use domain::report::comparison::Comparison;
use domain::report::number::{decimal, signed};
use domain::report::{Measured, Report};
use domain::upload::Finding;
use dsp::units::{Dbfs, Dbtp, Decibels, Lu, Lufs};
use worker::render::mastering::Desk;
use worker::render::song::Origin;

type Row = (&'static str, &'static str, fn(&Measured) -> Option<String>);

/// The rows of both tables: label, name in the report, value in words.
const ROWS: [Row; 7] = [
    ("Loudness", "integrated_lufs", |m| m.integrated_lufs.map(|v| Lufs::literal(v).to_string())),
    ("Loudest 3 s", "short_term_max_lufs", |m| m.short_term_max_lufs.map(|v| Lufs::literal(v).to_string())),
    ("Loudest 0.4 s", "momentary_max_lufs", |m| m.momentary_max_lufs.map(|v| Lufs::literal(v).to_string())),
    ("Range", "loudness_range_lu", |m| m.loudness_range_lu.map(|v| Lu::literal(v).to_string())),
    ("True peak", "true_peak_dbtp", |m| m.true_peak_dbtp.map(|v| format!("{:.2}", Dbtp::literal(v)))),
    ("Sample peak", "sample_peak_dbfs", |m| m.sample_peak_dbfs.map(|v| format!("{:.2}", Dbfs::literal(v)))),
    ("Peak to loudness", "plr_lu", |m| m.plr_lu.map(|v| Lu::literal(v).to_string())),
];

/// Before and after, what was decided and why.
pub fn of_master(input: &Path, origin: &Origin, output: &Path, format: Delivery, report: &Report) -> String {
    let mut text = heading(input, origin);
    rows(&mut text, &report.before, &report.after);
    for made in &report.decisions {
        decision(&mut text, &made.what, made.value, &made.unit, &made.reason);
    }
    let _ = writeln!(text, "\n{}", report.outcome.text);
    findings(&mut text, &report.findings);
    let _ = writeln!(text, "Written: {} ({format})", output.display());
    text
}

/// The meters' rows, before and after.
fn rows(text: &mut String, before: &Measured, after: &Measured) {
    let _ = writeln!(text, "  {:<36}{:>16}{:>16}", "", "before", "after");
    for (label, name, value) in ROWS {
        let cell = |measured: &Measured| value(measured).unwrap_or_else(|| "–".to_owned());
        let _ = writeln!(text, "  {label:<36}{:>16}{:>16}", cell(before), cell(after));
        if let Some(why) = after.absent.get(name) {
            let _ = writeln!(text, "  {:<18}{why}", "");
        }
    }
    let _ = writeln!(text);
}

fn decision(text: &mut String, what: &str, value: Option<f64>, unit: &str, reason: &str) {
    let amount = match value {
        Some(value) if unit == "dB" => Decibels::literal(value).to_string().signed(value),
        Some(value) => format!("{value}\u{2009}{unit}"),
        None => unit.to_owned(),
    };
    let _ = writeln!(text, "  {:<36} {amount}: {reason}", capital(what));
}

/// What was done before the limiter, and why.
pub fn of_premaster(input: &Path, desk: &Desk, output: &Path) -> String {
    let mut text = heading(input, desk.origin());
    let levels = Measured::from_meters(desk.premaster().levels());
    let before = Measured::from_meters(&desk.premaster().about().before);
    rows(&mut text, &before, &levels);
    for choice in &desk.premaster().about().choices {
        decision(&mut text, &choice.what, choice.value, choice.unit, &choice.reason);
    }
    let _ = writeln!(text, "\nWritten: {} (wav32f, before the limiter)", output.display());
    text
}

/// Every track beside the others.
pub fn of_album(report: &AlbumReport, outputs: &[PathBuf]) -> String {
    let mut text = format!("{}\n  {:<36}{:>16}{:>16}{:>10}\n", report.title, "", "before", "after", "step");
    let lufs = |value: Option<f64>| value.map_or("–".to_owned(), |v| Lufs::literal(v).to_string());
    for (track, output) in report.tracks.iter().zip(outputs) {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let step = track.step_after_lu.map_or("–".to_owned(), |v| Lu::literal(v).to_string());
        let (before, after) = (lufs(track.loudness_before_lufs), lufs(track.loudness_after_lufs));
        let _ = writeln!(text, "  {name:<36}{before:>16}{after:>16}{step:>10}");
        if track.outcome.kind != "reached" {
            let _ = writeln!(text, "    {}", track.outcome.text);
        }
    }
    text
}

/// The meters' reading alone.
pub fn of_analysis(input: &Path, origin: &Origin, measured: &Measured) -> String {
    let mut text = heading(input, origin);
    for (label, name, value) in ROWS {
        let cell = value(measured).unwrap_or_else(|| {
            let why = measured.absent.get(name).map_or("", String::as_str);
            format!("– ({why})")
        });
        let _ = writeln!(text, "  {label:<18}{cell:>16}");
    }
    findings(&mut text, &origin.findings);
    text
}

/// Both files, their difference, and how their samples are related.
pub fn of_comparison(comparison: &Comparison) -> String {
    let (a, b) = (&comparison.a, &comparison.b);
    let mut text = format!("A  {}\nB  {}\n\n", a.name, b.name);
    let _ = writeln!(text, "  {:<18}{:>16}{:>16}{:>12}", "", "A", "B", "B less A");
    for (label, _, value) in ROWS {
        let cell = |measured: &Measured| value(measured).unwrap_or_else(|| "–".to_owned());
        let number = |measured: &Measured| -> Option<f64> {
            let text = value(measured)?.replace('−', "-");
            text.split('\u{2009}').next()?.parse().ok()
        };
        let difference = number(&a.measured).zip(number(&b.measured)).map(|(a, b)| signed(b - a, 1));
        let difference = difference.unwrap_or_else(|| "–".to_owned());
        let _ =
            writeln!(text, "  {label:<18}{:>16}{:>16}{difference:>12}", cell(&a.measured), cell(&b.measured));
    }
    for (label, decimals, value) in IMAGE {
        let cell =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| decimal(value, decimals));
        let (one, other) = (value(&a.measured), value(&b.measured));
        let difference = one.zip(other).map_or_else(|| "–".to_owned(), |(a, b)| signed(b - a, decimals));
        let _ = writeln!(text, "  {label:<18}{:>16}{:>16}{difference:>12}", cell(one), cell(other));
    }
    if let Some(spectrum) = &comparison.spectrum {
        let _ = writeln!(text, "\n  Tone, B less A at equal loudness");
        for (frequencies, differences) in
            spectrum.frequency_hz.chunks(8).zip(spectrum.difference_db.chunks(8))
        {
            let _ = write!(text, "  {:<6}", "Hz");
            frequencies.iter().for_each(|hz| text.push_str(&format!("{:>8}", hz.round())));
            let _ = write!(text, "\n  {:<6}", "dB");
            for difference in differences {
                let cell = difference.map_or_else(|| "–".to_owned(), |db| signed(db, 1));
                let _ = write!(text, "{cell:>8}");
            }
            text.push('\n');
        }
    }
    let _ = writeln!(text, "\n{}", comparison.verdict);
    text
}

type ImageRow = (&'static str, usize, fn(&Measured) -> Option<f64>);

/// The rows of the image.
const IMAGE: [ImageRow; 3] = [
    ("Crest factor, dB", 1, |m| m.crest_db),
    ("Correlation", 2, |m| m.correlation),
    ("Side over mid, dB", 1, |m| m.width_db),
];

fn heading(input: &Path, origin: &Origin) -> String {
    let facts = &origin.facts.audio;
    let channels = match facts.channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        n => format!("{n} channels"),
    };
    let depth = facts.bit_depth.map(|bits| format!(" · {bits} bit")).unwrap_or_default();
    let name = input.file_name().unwrap_or_default().to_string_lossy();
    let whole_seconds = facts.duration_s.round() as u64;
    let length = if facts.duration_s < 10.0 {
        format!("{:.2}\u{2009}s", facts.duration_s)
    } else {
        format!("{}:{:02}", whole_seconds / 60, whole_seconds % 60)
    };
    format!(
        "{name}: {}{depth} · {} · {channels} · {length}\n",
        facts.format.to_uppercase(),
        format_args!("{}\u{2009}kHz", f64::from(facts.sample_rate_hz) / 1000.0)
    )
}

fn findings(text: &mut String, findings: &[Finding]) {
    for finding in findings {
        let _ = writeln!(text, "Note: {}", finding.text);
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
}

trait Signed {
    fn signed(self, value: f64) -> String;
}

impl Signed for String {
    /// A gain always shows its sign.
    fn signed(self, value: f64) -> String {
        if value > 0.0 { format!("+{self}") } else { self }
    }
}
