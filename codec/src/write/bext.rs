//! The broadcast extension chunk, version 2 (EBU Tech 3285, section 2.4), with its loudness fields.

use dsp::units::{Dbtp, Lu, Lufs};

/// What the loudness fields say. A value that is absent, infinite or beyond ±99.99 is written as unknown.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct BextLoudness {
    /// Integrated loudness of the programme.
    pub integrated: Option<Lufs>,
    /// Loudness range.
    pub range: Option<Lu>,
    /// Highest true peak.
    pub true_peak_max: Option<Dbtp>,
    /// Highest momentary loudness.
    pub momentary_max: Option<Lufs>,
    /// Highest short-term loudness.
    pub short_term_max: Option<Lufs>,
}

/// Bytes of the chunk's body, without a coding history.
pub(crate) const BODY_BYTES: usize = 602;

/// Who wrote the file, in the field for it. Date, time and identifier stay empty: the same audio gives the
/// same file on every day.
const ORIGINATOR: &[u8] = b"mixrunners";
const ORIGINATOR_AT: usize = 256;
const VERSION_AT: usize = 346;
const LOUDNESS_AT: usize = 412;
/// Stands for a value that is not known.
const UNKNOWN: i16 = 0x7fff;

/// The body of the chunk.
pub(crate) fn body(loudness: &BextLoudness) -> [u8; BODY_BYTES] {
    let mut body = [0; BODY_BYTES];
    body[ORIGINATOR_AT..ORIGINATOR_AT + ORIGINATOR.len()].copy_from_slice(ORIGINATOR);
    body[VERSION_AT..VERSION_AT + 2].copy_from_slice(&2u16.to_le_bytes());
    let fields = [
        loudness.integrated.map(Lufs::value),
        loudness.range.map(Lu::value),
        loudness.true_peak_max.map(Dbtp::value),
        loudness.momentary_max.map(Lufs::value),
        loudness.short_term_max.map(Lufs::value),
    ];
    for (place, value) in fields.into_iter().enumerate() {
        let at = LOUDNESS_AT + 2 * place;
        body[at..at + 2].copy_from_slice(&hundredths(value).to_le_bytes());
    }
    body
}

fn hundredths(value: Option<f64>) -> i16 {
    match value.map(|value| (value * 100.0).round()) {
        Some(hundredths) if hundredths.abs() <= 9_999.0 => hundredths as i16,
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_hundredths_and_what_is_unknown_as_unknown() {
        let body = body(&BextLoudness {
            integrated: Some(Lufs::literal(-14.006)),
            true_peak_max: Some(Dbtp::literal(-1.0)),
            momentary_max: Some(Lufs::literal(f64::NEG_INFINITY)),
            ..BextLoudness::default()
        });
        let field = |at: usize| i16::from_le_bytes([body[at], body[at + 1]]);
        assert_eq!(
            [field(412), field(414), field(416), field(418), field(420)],
            [-1401, 0x7fff, -100, 0x7fff, 0x7fff]
        );
        assert_eq!(field(346), 2);
    }
}
