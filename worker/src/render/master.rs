//! One master for one kind of file, with its report.

use codec::{BextLoudness, Delivery};
use domain::report::Report;
use dsp::audio::Audio;
use dsp::master::{Mastered, Outcome};

use super::mastering::{Desk, ForFile};
use super::report::report;

/// A master in memory.
#[derive(Debug)]
pub struct Master {
    /// Its samples, exact on the grid of the depth asked for.
    pub audio: Audio,
    /// What was measured and decided.
    pub report: Report,
    /// The loudness of what is delivered, as a file's own metadata may say it.
    pub loudness: BextLoudness,
    /// Whether the target was refused.
    pub is_refused: bool,
}

impl Master {
    /// What came off the desk for files of `format`, and everything there is to say about it.
    #[must_use]
    pub fn of(desk: &Desk, made: ForFile, format: Delivery) -> Self {
        let report = report(desk, &made, format);
        let ForFile { mastered, .. } = made;
        Self {
            report,
            loudness: loudness_of(&mastered),
            is_refused: matches!(mastered.outcome, Outcome::Refused { .. }),
            audio: mastered.audio,
        }
    }
}

fn loudness_of(mastered: &Mastered) -> BextLoudness {
    let after = &mastered.after;
    BextLoudness {
        integrated: after.integrated,
        range: after.loudness_range,
        true_peak_max: Some(after.true_peak),
        momentary_max: after.momentary_max,
        short_term_max: after.short_term_max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::artifact::ArtifactFormat;

    #[test]
    fn every_format_that_a_recipe_may_name_is_a_form_of_delivery() {
        for format in ArtifactFormat::DELIVERABLE {
            let form: Delivery = format.as_str().parse().unwrap();
            assert_eq!(form.extension(), format.extension());
            assert_eq!(form.media_type(), format.media_type());
        }
    }
}
