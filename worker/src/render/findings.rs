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

fn severity(note: &DecodeNote) -> Severity {
    match note {
        DecodeNote::Truncated { .. }
        | DecodeNote::NotFiniteReplaced { .. }
        | DecodeNote::PacketsSilenced { .. }
        | DecodeNote::SecondDataIgnored { .. } => Severity::Warning,
        _ => Severity::Info,
    }
}
