//! What decoding found, as findings: a code, how much it matters, and words.

use codec::{DecodeNote, Fidelity, SourceFormat};
use domain::upload::{Finding, Severity};

/// The findings of one file, those that matter most first.
pub(super) fn of(source: &SourceFormat, notes: &[DecodeNote]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = notes
        .iter()
        .map(|note| Finding {
            code: note.code().to_owned(),
            severity: severity(note),
            text: note.to_string(),
        })
        .collect();
    if source.fidelity() == Fidelity::Lossy {
        findings.push(Finding {
            code: "lossy_source".to_owned(),
            severity: Severity::Warning,
            text: format!(
                "This is {}, a lossy format. A master from the original WAV, AIFF or FLAC will sound better.",
                source.container.title()
            ),
        });
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// The same with what the analysis heard; what decoding said already is not said twice.
pub(super) fn with_heard(mut findings: Vec<Finding>, heard: Vec<dsp::analysis::Finding>) -> Vec<Finding> {
    let lossy_is_said = findings.iter().any(|finding| finding.code == "lossy_source");
    let news = heard.iter().filter(|finding| !(lossy_is_said && finding.code() == "lossy_low_pass"));
    findings.extend(news.map(|finding| Finding {
        code: finding.code().to_owned(),
        severity: if finding.is_harmful() { Severity::Warning } else { Severity::Info },
        text: finding.to_string(),
    }));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn severity(note: &DecodeNote) -> Severity {
    match note {
        DecodeNote::Truncated { .. }
        | DecodeNote::NotFiniteReplaced { .. }
        | DecodeNote::PacketsSilenced { .. }
        | DecodeNote::SecondDataIgnored { .. } => Severity::Warning,
        _ => Severity::Info,
    }
}
