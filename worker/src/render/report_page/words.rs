//! The sections of a page in words and numbers.

use domain::report::number::{decimal, quantity, signed};
use domain::report::{DecidedBy, Decision, DecisionStage, Measured, PlatformFacts, Report, SourceFacts};
use domain::upload::{Finding, Severity};

use super::figures::Names;
use super::markup::{capital, clock, table, text};

/// What was measured: its name, its field, its unit, the unit of a difference, how to get it, decimals.
struct Row {
    name: &'static str,
    field: &'static str,
    unit: &'static str,
    change: &'static str,
    value: fn(&Measured) -> Option<f64>,
}

const fn row(
    name: &'static str,
    field: &'static str,
    units: (&'static str, &'static str),
    value: fn(&Measured) -> Option<f64>,
) -> Row {
    Row { name, field, unit: units.0, change: units.1, value }
}

const LOUDNESS: Row = row("Loudness", "integrated_lufs", ("LUFS", "LU"), |m| m.integrated_lufs);
const PEAK: Row = row("True peak", "true_peak_dbtp", ("dBTP", "dB"), |m| m.true_peak_dbtp);
const RANGE: Row = row("Loudness range", "loudness_range_lu", ("LU", "LU"), |m| m.loudness_range_lu);
const PLR: Row = row("Peak to loudness", "plr_lu", ("LU", "LU"), |m| m.plr_lu);

const KEY: [Row; 4] = [LOUDNESS, PEAK, RANGE, PLR];
const ALL: [Row; 14] = [
    LOUDNESS,
    row("Loudest 3\u{2009}s", "short_term_max_lufs", ("LUFS", "LU"), |m| m.short_term_max_lufs),
    row("Loudest 0.4\u{2009}s", "momentary_max_lufs", ("LUFS", "LU"), |m| m.momentary_max_lufs),
    RANGE,
    PEAK,
    row("True peak, 48-tap filter", "true_peak_itu_dbtp", ("dBTP", "dB"), |m| m.true_peak_itu_dbtp),
    row("Sample peak", "sample_peak_dbfs", ("dBFS", "dB"), |m| m.sample_peak_dbfs),
    PLR,
    row("Peak to short-term, median", "psr_median_lu", ("LU", "LU"), |m| m.psr_median_lu),
    row("Peak to short-term, least", "psr_min_lu", ("LU", "LU"), |m| m.psr_min_lu),
    row("Crest factor", "crest_db", ("dB", "dB"), |m| m.crest_db),
    row("Stereo correlation", "correlation", ("", ""), |m| m.correlation),
    row("Side over mid", "width_db", ("dB", "dB"), |m| m.width_db),
    row("Left over right", "balance_db", ("dB", "dB"), |m| m.balance_db),
];

/// Name, facts, and how it came out in one sentence.
pub(super) fn header(report: &Report, title: &str) -> String {
    let (class, sign) = match report.outcome.kind.as_str() {
        "reached" => ("fine", "<path d=\"M4 10.5l4 4 8-9\"/>"),
        "unchanged" => ("plain", "<path d=\"M4 10h12\"/>"),
        _ => ("caution", "<path d=\"M10 4v7M10 15.5v.1\"/>"),
    };
    format!(
        "<header>\n<p class=\"brand\"><b>mixrunners</b><span>Report of a master</span></p>\n\
         <h1><bdi>{}</bdi></h1>\n{}<p class=\"outcome\"><svg class=\"{class}\" viewBox=\"0 0 20 20\" \
         aria-hidden=\"true\">{sign}</svg><span>{}</span></p>\n</header>\n",
        text(title),
        facts(&report.source, &settings(report)),
        text(&report.outcome.text)
    )
}

/// What a file is, in a row.
pub(super) fn facts(source: &SourceFacts, more: &[String]) -> String {
    let audio = &source.audio;
    let channels = match audio.channels {
        1 => "Mono".to_owned(),
        2 => "Stereo".to_owned(),
        n => format!("{n} channels"),
    };
    let mut facts = vec![text(&audio.format.to_uppercase())];
    facts.extend(audio.bit_depth.map(|bits| format!("{bits} bit")));
    facts.push(format!("{}\u{2009}kHz", f64::from(audio.sample_rate_hz) / 1000.0));
    facts.push(channels);
    facts.push(if audio.duration_s < 10.0 {
        format!("{:.2}\u{2009}s", audio.duration_s)
    } else {
        clock(audio.duration_s)
    });
    facts.extend(more.iter().cloned());
    let items: String = facts.iter().map(|fact| format!("<li>{fact}</li>")).collect();
    format!("<ul class=\"facts\">{items}</ul>\n")
}

fn settings(report: &Report) -> Vec<String> {
    let mut words = Vec::new();
    let Some(settings) = &report.settings else { return words };
    if let Some(preset) = &settings.preset {
        let version =
            settings.preset_version.map(|version| format!(", version {version}")).unwrap_or_default();
        words.push(format!("Preset {}{version}", text(preset)));
    }
    for (name, amount) in [
        ("Intensity", settings.intensity),
        ("tone", settings.tone),
        ("dynamics", settings.dynamics),
        ("width", settings.width),
    ] {
        words.extend(amount.map(|amount| format!("{} {:.0}\u{2009}%", capital(name), 100.0 * amount)));
    }
    match settings.references {
        Some(1) => words.push("1 reference".to_owned()),
        Some(count) if count > 1 => words.push(format!("{count} references")),
        _ => {}
    }
    words
}

/// The four that everyone asks for, large.
pub(super) fn key_numbers(before: &Measured, after: &Measured) -> String {
    let mut html = "<dl class=\"numbers\">\n".to_owned();
    for Row { name, field, unit, change, value } in &KEY {
        html += &match (value(before), value(after)) {
            (Some(was), Some(is)) => format!(
                "<div><dt>{name}</dt><dd class=\"pair\"><span class=\"was\">{}</span>\
                 <span class=\"arrow\">→</span><span class=\"is\">{}</span></dd>\
                 <dd class=\"unit\">{unit} · {}\u{2009}{change}</dd></div>\n",
                decimal(was, 1),
                decimal(is, 1),
                signed(rounded(is) - rounded(was), 1)
            ),
            _ => format!(
                "<div><dt>{name}</dt><dd class=\"unit\">{}</dd></div>\n",
                absence(field, before, after)
            ),
        };
    }
    html + "</dl>\n"
}

/// So that the difference shown is that of the numbers shown.
fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn absence(field: &str, before: &Measured, after: &Measured) -> String {
    let why = before.absent.get(field).or_else(|| after.absent.get(field));
    why.map_or_else(|| "not measured".to_owned(), |why| text(why))
}

/// Every measurement, both signals and their difference.
pub(super) fn all_numbers(before: &Measured, after: &Measured, names: Names<'_>) -> String {
    let rows = ALL.iter().filter(|row| {
        (row.value)(before).or((row.value)(after)).is_some() || before.absent.contains_key(row.field)
    });
    let cells = rows.map(|Row { name, field, unit, change, value }| {
        let decimals = if *field == "correlation" { 2 } else { 1 };
        let one = |measured: &Measured| match value(measured) {
            Some(value) => format!("{}\u{2009}{unit}", decimal(value, decimals)),
            None => absence(field, measured, measured),
        };
        let scale = 10f64.powi(decimals as i32);
        let difference = value(before).zip(value(after)).map(|(was, is)| {
            let difference = ((is * scale).round() - (was * scale).round()) / scale;
            format!("{}\u{2009}{change}", signed(difference, decimals))
        });
        vec![(*name).to_owned(), one(before), one(after), difference.unwrap_or_else(|| "–".to_owned())]
    });
    let head = ["", names.before, names.after, "Difference"].map(str::to_owned);
    table("measurements", "All measurements", &head, &cells.collect::<Vec<_>>())
}

/// Every decision, by its stage.
pub(super) fn decisions(decisions: &[Decision]) -> String {
    let mut html = String::new();
    for stage in DecisionStage::ALL {
        let here: String =
            decisions.iter().filter(|decision| decision.stage == stage).map(decision).collect();
        if !here.is_empty() {
            html += &format!("<div class=\"stage\"><h3>{}</h3><ul>\n{here}</ul></div>\n", stage.title());
        }
    }
    if html.is_empty() { "<p>Nothing.</p>\n".to_owned() } else { html }
}

/// Decisions of one thing, in their order, under a heading of their own.
pub(super) fn decision_list(heading: &str, decisions: &[Decision]) -> String {
    let here: String = decisions.iter().map(decision).collect();
    if here.is_empty() {
        return "<p>Nothing.</p>\n".to_owned();
    }
    format!("<div class=\"stage\"><h3>{heading}</h3><ul>\n{here}</ul></div>\n")
}

fn decision(decision: &Decision) -> String {
    let by = match decision.by {
        DecidedBy::Auto => "",
        DecidedBy::User => "as you asked",
        DecidedBy::Preset => "from the preset",
        DecidedBy::Plan => "from the plan",
    };
    let by = if by.is_empty() { String::new() } else { format!("<span class=\"by\">{by}</span>") };
    let unit = text(&decision.unit);
    let amount = match decision.value {
        None => unit,
        Some(value) => {
            let is_level = ["dB", "LU", "LUFS", "dBTP", "dBFS"].contains(&decision.unit.as_str());
            let decimals = if is_level || value.fract() != 0.0 { 1 } else { 0 };
            let number =
                if decision.unit == "dB" { signed(value, decimals) } else { decimal(value, decimals) };
            if unit.is_empty() { number } else { format!("{number}\u{2009}{unit}") }
        }
    };
    format!(
        "<li><span class=\"what\">{}{by}</span><span class=\"amount\">{amount}</span><p>{}.</p></li>\n",
        text(&capital(&decision.what.replace('_', " "))),
        text(capital(decision.reason.trim_end_matches('.')).as_str())
    )
}

/// What somebody should know of their audio.
pub(super) fn finding_list(findings: &[Finding]) -> String {
    let mut html = "<ul class=\"findings\">\n".to_owned();
    for finding in findings {
        let (class, word) = match finding.severity {
            Severity::Error => ("error", "Problem"),
            Severity::Warning => ("warning", "Caution"),
            Severity::Info => ("info", "Note"),
        };
        html += &format!("<li class=\"{class}\"><b>{word}</b><p>{}</p></li>\n", text(&finding.text));
    }
    html + "</ul>\n"
}

/// What its owner should know, and what else is true of the mix.
pub(super) fn findings(report: &Report) -> String {
    let mut html = finding_list(&report.findings);
    if report.findings.is_empty() {
        html = "<p>Nothing to improve was found.</p>\n".to_owned();
    }
    let Some(features) = &report.features else { return html };
    let tempo = features.tempo_bpm.map(|bpm| format!("{} beats per minute", decimal(bpm, 0)));
    let low_pass = features.lossy_low_pass_hz.map(|hz| quantity(hz / 1000.0, "kHz"));
    let facts: String = [
        ("Tempo", tempo),
        ("Lowest note", features.lowest_note_hz.map(|hz| quantity(hz, "Hz"))),
        ("Bandwidth", features.bandwidth_hz.map(|hz| quantity(hz / 1000.0, "kHz"))),
        ("Low-pass of a lossy format", low_pass),
        ("Noise floor", features.noise_floor_dbfs.map(|db| quantity(db, "dBFS"))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!("<dt>{name}</dt><dd>{}</dd>\n", value?)))
    .collect();
    if facts.is_empty() { html } else { format!("{html}<dl class=\"plain-facts\">{facts}</dl>\n") }
}

/// What each service makes of the master.
pub(super) fn platforms(platforms: &[PlatformFacts]) -> String {
    let mut html = "<table class=\"platforms\">\n<caption>What each service makes of this master</caption>\n\
         <thead><tr><th scope=\"col\"></th><th scope=\"col\">Its level</th><th scope=\"col\">Change</th>\
         <th scope=\"col\">Heard at</th><th scope=\"col\">True peak</th><th scope=\"col\" class=\"words\"></th></tr>\
         </thead>\n<tbody>\n"
        .to_owned();
    for platform in platforms {
        let target = platform.target_lufs.map_or_else(|| "–".to_owned(), |lufs| decimal(lufs, 0));
        html += &format!(
            "<tr><th scope=\"row\">{}</th><td class=\"target\">{target}</td><td>{}\u{2009}dB</td>\
             <td>{}</td><td class=\"peak\">{}</td><td class=\"words\">{}</td></tr>\n",
            text(&platform.name),
            signed(platform.change_db, 1),
            quantity(platform.plays_at_lufs, "LUFS"),
            decimal(platform.peak_dbtp, 1),
            text(&platform.text)
        );
    }
    html + "</tbody>\n</table>\n"
}

/// Standards, engine, certificates.
pub(super) fn method(report: &Report) -> String {
    let mut html = format!(
        "<dl class=\"plain-facts\">\n\
         <dt>Loudness</dt><dd>ITU-R BS.1770-5, gated; short-term and momentary by EBU Tech 3341, the range by EBU Tech \
         3342.</dd>\n\
         <dt>True peak</dt><dd>Between samples too, certified on the samples that are delivered, after rounding and \
         dither. «48-tap filter» is the reading of the standard’s own filter, as most meters show it.</dd>\n\
         <dt>Peak to loudness</dt><dd>True peak less integrated loudness; peak to short-term is the same within each \
         3\u{2009}s.</dd>\n\
         <dt>Services</dt><dd>From their published levels as of November 2026, for single songs; what listeners switch \
         off is heard as it is. Peaks may rise by up to 1\u{2009}dB in lossy encoding.</dd>\n\
         <dt>Asked for</dt><dd>{}</dd>\n<dt>Engine</dt><dd>mixrunners {}</dd>\n",
        asked(report),
        text(&report.engine_version)
    );
    for file in &report.delivered {
        html += &format!(
            "<dt>{}</dt><dd>{}, {} bytes<br><code>SHA-256 {}</code></dd>\n",
            text(&file.name),
            text(&file.format),
            file.size_bytes,
            text(&file.sha256)
        );
    }
    html + "</dl>\n"
}

fn asked(report: &Report) -> String {
    let loudness = report
        .target
        .loudness_lufs
        .map_or_else(|| "The loudness of the mix".to_owned(), |lufs| quantity(lufs, "LUFS"));
    format!("{loudness}, true peak at most {}", quantity(report.target.ceiling_dbtp, "dBTP"))
}
