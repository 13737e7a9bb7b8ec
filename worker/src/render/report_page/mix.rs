//! The page of a mix: every stem beside the others, what was done to each, and how they make room for each other.

use domain::mix_report::{MaskingPicture, MixReport, StemRow};
use domain::report::Decision;
use domain::report::number::{decimal, signed};
use domain::stem::PartWord;

use super::figures::Names;
use super::markup::{capital, cell, clock, document, hertz, section, table, text};
use super::plot::{Across, Plot, Upright, line};
use super::words;

const NAMES: Names<'_> = Names { before: "As they came", after: "Mix", inside: ["sum", "mix"] };

/// The page of one mix.
#[must_use]
pub fn mix_page(report: &MixReport) -> String {
    let mut body = header(report);
    body += &words::key_numbers(&report.sum, &report.mix);
    body += &section("stems", "The stems", &stems(report));
    if let Some(plot) = masking(&report.masking) {
        body += &section("plots", "Room for each other", &plot);
    }
    for stem in &report.stems {
        body += &section("stem", &one_stem_heading(stem), &one_stem(stem));
    }
    body += &section("decisions", "The whole", &words::decision_list("Done", &report.decisions));
    let measured = words::all_numbers(&report.sum, &report.mix, NAMES);
    body += &section("measured", "All measurements", &measured);
    body += &format!(
        "<footer>Loudness of a stem is that of its own active moments, by ITU-R BS.1770-5; «in the mix» is relative to \
         the loudness of the whole. mixrunners {}</footer>\n",
        text(&report.engine_version)
    );
    document(&format!("{}: report of a mix", report.title), &body)
}

fn header(report: &MixReport) -> String {
    let playing = report.stems.iter().filter(|stem| stem.part == PartWord::Plays).count();
    let seconds = report.result.source.audio.duration_s;
    let verdict = format!(
        "{playing} of {} stems play. At the same faders they hide each other {} than untouched.",
        report.stems.len(),
        less(report.masking.index_before, report.masking.index_after)
    );
    format!(
        "<header>\n<p class=\"brand\"><b>mixrunners</b><span>Report of a mix</span></p>\n<h1><bdi>{}</bdi></h1>\n\
         <ul class=\"facts\"><li>{} stems</li><li>{}\u{2009}kHz</li><li>{}</li></ul>\n\
         <p class=\"outcome\"><span>{verdict}</span></p>\n</header>\n",
        text(&report.title),
        report.stems.len(),
        decimal(f64::from(report.sample_rate_hz) / 1000.0, 1),
        clock(seconds)
    )
}

fn less(before: f64, after: f64) -> String {
    if before <= 0.0 || after >= before {
        return "no less".to_owned();
    }
    format!("{}\u{2009}% less", decimal(100.0 * (1.0 - after / before), 0))
}

fn stems(report: &MixReport) -> String {
    let rows: Vec<Vec<String>> = report.stems.iter().map(row).collect();
    let head = ["", "Taken for", "As it came, LUFS", "In the mix, LU", "Aim, LU", "Fader, dB", "Place"]
        .map(str::to_owned);
    table("samples", "Every stem beside the others", &head, &rows)
}

fn row(stem: &StemRow) -> Vec<String> {
    let lu = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| signed(value, 1));
    let role = match stem.part {
        PartWord::Plays => text(stem.role_name.as_str()),
        PartWord::Muted => "muted".to_owned(),
        PartWord::LeftOut => "left out".to_owned(),
    };
    vec![
        format!("<bdi>{}</bdi>", text(&stem.file)),
        role,
        cell(stem.loudness_before_lufs),
        lu(stem.standing_lu),
        lu(stem.aim_lu),
        signed(stem.fader_db, 1),
        place(stem.pan),
    ]
}

/// `L 35`, `centre`, `R 100`.
fn place(pan: f64) -> String {
    let percent = (pan.abs() * 100.0).round();
    match percent {
        0.0 => "centre".to_owned(),
        _ => format!("{}\u{2009}{percent}", if pan < 0.0 { "L" } else { "R" }),
    }
}

fn one_stem_heading(stem: &StemRow) -> String {
    format!("<bdi>{}</bdi>", text(&stem.file))
}

fn one_stem(stem: &StemRow) -> String {
    let (roles, rest): (Vec<Decision>, Vec<Decision>) =
        stem.decisions.iter().cloned().partition(|decision| decision.what.starts_with("role"));
    let sure = match stem.certainty {
        sure if sure >= 1.0 => "as you said".to_owned(),
        sure => format!("{}\u{2009}% sure", decimal(100.0 * sure, 0)),
    };
    let why = roles
        .first()
        .map(|role| format!(": {}", text(role.reason.trim_end_matches('.'))))
        .unwrap_or_default();
    let mut html = format!("<p class=\"quiet\">{}, {sure}{why}.</p>\n", text(&capital(&stem.role_name)));
    if !stem.findings.is_empty() {
        html += &words::finding_list(&stem.findings);
    }
    html + &words::decision_list("Done", &rest)
}

/// How much less important stems lie over more important ones, before and after; none where nothing hides anything.
fn masking(picture: &MaskingPicture) -> Option<String> {
    let highest = picture.before_db.iter().chain(&picture.after_db).copied().fold(0.0, f64::max);
    if highest <= 0.0 {
        return None;
    }
    let step = if highest > 12.0 {
        6.0
    } else if highest > 4.0 {
        2.0
    } else {
        1.0
    };
    let upright = Upright { bottom: 0.0, top: (highest / step).ceil() * step, step };
    let across = Across::Frequency;
    let curve = |class: &str, values: &[f64]| {
        let points = picture.frequency_hz.iter().zip(values);
        line(class, points.map(|(hz, db)| Some((across.x(*hz), upright.y(*db)))))
    };
    let rows: Vec<Vec<String>> = picture
        .frequency_hz
        .iter()
        .zip(picture.before_db.iter().zip(&picture.after_db))
        .step_by(4)
        .map(|(hz, (before, after))| vec![hertz(*hz), decimal(*before, 1), decimal(*after, 1)])
        .collect();
    let head = ["Hz", "Untouched", NAMES.after].map(str::to_owned);
    let plot = Plot {
        title: "Masking",
        note:
            "By how much less important stems lie over more important ones, where those have what makes them \
               understood; less is better."
                .to_owned(),
        legend: vec![("original", "Untouched".to_owned()), ("master", NAMES.after.to_owned())],
        spoken: "Masking over frequency before and after; the table below has the numbers".to_owned(),
        size: "middle",
        across,
        upright,
        unit: "dB",
        curves: curve("original", &picture.before_db) + &curve("master", &picture.after_db),
        table: table("thirds", "Masking in dB around each frequency in Hz", &head, &rows),
    };
    Some(plot.html())
}
